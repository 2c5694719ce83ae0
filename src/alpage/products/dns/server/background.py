"""The thread with the event loop: TCP, NOTIFY, and the catalog's new versions. `EmbeddedServer` starts it."""

import asyncio
import threading
from collections.abc import Callable

from alpage.products.dns.server.notify import Notifier
from alpage.products.dns.server.tcp import TcpListener

CATALOG_PAUSE_SECONDS = 1.0
"""Zones that come and go within it share one version of the catalog."""
START_UP_PACE_SECONDS = 0.001
"""Between two zones of which secondaries are told after a start."""


class Background:
    """Runs an event loop in a thread; its methods may be called from any other."""

    def __init__(
        self,
        tcp: TcpListener,
        notifier: Notifier,
        refresh_catalog: Callable[[], None],
        list_zones: Callable[[], list[bytes]],
    ):
        self._tcp = tcp
        self._notifier = notifier
        self._refresh_catalog = refresh_catalog
        self._list_zones = list_zones
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="dns-events", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._catalog_due: asyncio.TimerHandle | None = None
        self._catalog_made = -CATALOG_PAUSE_SECONDS

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End all work, and the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def zone_changed(self, apex: bytes) -> None:
        """Have secondaries told of a zone's new version."""
        self._loop.call_soon_threadsafe(self._notifier.announce, apex)

    def zone_came(self, apex: bytes) -> None:
        """Have a zone put on the catalog, and secondaries told."""
        self._loop.call_soon_threadsafe(self._schedule_catalog)
        self.zone_changed(apex)

    def zone_went(self, apex: bytes) -> None:
        """Have a zone taken off the catalog."""
        self._loop.call_soon_threadsafe(self._schedule_catalog)
        self._loop.call_soon_threadsafe(self._notifier.drop, apex)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        listening = await self._tcp.start()
        self._ready.set()
        self._make_catalog()
        welcome = asyncio.create_task(self._announce_all())
        await self._stopping.wait()
        welcome.cancel()
        listening.close()

    async def _announce_all(self) -> None:
        for apex in self._list_zones():
            self._notifier.announce(apex)
            await asyncio.sleep(START_UP_PACE_SECONDS)

    def _schedule_catalog(self) -> None:
        if self._catalog_due is None:
            due = self._catalog_made + CATALOG_PAUSE_SECONDS
            self._catalog_due = self._loop.call_at(due, self._make_catalog)

    def _make_catalog(self) -> None:
        self._catalog_due = None
        self._catalog_made = self._loop.time()
        self._refresh_catalog()
