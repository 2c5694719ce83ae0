"""What other products may ask of zones. Rights on the domain that a zone belongs to are theirs to check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from alpage.api.calls import Call
from alpage.products.dns import edits
from alpage.products.dns.tables import Zone
from alpage.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class ZoneOfDomain:
    """A zone at or below a domain."""

    fqdn: str  # in A-labels, without a final dot
    dnssec_is_enabled: bool
    nameservers: tuple[str, ...]


def zones_of(call: Call, product_id: int) -> list[ZoneOfDomain]:
    """The zones of a domain, by the id of its product."""
    columns = select(Zone.fqdn, Zone.dnssec_is_enabled, Zone.nameservers)
    rows = call.transaction.execute(columns.where(Zone.product_id == product_id).order_by(Zone.id))
    return [ZoneOfDomain(row.fqdn, row.dnssec_is_enabled, tuple(row.nameservers)) for row in rows]


def give_nameservers(call: Call, fqdn: str, nameservers: Sequence[str]) -> None:
    """Makes the zone of a name, if there is one, name the servers that its registry now delegates it to."""
    for zone in _locked(call, fqdn):
        edits.give_nameservers(call.transaction, zone, nameservers, call.now)


def tell_dnssec(call: Call, fqdn: str, *, is_enabled: bool) -> None:
    """Makes the zone of a name, if there is one, say whether its registry vouches for its keys."""
    for zone in _locked(call, fqdn):
        zone.dnssec_is_enabled = is_enabled


def dissolve_zones(transaction: Transaction, product_id: int) -> None:
    """Deletes the zones of a domain that goes."""
    for zone in transaction.session.scalars(select(Zone).where(Zone.product_id == product_id)).all():
        edits.dissolve_zone(transaction, zone)


def _locked(call: Call, fqdn: str) -> Iterable[Zone]:
    return call.session.scalars(select(Zone).where(Zone.fqdn == fqdn).with_for_update()).all()
