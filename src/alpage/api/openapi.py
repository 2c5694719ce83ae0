"""The OpenAPI 3.1 description, read off the routes."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import JsonSchemaValue, models_json_schema

from alpage import __doc__ as about
from alpage.api import dry_run, envelope, listing
from alpage.api.calls import EVENT_STREAM
from alpage.api.envelope import Response
from alpage.api.errors import CATALOGUE
from alpage.api.languages import LANGUAGES
from alpage.api.routes import Deprecation, PathParameter, Route, Shape

REFERENCE = "#/components/schemas/{model}"
PLAIN = {bool: {"type": "boolean"}, int: {"type": "integer"}, str: {"type": "string"}, dict: {"type": "object"}}
ALWAYS = ("method_not_found", "method_not_allowed", "too_many_requests", "unexpected_error", "service_unavailable")
WITH_TOKEN = ("not_authorized",)
WITH_SCOPE = ("all_scopes",)
WITH_OBJECT = ("object_not_found", "access_denied")
WITH_INPUT = ("validation_failed",)
WITH_BODY = ("malformed_json", "unsupported_media_type", "payload_too_large", "conflict")
WITH_ITEMS = ("blast_radius_exceeded",)
OVERRIDE = ("method_override_invalid",)
SCHEMES = {"bearer": {"type": "http", "scheme": "bearer", "description": "A personal token, `alp_pat_…`."}}


def describe(routes: Iterable[Route], server: str) -> dict[str, Any]:
    """The description of the routes, as JSON-able values."""
    declared = list(routes)
    shapes = {shape for route in declared for shape in (route.shape, route.body, route.query, route.filter) if shape}
    _, definitions = models_json_schema(
        [(shape, "validation") for shape in sorted(shapes, key=lambda shape: (shape.__name__, shape.__module__))],
        ref_template=REFERENCE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in declared:
        operation = _operation(route)
        paths.setdefault(f"/{route.version}{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Alpage API", "version": "1", "description": about},
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), **_SHARED},
            "securitySchemes": SCHEMES,
        },
    }


def operation_id(route: Route) -> str:
    """A name for the operation, unlike any other's: the function's, with group and version."""
    group = "_".join(route.group.lower().split())
    return f"{group}_{route.function.__name__}_v{route.version}"


def errors(route: Route) -> list[str]:
    """The codes a route can answer with."""
    codes = [*ALWAYS, *OVERRIDE, *route.errors]
    codes += WITH_TOKEN
    codes += WITH_SCOPE if route.scopes else ()
    codes += WITH_OBJECT if route.parameters or route.body else ()
    reads_input = route.method != "GET" or route.query or route.filter or route.is_list or route.shape
    codes += WITH_INPUT if reads_input else ()
    codes += WITH_BODY if route.method != "GET" else ()
    codes += WITH_ITEMS if route.items else ()
    return sorted(set(codes), key=lambda code: (CATALOGUE.status(code), code))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [route.group],
        "summary": route.summary,
        "description": _text(route),
        "parameters": [*map(_path_parameter, route.parameters), *_query_parameters(route)],
        "responses": {str(route.status): _answer(route), **_failures(route)},
    }
    if route.body is not None:
        schema = {"$ref": REFERENCE.format(model=route.body.__name__)}
        required = any(info.is_required() for info in route.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    if route.scopes is None:
        operation["security"] = [{}, {"bearer": []}]
    if route.deprecated is not None:
        operation["deprecated"] = True
    return operation


def _text(route: Route) -> str:
    parts = [route.description]
    if route.scopes:
        parts.append("Scope: " + " or ".join(f"`{scope}`" for scope in route.scopes) + ".")
    if route.deprecated is not None:
        parts.append(_end(route.deprecated))
    return "\n\n".join(part for part in parts if part)


def _end(ends: Deprecation) -> str:
    goes = "" if ends.sunset is None else f" and goes on {ends.sunset}"
    return f"Deprecated: this route has not been the one to use since {ends.since}{goes}. Use `{ends.successor}`."


def _path_parameter(parameter: PathParameter) -> JsonSchemaValue:
    schema = {"type": "integer", "minimum": 0} if parameter.type is int else {"type": "string", "minLength": 1}
    return {"name": parameter.name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> list[JsonSchemaValue]:
    found: list[JsonSchemaValue] = []
    if route.query is not None:
        found += _fields(route.query, "{name}")
    if route.filter is not None:
        found += _fields(route.filter, "filter[{name}]")
    if route.shape is not None and route.shape.expansions:
        names = [*route.shape.expansions]
        found.append(_parameter("with", {"type": "string"}, f"Optional fields, comma separated: {', '.join(names)}."))
    if route.is_list and route.method == "GET":
        found += _list_parameters(route)
    if route.streams:
        found.append({"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}})
    if route.method != "GET":
        found.append(
            _parameter(
                dry_run.PARAMETER, {"type": "boolean"}, "Do everything, keep nothing, and tell what would change."
            )
        )
    return found


def _fields(shape: type[Shape], pattern: str) -> list[JsonSchemaValue]:
    schema = shape.model_json_schema(ref_template=REFERENCE)
    found = []
    for name, field in schema.get("properties", {}).items():
        is_list = field.get("type") == "array" or any(one.get("type") == "array" for one in field.get("anyOf", ()))
        suffix = "[]" if is_list else ""
        parameter = _parameter(pattern.format(name=name) + suffix, field, field.pop("description", ""))
        parameter["required"] = name in schema.get("required", ())
        found.append(parameter)
    return found


def _list_parameters(route: Route) -> list[JsonSchemaValue]:
    positive, largest = {"type": "integer", "minimum": 1}, listing.MAX_PER_PAGE
    limit = _parameter("limit", {**positive, "maximum": largest}, "Elements to return.")
    if route.cursor is None:
        found = [
            _parameter("page", positive, "Number of the page, from 1."),
            _parameter("per_page", {**positive, "maximum": largest}, "Elements a page."),
            limit,
            _parameter("skip", {"type": "integer", "minimum": 0}, "Index of the first element, from 0."),
            _parameter("return", {"enum": ["total"]}, "The number of elements instead of the elements."),
        ]
    else:
        found = [limit, _parameter("cursor", {"type": "string"}, "Where to go on: the cursor of the answer before.")]
    if route.sort:
        names = [*route.sort]
        found.append(
            _parameter("order_by", {"type": "string"}, f"Fields to sort by, comma separated: {', '.join(names)}.")
        )
        found.append(_parameter("order", {"enum": listing.DIRECTIONS}, "Direction of the sort."))
        found += [
            _parameter(f"order_for[{name}]", {"enum": listing.DIRECTIONS}, f"Direction for {name}.") for name in names
        ]
    if route.search:
        found.append(_parameter("search", {"type": "string"}, "Keeps what contains this text."))
    return found


def _parameter(name: str, schema: JsonSchemaValue, description: str) -> JsonSchemaValue:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _answer(route: Route) -> JsonSchemaValue:
    if route.answer is Response:
        return {"description": HTTPStatus(route.status).phrase, "content": {"*/*": {}}}
    data: JsonSchemaValue = _schema_of(route)
    root: dict[str, JsonSchemaValue] = {}
    if route.cursor is not None:
        data, root = {"type": "array", "items": data}, _WALK
    elif route.is_list:
        data, root = {"anyOf": [{"type": "array", "items": data}, {"type": "integer"}]}, _PAGINATION
    schema = {
        "type": "object",
        "required": ["result", "data"],
        "properties": {"result": {"const": envelope.result(route.status)}, **root, "data": data},
    }
    answer = _response(HTTPStatus(route.status).phrase, schema)
    if route.streams:
        answer["content"][EVENT_STREAM] = {"schema": {"type": "string"}}
    return answer


def _schema_of(route: Route) -> JsonSchemaValue:
    if route.shape is not None:
        return {"$ref": REFERENCE.format(model=route.shape.__name__)}
    inner = route.answer.__args__[0] if route.is_list else route.answer
    return PLAIN.get(inner, {})


def _failures(route: Route) -> dict[str, JsonSchemaValue]:
    by_status: dict[int, list[str]] = {}
    for code in errors(route):
        by_status.setdefault(CATALOGUE.status(code), []).append(code)
    return {
        str(status): _response(", ".join(codes), {"$ref": REFERENCE.format(model="ErrorAnswer")})
        for status, codes in by_status.items()
    }


def _response(description: str, schema: JsonSchemaValue) -> JsonSchemaValue:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_COUNT = {"type": "integer", "minimum": 0}
_PAGINATION = {"total": _COUNT, "page": _COUNT, "pages": _COUNT, "items_per_page": _COUNT}
_WALK: dict[str, JsonSchemaValue] = {
    "cursor": {"type": ["string", "null"]},
    "has_more": {"type": "boolean"},
    "response_at": _COUNT,
}
_ERROR_FIELDS: JsonSchemaValue = {
    "code": {"type": "string"},
    "description": {"type": "string"},
    "context": {"type": "object"},
}
_ONE_ERROR: JsonSchemaValue = {"type": "object", "required": ["code", "description"], "properties": _ERROR_FIELDS}
_SHARED: dict[str, JsonSchemaValue] = {
    "AttributeError": _ONE_ERROR,
    "ErrorAnswer": {
        "type": "object",
        "description": f"What went wrong; `description` in one of {', '.join(LANGUAGES)} by `Accept-Language`.",
        "required": ["result", "error"],
        "properties": {
            "result": {"const": "error"},
            "error": {
                **_ONE_ERROR,
                "properties": {
                    **_ERROR_FIELDS,
                    "errors": {"type": "array", "items": {"$ref": REFERENCE.format(model="AttributeError")}},
                    "request_id": {"type": "string"},
                },
            },
        },
    },
}
