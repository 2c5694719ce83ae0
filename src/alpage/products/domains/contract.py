"""What other products may ask about domains."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func

from alpage.api.calls import Call
from alpage.products.domains import SERVICE, names
from alpage.products.domains.domains import Domain, visible


@dataclass(frozen=True, slots=True)
class DomainOfZone:
    """The domain a zone belongs to; rights on the zone are rights on this product."""

    product_id: int
    account_id: int
    service_id: int
    name: str  # in A-labels, without a final dot
    nameservers: tuple[str, ...]  # none: those of the platform
    has_dnssec: bool


def domain_of(call: Call, fqdn: str) -> DomainOfZone | None:
    """The longest domain the caller may see that is this name or stands above it."""
    name = names.to_ascii(fqdn)
    return None if name is None else _find(call, Domain.name.in_(names.with_parents(name)))


def domain_by_product(call: Call, product_id: int) -> DomainOfZone | None:
    """The domain of a product, if the caller may see it."""
    return _find(call, Domain.id == product_id)


def _find(call: Call, condition: ColumnElement[bool]) -> DomainOfZone | None:
    statement = (
        visible(call.caller)
        .with_only_columns(Domain.id, Domain.account_id, Domain.name, Domain.nameservers, Domain.dnssec_data)
        .where(condition)
        .order_by(func.length(Domain.name).desc())
        .limit(1)
    )
    found = call.transaction.execute(statement).one_or_none()
    if found is None:
        return None
    return DomainOfZone(
        product_id=found.id,
        account_id=found.account_id,
        service_id=SERVICE.id,
        name=found.name,
        nameservers=tuple(found.nameservers),
        has_dnssec=bool(found.dnssec_data),
    )
