"""Records: what a zone says, one line each."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import Select, false, select

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault
from alpage.api.history import Reversal, Subject, Undo, Work
from alpage.api.routes import Filter, Routes, Shape
from alpage.api.validation import Several
from alpage.products.dns import description, edits, names, propagation
from alpage.products.dns.access import ZoneOfPath, find_record, require_right
from alpage.products.dns.recorddata import MAX_TTL_SECONDS, MIN_TTL_SECONDS, RecordData
from alpage.products.dns.tables import Record, Zone

READ, WRITE = "dns:read", "dns:write"
OF_THE_ZONE = ("object_not_found", "zone_does_not_exists")
OF_A_RECORD = (
    "dns_record_already_exists",
    "dns_record_mutual_exclusion",
    "invalid_dns_record",
    "unsupported_dns_record_type",
)

RecordType = Literal[
    "A", "AAAA", "CAA", "CNAME", "DNAME", "DNSKEY", "DS", "MX", "NS", "PTR",
    "SMIMEA", "SOA", "SRV", "SSHFP", "TLSA", "TXT",
]  # fmt: skip
Ttl = Annotated[int, Field(ge=MIN_TTL_SECONDS, le=MAX_TTL_SECONDS, description="Time to live in seconds.")]

routes = Routes("DNS records")


def add_full_names(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the full names of records, as people read them."""
    found = call.transaction.execute(select(Zone.id, Zone.fqdn).where(Zone.id.in_({row.zone_id for row in rows})))
    zones: dict[int, str] = {zone.id: zone.fqdn for zone in found}
    for row, record in zip(rows, objects, strict=True):
        record["source_idn"] = names.display(row.source, zones[row.zone_id])


def add_descriptions(_call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the parts of the targets of records, with their meaning."""
    for row, record in zip(rows, objects, strict=True):
        record["description"] = description.describe(row.type, row.target, row.source)


class RecordShape(Shape):
    """A record. Its source is relative to the zone, `.` being the zone itself."""

    expansions: ClassVar = {
        "idn": add_full_names,
        "records_description": add_descriptions,
        "description": add_descriptions,
    }

    id: int
    source: str
    type: RecordType
    ttl: int
    target: str
    updated_at: int
    source_idn: str | None = None
    description: dict[str, dict[str, Any]] | None = None


class NewRecord(Shape):
    """A record to create."""

    source: str | None = Field(
        default=None, description="Relative to the zone, or the full name; none: the zone itself."
    )
    type: str
    ttl: Ttl
    target: str


class RecordChange(Shape):
    """What changes of a record; what is left out stays."""

    source: str | None = None
    type: str | None = None
    ttl: Ttl | None = None
    target: str | None = None


class RecordFilter(Filter):
    """Which records to list."""

    source: str | None = None
    types: Several[RecordType] = ()


def of_zone(zone: Zone, wanted: RecordFilter) -> Select[Any]:
    """The records of a zone, as plain columns."""
    query = _COLUMNS.where(Record.zone_id == zone.id)
    if wanted.types:
        query = query.where(Record.type.in_(wanted.types))
    if wanted.source is None:
        return query
    try:
        return query.where(Record.source == names.relative(wanted.source, zone.fqdn))
    except names.InvalidNameError:
        return query.where(false())


def new(zone: Zone, body: NewRecord, attribute: str, faults: list[Fault]) -> list[edits.Edit]:
    """The edit that creates what a client sent; none if it has faults, which are then added."""
    data = edits.read(zone.fqdn, body.source, body.type, body.ttl, body.target, attribute=attribute, faults=faults)
    return [edits.create(data, attribute)] if data else []


def changed(zone: Zone, record: Record, body: RecordChange, attribute: str, faults: list[Fault]) -> list[edits.Edit]:
    """The edit that makes of a record what a client sent; none if that has faults, which are then added."""
    source = record.source if body.source is None else body.source
    rtype, target = body.type or record.type, record.target if body.target is None else body.target
    data = edits.read(zone.fqdn, source, rtype, body.ttl or record.ttl, target, attribute=attribute, faults=faults)
    return [edits.change(record, data, attribute)] if data else []


SORTS = {
    "id": Record.id,
    "source_idn": Record.source,
    "target": Record.target,
    "type": Record.type,
    "ttl": Record.ttl,
    "updated_at": Record.updated_at,
}
SEARCHED = (Record.source, Record.target)


@routes.get(
    "/2/zones/{zone}/records",
    scope=READ,
    answer=list[RecordShape],
    sort=SORTS,
    search=SEARCHED,
    cap=None,
    errors=OF_THE_ZONE,
)
def list_records(call: Call, zone: ZoneOfPath, filter: RecordFilter) -> Select[Any]:
    """List the records of a zone.

    Without paging, the answer has the whole zone. `search` looks into sources and targets.
    """
    return of_zone(zone, filter)


@routes.post("/2/zones/{zone}/records", scope=WRITE, answer=RecordShape, errors=(*OF_THE_ZONE, *OF_A_RECORD))
def create_record(call: Call, zone: ZoneOfPath, body: NewRecord) -> Record:
    """Create a record in a zone."""
    faults: list[Fault] = []
    (record,) = edits.write(call.transaction, zone, new(zone, body, "", faults), now=call.now, faults=faults)
    return record


@routes.get("/2/zones/{zone}/records/{record}", scope=READ, answer=RecordShape, errors=OF_THE_ZONE)
def show_record(call: Call, zone: ZoneOfPath, record: int) -> Record:
    """Show a record of a zone."""
    return find_record(call, zone, record)


@routes.put("/2/zones/{zone}/records/{record}", scope=WRITE, answer=RecordShape, errors=(*OF_THE_ZONE, *OF_A_RECORD))
def update_record(call: Call, zone: ZoneOfPath, record: int, body: RecordChange) -> Record:
    """Update a record of a zone. What is left out stays as it is."""
    faults: list[Fault] = []
    found = find_record(call, zone, record)
    edits.write(call.transaction, zone, changed(zone, found, body, "", faults), now=call.now, faults=faults)
    return found


@routes.delete("/2/zones/{zone}/records/{record}", scope=WRITE, answer=bool, errors=OF_THE_ZONE)
def delete_record(call: Call, zone: ZoneOfPath, record: int) -> bool:
    """Delete a record of a zone."""
    edits.write(call.transaction, zone, [edits.delete(find_record(call, zone, record))], now=call.now)
    return True


@routes.get(
    "/2/zones/{zone}/records/{record}/check",
    scope=READ,
    answer=bool,
    errors=("object_not_found", "zone_not_managed_by_infomaniak_dns"),
)
def check_record(call: Call, zone: ZoneOfPath, record: int) -> bool:
    """Check whether the name servers answer with a record.

    Every name server of the platform is asked at once, and given two seconds. The answer is true if at least one
    answers, and all that do have the record.
    """
    found = find_record(call, zone, record)
    if set(zone.nameservers).isdisjoint(call.settings.dns_nameservers):
        raise ApiError("zone_not_managed_by_infomaniak_dns", zone=zone.fqdn, nameservers=zone.nameservers)
    data = RecordData(found.source, found.type, found.ttl, found.target)
    call.transaction.release()
    return propagation.is_published(zone.fqdn, data, propagation.servers(call.settings))


_COLUMNS: Select[Any] = select(Record.__table__)


# taken back


def _may_change_all(work: Work) -> None:
    """Holds the zones until the commit, as every write of records does."""
    for item in work.items:
        require_right(work.call, item.product_id or 0, model="DnsRecord", name=str(item.object_id))
    products = {item.product_id for item in work.items}
    work.call.session.execute(select(Zone.id).where(Zone.product_id.in_(products)).order_by(Zone.id).with_for_update())


def _put_back(work: Work) -> None:
    """Puts records back by zone, under the rules of every write; each zone is judged as it will be."""
    wanted: dict[int, list[edits.Edit]] = defaultdict(list)
    for item in work.items:
        wanted[item.value("zone_id")].append(_edit(item))
    for zone_id in sorted(wanted):
        zone = work.call.session.get_one(Zone, zone_id)
        edits.limit_blast(work.call.transaction, zone, wanted[zone_id], force=work.force)
        edits.write(work.call.transaction, zone, wanted[zone_id], now=work.call.now)


def _edit(item: Reversal) -> edits.Edit:
    if item.action == "created":
        return edits.delete(item.row)
    data = RecordData(*(item.value(name) for name in ("source", "type", "ttl", "target")))
    return edits.change(item.row, data) if item.row is not None else edits.create(data, id=item.object_id)


subjects = [
    Subject(
        Record,
        reads=(READ,),
        undo=Undo(writes=WRITE, guard=_may_change_all, apply=_put_back, whole=True),
        follows=frozenset({"updated_at"}),
    )
]
