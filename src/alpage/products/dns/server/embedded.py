"""The name server that runs inside our own process: authoritative, and the hidden primary of other servers.

Two threads: one answers datagrams, the other has an event loop for TCP and NOTIFY. Zones come from any thread.
"""

import threading
from collections.abc import Iterable, Sequence

import dns.name
import dns.tsig

from alpage.products.dns.server.background import Background
from alpage.products.dns.server.catalog import Catalog
from alpage.products.dns.server.encoding import name_to_wire
from alpage.products.dns.server.metrics import Labels, Metrics
from alpage.products.dns.server.notify import Notifier
from alpage.products.dns.server.rate_limit import RateLimit, RateLimiter
from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.secondary import Secondary
from alpage.products.dns.server.sockets import bind_both
from alpage.products.dns.server.tcp import TcpListener
from alpage.products.dns.server.udp import UdpListener
from alpage.products.dns.server.zone import MisfitError, Zone, ZoneDelta, ZoneSnapshot, apply, build, inherit


class EmbeddedServer:
    """An authoritative DNS server over UDP and TCP.

    Zones may be loaded before or after the start, and are kept over a stop. `catalog` names the catalog zone that
    secondaries may follow; `deltas_kept` is how many changes of a zone IXFR can reach back.
    """

    def __init__(
        self,
        listen: tuple[str, int] = ("127.0.0.1", 5300),
        *,
        secondaries: Sequence[Secondary] = (),
        keys: Iterable[dns.tsig.Key] = (),
        catalog: str | None = None,
        rate_limit: RateLimit | None = None,
        deltas_kept: int = 100,
        tcp_connections: int = 256,
        tcp_idle_seconds: float = 10.0,
    ):
        self._listen = listen
        self._secondaries = tuple(secondaries)
        self._keys = _keys_by_name(keys, self._secondaries)
        self._catalog = Catalog(catalog) if catalog else None
        self._rate_limit = rate_limit or RateLimit()
        self._deltas_kept = deltas_kept
        self._tcp_connections = tcp_connections
        self._tcp_idle_seconds = tcp_idle_seconds
        self._zones: dict[bytes, Zone] = {}
        self._metrics = Metrics()
        self._responder = Responder(self._zones, self._secondaries, self._keys, self._metrics)
        self._writing = threading.Lock()  # readers take none: a zone is replaced by one assignment
        self._udp: UdpListener | None = None
        self._background: Background | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens; after the start with the port it really has."""
        return self._listen

    def start(self) -> None:
        """Begin to listen; OSError if the address is taken."""
        udp, tcp = bind_both(*self._listen)
        self._listen = udp.getsockname()[:2]
        self._udp = UdpListener(udp, self._responder, self._limiter(), self._metrics)
        self._udp.start()
        listener = TcpListener(
            tcp, self._responder, connections=self._tcp_connections, idle_seconds=self._tcp_idle_seconds
        )
        notifier = Notifier(self._secondaries, self._keys, self._metrics)
        background = Background(listener, notifier, self._refresh_catalog, lambda: list(self._zones))
        background.start()
        with self._writing:
            self._background = background

    def stop(self) -> None:
        """Listen no longer; the zones stay."""
        with self._writing:
            background, self._background = self._background, None
        if background:
            background.stop()
        if self._udp:
            self._udp.stop()
            self._udp = None

    def load(self, zone: ZoneSnapshot) -> None:
        """Add a zone, or replace it; ValueError if a record does not parse."""
        version = build(zone)
        self._spare_catalog(version.apex)
        with self._writing:
            before = self._zones.get(version.apex)
            if before:
                inherit(before, version, self._deltas_kept)
            self._publish(before, version)

    def change(self, fqdn: str, delta: ZoneDelta) -> bool:
        """Change a zone; False, and nothing is done, if the delta does not fit the version that is held."""
        apex = name_to_wire(fqdn)
        self._spare_catalog(apex)
        with self._writing:
            before = self._zones.get(apex)
            try:
                version = apply(before, delta, self._deltas_kept) if before else None
            except MisfitError:
                version = None
            if version:
                self._publish(before, version)
        return version is not None

    def remove(self, fqdn: str) -> None:
        """Serve a zone no longer; nothing happens if it was not served."""
        apex = name_to_wire(fqdn)
        self._spare_catalog(apex)
        with self._writing:
            before = self._zones.pop(apex, None)
            if before:
                before.current = False
                if self._background:
                    self._background.zone_went(apex)

    def serial(self, fqdn: str) -> int | None:
        """Tell the serial of a zone; None if it is not served."""
        zone = self._zones.get(name_to_wire(fqdn))
        return zone.serial if zone else None

    def metrics(self) -> dict[str, dict[Labels, int]]:
        """Copy all counters: name, then labels, then the count."""
        return self._metrics.read()

    def _publish(self, before: Zone | None, version: Zone) -> None:
        self._zones[version.apex] = version
        if before:
            before.current = False
        else:
            self._responder.forget()
        if self._background is None:
            return
        if before is None:
            self._background.zone_came(version.apex)
        elif before.serial != version.serial:
            self._background.zone_changed(version.apex)

    def _refresh_catalog(self) -> None:
        if self._catalog is None:
            return
        with self._writing:
            before = self._zones.get(self._catalog.apex)
            members = self._zones.keys() - {self._catalog.apex}
            version = self._catalog.next_version(before, members, self._deltas_kept)
            if version:
                self._publish(before, version)

    def _spare_catalog(self, apex: bytes) -> None:
        if self._catalog and apex == self._catalog.apex:
            raise ValueError(f"{self._catalog.fqdn} is the catalog zone, which the server makes itself")

    def _limiter(self) -> RateLimiter | None:
        exempt = frozenset(secondary.host for secondary in self._secondaries)
        return RateLimiter(self._rate_limit, exempt) if self._rate_limit.rate else None


def _keys_by_name(keys: Iterable[dns.tsig.Key], secondaries: Sequence[Secondary]) -> dict[dns.name.Name, dns.tsig.Key]:
    by_name = {key.name: key for key in keys}
    for secondary in secondaries:
        if secondary.key and dns.name.from_text(secondary.key) not in by_name:
            raise ValueError(f"secondary {secondary.host} is to use the key {secondary.key}, which is not given")
    return by_name
