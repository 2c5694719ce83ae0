"""Many changes of one zone in one call: all or nothing, under one serial."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid
from alpage.api.routes import Routes, Shape
from alpage.products.dns import edits
from alpage.products.dns.access import ZoneOfPath
from alpage.products.dns.edits import Edit
from alpage.products.dns.records import (
    OF_THE_ZONE,
    WRITE,
    NewRecord,
    RecordChange,
    RecordShape,
    changed,
    new,
)
from alpage.products.dns.tables import Record, Zone

MOST = 20_000  # items of one kind in one call: what keeps others waiting for a few seconds at most

routes = Routes("DNS records")


class ChangeOfRecord(RecordChange):
    """What changes of which record."""

    id: int


class RecordChanges(Shape):
    """Records to create, update and delete. The order has no meaning: the zone is judged as it will be."""

    create: list[NewRecord] = Field(default=[], max_length=MOST)
    update: list[ChangeOfRecord] = Field(default=[], max_length=MOST)
    delete: list[int] = Field(default=[], max_length=MOST)
    force: bool = Field(default=False, description="Change more than 30 % of a zone of more than 50 records.")

    def count(self) -> int:
        """How many items these are."""
        return len(self.create) + len(self.update) + len(self.delete)


class ChangedRecords(Shape):
    """What was done, in the order of the request, and the serial that the zone has now."""

    serial: int
    created: list[RecordShape]
    updated: list[RecordShape]
    deleted: list[int]


@routes.patch(
    "/2/zones/{zone}/records",
    scope=WRITE,
    answer=ChangedRecords,
    items=RecordChanges.count,
    errors=(*OF_THE_ZONE, "blast_radius_exceeded"),
)
def change_records(call: Call, zone: ZoneOfPath, body: RecordChanges) -> dict[str, Any]:
    """Create, update and delete records of a zone, all together or not at all.

    Everything that is wrong is reported at once, each fault with its place (`create.3.target`). The call counts as one
    request and as many items as it has. Changing more than 30 % of a large zone needs `force`.
    """
    faults: list[Fault] = []
    wanted = _read(call, zone, body, faults)
    edits.limit_blast(call.transaction, zone, wanted, force=body.force)
    records = edits.write(call.transaction, zone, wanted, now=call.now, faults=faults, refusal=refuse)
    return report(call, zone, wanted, records)


def refuse(faults: Sequence[Fault]) -> ApiError:
    """The error of a request about many records: each fault has its place."""
    return invalid(*faults)


def report(call: Call, zone: Zone, done: Sequence[Edit], records: Sequence[Record]) -> dict[str, Any]:
    """What edits have done, as a client reads it."""
    call.session.flush()  # gives new records their ids
    pairs = list(zip(done, records, strict=True))
    return {
        "serial": zone.serial,
        "created": [RecordShape.present(record, call) for edit, record in pairs if edit.before is None],
        "updated": [RecordShape.present(record, call) for edit, record in pairs if edit.before and edit.after],
        "deleted": [record.id for edit, record in pairs if edit.after is None],
    }


def _read(call: Call, zone: Zone, body: RecordChanges, faults: list[Fault]) -> list[Edit]:
    """The edits that a body asks for; what cannot be read or found is added to the faults."""
    wanted: list[Edit] = []
    found = _find(call, zone, body, faults)
    for index, record in enumerate(body.create):
        wanted += new(zone, record, f"create.{index}", faults)
    for index, change in enumerate(body.update):
        if known := found.get(f"update.{index}.id"):
            wanted += changed(zone, known, change, f"update.{index}", faults)
    for index in range(len(body.delete)):
        if known := found.get(f"delete.{index}"):
            wanted.append(edits.delete(known, f"delete.{index}"))
    return wanted


def _find(call: Call, zone: Zone, body: RecordChanges, faults: list[Fault]) -> dict[str, Record]:
    """The records that a body names by their ids, by where it names them."""
    named = {f"update.{index}.id": change.id for index, change in enumerate(body.update)}
    named |= {f"delete.{index}": record_id for index, record_id in enumerate(body.delete)}
    records = edits.records_with_ids(call.transaction, zone, named.values())
    places: dict[int, str] = {}
    for place, record_id in named.items():
        if record_id not in records:
            faults.append(Fault("object_not_found", place, {"model": "DnsRecord", "id": record_id}))
        elif places.setdefault(record_id, place) != place:
            faults.append(Fault("attribute_distinct", place, {"duplicate_of": places[record_id]}))
    return {place: records[record_id] for record_id, place in places.items()}
