"""One call within its transaction: what it brings, the objects of its path, its handler, and the answer made of both.

`dispatch.py` has it done for a request, `batch.py` for each request of a batch.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from alpage.api import conditional, deprecation, dry_run, envelope, expansion, listing, validation
from alpage.api.calls import EVENT_STREAM, Call
from alpage.api.envelope import Response
from alpage.api.errors import ApiError, Fault, invalid
from alpage.api.limits import ITEMS
from alpage.api.permission import another_call, load_path
from alpage.api.routes import Route, Shape
from alpage.api.streams import HEADERS, EventStream
from alpage.api.versions import Match
from alpage.storage.database import is_unavailable

KNOWN_PARAMETERS = frozenset({expansion.PARAMETER, "filter", dry_run.PARAMETER})


@dataclass(frozen=True, slots=True)
class Input:
    """What a call brings, held against its route: the handler's arguments but for those of the path, and its list."""

    arguments: dict[str, Any]
    listing: listing.Listing


def read_input(call: Call, query: dict[str, Any], body: Any) -> Input:
    """What a call brings. Raises all faults at once."""
    route, faults = call.route, list[Fault]()
    arguments: dict[str, Any] = {}
    call.query = query
    call.wanted = expansion.read(route, query, faults)
    call.is_dry_run = dry_run.read(route, query, faults)
    wanted_list = listing.read(route, query, faults)
    if route.query is not None:
        arguments["query"] = validation.validate(route.query, query, faults)
    if route.filter is not None:
        arguments["filter"] = validation.validate(route.filter, query.get("filter") or {}, faults, "filter")
    if route.body is not None:
        arguments["body"] = validation.validate(route.body, body, faults)
    if faults:
        raise invalid(*faults)
    if query:
        call.ignored += validation.ignored(route.query, query, KNOWN_PARAMETERS | listing.parameters(route))
    if body:
        call.ignored += validation.ignored(route.body, body)
    return Input(arguments, wanted_list)


def perform(call: Call, match: Match, given: Input) -> Response:
    """The answer of a call's handler, with what it has written flushed but not committed."""
    arguments = {**given.arguments}
    load_path(call, match, arguments)
    deprecation.pass_by(call)
    conditional.require_match(call, _tag_of_path)
    _take_items(call, arguments)
    call.request.lap("load")
    answer = call.route.function(call, **arguments)
    if call.is_dry_run:
        call.transaction.settle()
    elif call.writes:
        call.session.flush()
    call.request.lap("handler")
    if isinstance(answer, EventStream):
        return Response(200, b"", list(HEADERS), EVENT_STREAM, answer)
    data = _encode(call, given.listing, answer)
    if call.is_dry_run:
        call.root[dry_run.PARAMETER] = True
        call.root["changes"] = [entry.encode() for entry in call.transaction.changes.entries()]
    response = data if isinstance(data, Response) else envelope.success(data, call.route.status, call.root)
    response.is_early = call.is_early
    response = _tagged(call, answer, response)
    call.request.lap("listing")
    return response


def as_api_error(error: Exception) -> ApiError:
    """The error of the API that an exception stands for."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, IntegrityError | StaleDataError):  # stale: somebody else has just deleted what is changed here
        return ApiError("conflict")
    if isinstance(error, DataError | OverflowError):  # a value its column cannot hold, that no shape has refused
        return invalid()
    if isinstance(error, DBAPIError) and is_unavailable(error):
        return ApiError("service_unavailable", headers=[("Retry-After", "5")], retry_after=5)
    return ApiError("unexpected_error")


def _take_items(call: Call, arguments: dict[str, Any]) -> None:
    if call.route.items is not None and "body" in arguments:
        call.items = call.route.items(arguments["body"])
        call.limits.take(call.who, ITEMS, call.items)


def _encode(call: Call, wanted_list: listing.Listing, answer: Any) -> Any:
    route = call.route
    if route.is_list:
        rows = listing.run(call, wanted_list, answer)
        return rows if isinstance(rows, int) else _present(call, rows)
    if isinstance(answer, Select):
        answer = call.transaction.execute(answer).one()
    return answer if route.shape is None else _present_one(call, route.shape, answer)


def _present_one(call: Call, shape: type[Shape], row: Any) -> Any:
    if shape.parts or call.wanted:
        return _present(call, [row])[0]
    return shape.present(row, call)


def _present(call: Call, rows: Any) -> list[Any]:
    shape = call.route.shape
    if shape is None:
        return list(rows)
    objects = shape.present_all(rows, call)
    expansion.expand(call, rows, objects)
    return objects


def _tagged(call: Call, answer: Any, response: Response) -> Response:
    """The answer with the tag of the object it shows, or without a body for who has this version of it."""
    route = call.route
    if not _has_tag(route) or isinstance(answer, Response):
        if conditional.is_write(call) and route.method != "DELETE" and not call.is_dry_run:
            response.headers.append(("ETag", _tag_of_path(call)))
        return response
    if call.wanted:
        tag = conditional.tag_of(_plain_body(call, answer), response.body)
    else:
        tag = conditional.tag_of(response.body)
    if conditional.is_unchanged(call, tag):
        return conditional.not_modified(tag)
    response.headers.append(("ETag", tag))
    return response


def _has_tag(route: Route) -> bool:
    """Whether the answers of a route have a tag: those of single objects."""
    return route.method == "GET" and not route.is_list and route.answer is not Response


def _plain_body(call: Call, answer: Any) -> bytes:
    """The answer as it would be without expansions."""
    plain = another_call(call, Match(call.route, ()), call.request.path)
    return envelope.success(_encode(plain, listing.EVERYTHING, answer), call.route.status, call.root).body


def _tag_of_path(call: Call) -> str:
    """The tag of what the path of a call names, as a plain GET would have it now; empty where there is none."""
    try:
        match = call.table.find("GET", call.request.path)
    except ApiError:
        return ""
    if not _has_tag(match.route):
        return ""
    reading = another_call(call, match, call.request.path)
    given = read_input(reading, {}, {})
    load_path(reading, match, given.arguments)
    answer = match.route.function(reading, **given.arguments)
    data = _encode(reading, given.listing, answer)
    return conditional.tag_of(envelope.success(data, match.route.status, reading.root).body)
