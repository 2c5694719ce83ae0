"""Versions: what each change did to a zone, to be compared and taken back."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Select, select

from alpage.api.calls import Call
from alpage.api.errors import ApiError
from alpage.api.routes import Routes, Shape
from alpage.products.dns import edits, versions
from alpage.products.dns.access import ZoneOfPath
from alpage.products.dns.records import OF_THE_ZONE, READ, WRITE
from alpage.products.dns.tables import Line, Zone, ZoneVersion, delta_of
from alpage.products.dns.versions import Delta, Difference
from alpage.storage.database import Transaction

OF_A_VERSION = (*OF_THE_ZONE, "zone_version_not_found")

routes = Routes("DNS zone versions")


class Version(Shape):
    """A version of a zone: by whom it was made, and how much it changed. The serial names it."""

    serial: int
    previous_serial: int | None
    created_at: int
    user_id: int | None
    grant_id: int | None
    request_id: str | None
    removed_count: int
    added_count: int


class VersionRecord(Shape):
    """A record as a version has it."""

    source: str
    type: str
    ttl: int
    target: str


class VersionDelta(Version):
    """A version of a zone, with the records that went and those that came."""

    removed: list[VersionRecord]
    added: list[VersionRecord]

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The version; a record of which only the time to live changed is in both halves."""
        shown = Version.present(row, call)
        return {**shown, "removed": list(map(_record, row.removed)), "added": list(map(_record, row.added))}


class RecordState(Shape):
    """What can change of a record."""

    ttl: int
    target: str


class RecordDifference(Shape):
    """One line of what differs between two versions."""

    change: Literal["added", "removed", "changed"]
    source: str
    type: str
    before: RecordState | None = None
    after: RecordState | None = None


class DifferenceQuery(Shape):
    """What to compare with."""

    to: int | None = Field(default=None, description="Serial of another version; none: the zone as it is now.")


class Restoration(Shape):
    """How to restore."""

    force: bool = Field(default=False, description="Change more than 30 % of a zone of more than 50 records.")


SORTS = {"id": ZoneVersion.id, "serial": ZoneVersion.serial, "created_at": ZoneVersion.created_at}


@routes.get("/2/zones/{zone}/versions", scope=READ, answer=list[Version], sort=SORTS, errors=OF_THE_ZONE)
def list_versions(call: Call, zone: ZoneOfPath) -> Select[Any]:
    """List the versions of a zone, oldest first; `order=desc` turns them round."""
    call.transaction.settle()
    return _SUMMARIES.where(ZoneVersion.zone_id == zone.id)


@routes.get("/2/zones/{zone}/versions/{serial}", scope=READ, answer=VersionDelta, errors=OF_A_VERSION)
def show_version(call: Call, zone: ZoneOfPath, serial: int) -> ZoneVersion:
    """Show a version of a zone: the records that went with it, and those that came."""
    return _find(call.transaction, zone, serial)


@routes.get(
    "/2/zones/{zone}/versions/{serial}/diff",
    scope=READ,
    answer=list[RecordDifference],
    cap=None,
    errors=OF_A_VERSION,
)
def compare_versions(call: Call, zone: ZoneOfPath, serial: int, query: DifferenceQuery) -> list[Difference]:
    """Compare a version with another one, or with the zone as it is now.

    Each line says what was added, removed or changed on the way from the version in the path to the other.
    """
    start = _find(call.transaction, zone, serial)
    end = None if query.to is None else _find(call.transaction, zone, query.to)
    if end is None or start.id <= end.id:
        return versions.explain(_between(call.transaction, zone, start.id, None if end is None else end.id))
    return versions.explain(versions.invert(_between(call.transaction, zone, end.id, start.id)))


@routes.post(
    "/2/zones/{zone}/versions/{serial}/restore",
    scope=WRITE,
    answer=VersionDelta,
    errors=(*OF_A_VERSION, "blast_radius_exceeded"),
)
def restore_version(call: Call, zone: ZoneOfPath, serial: int, body: Restoration) -> ZoneVersion:
    """Make a zone again what it was in a version, which makes a new version.

    The answer is that new version, or the present one if nothing differs; with `dry_run`, it is the plan. Changing more
    than 30 % of a large zone needs `force`.
    """
    version = _find(call.transaction, zone, serial)
    delta = versions.invert(_between(call.transaction, zone, version.id, None))
    wanted = edits.leading_to(call.transaction, zone, delta)
    edits.limit_blast(call.transaction, zone, wanted, force=body.force)
    edits.write(call.transaction, zone, wanted, now=call.now)
    return _find(call.transaction, zone, zone.serial)


def _find(transaction: Transaction, zone: Zone, serial: int) -> ZoneVersion:
    transaction.settle()  # a batch may have written the zone
    query = select(ZoneVersion).where(ZoneVersion.zone_id == zone.id, ZoneVersion.serial == serial)
    version: ZoneVersion | None = transaction.find(query)
    if version is None:
        raise ApiError("zone_version_not_found", zone=zone.fqdn, version=serial)
    return version


def _between(transaction: Transaction, zone: Zone, after: int, until: int | None) -> Delta:
    """What was done to a zone after one version, up to and with another, by their ids."""
    query = select(ZoneVersion.removed, ZoneVersion.added).where(ZoneVersion.zone_id == zone.id, ZoneVersion.id > after)
    if until is not None:
        query = query.where(ZoneVersion.id <= until)
    found: Iterable[Any] = transaction.execute(query.order_by(ZoneVersion.id))
    return versions.compose(map(delta_of, found))


def _record(line: Line) -> dict[str, Any]:
    return dict(zip(VersionRecord.model_fields, line, strict=True))


_SUMMARIES: Select[Any] = select(*(getattr(ZoneVersion, name) for name in Version.model_fields))
