"""`alpage work`: what works off the database, without a server."""

import multiprocessing
import signal
from threading import Event

from alpage.api import logs
from alpage.app import calm_garbage_collection, route_table
from alpage.cli import engines
from alpage.cli.platform import open_platform
from alpage.settings import Settings


def run(settings: Settings, processes: int) -> None:
    """Works until the process is asked to end."""
    logs.configure(settings.log_level)
    open_platform(settings.data).database.close()  # a connection has one process
    route_table()
    calm_garbage_collection()
    multiprocessing.set_start_method("fork")
    end = Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: end.set())
    with engines.working(settings, processes):
        end.wait()
