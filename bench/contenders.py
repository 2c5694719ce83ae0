"""Who is measured: each contender's data, its command line, its routes and how a right answer looks.

A function `prepare_…` makes the data in a directory of its own and returns the contender, ready to be started.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.environment import HERE, PROGRAMS
from bench.servers import Form

RECORDS = 100_000
PER_PAGE = 50
DJANGO_THREADS = 2
"""Measured best on one core: 1 waits on the file, 4 and more wait on one another."""
PEER_TOKEN = "a-bearer-token-of-the-usual-length-0123456789abcdef"
PEERS = HERE / "peers"
PROFILE_FIELDS = {"id", "display_name", "first_name", "last_name", "email", "is_sso", "avatar", "login"}
RECORD_FIELDS = {"id", "source", "type", "ttl", "target", "updated_at"}


@dataclass(frozen=True)
class Route:
    """An address to load, and what is wrong with an answer of it (None: nothing).

    It is read with the contender's token; or a form is posted to it, made once the contender listens on its port.
    """

    name: str
    path: str
    fault: Callable[[Any], str | None]
    form: Callable[[int], Form] | None = None


@dataclass(frozen=True)
class Contender:
    """A server program, its data prepared, that can be started on any port."""

    name: str
    command: Callable[[int], list[str | Path]]
    directory: Path
    routes: tuple[Route, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    ready: str = ""  # the path that says so by status 200; of the first route if it has none

    @property
    def ready_path(self) -> str:
        """The path that answers 200 as soon as anything does."""
        return self.ready or self.routes[0].path


def profile_fault(body: Any) -> str | None:
    """See that the caller's profile came, with every field of the contract that both peers have."""
    if body["result"] != "success":
        return f"result is {body['result']}"
    missing = PROFILE_FIELDS - body["data"].keys()
    return f"fields are missing: {sorted(missing)}" if missing else None


def page_fault(body: Any, total: int) -> str | None:
    """See that a first page with the exact total came."""
    root = {key: body.get(key) for key in ("result", "total", "page", "pages", "items_per_page")}
    right = {"result": "success", "total": total, "page": 1, "pages": total // PER_PAGE, "items_per_page": PER_PAGE}
    if root != right:
        return f"the root is {root} instead of {right}"
    if len(body["data"]) != PER_PAGE:
        return f"{len(body['data'])} records instead of {PER_PAGE}"
    missing = RECORD_FIELDS - body["data"][0].keys()
    return f"fields are missing: {sorted(missing)}" if missing else None


def profile_route() -> Route:
    """The smallest useful request: a token looked up, its scope, its limit, one object."""
    return Route("profile", "/2/profile", profile_fault)


def records_route(zone: str, total: int, name: str = "records") -> Route:
    """The usual list: a page of 50 in the order of the ids, with the exact total."""
    path = f"/2/zones/{zone}/records?page=1&per_page={PER_PAGE}"
    return Route(name, path, lambda body: page_fault(body, total))


def prepare_ceiling(directory: Path) -> Contender:
    """The empty application: no data."""
    return Contender(
        name="ceiling",
        command=lambda port: granian("asgi", port, "bench.peers.ceiling:app"),
        directory=directory,
        environment={"PYTHONPATH": str(HERE.parent)},
        routes=(Route("constant", "/", lambda body: None if body["data"] is True else "not the constant"),),
    )


def prepare_fastapi(directory: Path) -> Contender:
    """FastAPI with async SQLAlchemy, slowapi and fastapi-pagination."""
    environment = peer_environment(directory, PEERS)
    run_peer(directory, environment, PEERS / "fastapi_peer.py")
    return Contender(
        name="fastapi",
        command=lambda port: granian("asgi", port, "fastapi_peer:app"),
        directory=directory,
        environment=environment,
        routes=(profile_route(), records_route("example.ch", RECORDS)),
        token=PEER_TOKEN,
    )


def prepare_django(directory: Path) -> Contender:
    """Django REST framework with django-oauth-toolkit."""
    project = PEERS / "django_peer"
    environment = peer_environment(directory, project)
    run_peer(directory, environment, project / "manage.py", "migrate", "--verbosity=0")
    run_peer(directory, environment, project / "manage.py", "fill")
    return Contender(
        name="django",
        command=lambda port: granian(
            "wsgi", port, "project.wsgi:application", "--blocking-threads", str(DJANGO_THREADS)
        ),
        directory=directory,
        environment=environment,
        routes=(profile_route(), records_route("example.ch", RECORDS)),
        token=PEER_TOKEN,
    )


def peer_environment(directory: Path, code: Path) -> dict[str, str]:
    """Name a peer's database, token and number of records to it."""
    return {
        "PYTHONPATH": str(code),
        "PEER_DATABASE": str(directory / "peer.sqlite3"),
        "PEER_TOKEN": PEER_TOKEN,
        "PEER_RECORDS": str(RECORDS),
    }


def run_peer(directory: Path, environment: Mapping[str, str], script: Path, *arguments: str) -> None:
    """Run one of a peer's own programs to its end."""
    subprocess.run(
        [PROGRAMS / "python", script, *arguments], cwd=directory, env={**os.environ, **environment}, check=True
    )


def granian(interface: str, port: int, application: str, *options: str) -> list[str | Path]:
    """Write the command line all peers share: one worker, no log, no WebSockets."""
    shared = ["--workers", "1", "--no-log", "--no-ws", "--host", "127.0.0.1", "--port", str(port)]
    return [PROGRAMS / "granian", "--interface", interface, *shared, *options, application]
