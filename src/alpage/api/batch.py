"""Batch: many requests in one, answered in order, in one transaction.

Each is handled as it would be alone, with its own scope, rights and errors, so it can do nothing its caller could not.
One request can use what an earlier one has answered: `${zone.data.id}` stands for that value of the answer to `zone`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

import orjson
from pydantic import Field

from alpage.api import bodies, envelope, logs
from alpage.api.calls import Call
from alpage.api.envelope import Response
from alpage.api.errors import ApiError, Fault, invalid
from alpage.api.handling import as_api_error, perform, read_input
from alpage.api.permission import another_call, require_permission
from alpage.api.routes import ANY_TOKEN, Routes, Shape

routes = Routes("Batch")

MOST_REQUESTS = 1000
OF_THE_WHOLE = {  # headers that are about the batch, not about each of its requests
    "accept",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "prefer",
}
REFERENCE = re.compile(r"\$(?P<escaped>\$)?\{(?P<id>[\w-]+)(?P<path>(?:\.[\w-]+)+)\}")
PATH = "/1/batch"

Id = Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]

log = logs.get("batch")

# on the wire


class BatchRequest(Shape):
    """One request of a batch. Without an `id` it is called by its place: `0`, `1`…"""

    id: Id | None = None
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str = Field(pattern="^/", max_length=4000)
    body: Any = None


class Batch(Shape):
    """Requests to be answered in order. `atomic`: all of them, or none."""

    atomic: bool = False
    requests: list[BatchRequest] = Field(min_length=1, max_length=MOST_REQUESTS)


class BatchAnswer(Shape):
    """The answer to one request of a batch: `body` is its envelope."""

    id: str
    status: int
    body: Any


# the verbs


@dataclass(slots=True)
class Answered:
    """A request of the batch with its answer."""

    index: int
    response: Response

    def value(self, path: str) -> Any:
        """What stands in the answer under a path (`.data.id`). Raises KeyError with what stands there instead."""
        value = orjson.loads(self.response.body)
        for name in path[1:].split("."):
            value = _step(value, name)
        return value

    @property
    def has_failed(self) -> bool:
        """Whether there is an error in it."""
        return self.response.status >= 400


class EarlierRequestFailedError(ApiError):
    """The error of a request that builds on one that failed; it has the status of that one."""

    def __init__(self, earlier: Answered) -> None:
        super().__init__("batch_item_failed", index=earlier.index)
        self._status = earlier.response.status

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._status


class RolledBackError(ApiError):
    """The error of an atomic batch, with that of the request that failed."""

    def __init__(self, failed: Answered, id: str) -> None:
        super().__init__("batch_rolled_back", index=failed.index, id=id, status=failed.response.status)
        self._reason = orjson.loads(failed.response.body)["error"]

    def encode(self, language: str, request_id: str) -> dict[str, Any]:
        """The error as the envelope carries it."""
        encoded = super().encode(language, request_id)
        return {**encoded, "errors": [self._reason]}


def _answer(call: Call, request: BatchRequest, earlier: Mapping[str, Answered], *, alone: bool) -> Response:
    """The answer to one request; `alone`: what it does goes with it if it fails."""
    try:
        return _perform(call, _resolved(request, earlier), alone=alone)
    except Exception as error:
        known = as_api_error(error)
        if known.code == "service_unavailable":  # so is the rest
            raise
        if known.code == "unexpected_error":
            log.exception("failed", request_id=call.request.id, method=request.method, path=request.path)
        return envelope.error(known, call.language, call.request.id)


def _perform(outer: Call, request: BatchRequest, *, alone: bool) -> Response:
    path, _, query_string = request.path.partition("?")
    match = outer.table.find(request.method, path)
    route = match.route
    require_permission(outer.caller, route)
    if route.limit:
        outer.limits.take(outer.who, route.limit)
    call = another_call(outer, match, path, query_string=query_string)
    headers = outer.request.headers
    call.request.headers = {name: headers[name] for name in headers.keys() - OF_THE_WHOLE}
    given = read_input(call, bodies.read_query(query_string), {} if request.body is None else request.body)
    if not call.writes or not (alone or call.is_dry_run):
        return _as_json(perform(call, match, given))
    with call.transaction.part(keep=not call.is_dry_run):
        return _as_json(perform(call, match, given))


def _as_json(response: Response) -> Response:
    """The answer as it can stand in JSON: a text becomes a string."""
    if response.content_type.startswith("application/json"):
        return response
    if not response.content_type.startswith("text/"):
        raise ApiError("unsupported_media_type", content_type=response.content_type, supported=["application/json"])
    return Response(response.status, orjson.dumps(response.body.decode()))


def _resolved(request: BatchRequest, earlier: Mapping[str, Answered]) -> BatchRequest:
    """The request with the values it takes from earlier answers in their places."""
    path = REFERENCE.sub(lambda found: quote(str(_referred(found, "path", earlier)), safe=""), request.path)
    return request.model_copy(update={"path": path, "body": _resolve(request.body, "body", earlier)})


def _resolve(value: Any, at: str, earlier: Mapping[str, Answered]) -> Any:
    match value:
        case str():
            whole = REFERENCE.fullmatch(value)
            if whole is not None:  # a value alone keeps its type
                return _referred(whole, at, earlier)
            return REFERENCE.sub(lambda found: str(_referred(found, at, earlier)), value)
        case dict():
            return {name: _resolve(inner, f"{at}.{name}", earlier) for name, inner in value.items()}
        case list():
            return [_resolve(inner, f"{at}.{index}", earlier) for index, inner in enumerate(value)]
        case _:
            return value


def _referred(found: re.Match[str], at: str, earlier: Mapping[str, Answered]) -> Any:
    if found["escaped"]:
        return found[0][1:]
    answered = earlier[found["id"]]
    if answered.has_failed:
        raise EarlierRequestFailedError(answered)
    try:
        return answered.value(found["path"])
    except KeyError as missing:
        raise invalid(Fault("attribute_in", at, {"values": list(missing.args[0])})) from None


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        if name not in value:
            raise KeyError([*value])
        return value[name]
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    raise KeyError([str(index) for index in range(len(value))] if isinstance(value, list) else [])


def _faults(ids: list[str], requests: list[BatchRequest]) -> Iterator[Fault]:
    """What is wrong with a batch as a whole."""
    places: dict[str, int] = {}
    for index, (id, request) in enumerate(zip(ids, requests, strict=True)):
        if id in places:
            yield Fault("attribute_distinct", f"requests.{index}.id", {"duplicate_of": places[id]})
        if request.path.partition("?")[0].rstrip("/") in (PATH, "/batch"):
            yield Fault("attribute_not_in", f"requests.{index}.path", {"values": [PATH]})
        for name in ("path", "body"):
            for referred in _references(getattr(request, name)):
                if referred not in places:
                    context = {"model": "BatchRequest", "value": referred}
                    yield Fault("attribute_exists", f"requests.{index}.{name}", context)
        places.setdefault(id, index)


def _references(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from (found["id"] for found in REFERENCE.finditer(value) if not found["escaped"])
        case dict():
            for inner in value.values():
                yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)


# the routes


@routes.post(
    PATH,
    scope=ANY_TOKEN,
    answer=list[BatchAnswer],
    status=200,
    cap=MOST_REQUESTS,
    items=lambda body: len(body.requests),
    errors=["batch_rolled_back"],
)
def answer_batch(call: Call, body: Batch) -> list[dict[str, Any]]:
    """Answer up to 1,000 requests at once, in order.

    It costs one request, and as many items as it has requests. `body` of each answer is what the request would have
    been answered alone. A request can use what an earlier one has answered: `${zone.data.id}`, in its path or anywhere
    in its body, stands for that value of the answer to the request called `zone` (`$${` is a plain `${`); if that one
    has failed, so does this, with `batch_item_failed`.

    With `atomic` all of it is done or, where one request fails, nothing: the answer is then 409 `batch_rolled_back`,
    with the place of that request and its error.
    """
    ids = [str(index) if request.id is None else request.id for index, request in enumerate(body.requests)]
    if faults := list(_faults(ids, body.requests)):
        raise invalid(*faults)
    answered: dict[str, Answered] = {}
    for index, (id, request) in enumerate(zip(ids, body.requests, strict=True)):
        one = answered[id] = Answered(index, _answer(call, request, answered, alone=not body.atomic))
        if one.has_failed and body.atomic:
            raise RolledBackError(one, id)
    return [
        {"id": id, "status": one.response.status, "body": orjson.Fragment(one.response.body)}
        for id, one in answered.items()
    ]
