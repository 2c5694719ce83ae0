"""The running platform: server processes for the API, and what runs beside them in this one."""

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from alpage import products
from alpage.api import logs
from alpage.cli.configuration import stop
from alpage.cli.demo import demonstrate
from alpage.cli.platform import open_platform
from alpage.discovery import offered
from alpage.settings import Settings
from alpage.storage.database import Database


class Engine(Protocol):
    """The machine behind a product, with threads of its own: what a module's `engine(settings, database)` makes."""

    def start(self) -> None:
        """Begins to work. Raises OSError where it cannot listen."""

    def stop(self) -> None:
        """Ends its work, in good order."""


def run(settings: Settings, *, demo: bool) -> None:
    """Serves until the process is asked to end."""
    logs.configure(settings.log_level)
    platform = open_platform(settings.data)
    if demo:
        demonstrate(platform, settings)
    multiprocessing.set_start_method("spawn")  # a fork would copy the engines' locks, but not their threads
    server = Granian(
        "alpage.app:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels(settings.log_level),
        respawn_failed_workers=True,
    )
    with _engines(settings, platform.database):
        server.serve()


@contextmanager
def _engines(settings: Settings, database: Database) -> Iterator[None]:
    """Runs the engines of all products, in this process: the server processes share no interpreter with them."""
    with ExitStack() as running:
        running.callback(database.engine.dispose)
        for make_engine in offered(products, "engine"):
            engine: Engine | None = make_engine(settings, database)
            if engine is not None:
                _start(engine)
                running.callback(engine.stop)
        yield


def _start(engine: Engine) -> None:
    try:
        engine.start()
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")
