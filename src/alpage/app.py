"""Puts the rooms together: one ASGI application."""

import gc
import hmac
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
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from alpage import accounts, api, identity, products, tasks
from alpage.accounts import teams
from alpage.accounts.services import SERVICES, Service
from alpage.api import logs, openapi, routes
from alpage.api.dispatch import Api
from alpage.api.edge import Edge
from alpage.api.errors import CATALOGUE
from alpage.api.in_process import InProcess
from alpage.api.limits import Limits
from alpage.api.metrics import Metrics
from alpage.api.networks import Networks
from alpage.api.requests import Recorder
from alpage.api.totals import Totals
from alpage.api.versions import RouteTable
from alpage.api.workers import Workers
from alpage.discovery import modules, offered
from alpage.identity.credentials import pepper_of
from alpage.identity.oauth.endpoints import OAuth
from alpage.identity.oauth.provider import Provider
from alpage.identity.signing_keys import SigningKeys
from alpage.identity.tokens import Tokens
from alpage.settings import Settings, load
from alpage.storage.database import Database, connect
from alpage.web.login.site import login_site
from alpage.web.manager import manager_site

LOGIN_BODY_BYTES = 64 * 2**10  # a form of parameters is small

ROOMS = (api, identity, tasks, accounts, products)


def route_table() -> RouteTable:
    """Every route of every room; also makes error codes and the services of the products known."""
    for room in ROOMS:
        for catalogue in Path(str(files(room))).glob("**/errors.toml"):
            CATALOGUE.add(catalogue)
    for module in modules(products):
        service = getattr(module, "SERVICE", None)
        if isinstance(service, Service):
            SERVICES.add(service)
    return RouteTable(route for room in ROOMS for route in routes.collect(room))


def open_database(settings: Settings) -> Database:
    """The database the settings name."""
    return connect(settings.database_url, synchronous=settings.synchronous, pool_size=settings.threads)


def open_tokens(settings: Settings, database: Database) -> Tokens:
    """The tokens of a database."""
    return Tokens(database, pepper_of(settings))


def open_login(settings: Settings, database: Database, tokens: Tokens) -> OAuth:
    """The login's endpoints for programs, with the verbs its pages use."""
    provider = Provider(settings, tokens.pepper, SigningKeys(database, tokens.pepper))
    return OAuth(provider, database, tokens, teams.names_of)


def build(settings: Settings, database: Database, table: RouteTable) -> ASGIApp:
    """The application: the API, with the platform's own few pages, and those of its products, beside it."""
    registry = CollectorRegistry()
    tokens = open_tokens(settings, database)
    dispatch = Api(
        settings=settings,
        database=database,
        table=table,
        identify=tokens.identify,
        limits=Limits(settings.rate_limit, settings.items_limit, settings.rate_limit_store),
        totals=Totals(),
        workers=Workers(settings.threads),
        networks=Networks(settings.trusted_proxies),
        metrics=Metrics(registry),
        recorder=Recorder(database),
    )

    @cache
    def document() -> dict[str, Any]:
        return openapi.describe(table.routes, settings.public_url)

    async def description(_request: Request) -> Response:
        return JSONResponse(document())

    async def health(_request: Request) -> Response:
        healthy = await dispatch.workers.run(Database.is_reachable, database)
        return JSONResponse({"status": "ok" if healthy else "database unreachable"}, 200 if healthy else 503)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(generate_latest(_all_processes(registry)), media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        dispatch.workers.stop()
        dispatch.recorder.stop()
        database.close()

    pages = [Route("/openapi.json", description), Route("/health", health), Route("/metrics", metrics)]
    pages += [page for make_pages in offered(products, "pages") for page in make_pages(dispatch)]
    paths = {page.path for page in pages}
    own = Starlette(routes=pages, lifespan=lifespan)

    edge = Edge(dispatch, dispatch.workers, dispatch.networks, settings.body_limit_bytes)
    login = open_login(settings, database, tokens)
    login_edge = Edge(login, dispatch.workers, dispatch.networks, LOGIN_BODY_BYTES)
    in_process = InProcess(lambda host, path: login if login.has(path, host) else dispatch)
    secret = hmac.digest(pepper_of(settings), b"alpage.web", "sha256")
    manager = manager_site(settings, dispatch.workers, dispatch.networks, in_process, secret)
    login_pages = login_site(login.provider, database, dispatch.workers, dispatch.networks)
    sites: list[tuple[Callable[[Scope], bool], ASGIApp]] = [
        (stands_at(settings.issuer, settings.public_url), login_pages),
        (stands_at(settings.manager_address, settings.public_url), manager),
    ]

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        is_own = scope["type"] != "http" or scope["path"] in paths
        if is_own:
            await own(scope, receive, send)
        elif login.has(scope["path"], dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            await login_edge(scope, receive, send)
        else:
            site = next((site for is_for, site in sites if is_for(scope)), edge)
            await site(scope, receive, send)

    return application


def stands_at(address: str, public_url: str) -> Callable[[Scope], bool]:
    """Tells requests for what stands at an address: by their host, if it has one to itself, and by their path."""
    host, path = urlsplit(address).netloc.encode(), urlsplit(address).path
    has_own_host = host != urlsplit(public_url).netloc.encode()

    def is_for(scope: Scope) -> bool:
        asked: str = scope["path"]
        if has_own_host and dict(scope["headers"]).get(b"host") != host:
            return False
        return asked == path or asked.startswith(path + "/")

    return is_for


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
