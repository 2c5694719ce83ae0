"""A visit, read top to bottom: from the wire to the page.

The edge is asynchronous and reads the request; everything between is plain synchronous code in one hop to a worker
thread, as for the API (`api/dispatch.py`).

    asset? → page → form → forged? → function → cookies, headers → log
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Generic

from sqlalchemy.exc import DataError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Message, Receive, Scope, Send

from alpage import client
from alpage.api import languages, logs
from alpage.api.errors import ApiError
from alpage.api.networks import Networks
from alpage.api.workers import Workers
from alpage.web import forgery, forms, problems
from alpage.web.design.assets import ASSETS
from alpage.web.headers import STANDING, content_security_policy
from alpage.web.pages import Page
from alpage.web.places import Place, Surface
from alpage.web.problems import AnsweredError, ForgedError, PageError
from alpage.web.visits import LANGUAGE_COOKIE, Visit

YEAR_SECONDS = 365 * 86400
READING = ("GET", "HEAD", "OPTIONS")

log = logs.get("page")


@dataclass(slots=True)
class Site(Generic[Surface]):
    """The pages of a place as an ASGI application. It takes the place's base off by itself, mounted there or not."""

    place: Place[Surface]
    pages: Iterable[Page]
    workers: Workers
    networks: Networks
    body_limit_bytes: int
    routes: list[tuple[Route, Page]] = field(init=False)

    def __post_init__(self) -> None:
        self.routes = [(Route(page.path, page.function, methods=[page.method]), page) for page in self.pages]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the request, has a worker thread answer it, and sends the answer."""
        visit = self._read_head(Request(scope))
        body = await _read_body(visit, receive, self.body_limit_bytes)
        visit.body = body or b""
        answer: Callable[[Visit[Surface]], Response] = self.answer
        if body is None:
            answer = partial(_answer, call=_refuse_too_large)
        response = await self.workers.run(answer, visit)
        await response(scope, receive, _without_body(send) if visit.method == "HEAD" else send)

    def answer(self, visit: Visit[Surface]) -> Response:
        """The answer to a visit, whatever happens."""
        return _answer(visit, self._call)

    def _call(self, visit: Visit[Surface]) -> Response:
        asset = ASSETS.answer(visit.path) if visit.method in READING else None
        if asset is not None:
            return asset
        page, arguments = self._find(visit)
        visit.sent = forms.read(visit.body, visit.headers.get("content-type", ""))
        if page.method not in READING and not page.foreign:
            _refuse_forged(visit)
        return page.function(visit, **arguments)

    def _find(self, visit: Visit[Surface]) -> tuple[Page, dict[str, Any]]:
        scope: Scope = {"type": "http", "path": visit.path, "method": visit.method}
        allowed: set[str] = set()
        for route, page in self.routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                return page, found["path_params"]
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
        raise PageError(405, headers={"Allow": ", ".join(sorted(allowed))}) if allowed else PageError(404)

    def _read_head(self, request: Request) -> Visit[Surface]:
        peer = request.client.host if request.client else ""
        visit = Visit(
            place=self.place,
            method=request.method,
            path=request.scope["path"].removeprefix(self.place.base) or "/",
            query=request.query_params,
            headers=request.headers,
            cookies=request.cookies,
            ip=self.networks.client(peer, request.headers.get("x-forwarded-for", "")),
            language=languages.negotiate(request.headers.get("accept-language", "")),
        )
        _choose_language(visit)
        return visit


def _answer(visit: Visit[Any], call: Callable[[Visit[Any]], Response]) -> Response:
    started = perf_counter()
    try:
        response = call(visit)
    except Exception as error:
        response = _failure(visit, error)
    _add_headers(visit, response)
    logs.answers.note(
        "page",
        {
            "request_id": visit.id,
            "place": visit.place.name,
            "method": visit.method,
            "path": visit.path,
            "status": response.status_code,
            "ms": round((perf_counter() - started) * 1000, 1),
        },
    )
    return response


def _failure(visit: Visit[Any], error: Exception) -> Response:
    if isinstance(error, AnsweredError):
        return error.response
    if isinstance(error, ForgedError):
        return problems.refusal(visit, error)
    return problems.page(visit, _as_problem(visit, error))


def _as_problem(visit: Visit[Any], error: Exception) -> PageError:
    if isinstance(error, PageError):
        return error
    if isinstance(error, ApiError):
        return problems.of_api(error, visit.language)
    if isinstance(error, client.ApiError):
        return problems.of_client(error)
    if isinstance(error, forms.MalformedFormError | DataError | OverflowError):  # a value no column can hold, say
        return PageError(400)
    log.exception("failed", request_id=visit.id, method=visit.method, path=visit.path)
    return PageError(500)


def _refuse_too_large(_visit: Visit[Any]) -> Response:
    raise PageError(413)


def _refuse_forged(visit: Visit[Any]) -> None:
    from_us = forgery.comes_from_us(visit.headers)
    if not from_us or not forgery.is_own(visit.place.secret, visit.binding, visit.form.get(forgery.FIELD, "")):
        raise ForgedError(from_us=from_us)


def _choose_language(visit: Visit[Any]) -> None:
    """What the visitor has chosen counts more than what his browser asks for, and is kept."""
    chosen = visit.query.get("language", "")
    if chosen in languages.LANGUAGES:
        visit.set_cookie(LANGUAGE_COOKIE, chosen, YEAR_SECONDS)
    visit.language = next(
        (name for name in (chosen, visit.cookie(LANGUAGE_COOKIE)) if name in languages.LANGUAGES), visit.language
    )


def _add_headers(visit: Visit[Any], response: Response) -> None:
    for name, value in {**STANDING, **visit.place.headers}.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_security_policy(visit.nonce))
    response.headers["X-Request-Id"] = visit.id
    for cookie in visit.cookies_to_send:
        response.headers.append("Set-Cookie", cookie)


async def _read_body(visit: Visit[Any], receive: Receive, limit: int) -> bytes | None:
    """The body; None when it is larger than the limit."""
    if visit.method in READING:
        return b""
    announced = visit.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        return None
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
