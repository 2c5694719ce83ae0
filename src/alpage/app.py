"""Puts the rooms together: one ASGI application."""

import gc
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.orm import configure_mappers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from alpage import accounts, api, identity, products, sandbox, tasks
from alpage.accounts import teams
from alpage.accounts.services import SERVICES, Service
from alpage.api import logs, openapi, routes
from alpage.api.clocks import Clocks
from alpage.api.dispatch import Api
from alpage.api.edge import Edge, Surface
from alpage.api.errors import CATALOGUE
from alpage.api.history import SUBJECTS
from alpage.api.idempotency import Answers
from alpage.api.limits import Limits
from alpage.api.metrics import Metrics
from alpage.api.networks import Networks
from alpage.api.requests import Recorder
from alpage.api.totals import Totals
from alpage.api.versions import RouteTable
from alpage.api.workers import Workers
from alpage.discovery import modules, offered
from alpage.identity.credentials import derive_key, pepper_of
from alpage.identity.oauth.endpoints import OAuth
from alpage.identity.oauth.provider import Provider
from alpage.identity.signing_keys import SigningKeys
from alpage.identity.tokens import Tokens
from alpage.settings import Settings, load
from alpage.storage.database import Database, connect
from alpage.tasks import postponed
from alpage.tasks.postponed import Postponed

LOGIN_BODY_BYTES = 64 * 2**10  # a form of parameters is small

ROOMS = (api, identity, tasks, accounts, products, sandbox)


@cache
def route_table() -> RouteTable:
    """Every route of every room; also makes known the error codes, the kinds of objects, and the services."""
    for room in ROOMS:
        for catalogue in Path(str(files(room))).glob("**/errors.toml"):
            CATALOGUE.add(catalogue)
        SUBJECTS.collect(room)
    for module in modules(products):
        service = getattr(module, "SERVICE", None)
        if isinstance(service, Service):
            SERVICES.add(service)
    table = RouteTable(route for room in ROOMS for route in routes.collect(room))
    configure_mappers()  # here, and not in each process that is forked later: it takes 2.5 MB of each (measured)
    return table


def open_database(settings: Settings) -> Database:
    """The database the settings name."""
    return connect(settings.database_url, synchronous=settings.synchronous, pool_size=settings.threads)


def open_tokens(settings: Settings, database: Database) -> Tokens:
    """The tokens of a database."""
    clocks = Clocks(database, is_sandbox=settings.sandbox)
    return Tokens(database, pepper_of(settings), clocks, needs_nonces=settings.dpop_nonces)


def open_limits(settings: Settings) -> Limits:
    """The limits in force."""
    return Limits(settings.rate_limit, settings.items_limit, settings.rate_limit_store)


def open_login(settings: Settings, database: Database, tokens: Tokens, limits: Limits) -> OAuth:
    """The login's endpoints for programs, with the verbs its pages use."""
    keys = SigningKeys(database, tokens.pepper)
    provider = Provider(settings, tokens.pepper, keys, tokens.clocks, teams.names_of)
    return OAuth(provider, database, tokens, limits)


def open_api(settings: Settings, database: Database, table: RouteTable, tokens: Tokens, metrics: Metrics) -> Api:
    """The API, with the worker threads and the limits that the other surfaces share."""
    return Api(
        settings=settings,
        database=database,
        table=table,
        callers=tokens,
        limits=open_limits(settings),
        totals=Totals(),
        workers=Workers(settings.threads),
        networks=Networks(settings.trusted_proxies),
        metrics=metrics,
        recorder=Recorder(database),
        clocks=tokens.clocks,
        answers=Answers(derive_key(tokens.pepper, "the answers kept for idempotency keys")),
        postpone=open_postponed(database, tokens.pepper).postpone,
    )


def open_postponed(database: Database, pepper: bytes) -> Postponed:
    """The requests of a database that are put off."""
    return Postponed(database, derive_key(pepper, "requests that are put off"))


def open_for_postponed(settings: Settings, database: Database) -> tuple[Postponed, Api]:
    """The API as the task of postponed requests calls it: without threads that answer others."""
    tokens = open_tokens(settings, database)
    quiet = settings.model_copy(update={"threads": 0})
    api = open_api(quiet, database, route_table(), tokens, Metrics(CollectorRegistry()))
    return open_postponed(database, tokens.pepper), api


postponed.opened_by(open_for_postponed)


def build(settings: Settings, database: Database, table: RouteTable) -> ASGIApp:
    """The application: whoever asks is led to the surface that has what he asks for."""
    registry = CollectorRegistry()
    tokens = open_tokens(settings, database)
    dispatch = open_api(settings, database, table, tokens, Metrics(registry))
    login = open_login(settings, database, tokens, dispatch.limits)
    own = own_pages(dispatch, registry)
    paths = {route.path for route in own.routes if isinstance(route, Route)}
    surfaces: list[tuple[Callable[[Scope], bool], ASGIApp]] = [
        (lambda scope: scope["type"] != "http" or scope["path"] in paths, own),
        (lambda scope: login.has(scope["path"], _host(scope)), _edge(dispatch, login, LOGIN_BODY_BYTES)),
        (stands_at(settings.issuer, settings.public_url), _on_first_visit(_login_pages, dispatch, login)),
        (stands_at(settings.manager_address, settings.public_url), _on_first_visit(_manager, dispatch, login)),
    ]
    edge = _edge(dispatch, dispatch, settings.body_limit_bytes)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        surface = next((surface for has, surface in surfaces if has(scope)), edge)
        await surface(scope, receive, send)

    return application


def own_pages(dispatch: Api, registry: CollectorRegistry) -> Starlette:
    """The platform's own few pages, and those of its products, beside the API."""

    @cache
    def document() -> dict[str, Any]:
        return openapi.describe(dispatch.table.routes, dispatch.settings.public_url)

    async def description(_request: Request) -> Response:
        return JSONResponse(document())

    async def health(_request: Request) -> Response:
        healthy = await dispatch.workers.run(Database.is_reachable, dispatch.database)
        return JSONResponse({"status": "ok" if healthy else "database unreachable"}, 200 if healthy else 503)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(generate_latest(_all_processes(registry)), media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        dispatch.workers.stop()
        dispatch.recorder.stop()
        dispatch.database.close()

    pages = [Route("/openapi.json", description), Route("/health", health), Route("/metrics", metrics)]
    pages += [page for make_pages in offered(products, "pages") for page in make_pages(dispatch)]
    return Starlette(routes=pages, lifespan=lifespan)


def stands_at(address: str, public_url: str) -> Callable[[Scope], bool]:
    """Tells requests for what stands at an address: by their host, if it has one to itself, and by their path."""
    host, path = urlsplit(address).netloc, urlsplit(address).path
    has_own_host = host != urlsplit(public_url).netloc

    def is_for(scope: Scope) -> bool:
        asked: str = scope["path"]
        return (
            asked.startswith(path)
            and asked[len(path) : len(path) + 1] in ("", "/")
            and (not has_own_host or _host(scope) == host)
        )

    return is_for


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def _edge(dispatch: Api, surface: Surface, body_limit_bytes: int) -> Edge:
    return Edge(surface, dispatch.workers, dispatch.networks, body_limit_bytes)


def _login_pages(dispatch: Api, login: OAuth) -> ASGIApp:
    from alpage.web.login.site import login_site  # noqa: PLC0415 - on the first visit

    return login_site(login.provider, dispatch.database, dispatch.workers, dispatch.networks)


def _manager(dispatch: Api, login: OAuth) -> ASGIApp:
    from alpage.web.in_process import InProcess  # noqa: PLC0415 - on the first visit
    from alpage.web.manager import manager_site  # noqa: PLC0415 - the same

    transport = InProcess(lambda host, path: login if login.has(path, host) else dispatch)
    secret = derive_key(login.provider.pepper, "the pages of the manager")
    return manager_site(dispatch.settings, dispatch.workers, dispatch.networks, transport, secret)


def _on_first_visit(make: Callable[[Api, OAuth], ASGIApp], dispatch: Api, login: OAuth) -> ASGIApp:
    """Pages whose code is loaded when somebody first comes: it takes 8 MB of a server process (measured)."""

    @cache
    def site() -> ASGIApp:
        return make(dispatch, login)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        await site()(scope, receive, send)

    return pages


def create() -> ASGIApp:
    """The application a server process runs, on the settings of its environment."""
    settings = load()
    logs.configure(settings.log_level)
    application = build(settings, open_database(settings), route_table())
    calm_garbage_collection()
    end_with_parent()
    return application


def end_with_parent() -> None:
    """Has this process end when the process that started it was killed: nobody else would end it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)  # what was answered is committed; the rest would find no one to clean up

    Thread(target=wait, name="parent", daemon=True).start()


def calm_garbage_collection() -> None:
    """Has the collector pass over what was loaded at the start, and look at the rest less often.

    A large request makes many objects that all live until it ends: looking for garbage among them took a third of the
    time of a call that creates 10,000 records (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _all_processes(registry: CollectorRegistry) -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return together
