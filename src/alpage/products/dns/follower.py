"""Keeps a name server in step with the database, by reading the change log. `alpage serve` runs it.

Whatever process writes a zone, its entry in the log brings the follower to look: at the state of the zone, not at the
entry. What it could not do because the database was away, it does the next time it looks.
"""

import base64
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import dns.name
import dns.tsig
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from alpage.api import logs
from alpage.products.dns import edits
from alpage.products.dns.figures import Figures
from alpage.products.dns.propagation import secondaries
from alpage.products.dns.server import EmbeddedServer, NameServer, RateLimit, ZoneDelta, ZoneSnapshot
from alpage.products.dns.tables import Zone, ZoneVersion, delta_of, start_of_authority
from alpage.settings import Settings
from alpage.storage.changes import Change
from alpage.storage.database import Database, Transaction

PAUSE_SECONDS = 0.1
RETRY_SECONDS = 1.0

log = logs.get("dns")


@dataclass(frozen=True, slots=True)
class Served:
    """A zone as the name server has it."""

    fqdn: str
    serial: int
    nameservers: tuple[str, ...]


class Follower:
    """A name server with a thread that brings it the zones."""

    def __init__(self, database: Database, server: NameServer) -> None:
        self._database = database
        self._server = server
        self._served: dict[int, Served] = {}
        self._seen = -1  # the last entry of the log that was taken in
        self._figures = Figures()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="dns-follower", daemon=True)

    def start(self) -> None:
        """Loads all zones, begins to answer, and follows from then on."""
        self.catch_up()
        self._server.start()
        self._thread.start()

    def stop(self) -> None:
        """Answers and follows no longer."""
        self._stopping.set()
        self._thread.join()
        self._server.stop()

    def catch_up(self) -> None:
        """Takes in what has happened since the last time."""
        with self._database.reading() as transaction:
            latest = transaction.execute(_LATEST).scalar() or 0
            if latest == self._seen:
                return
            since = self._seen
            self._bring(
                transaction, None if since < 0 else set(transaction.execute(_CHANGED, {"seen": since}).scalars())
            )
        self._seen = latest

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            self._figures.add(self._server.metrics())
            try:
                self.catch_up()
            except SQLAlchemyError:
                log.exception("database out of reach")
                self._stopping.wait(RETRY_SECONDS)

    def _bring(self, transaction: Transaction, zone_ids: set[int] | None) -> None:
        """Brings zones up to date: these, or all there are."""
        query = _ZONES if zone_ids is None else _ZONES.where(Zone.id.in_(zone_ids))
        found = {zone.id: zone for zone in transaction.execute(query)}
        for zone_id in (self._served.keys() if zone_ids is None else zone_ids) - found.keys():
            self._remove(zone_id)
        for zone in found.values():
            try:
                self._update(transaction, zone)
            except ValueError:  # as it is, it never will be; the next change of it may mend that
                log.exception("zone cannot be served", zone=zone.fqdn)

    def _remove(self, zone_id: int) -> None:
        served = self._served.pop(zone_id, None)
        if served is not None:
            self._server.remove(served.fqdn)

    def _update(self, transaction: Transaction, zone: Any) -> None:
        served = self._served.get(zone.id)
        wanted = Served(zone.fqdn, zone.serial, tuple(zone.nameservers))
        if served == wanted:
            return
        if served is None or served.nameservers != wanted.nameservers or not self._change(transaction, zone, served):
            self._server.load(snapshot(transaction, zone))
        self._served[zone.id] = wanted

    def _change(self, transaction: Transaction, zone: Any, served: Served) -> bool:
        """Hands over the versions since the one that is served; False if they do not lead to the present one."""
        serial = served.serial
        for version in transaction.execute(_VERSIONS, {"zone_id": zone.id, "serial": serial}):
            delta = delta_of(version)
            step = ZoneDelta(version.previous_serial, version.serial, delta.removed, delta.added)
            if not self._server.change(zone.fqdn, step):
                return False
            serial = version.serial
        return bool(serial == zone.serial)


def snapshot(transaction: Transaction, zone: Any) -> ZoneSnapshot:
    """A zone as the name server takes it."""
    authority = start_of_authority(zone)
    return ZoneSnapshot(
        fqdn=zone.fqdn,
        serial=zone.serial,
        nameservers=tuple(zone.nameservers),
        records=edits.records_of(transaction, zone),
        refresh=authority.refresh,
        retry=authority.retry,
        expire=authority.expire,
        minimum_ttl=authority.minimum_ttl,
        authority_ttl=authority.ttl,
        mname=authority.mname,
        rname=authority.rname,
    )


def engine(settings: Settings, database: Database) -> Follower | None:
    """The platform's own name server, unless the settings want none."""
    if not settings.dns_enabled:
        return None
    server = EmbeddedServer(
        (settings.dns_host, settings.dns_port),
        secondaries=secondaries(settings),
        keys=[read_key(text) for text in settings.dns_keys],
        catalog=settings.dns_catalog or None,
        rate_limit=RateLimit(settings.dns_answers_per_second),
    )
    return Follower(database, server)


def read_key(text: str) -> dns.tsig.Key:
    """A TSIG key from `name:algorithm:base64`. Raises ValueError."""
    name, algorithm, secret = text.split(":")
    return dns.tsig.Key(
        dns.name.from_text(name), base64.b64decode(secret, validate=True), dns.name.from_text(algorithm)
    )


_LATEST = select(func.max(Change.id))
_CHANGED = select(Change.object_id).where(Change.event == Zone.__event__, Change.id > bindparam("seen")).distinct()
_ZONES = select(Zone.id, Zone.fqdn, Zone.serial, Zone.nameservers).order_by(Zone.id)
_LAST_SEEN = (
    select(ZoneVersion.id)
    .where(ZoneVersion.zone_id == bindparam("zone_id"), ZoneVersion.serial == bindparam("serial"))
    .scalar_subquery()
)
_VERSIONS = (
    select(ZoneVersion.serial, ZoneVersion.previous_serial, ZoneVersion.removed, ZoneVersion.added)
    .where(ZoneVersion.zone_id == bindparam("zone_id"), ZoneVersion.id > _LAST_SEEN)
    .order_by(ZoneVersion.id)
)
