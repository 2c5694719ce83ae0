"""A request, read top to bottom: from the wire to the envelope.

`edge.py` reads it off the wire and has a worker thread answer it here, in plain synchronous code; one request is one
transaction, committed before the answer leaves.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, time
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from alpage.api import (
    bodies,
    conditional,
    deprecation,
    dry_run,
    envelope,
    faults,
    idempotency,
    languages,
    logs,
    override,
    prefer,
)
from alpage.api.callers import (
    ANONYMOUS,
    Caller,
    Callers,
    not_authorized,
    proof_of,
    with_metadata,
)
from alpage.api.calls import Call, Request, who_counts
from alpage.api.clocks import CLOCK, Clocks
from alpage.api.deprecation import Called
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.api.faults import SandboxFault
from alpage.api.handling import Input, as_api_error, perform, read_input
from alpage.api.idempotency import Answers, Key
from alpage.api.limits import REQUESTS, Limits
from alpage.api.metrics import Metrics
from alpage.api.networks import Networks
from alpage.api.permission import require_permission
from alpage.api.requests import Recorder, told_of
from alpage.api.routes import Route
from alpage.api.streams import EventStream, OpenStreams
from alpage.api.totals import Totals
from alpage.api.versions import Match, RouteTable
from alpage.api.workers import Workers
from alpage.settings import Settings
from alpage.storage.changes import NOBODY, Author
from alpage.storage.database import Database, is_overtaken

INTERNAL_ERROR = 500
MAX_NAMES, MAX_NAME_LENGTH, NAME_CHARACTERS = 20, 64, "[]$@:/"
MAX_PATH_LENGTH = 500  # of a path that is taken down

log = logs.get("request")


@dataclass(slots=True)
class _Progress:
    """How far a request has come: what is known of it when its answer is made."""

    match: Match | None = None
    caller: Caller = ANONYMOUS
    cost: int = 0  # what it took from a limit
    is_free_if: Callable[[Response], bool] | None = None  # whether it costs something, its answer shows
    key: Key | None = None  # under which its answer is kept
    told: list[tuple[str, str]] = field(default_factory=list)  # headers of the answer, whatever it turns out to be
    call: Call | None = None
    fault: SandboxFault | None = None
    error: ApiError | None = None


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
    answers: Answers
    postpone: prefer.Postpone
    clocks: Clocks
    open_streams: OpenStreams = field(default_factory=OpenStreams)

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The answer to a request whose body was not read."""
        return envelope.error(error, _language(request), request.id)

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens."""
        started = perf_counter()
        progress = _Progress()
        request.laps.clear()
        response = self._attempt(request, progress)
        response.fault = progress.fault
        if progress.is_free_if is not None:
            response = self._settle(request, progress, progress.is_free_if, response)
        if "dpop" in request.headers:
            progress.told += self.callers.for_next_proof()
        own = {name for name, _ in response.headers}
        response.headers.extend(header for header in progress.told if header[0] not in own)
        if not response.is_early:
            request.lap("answer")
            self._finish(request, progress, response, started)
        return response

    def _attempt(self, request: Request, progress: _Progress) -> Response:
        try:
            progress.fault = faults.read(request.headers, is_sandbox=self.settings.sandbox)
            query = bodies.read_query(request.query_string)
            body = bodies.read_json(request.body, request.headers) if request.body else {}
            request.method = override.resolve(request.method, request.headers, query, body)
            if request.method == "OPTIONS":
                return self._options(request)
            progress.match = self.table.find("GET" if request.method == "HEAD" else request.method, request.path)
            return self._call(request, progress.match, query, body, progress)
        except Exception as error:
            return self._refusal(request, progress, error)

    def _options(self, request: Request) -> Response:
        return Response(204, b"", [("Allow", ", ".join(self.table.allowed(request.path)))])

    def _call(self, request: Request, match: Match, query: dict[str, Any], body: Any, progress: _Progress) -> Response:
        route = match.route
        request.lap("read")
        caller = progress.caller = self._identify(request, route)
        require_permission(caller, route)
        request.lap("identify")
        call = progress.call = self._open(request, route, caller)
        self._limit(call, query, progress)
        if progress.fault is not None:
            progress.fault.strike()
        request.lap("limit")
        key = self.answers.key_of(request, _holder(call)) if call.writes else None
        given = read_input(call, query, body)
        if call.ignored:
            progress.told.append(("X-Ignored-Parameters", _list_of_names(call.ignored)))
        request.lap("input")
        progress.key = None if call.is_dry_run else key
        response = self._transact(call, match, given, progress)
        progress.cost = call.items or progress.cost
        return response if response.stream is None else self._listened_to(call, response, response.stream)

    def _open(self, request: Request, route: Route, caller: Caller) -> Call:
        language, clocks = _language(request), self.clocks
        call = Call(request, route, caller, language, self.settings, self.totals, self.limits, self.table, clocks)
        call.go_by(caller.account_id)
        return call

    def _identify(self, request: Request, route: Route) -> Caller:
        if request.acting is not None:
            return self.callers.of_grant(request.acting.grant_id, request.acting.scopes)
        authorization = request.headers.get("authorization", "")
        if authorization:
            return self.callers.identify(authorization, request.ip, proof_of(request, self.settings.public_url))
        if route.scopes is None:
            return ANONYMOUS
        raise not_authorized("missing")

    def _limit(self, call: Call, query: dict[str, Any], progress: _Progress) -> None:
        """Takes a request from the limits of who makes it, unless only the answer shows whether it costs one."""
        request, route, policy = call.request, call.route, call.caller.limit or REQUESTS
        if route.free or request.method == "HEAD" or request.is_repeated:
            progress.told += self.limits.look(call.who, policy).headers()
            return
        if route.limit:
            self.limits.take(call.who, route.limit)
        if "if-none-match" in request.headers and not call.writes:
            progress.is_free_if = conditional.is_not_modified
        elif dry_run.PARAMETER in query and call.writes and self.limits.look(call.who, policy).remaining:
            progress.is_free_if = dry_run.has_failed
        else:
            progress.told += self.limits.take(call.who, policy).headers()
            progress.cost = 1

    def _settle(
        self, request: Request, progress: _Progress, is_free: Callable[[Response], bool], response: Response
    ) -> Response:
        """Takes what was left open from the limits, now that the answer is there."""
        who, policy = who_counts(progress.caller, request), progress.caller.limit or REQUESTS
        try:
            window = self.limits.look(who, policy) if is_free(response) else self.limits.take(who, policy)
        except ApiError as error:
            return self._failure(request, progress, error)
        progress.told += window.headers()
        progress.cost = progress.cost or int(not is_free(response))
        return response

    def _transact(self, call: Call, match: Match, given: Input, progress: _Progress) -> Response:
        """Answers in one transaction; where somebody else was quicker, once more, on what he has written."""
        try:
            return self._try(call, match, given, progress)
        except DBAPIError as error:
            if not is_overtaken(error):
                raise
            return self._try(call, match, given, progress)

    def _try(self, call: Call, match: Match, given: Input, progress: _Progress) -> Response:
        author = Author(call.caller.user_id or None, call.caller.grant_id or None, call.request.id)
        call.transaction = self.database.begin(author, writes=call.writes, steady=conditional.is_write(call))
        with ExitStack() as ending:
            ending.callback(call.transaction.close)
            if progress.key is not None:
                kept = ending.enter_context(self.answers.claimed(progress.key, call.transaction))
                if kept is not None:
                    return kept
            response = perform(call, match, given)
            if not call.is_dry_run:
                if progress.key is not None:
                    self.answers.keep(call.transaction, progress.key, response, int(time()))
                call.transaction.commit()
                call.request.lap("commit")
        return response

    def _listened_to(self, call: Call, response: Response, stream: EventStream) -> Response:
        """The answer of a stream, which ends when its caller may not listen any more."""
        authorization = call.request.headers.get("authorization")
        if authorization is not None:
            stream.recheck = partial(self.callers.recheck, authorization, call.request.ip)
        stream.close = self.open_streams.enter(call.who)
        return response

    def _refusal(self, request: Request, progress: _Progress, error: Exception) -> Response:
        if progress.call is not None and isinstance(error, ApiError) and prefer.is_postponed(progress.call, error):
            postponed = self.postpone(progress.call, error)
            if postponed is not None:
                return postponed
        response = self._failure(request, progress, error)
        if progress.key is not None and idempotency.is_final(error):
            self._keep_refusal(progress.key, response)
        return response

    def _keep_refusal(self, key: Key, response: Response) -> None:
        """Keeps what a handler has answered by raising: nothing of its transaction is left."""
        try:
            with self.database.transaction(NOBODY) as transaction, self.answers.claimed(key, transaction) as kept:
                if kept is None:
                    self.answers.keep(transaction, key, response, int(time()))
        except (ApiError, DBAPIError):
            log.warning("refusal not kept")  # a second try is answered anew

    def _failure(self, request: Request, progress: _Progress, error: Exception) -> Response:
        known, match = as_api_error(error), progress.match
        progress.error = known
        if known.status == INTERNAL_ERROR and progress.fault is None:
            log.exception("failed", request_id=request.id, method=request.method, path=request.path)
        text_context = match is not None and match.route.text_context
        response = envelope.error(known, _language(request), request.id, text_context=text_context)
        response.headers = with_metadata(response.headers, self.settings.resource_metadata_url)
        return response

    def _finish(self, request: Request, progress: _Progress, response: Response, started: float) -> None:
        match, caller, seconds = progress.match, progress.caller, request.laps[-1][1] - started
        ms = round(seconds * 1000, 1)
        if match is not None:
            response.headers.append(("API-Version", str(match.route.version)))
            response.headers += deprecation.headers(match.route, self.settings.public_url)
        if progress.call is not None and progress.call.ahead_seconds:
            response.headers.append((CLOCK, str(progress.call.now)))
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
                request.ip,
                None if progress.fault is None else str(progress.fault),
                progress.key is not None and idempotency.is_replayed(response),
                None if progress.error is None else progress.error.code,
                None if progress.error is None else told_of(progress.error, match),
                [("", started), *request.laps],
            )
            for name in request.deprecated:
                self.recorder.count(Called(caller.user_id, caller.grant_id, caller.application_id, name, int(time())))


def _language(request: Request) -> str:
    return languages.negotiate(request.headers.get("accept-language", ""))


def _list_of_names(names: list[str]) -> str:
    """Names as a header may carry them, whatever a caller put into them: visible ASCII, and not without end."""
    return ", ".join(
        quote(name[:MAX_NAME_LENGTH], safe=NAME_CHARACTERS, errors="replace") for name in names[:MAX_NAMES]
    )


def _holder(call: Call) -> str:
    """Whose idempotency keys a call uses: those of its token; without one, of its address."""
    return str(call.caller.grant_id) if call.caller.grant_id else call.request.ip
