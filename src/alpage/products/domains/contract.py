"""What other products may ask about domains."""

from dataclasses import dataclass
from typing import Any

from alpage.api.calls import Call, Statement
from alpage.products.domains import SERVICE, names
from alpage.products.domains.domains import by_id, longest_of


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
    return None if name is None else _find(call, longest_of, names=names.with_parents(name))


def domain_by_product(call: Call, product_id: int) -> DomainOfZone | None:
    """The domain of a product, if the caller may see it."""
    return _find(call, by_id, domain_id=product_id)


def _find(call: Call, statement: Statement, **values: Any) -> DomainOfZone | None:
    found = call.rows(statement, **values).one_or_none()
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
