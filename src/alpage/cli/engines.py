"""The engines of all rooms, in a process of their own: no interpreter lock is shared with the server processes."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Protocol

from alpage.api import logs
from alpage.app import ROOMS, end_with_parent, open_database
from alpage.cli.configuration import stop
from alpage.discovery import offered
from alpage.settings import Settings

log = logs.get("engines")


class Engine(Protocol):
    """A machine beside the requests, with threads of its own: what a module's `engine(settings, database)` makes."""

    def start(self) -> None:
        """Begins to work. Raises OSError where it cannot listen."""

    def stop(self) -> None:
        """Ends its work, in good order."""


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Runs the engines of all rooms. Ends the program, saying why, if one of them cannot start."""
    database = open_database(settings)  # no connection is made before the fork
    makers = [make for room in ROOMS for make in offered(room, "engine")]
    engines: list[Engine] = [engine for make in makers if (engine := make(settings, database))]
    told, tell = Pipe(duplex=False)
    process = Process(target=_run, args=(engines, tell), name="engines", daemon=True)
    process.start()
    if trouble := told.recv():
        stop(trouble)
    ending = Event()
    Thread(target=_watch, args=(process, ending), name="engines", daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        process.terminate()
        process.join()


def _run(engines: list[Engine], tell: Connection) -> None:
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one ends the others
    end_with_parent()
    with ExitStack() as started:
        try:
            for engine in engines:
                engine.start()
                started.callback(engine.stop)
        except OSError as error:
            tell.send(f"{error.filename}: {error.strerror}")
            return
        tell.send("")
        end.wait()


def _watch(process: Process, ending: Event) -> None:
    """Ends the platform if its engines end: half a platform would go unnoticed."""
    process.join()
    if not ending.is_set():
        log.error("the engines have ended", exit_code=process.exitcode)
        os.kill(os.getpid(), signal.SIGTERM)
