"""The one way a zone is written: every route, command and protocol that changes records ends in `write`.

It holds the records against the rules, applies them to the unit of work, and adds them to the version of this
transaction: however many times one transaction writes a zone, its serial goes up once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from alpage.api.errors import ApiError, Fault
from alpage.products.dns import names, rdata, rules, soa, versions
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.tables import Record, Zone, ZoneVersion, delta_of, lines
from alpage.products.dns.versions import Delta
from alpage.storage.database import Transaction

Item = TypeVar("Item")

LARGE_ZONE = 50  # records; in a smaller zone any change is a big one
THRESHOLD_PERCENT = 30
KEYS_A_QUERY = 1000  # well within what either database takes as parameters of one statement

_ATTRIBUTES = {  # of a record: which one a broken rule speaks of, if not the name
    "duplicate": "target",
    "alias_of_itself": "target",
    "set_too_large": "target",
    "type_read_only": "type",
    "wildcard_type": "type",
    "ns_at_apex": "type",
    "ds_at_apex": "type",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one record: the row that changes or goes, and what it becomes; without a row, what comes."""

    record: Record | None
    before: RecordData | None
    after: RecordData | None
    attribute: str = ""  # where it stands in the request: `create.3`
    line: int = 0  # where it stands in a zone file, from 1
    id: int | None = None  # of a record that comes back


def create(after: RecordData, attribute: str = "", line: int = 0, id: int | None = None) -> Edit:
    """The edit by which a record comes, or comes back under its id."""
    return Edit(None, None, after, attribute, line, id)


def change(record: Record, after: RecordData, attribute: str = "", line: int = 0) -> Edit:
    """The edit by which a record becomes another."""
    return Edit(record, record.data, after, attribute, line)


def delete(record: Record, attribute: str = "") -> Edit:
    """The edit by which a record goes."""
    return Edit(record, record.data, None, attribute)


def read(
    zone: str, source: str | None, rtype: str, ttl: int, target: str, *, attribute: str, faults: list[Fault]
) -> RecordData | None:
    """A record as a client sent it, in stored form, or None; what is wrong with it is added to the faults."""
    owner, data = None, None
    sent = {"source": source or names.APEX, "type": rtype, "target": target}
    try:
        owner = names.relative(source, zone)
    except names.InvalidNameError as error:
        faults.append(_fault(rules.INVALID, _inside(attribute, "source"), error.reason, error.message, sent))
    try:
        data = rdata.parse(rtype, target, zone)
    except rdata.InvalidRecordError as error:
        place = "type" if error.code == rules.UNSUPPORTED else "target"
        faults.append(_fault(error.code, _inside(attribute, place), error.reason, error.message, sent))
    return RecordData(owner, rtype.upper(), ttl, data) if owner is not None and data is not None else None


def refuse(faults: Sequence[Fault]) -> ApiError:
    """The error of a request about one record, or one file: the first fault's own code, with the others beside it."""
    first = faults[0]
    return ApiError(first.code, faults=faults if len(faults) > 1 else (), attribute=first.attribute, **first.context)


def write(
    transaction: Transaction,
    zone: Zone,
    edits: Sequence[Edit],
    *,
    now: int,
    faults: Sequence[Fault] = (),
    refusal: Callable[[Sequence[Fault]], ApiError] = refuse,
) -> list[Record]:
    """Applies edits to a zone, all or none of them, and answers with the record of each.

    Raises what `refusal` makes of the rules that would be broken, and of the `faults` found before.
    """
    effective = [edit for edit in edits if edit.before != edit.after]
    faults = [*faults, *_broken_rules(transaction, zone, effective)]
    if faults:
        raise refusal(faults)
    records = [_apply(transaction.session, zone, edit, now) for edit in edits]
    if effective:
        gone = [edit.before for edit in effective if edit.before]
        come = [edit.after for edit in effective if edit.after]
        _extend_version(transaction, zone, versions.diff(gone, come), now)
    return records


def leading_to(transaction: Transaction, zone: Zone, delta: Delta) -> list[Edit]:
    """The edits that make a difference, by which a record that only changes keeps its id."""
    rows = _rows(transaction, zone, delta.removed)
    edits: list[Edit] = []
    for before, after in versions.pairs(delta):
        if before is None:
            edits += [create(after)] if after else []
        else:
            edits.append(change(rows[before], after) if after else delete(rows[before]))
    return edits


def records_of(transaction: Transaction, zone: Zone) -> list[RecordData]:
    """All records of a zone, oldest first."""
    return [_data(row) for row in transaction.execute(_RECORDS, {"zone_id": zone.id})]


def records_with_ids(transaction: Transaction, zone: Zone, ids: Iterable[int]) -> dict[int, Record]:
    """The records of a zone with these ids, as far as there are any."""
    of_zone = select(Record).where(Record.zone_id == zone.id)
    found = (transaction.session.scalars(of_zone.where(Record.id.in_(some))) for some in _portions(set(ids)))
    return {record.id: record for records in found for record in records}


def limit_blast(transaction: Transaction, zone: Zone, edits: Iterable[Edit], *, force: bool) -> None:
    """Raises `blast_radius_exceeded` if edits change or delete too much of a large zone, unless that is meant."""
    changed = sum(edit.before is not None and edit.before != edit.after for edit in edits)
    if force or changed * 100 <= LARGE_ZONE * THRESHOLD_PERCENT:
        return
    total = int(transaction.execute(_COUNT, {"zone_id": zone.id}).scalar_one())
    if total > LARGE_ZONE and changed * 100 > total * THRESHOLD_PERCENT:
        raise ApiError("blast_radius_exceeded", changed=changed, total=total, threshold=THRESHOLD_PERCENT)


def found_zone(
    transaction: Transaction,
    fqdn: str,
    *,
    account_id: int,
    product_id: int,
    nameservers: Sequence[str],
    now: int,
    id: int | None = None,
    last_serial: int | None = None,
) -> Zone:
    """A new zone, without records; or one that comes back under its id, with a serial beyond its last."""
    zone = Zone(
        id=id,
        account_id=account_id,
        product_id=product_id,
        fqdn=fqdn,
        serial=soa.next_serial(last_serial, now),
        nameservers=list(nameservers),
        created_at=now,
        updated_at=now,
    )
    transaction.session.add(zone)
    transaction.session.flush()
    _add_version(transaction, zone, None, Delta(), now)
    return zone


def give_nameservers(transaction: Transaction, zone: Zone, nameservers: Sequence[str], now: int) -> None:
    """Replaces the name servers of a zone."""
    if list(nameservers) != zone.nameservers:
        zone.nameservers = list(nameservers)
        _extend_version(transaction, zone, Delta(), now)


def dissolve_zone(transaction: Transaction, zone: Zone) -> None:
    """Deletes a zone with all that is in it."""
    session = transaction.session
    for record in session.scalars(select(Record).where(Record.zone_id == zone.id)):
        session.delete(record)
    session.flush()  # before the zone, which they refer to
    session.delete(zone)


def _apply(session: Session, zone: Zone, edit: Edit, now: int) -> Record:
    record, after = edit.record, edit.after
    if record is None:
        record = Record(id=edit.id, account_id=zone.account_id, zone_id=zone.id)
        session.add(record)
    if after is None:
        session.delete(record)
    elif edit.before != after:
        record.source, record.type, record.ttl, record.target = after.source, after.type, after.ttl, after.target
        record.updated_at = now
    return record


def _extend_version(transaction: Transaction, zone: Zone, delta: Delta, now: int) -> None:
    if transaction.deferred.add(_complete_version, zone.id, delta):
        return
    previous = zone.serial
    zone.serial = soa.next_serial(previous, now)
    zone.updated_at = now
    _add_version(transaction, zone, previous, delta, now)


def _complete_version(transaction: Transaction, zone_id: int, deltas: list[Delta]) -> None:
    """Adds what a transaction did to a zone after its first edit to the version that this one made."""
    version = transaction.find(_NEWEST_VERSION, {"zone_id": zone_id})
    if version is not None:  # else the zone has gone, too
        _fill(version, versions.compose([delta_of(version), *deltas]))


def _fill(version: ZoneVersion, delta: Delta) -> None:
    version.removed, version.removed_count = lines(delta.removed), len(delta.removed)
    version.added, version.added_count = lines(delta.added), len(delta.added)


def _add_version(transaction: Transaction, zone: Zone, previous: int | None, delta: Delta, now: int) -> None:
    author = transaction.changes.author
    version = ZoneVersion(
        account_id=zone.account_id,
        zone_id=zone.id,
        serial=zone.serial,
        previous_serial=previous,
        created_at=now,
        user_id=author.user_id,
        grant_id=author.grant_id,
        request_id=author.request_id,
    )
    _fill(version, delta)
    transaction.session.add(version)
    transaction.deferred.begin(_complete_version, zone.id)


def _broken_rules(transaction: Transaction, zone: Zone, edits: Sequence[Edit]) -> list[Fault]:
    changes = [rules.Change(edit.before, edit.after) for edit in edits]
    broken = rules.check(zone.fqdn, changes, _existing(transaction, zone, rules.needed(changes)))
    return [_broken_rule(edits[fault.index], fault) for fault in broken]


def _broken_rule(edit: Edit, broken: rules.Fault) -> Fault:
    record = edit.after or edit.before
    context: dict[str, Any] = {"source": record.source, "type": record.type, "target": record.target} if record else {}
    if broken.conflicting_types:
        context["conflicting_types"] = list(broken.conflicting_types)
    if edit.line:
        context["line"] = edit.line
    attribute = _inside(edit.attribute, "" if edit.line else _ATTRIBUTES.get(broken.reason, "source"))
    return _fault(broken.code, attribute, broken.reason, broken.message, context)


def _fault(code: str, attribute: str, reason: str, detail: str, context: dict[str, Any]) -> Fault:
    supported = {"supported": list(rdata.WRITABLE)} if code == rules.UNSUPPORTED else {}
    return Fault(code, attribute, {**context, **supported, "reason": reason, "detail": detail})


def _inside(attribute: str, name: str) -> str:
    return ".".join(part for part in (attribute, name) if part)


def _existing(transaction: Transaction, zone: Zone, needed: rules.Needed) -> rules.Snapshot:
    records: dict[RecordData, None] = {}
    for some in _portions(needed.names):
        found = transaction.execute(_RECORDS_AT, {"zone_id": zone.id, "sources": some})
        records.update((_data(row), None) for row in found)
    if needed.subtrees:
        below = or_(*(_is_below(source) for source in needed.subtrees))
        found = transaction.execute(_RECORDS.where(below), {"zone_id": zone.id})
        records.update((_data(row), None) for row in found)
    return rules.Snapshot(records)


def _is_below(source: str) -> Any:
    if source == names.APEX:
        return Record.source != names.APEX
    return Record.source.endswith(f".{source}", autoescape=True)


def _data(row: Any) -> RecordData:
    return RecordData(row.source, row.type, row.ttl, row.target)


def _rows(transaction: Transaction, zone: Zone, records: Iterable[RecordData]) -> dict[RecordData, Record]:
    wanted = set(records)
    rows: dict[RecordData, Record] = {}
    for some in _portions({record.source for record in wanted}):
        query = select(Record).where(Record.zone_id == zone.id, Record.source.in_(some)).order_by(Record.id)
        rows.update((row.data, row) for row in transaction.session.scalars(query))
    return {data: row for data, row in rows.items() if data in wanted}


def _portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while portion := list(islice(remaining, KEYS_A_QUERY)):
        yield portion


_RECORDS = (
    select(Record.source, Record.type, Record.ttl, Record.target)
    .where(Record.zone_id == bindparam("zone_id"))
    .order_by(Record.id)
)
_RECORDS_AT = _RECORDS.where(Record.source.in_(bindparam("sources", expanding=True))).order_by(None)
_COUNT = select(func.count()).select_from(Record).where(Record.zone_id == bindparam("zone_id"))
_NEWEST_VERSION = (
    select(ZoneVersion).where(ZoneVersion.zone_id == bindparam("zone_id")).order_by(ZoneVersion.id.desc()).limit(1)
)
