"""A request, read top to bottom: from the wire to the envelope.

`edge.py` reads it off the wire and has a worker thread answer it here, in plain synchronous code; one request is one
transaction, committed before the answer leaves.
"""

from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, time
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row, Select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from alpage.api import bodies, dry_run, envelope, expansion, languages, listing, logs, override, streams, validation
from alpage.api.callers import (
    ANONYMOUS,
    Caller,
    Callers,
    not_authorized,
    proof_of,
    require_fresh_login,
    require_scope,
    with_metadata,
)
from alpage.api.calls import EVENT_STREAM, Call, Request
from alpage.api.envelope import Response
from alpage.api.errors import ApiError, Fault, invalid
from alpage.api.limits import ITEMS, REQUESTS, Limits
from alpage.api.metrics import Metrics
from alpage.api.networks import Networks
from alpage.api.permission import load_path
from alpage.api.requests import Recorder
from alpage.api.routes import Route, Shape
from alpage.api.streams import EventStream, OpenStreams
from alpage.api.totals import Totals
from alpage.api.versions import Match, RouteTable
from alpage.api.workers import Workers
from alpage.settings import Settings
from alpage.storage.changes import Author
from alpage.storage.database import Database

KNOWN_PARAMETERS = frozenset({*listing.PARAMETERS, expansion.PARAMETER, "filter", dry_run.PARAMETER})
MAX_NAMES, MAX_NAME_LENGTH, NAME_CHARACTERS = 20, 64, "[]$@:/"
MAX_PATH_LENGTH = 500  # of a path that is taken down

log = logs.get("request")


@dataclass(slots=True)
class _Progress:
    """How far a request has come: what is known of it when its answer is made."""

    match: Match | None = None
    caller: Caller = ANONYMOUS
    cost: int = 0  # what it took from a limit
    told: list[tuple[str, str]] = field(default_factory=list)  # headers of the answer, whatever it turns out to be


@dataclass(slots=True)
class Api:
    """The API: the surface that answers with envelopes."""

    settings: Settings
    database: Database
    table: RouteTable
    callers: Callers
    limits: Limits
    totals: Totals
    workers: Workers
    networks: Networks
    metrics: Metrics
    recorder: Recorder
    open_streams: OpenStreams = field(default_factory=OpenStreams)

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The answer to a request whose body was not read."""
        return envelope.error(error, _language(request), request.id)

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens."""
        started = perf_counter()
        progress = _Progress()
        try:
            query = bodies.read_query(request.query_string)
            body = bodies.read_json(request.body, request.headers) if request.body else {}
            request.method = override.resolve(request.method, request.headers, query, body)
            if request.method == "OPTIONS":
                return self._options(request)
            progress.match = self.table.find("GET" if request.method == "HEAD" else request.method, request.path)
            response = self._call(request, progress.match, query, body, progress)
        except Exception as error:
            response = self._failure(request, progress.match, error)
        if "dpop" in request.headers:
            progress.told += self.callers.for_next_proof()
        own = {name for name, _ in response.headers}
        response.headers.extend(header for header in progress.told if header[0] not in own)
        if not response.is_early:
            self._finish(request, progress, response, perf_counter() - started)
        return response

    def _options(self, request: Request) -> Response:
        return Response(204, b"", [("Allow", ", ".join(self.table.allowed(request.path)))])

    def _call(self, request: Request, match: Match, query: dict[str, Any], body: Any, progress: _Progress) -> Response:
        route = match.route
        caller = progress.caller = self._identify(request, route)
        require_scope(caller, route.scopes or ())
        require_fresh_login(caller, route.fresh_seconds)
        progress.told += self._limit(request, route, caller)
        progress.cost = 0 if route.free or request.method == "HEAD" else 1
        call = Call(request, route, caller, _language(request), self.settings, self.totals, self.limits, self.table)
        arguments, wanted_list = _read_input(call, match, query, body)
        if route.items is not None and "body" in arguments:
            progress.cost = route.items(arguments["body"])
            self.limits.take(_who(request, caller), ITEMS, progress.cost)
        if call.ignored:
            progress.told.append(("X-Ignored-Parameters", _list_of_names(call.ignored)))
        return self._transact(call, match, arguments, wanted_list)

    def _identify(self, request: Request, route: Route) -> Caller:
        authorization = request.headers.get("authorization", "")
        if authorization:
            return self.callers.identify(authorization, request.ip, proof_of(request, self.settings.public_url))
        if route.scopes is None:
            return ANONYMOUS
        raise not_authorized("missing")

    def _limit(self, request: Request, route: Route, caller: Caller) -> list[tuple[str, str]]:
        who, policy = _who(request, caller), caller.limit or REQUESTS
        if route.free or request.method == "HEAD" or request.is_repeated:
            return self.limits.look(who, policy).headers()
        if route.limit:
            self.limits.take(who, route.limit)
        return self.limits.take(who, policy).headers()

    def _transact(self, call: Call, match: Match, arguments: dict[str, Any], wanted_list: listing.Listing) -> Response:
        author = Author(call.caller.user_id or None, call.caller.grant_id or None, call.request.id)
        call.transaction = self.database.begin(author, writes=call.writes)
        try:
            load_path(call, match, arguments)
            answer = call.route.function(call, **arguments)
            if call.writes:
                call.session.flush()
            data = _encode(call, wanted_list, answer)
            if call.is_dry_run:
                call.root[dry_run.PARAMETER] = True
                call.root["changes"] = [entry.encode() for entry in call.transaction.changes.entries()]
            else:
                call.transaction.commit()
        finally:
            call.transaction.close()
        if isinstance(data, EventStream):
            return self._stream(call, data)
        if isinstance(data, Response):
            return data
        response = envelope.success(data, call.route.status, call.root)
        response.is_early = call.is_early
        return response

    def _stream(self, call: Call, stream: EventStream) -> Response:
        authorization, ip = call.request.headers.get("authorization", ""), call.request.ip
        stream.recheck = partial(self.callers.recheck, authorization, ip) if authorization else stream.recheck
        stream.close = self.open_streams.enter(_who(call.request, call.caller))
        return Response(200, b"", list(streams.HEADERS), EVENT_STREAM, stream)

    def _failure(self, request: Request, match: Match | None, error: Exception) -> Response:
        known = _as_api_error(error)
        if known.status == 500:
            log.exception("failed", request_id=request.id, method=request.method, path=request.path)
        text_context = match is not None and match.route.text_context
        response = envelope.error(known, _language(request), request.id, text_context=text_context)
        response.headers = with_metadata(response.headers, self.settings.resource_metadata_url)
        return response

    def _finish(self, request: Request, progress: _Progress, response: Response, seconds: float) -> None:
        match, caller, ms = progress.match, progress.caller, round(seconds * 1000, 1)
        if match is not None:
            response.headers.append(("API-Version", str(match.route.version)))
        route = match.route.name if match is not None else "unknown"
        self.metrics.observe(request.method, route, response.status, seconds)
        path = request.path if match is None else match.path_to_tell(request.path)
        logs.answers.note(
            "request",
            {
                "request_id": request.id,
                "method": request.method,
                "path": path,
                "status": response.status,
                "ms": ms,
            },
        )
        if caller.user_id:
            self.recorder.add(
                request.id,
                caller.user_id,
                caller.grant_id,
                caller.application_id,
                request.method,
                route,
                path[:MAX_PATH_LENGTH],
                response.status,
                ms,
                progress.cost,
                int(time()),
            )


def _language(request: Request) -> str:
    return languages.negotiate(request.headers.get("accept-language", ""))


def _list_of_names(names: list[str]) -> str:
    """Names as a header may carry them, whatever a caller put into them: visible ASCII, and not without end."""
    return ", ".join(
        quote(name[:MAX_NAME_LENGTH], safe=NAME_CHARACTERS, errors="replace") for name in names[:MAX_NAMES]
    )


def _who(request: Request, caller: Caller) -> str:
    return str(caller.user_id) if caller.user_id else request.ip


def _read_input(call: Call, match: Match, query: dict[str, Any], body: Any) -> tuple[dict[str, Any], listing.Listing]:
    """The handler's arguments but for those of the path, and what is asked of a list. Raises all faults at once."""
    route, faults = match.route, list[Fault]()
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
        call.ignored += validation.ignored(route.query, query, KNOWN_PARAMETERS)
    if body:
        call.ignored += validation.ignored(route.body, body)
    return arguments, wanted_list


def _encode(call: Call, wanted_list: listing.Listing, answer: Any) -> Any:
    route = call.route
    if isinstance(answer, EventStream):
        return answer
    if route.is_list:
        rows = listing.run(call, wanted_list, answer)
        return rows if isinstance(rows, int) else _present(call, rows)
    if isinstance(answer, Select):
        answer = call.transaction.execute(answer).one()
    return answer if route.shape is None else _present_one(call, route.shape, answer)


def _present_one(call: Call, shape: type[Shape], row: Any) -> Any:
    if shape.parts or call.wanted:
        return _present(call, [row])[0]
    return shape.present(row[0] if _holds_object(row) else row, call)


def _present(call: Call, rows: Any) -> list[Any]:
    shape = call.route.shape
    if shape is None:
        return list(rows)
    if rows and _holds_object(rows[0]):
        rows = [row[0] for row in rows]  # a query for whole objects
    objects = shape.present_all(rows, call)
    expansion.expand(call, rows, objects)
    return objects


def _holds_object(row: Any) -> bool:
    """Whether this is a row of a query for whole objects."""
    return isinstance(row, Row) and len(row) == 1 and not isinstance(row[0], int | str)


def _as_api_error(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, IntegrityError):
        return ApiError("conflict")
    if isinstance(error, DataError | OverflowError):  # a value its column cannot hold, that no shape has refused
        return invalid()
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return ApiError("service_unavailable", headers=[("Retry-After", "5")], retry_after=5)
    return ApiError("unexpected_error")
