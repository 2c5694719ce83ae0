"""Zones: a name with all that the DNS says at and below it, as an object of its own and as a zone file."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import bindparam, select

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, not_found
from alpage.api.history import FOLLOWS, Subject, Undo, Work
from alpage.api.routes import Routes, Shape
from alpage.products.dns import edits, rules, versions, zonefile
from alpage.products.dns.access import ZoneOfPath, by_fqdn, read_fqdn, require_right
from alpage.products.dns.records import (
    OF_A_RECORD,
    OF_THE_ZONE,
    READ,
    WRITE,
    RecordFilter,
    RecordShape,
    add_descriptions,
    add_full_names,
    of_zone,
)
from alpage.products.dns.tables import Record, Zone, ZoneVersion, start_of_authority
from alpage.products.dns.zonefile import Remark
from alpage.products.domains.contract import DomainOfZone, domain_of
from alpage.storage.database import Transaction

routes = Routes("DNS zones")


def add_records(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the records of a zone, with what else was asked for of them."""
    for zone, shown in zip(rows, objects, strict=True):
        records = call.transaction.execute(of_zone(zone, RecordFilter()).order_by(Record.id)).all()
        shown["records"] = [RecordShape.present(record, call) for record in records]
        if "idn" in call.wanted:
            add_full_names(call, records, shown["records"])
        if "records_description" in call.wanted:
            add_descriptions(call, records, shown["records"])


def add_to_records(_call: Call, _rows: Sequence[Any], _objects: list[dict[str, Any]]) -> None:
    """Adds nothing to the zone itself: it asks for more of the records, which `records` adds."""


def add_text(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the zone as the text of a zone file."""
    for zone, shown in zip(rows, objects, strict=True):
        shown["skel"] = text_of(call.transaction, zone)


class ZoneDnssec(Shape):
    """Whether the registry vouches for the keys of a zone."""

    is_enabled: bool


class ZoneShape(Shape):
    """A zone."""

    expansions: ClassVar = {
        "records": add_records,
        "idn": add_to_records,
        "records_description": add_to_records,
        "skel": add_text,
    }

    id: int
    fqdn: str
    dnssec: ZoneDnssec
    nameservers: list[str]
    skel: str | None = None
    records: list[RecordShape] | None = None

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The zone, with its name in punycode."""
        return {
            "id": row.id,
            "fqdn": row.fqdn,
            "dnssec": {"is_enabled": row.dnssec_is_enabled},
            "nameservers": row.nameservers,
        }


class NewZone(Shape):
    """What a new zone begins with."""

    skel: str | None = Field(default=None, description="The text of a zone file to import.")


class ZoneText(Shape):
    """What a zone shall be."""

    skel: str = Field(description="The text of a zone file, which replaces all records.")


@routes.get("/2/zones/{zone}", scope=READ, answer=ZoneShape, errors=OF_THE_ZONE)
def show_zone(call: Call, zone: ZoneOfPath) -> Zone:
    """Show a zone, by its name in punycode or in Unicode."""
    return zone


@routes.get("/2/zones/{zone}/exists", scope=READ, answer=bool, errors=("object_not_found",))
def tell_whether_zone_exists(call: Call, zone: str) -> bool:
    """Tell whether there is a zone of this name, and you may see it; if not, the answer is `object_not_found`."""
    if call.find(by_fqdn, fqdn=read_fqdn(zone)) is None:
        raise not_found("Zone", zone)
    return True


@routes.post(
    "/2/zones/{zone}",
    scope=WRITE,
    answer=ZoneShape,
    status=200,
    errors=("object_not_found", "access_denied", "zone_already_exists", *OF_A_RECORD),
)
def create_zone(call: Call, zone: str, body: NewZone) -> Zone:
    """Create a zone, at or below the name of one of your domains.

    A zone file may come along. Its SOA and its name servers are passed over: the platform makes its own. `notes` tells
    what else was taken otherwise than written.
    """
    fqdn = read_fqdn(zone)
    domain = domain_of(call, fqdn)
    if domain is None:
        raise not_found("Domain", fqdn)
    require_right(call, domain.product_id, model="Domain", name=domain.name)
    if call.transaction.execute(_TAKEN, {"fqdn": fqdn}).first() is not None:
        raise ApiError("zone_already_exists", zone=fqdn)
    created = _found(call, fqdn, domain)
    _take_text(call, created, body.skel)
    return created


@routes.put("/2/zones/{zone}", scope=WRITE, answer=ZoneShape, errors=(*OF_THE_ZONE, *OF_A_RECORD))
def replace_zone(call: Call, zone: ZoneOfPath, body: ZoneText) -> Zone:
    """Replace all records of a zone by those of a zone file.

    Records that are in both keep their ids. The file's SOA and name servers are passed over: the platform makes its
    own. `notes` tells what else was taken otherwise than written.
    """
    _take_text(call, zone, body.skel)
    return zone


@routes.delete("/2/zones/{zone}", scope=WRITE, answer=bool, errors=OF_THE_ZONE)
def delete_zone(call: Call, zone: ZoneOfPath) -> bool:
    """Delete a zone, with its records and its versions."""
    edits.dissolve_zone(call.transaction, zone)
    return True


def text_of(transaction: Transaction, zone: Any) -> str:
    """A zone as the text of a zone file."""
    return zonefile.write(zone.fqdn, start_of_authority(zone), zone.nameservers, edits.records_of(transaction, zone))


def take_text(transaction: Transaction, zone: Zone, text: str, now: int) -> list[Remark]:
    """Makes a zone what a zone file says, and answers with what was taken otherwise than written.

    Raises the error of the first faulty line, with the others beside it.
    """
    reading = zonefile.read(text, zone.fqdn)
    lines = dict(zip(reading.records, reading.lines, strict=True))
    delta = versions.diff(edits.records_of(transaction, zone), reading.records)
    wanted = [
        replace(edit, attribute="skel", line=lines[edit.after] if edit.after else 0)
        for edit in edits.leading_to(transaction, zone, delta)
    ]
    edits.write(transaction, zone, wanted, now=now, faults=list(_faults(reading.faults)))
    return reading.notes


def _take_text(call: Call, zone: Zone, text: str | None) -> None:
    if text is not None and (notes := take_text(call.transaction, zone, text, call.now)):
        call.root["notes"] = [asdict(note) for note in notes]


def _found(
    call: Call, fqdn: str, domain: DomainOfZone, *, id: int | None = None, last_serial: int | None = None
) -> Zone:
    """A zone at or below a domain; at its name it has the domain's name servers and DNSSEC."""
    is_apex = fqdn == domain.name
    zone = edits.found_zone(
        call.transaction,
        fqdn,
        account_id=domain.account_id,
        product_id=domain.product_id,
        nameservers=(domain.nameservers if is_apex else ()) or call.settings.dns_nameservers,
        now=call.now,
        id=id,
        last_serial=last_serial,
    )
    zone.dnssec_is_enabled = is_apex and domain.has_dnssec
    return zone


def _faults(remarks: Iterable[Remark]) -> Iterable[Fault]:
    for remark in remarks:
        context = {"line": remark.line, "reason": remark.reason, "detail": remark.message}
        yield Fault(rules.INVALID, "skel", context)


_TAKEN = select(Zone.id).where(Zone.fqdn == bindparam("fqdn"))


# taken back


def _may_change_all(work: Work) -> None:
    for item in work.items:
        require_right(work.call, item.product_id or 0, model="Zone", name=str(item.object_id))
    ids = [item.object_id for item in work.items]
    work.call.session.execute(select(Zone.id).where(Zone.id.in_(ids)).order_by(Zone.id).with_for_update())


def _delete_or_put_back(work: Work) -> None:
    """A zone comes back under its id, with the name servers its domain has now; its versions begin anew."""
    for item in work.items:
        if item.action == "created":
            edits.dissolve_zone(work.call.transaction, item.row)
        else:
            fqdn = item.before["fqdn"]
            domain = domain_of(work.call, fqdn)
            if domain is None:
                raise not_found("Domain", fqdn)
            require_right(work.call, domain.product_id, model="Domain", name=domain.name)
            _found(work.call, fqdn, domain, id=item.object_id, last_serial=item.before["serial"])


subjects = [
    Subject(
        Zone,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            apply=_delete_or_put_back,
            actions=("created", "deleted"),
            otherwise=FOLLOWS,
        ),
        follows=frozenset({"serial", "nameservers", "dnssec_is_enabled", "updated_at"}),
    ),
    Subject(ZoneVersion, reads=(READ,), never=FOLLOWS),
]
