"""Records as version 1 of the API has them: by the number of the domain, with ids that are text.

Kept for programs that know nothing newer. What they send goes the same way as in version 2.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy import Select, bindparam, func, literal

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import Fault, not_found
from alpage.api.routes import Deprecation, Loaded, Routes, Shape
from alpage.products.dns import description, edits, names, rdata
from alpage.products.dns.access import find_record, one, visible
from alpage.products.dns.records import (
    OF_A_RECORD,
    SEARCHED,
    SORTS,
    NewRecord,
    RecordChange,
    RecordFilter,
    RecordType,
    changed,
    new,
    of_zone,
)
from alpage.products.dns.tables import Record, Zone

READ, WRITE = ("domain:read", "dns:read"), ("domain:write", "dns:write")

routes = Routes("DNS records, version 1", text_context=True)


def _until_2029(successor: str) -> Deprecation:
    """All of version 1 goes together: years after the programs that speak it have learned version 2."""
    return Deprecation(since=date(2026, 11, 25), sunset=date(2029, 1, 1), successor=successor)


def find(call: Call, domain: int) -> Zone:
    """The zone of a domain, by the number of its product; of several the one nearest to its name.

    Raises `object_not_found`, `access_denied`.
    """
    zone = one(call, _of_domain, domain=domain)
    if zone is None:
        raise not_found("Domain", domain)
    return zone


def _of_domain(caller: Caller) -> Select[Zone]:
    of_domain = visible(caller).where(Zone.product_id == bindparam("domain"))
    return of_domain.order_by(func.length(Zone.fqdn)).limit(1)


ZoneOfDomain = Annotated[Zone, Loaded(find, by=int)]


class LegacyRecord(Shape):
    """A record."""

    id: str
    source: str | Literal[False] = Field(description="Relative to the zone; false: the zone itself.")
    source_idn: str
    type: RecordType
    ttl: int
    ttl_idn: str
    target: str
    target_idn: str
    updated_at: int
    dyndns_id: int | None
    delegated_zone_id: int | None
    priority: int | None
    is_for_redirection: bool

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The record, with what people read beside what programs read."""
        parts = description.describe(row.type, row.target)
        return {
            "id": str(row.id),
            "source": False if row.source == names.APEX else row.source,
            "source_idn": names.display(row.source, row.fqdn),
            "type": row.type,
            "ttl": row.ttl,
            "ttl_idn": f"{description.duration(row.ttl)}.",
            "target": row.target,
            "target_idn": rdata.display(row.type, row.target),
            "updated_at": row.updated_at,
            "dyndns_id": None,
            "delegated_zone_id": None,
            "priority": parts["priority"]["value"] if "priority" in parts else None,
            "is_for_redirection": False,
        }


def _read_source(value: Any) -> Any:
    return names.APEX if value is False else value


Source = Annotated[str | None, BeforeValidator(_read_source)]


class NewLegacyRecord(NewRecord):
    """A record to create."""

    source: Source = None


class LegacyRecordChange(RecordChange):
    """What changes of a record; what is left out stays."""

    source: Source = None


@routes.get(
    "/1/domain/{domain}/dns/record",
    scope=READ,
    answer=list[LegacyRecord],
    sort=SORTS,
    search=SEARCHED,
    cap=None,
    errors=("object_not_found",),
    deprecated=_until_2029("GET /2/zones/{zone}/records"),
)
def list_records(call: Call, domain: ZoneOfDomain, filter: RecordFilter) -> Select[Any]:
    """List the records of a domain."""
    return of_zone(domain, filter).add_columns(literal(domain.fqdn).label("fqdn"))


@routes.post(
    "/1/domain/{domain}/dns/record",
    scope=WRITE,
    answer=str,
    errors=("object_not_found", *OF_A_RECORD),
    deprecated=_until_2029("POST /2/zones/{zone}/records"),
)
def create_record(call: Call, domain: ZoneOfDomain, body: NewLegacyRecord) -> str:
    """Create a record in a domain. The answer is its id."""
    faults: list[Fault] = []
    (record,) = edits.write(call.transaction, domain, new(domain, body, "", faults), now=call.now, faults=faults)
    call.session.flush()
    return str(record.id)


@routes.get(
    "/1/domain/{domain}/dns/record/{record}",
    scope=READ,
    answer=LegacyRecord,
    errors=("object_not_found",),
    deprecated=_until_2029("GET /2/zones/{zone}/records/{record}"),
)
def show_record(call: Call, domain: ZoneOfDomain, record: int) -> Select[Any]:
    """Show a record of a domain."""
    found = find_record(call, domain, record)
    return of_zone(domain, RecordFilter()).where(Record.id == found.id).add_columns(literal(domain.fqdn).label("fqdn"))


@routes.put(
    "/1/domain/{domain}/dns/record/{record}",
    scope=WRITE,
    answer=bool,
    errors=("object_not_found", *OF_A_RECORD),
    deprecated=_until_2029("PUT /2/zones/{zone}/records/{record}"),
)
def update_record(call: Call, domain: ZoneOfDomain, record: int, body: LegacyRecordChange) -> bool:
    """Update a record of a domain. What is left out stays as it is."""
    faults: list[Fault] = []
    wanted = changed(domain, find_record(call, domain, record), body, "", faults)
    edits.write(call.transaction, domain, wanted, now=call.now, faults=faults)
    return True


@routes.delete(
    "/1/domain/{domain}/dns/record/{record}",
    scope=WRITE,
    answer=bool,
    errors=("object_not_found",),
    deprecated=_until_2029("DELETE /2/zones/{zone}/records/{record}"),
)
def delete_record(call: Call, domain: ZoneOfDomain, record: int) -> bool:
    """Delete a record of a domain."""
    edits.write(call.transaction, domain, [edits.delete(find_record(call, domain, record))], now=call.now)
    return True
