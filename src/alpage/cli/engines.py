"""The machines beside the requests, in processes of their own: no interpreter lock is shared with the server processes.

There are two kinds. An engine listens, like the name server: `alpage serve` has one of each, and ends with them. A
worker works off what is in the database, like mails and tasks: there may be many, here and elsewhere, and one that
dies is started anew.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from threading import Event, Thread
from time import monotonic
from typing import Protocol

from alpage.api import logs
from alpage.app import ROOMS, end_with_parent, open_database
from alpage.cli.configuration import stop
from alpage.discovery import offered
from alpage.settings import Settings

STOP_SECONDS = 15.0  # for what is being done when the platform is to end
SOON_SECONDS, PAUSE_SECONDS = 10.0, 3.0  # a worker that ends so soon is started anew after a pause

log = logs.get("engines")


class Engine(Protocol):
    """A machine with threads of its own: what a module's `engine(settings, database)` or `worker(…)` makes."""

    def start(self) -> None:
        """Begins to work. Raises OSError where it cannot listen."""

    def stop(self) -> None:
        """Ends its work, in good order."""


@contextmanager
def listening(settings: Settings) -> Iterator[None]:
    """Runs the engines of all rooms. Ends the program, saying why, if one of them cannot start."""
    engines = _offered(settings, "engine")
    if not engines:
        yield
        return
    process = _start(engines)
    ending = Event()
    Thread(target=_watch, args=(process, ending), name="engines", daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        _end([process])


@contextmanager
def working(settings: Settings, processes: int) -> Iterator[None]:
    """Runs the workers of all rooms, all of them in each process."""
    engines = _offered(settings, "worker")
    posts = [Post(engines) for _ in range(processes)]
    try:
        yield
    finally:
        for post in posts:
            post.ending.set()
        _end([post.process for post in posts])


class Post:
    """A process of workers; when it dies, another takes its place."""

    def __init__(self, engines: list[Engine]) -> None:
        self.ending = Event()
        self.process = _start(engines)
        self._engines = engines
        Thread(target=self._watch, name="workers", daemon=True).start()

    def _watch(self) -> None:
        while True:
            began = monotonic()
            self.process.join()
            if self.ending.is_set():
                return
            log.error("workers have ended", exit_code=self.process.exitcode)
            if self.ending.wait(PAUSE_SECONDS if monotonic() - began < SOON_SECONDS else 0):
                return
            self.process = _start(self._engines)


def _offered(settings: Settings, name: str) -> list[Engine]:
    database = open_database(settings)  # no connection is made before the fork
    makers = [make for room in ROOMS for make in offered(room, name)]
    return [engine for make in makers if (engine := make(settings, database))]


def _start(engines: list[Engine]) -> Process:
    """A process that runs engines. Ends the program, saying why, if one of them cannot start."""
    told, tell = Pipe(duplex=False)
    process = Process(target=_run, args=(engines, tell), name="engines", daemon=True)
    process.start()
    tell.close()
    try:
        trouble = told.recv()
    except EOFError:  # it died over it
        trouble = ""
    if trouble:
        stop(trouble)
    return process


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


def _end(processes: list[Process]) -> None:
    """Asks processes to end, and sees to it that they do."""
    for process in processes:
        process.terminate()
    deadline = monotonic() + STOP_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
