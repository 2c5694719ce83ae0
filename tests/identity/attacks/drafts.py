"""Requests in their parts, before they are bytes; and those that could work, by the description of an API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

import orjson

FORM, JSON = b"application/x-www-form-urlencoded", b"application/json"

Pairs = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Draft:
    """A request in its parts. Names and values of the query and of a form are encoded already."""

    method: bytes
    path: list[bytes]
    query: Pairs = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    form: Pairs | None = None
    document: Any = None
    body: bytes | None = None  # in place of form and document
    is_chunked: bool = False

    def copy(self) -> "Draft":
        """One to change."""
        form = None if self.form is None else [*self.form]
        return Draft(self.method, [*self.path], [*self.query], {**self.headers}, form, self.document, self.body)

    def encode(self) -> bytes:
        """The request as it is sent."""
        body, kind = self.content()
        target = b"/".join(self.path)
        if self.query:
            target += b"?" + b"&".join([name + b"=" + value for name, value in self.query])
        lines = [self.method + b" " + target + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in self.headers.items()]
        if kind and b"Content-Type" not in self.headers:
            lines.append(b"Content-Type: " + kind)
        if self.is_chunked:
            lines.append(b"Transfer-Encoding: chunked")
            body = _chunked(body)
        elif body or self.method in (b"POST", b"PUT", b"PATCH"):
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def content(self) -> tuple[bytes, bytes]:
        """The body, and what kind it is if the headers need not say so."""
        if self.body is not None:
            return self.body, b""
        if self.form is not None:
            return b"&".join([name + b"=" + value for name, value in self.form]), FORM
        if self.document is not None:
            return orjson.dumps(self.document), JSON
        return b"", b""


def _chunked(body: bytes) -> bytes:
    half = len(body) // 2
    parts = [part for part in (body[:half], body[half:]) if part]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def encoded(fields: Mapping[str, str]) -> Pairs:
    """Names and values as a query or a form has them."""
    return [(quoted(name), quoted(value)) for name, value in fields.items()]


def quoted(text: str) -> bytes:
    """A text as it stands in an address."""
    return quote_from_bytes(text.encode(), safe="").encode()


@dataclass(slots=True)
class Described:
    """The operations of an OpenAPI description, as requests that could work."""

    document: Mapping[str, Any]
    known: Mapping[str, Sequence[Any]]  # values of parameters of the path, by name
    chance: Random

    def draft(self, path: str, method: str, headers: dict[bytes, bytes]) -> Draft:
        """A request of an operation."""
        operation = self.document["paths"][path][method]
        parameters = operation.get("parameters", [])
        for parameter in parameters:
            if parameter["in"] == "path":
                value = self.chance.choice(self._known(parameter["name"]) or (1, 2, 3))
                path = path.replace(f"{{{parameter['name']}}}", quoted(str(value)).decode())
        optional = [parameter for parameter in parameters if parameter["in"] == "query"]
        chosen = self.chance.sample(optional, min(len(optional), self.chance.randrange(3)))
        query = [(quoted(parameter["name"]), quoted(str(self._example(parameter["schema"])))) for parameter in chosen]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        document = None if content is None else self._example(content["schema"])
        return Draft(method.upper().encode(), path.encode().split(b"/"), query, headers, document=document)

    def _example(self, schema: Mapping[str, Any]) -> Any:
        """A value that a schema allows, or nearly."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._example(self.chance.choice(schema[several]))
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        return self._of_type(schema)

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        kind = schema.get("type")
        if kind == "object":
            properties = schema.get("properties", {})
            wanted = [name for name in properties if name in schema.get("required", ()) or self.chance.random() < 0.5]
            return {name: self._named(name, properties[name]) for name in wanted}
        if kind == "array":
            return [self._example(schema.get("items", {})) for _ in range(self.chance.randrange(3))]
        if kind == "integer":
            return self.chance.choice((schema.get("minimum", 1), 1, 2, 60, 3600))
        if kind == "boolean":
            return self.chance.random() < 0.5
        return self.chance.choice(
            ("example", "dns", "a.demo.example", "www", "192.0.2.1", "x@example.org", "2026-01-01")
        )

    def _named(self, name: str, schema: Mapping[str, Any]) -> Any:
        """The value of a property: a known one, where its name says whose it is."""
        known = self._known(name)
        return self.chance.choice(known) if known and self.chance.random() < 0.7 else self._example(schema)

    def _known(self, name: str) -> Sequence[Any]:
        return self.known.get(name) or self.known.get(name.removesuffix("_id")) or ()
