"""Domains: a row in `products` for what they share with everything an account owns, and one here under the same id."""

from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.accounts.products import Product
from alpage.accounts.rights import may
from alpage.api.callers import Caller
from alpage.storage.tables import Base

SERVICE_ID, SERVICE_NAME = 14, "domain"


class Domain(Base):
    """A registered domain."""

    __tablename__ = "domains"
    __event__ = "domain"
    service_id: ClassVar[int] = SERVICE_ID  # with `id` and `account_id`: what rights on products are looked up by

    id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)  # in A-labels
    tld: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    is_premium: Mapped[bool] = mapped_column(default=False)
    dns_anycast: Mapped[bool] = mapped_column(default=False)
    renewal_warranty: Mapped[bool] = mapped_column(default=False)
    domain_privacy: Mapped[bool] = mapped_column(default=False)
    contacts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by role: owner, admin, tech, billing
    status: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["ok"])  # EPP codes (RFC 5731, 2.3)
    nameservers: Mapped[list[str]] = mapped_column(JSON, default=list)  # empty: those of the platform
    dnssec_data: Mapped[list[str]] = mapped_column(JSON, default=list)  # DS or DNSKEY texts, as the registry has them


def visible(caller: Caller) -> Select[Domain]:
    """The domains a caller has any right on."""
    return select(Domain).where(may(caller, Domain))


def create(session: Session, account_id: int, name: str, now: int, *, expires_at: int | None = None) -> Domain:
    """A new domain of an account, and its product; `name` is in A-labels."""
    product = Product(
        account_id=account_id,
        service_id=SERVICE_ID,
        service_name=SERVICE_NAME,
        customer_name=name,
        fqdn=name,
        created_at=now,
        expired_at=expires_at,
    )
    session.add(product)
    session.flush()
    domain = Domain(
        id=product.id,
        account_id=account_id,
        name=name,
        tld=name.partition(".")[2],
        created_at=now,
        expires_at=expires_at,
    )
    session.add(domain)
    session.flush()
    return domain
