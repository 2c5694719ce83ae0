"""Who sees a zone, and who changes it: every route of this product finds its zone here."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

from sqlalchemy import Select, bindparam, select

from alpage.accounts import products
from alpage.accounts.products import Product
from alpage.accounts.rights import Right, may
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.routes import Loaded
from alpage.products.dns import names
from alpage.products.dns.tables import Record, Zone
from alpage.products.domains.contract import domain_of

WRITE_RIGHT: Right = "technical"

ZoneQuery = Callable[[Caller], Select[Zone]]


def visible(caller: Caller, right: Right | None = None) -> Select[Zone]:
    """The zones on whose domain a caller has a right (None: any at all)."""
    return select(Zone).join(Product, Product.id == Zone.product_id).where(may(caller, Product, right))


def find(call: Call, zone: str) -> Zone:
    """The zone of a path, by name in Unicode or punycode; for a call that writes locked, if the caller may change it.

    Raises `object_not_found`, `zone_does_not_exists` for a domain of the caller that has none, `access_denied`.
    """
    fqdn = read_fqdn(zone)
    found = one(call, by_fqdn, fqdn=fqdn)
    if found is not None:
        return found
    domain = domain_of(call, fqdn)
    raise ApiError("zone_does_not_exists", zone=fqdn) if domain and domain.name == fqdn else not_found("Zone", fqdn)


def one(call: Call, query: ZoneQuery, **values: Any) -> Zone | None:
    """The zone a query finds, locked for calls that write. Raises `access_denied`."""
    zone: Zone | None = call.recall(_locking(query) if call.writes else query, **values)
    if zone is not None and call.writes:
        require_right(call, zone.product_id, model="Zone", name=zone.fqdn)
    return zone


@cache
def _locking(query: ZoneQuery) -> ZoneQuery:
    def locking(caller: Caller) -> Select[Zone]:
        return query(caller).with_for_update(of=Zone).execution_options(populate_existing=True)

    return locking


def require_right(call: Call, product_id: int, *, model: str, name: str) -> None:
    """Raises `access_denied` unless the caller may change the zones of a domain's product."""
    if not products.is_permitted(call, product_id, WRITE_RIGHT):
        raise ApiError("access_denied", model=model, id=name, required_right=WRITE_RIGHT)


def read_fqdn(text: str) -> str:
    """The name of a zone as it is stored. Raises `object_not_found` for what is no name."""
    try:
        return names.domain(text)
    except names.InvalidNameError:
        raise not_found("Zone", text) from None


def find_record(call: Call, zone: Zone, record: int) -> Record:
    """A record of a zone. Raises `object_not_found`."""
    found: Record | None = call.transaction.find(_RECORD, {"record_id": record, "zone_id": zone.id})
    if found is None:
        raise not_found("DnsRecord", record)
    return found


def by_fqdn(caller: Caller) -> Select[Zone]:
    """The zone of a name."""
    return visible(caller).where(Zone.fqdn == bindparam("fqdn"))


_RECORD = select(Record).where(Record.id == bindparam("record_id"), Record.zone_id == bindparam("zone_id"))

ZoneOfPath = Annotated[Zone, Loaded(find)]
