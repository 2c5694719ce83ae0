"""Domains: a row in `products` for what they share with everything an account owns, and one here under the same id."""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy import JSON, ForeignKey, Select, String, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.accounts import products
from alpage.accounts.members import AccountId
from alpage.accounts.products import Product
from alpage.accounts.rights import ProductRight, may
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import Subject, Undo, Work, put_back
from alpage.api.routes import Deprecation, Loaded, Routes, Shape
from alpage.products.dns import contract as dns
from alpage.products.domains import SERVICE, names, suffixes
from alpage.storage.tables import Base

READ, WRITE = "domain:read", "domain:write"
Number = Annotated[int, Field(ge=0, lt=2**31)]  # of the columns it is compared with
CONTACTS = ("owner", "admin", "tech", "billing")

routes = Routes("Domains")


class Domain(Base):
    """A registered domain."""

    __tablename__ = "domains"
    __event__ = "domain"
    __audience__ = "product"
    service_id: ClassVar[int] = SERVICE.id  # with `id` and `account_id`: what rights on products are looked up by

    id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)  # in A-labels
    name_idn: Mapped[str] = mapped_column(String(255))
    tld: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    is_premium: Mapped[bool] = mapped_column(default=False)
    dns_anycast: Mapped[bool] = mapped_column(default=False)
    renewal_warranty: Mapped[bool] = mapped_column(default=False)
    domain_privacy: Mapped[bool] = mapped_column(default=False)
    contacts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by role, of CONTACTS
    status: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["ok"])  # EPP codes (RFC 5731, 2.3)
    nameservers: Mapped[list[str]] = mapped_column(JSON, default=list)  # none: those of the platform
    dnssec_data: Mapped[list[str]] = mapped_column(JSON, default=list)  # DS or DNSKEY, as the registry has them

    @property
    def product_id(self) -> int:
        """The product a change of this row belongs to."""
        return self.id


class DomainOptions(Shape):
    """What a domain has besides its name."""

    dns_anycast: bool
    renewal_warranty: bool
    domain_privacy: bool
    dnssec: bool


class DomainContacts(Shape):
    """Who stands for a domain at its registry."""

    owner: dict[str, Any] | None
    admin: dict[str, Any] | None
    tech: dict[str, Any] | None
    billing: dict[str, Any] | None


class DomainDetails(Shape):
    """A domain."""

    id: int
    account_id: int
    name: str
    name_idn: str
    tld: str
    is_premium: bool
    created_at: int
    expires_at: int | None
    nameservers: list[str]
    options: DomainOptions
    contacts: DomainContacts
    status: list[str]

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The domain with what belongs together put together."""
        return {
            "id": row.id,
            "account_id": row.account_id,
            "name": row.name,
            "name_idn": row.name_idn,
            "tld": row.tld,
            "is_premium": row.is_premium,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "nameservers": nameservers(call, row),
            "options": {
                "dns_anycast": row.dns_anycast,
                "renewal_warranty": row.renewal_warranty,
                "domain_privacy": row.domain_privacy,
                "dnssec": bool(row.dnssec_data),
            },
            "contacts": {role: row.contacts.get(role) for role in CONTACTS},
            "status": row.status,
        }


class DomainSummary(Shape):
    """A domain as version 1 of the API has it: a product."""

    id: int
    account_id: int
    service_id: int
    service_name: str
    customer_name: str
    customer_name_idn: str
    tld: str
    is_premium: bool
    created_at: int
    expired_at: int | None
    has_dnssec: bool
    is_dns_managed_by_infomaniak: bool
    nameservers: list[str]

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The domain under the names of version 1."""
        return {
            "id": row.id,
            "account_id": row.account_id,
            "service_id": SERVICE.id,
            "service_name": SERVICE.name,
            "customer_name": row.name,
            "customer_name_idn": row.name_idn,
            "tld": row.tld,
            "is_premium": row.is_premium,
            "created_at": row.created_at,
            "expired_at": row.expires_at,
            "has_dnssec": bool(row.dnssec_data),
            "is_dns_managed_by_infomaniak": is_served_here(call, row),
            "nameservers": nameservers(call, row),
        }


class DomainQuery(Shape):
    """Which domains to list."""

    account_id: Number | None = None
    tld: str | None = None
    expires_after: Number | None = None
    expires_before: Number | None = None


def visible(caller: Caller) -> Select[Domain]:
    """The domains a caller has any right on."""
    return select(Domain).where(may(caller, Domain))


def longest_of(caller: Caller) -> Select[Domain]:
    """The domain with the longest of some names."""
    named = visible(caller).where(Domain.name.in_(bindparam("names", expanding=True)))
    return named.order_by(func.length(Domain.name).desc()).limit(1)


def by_id(caller: Caller) -> Select[Domain]:
    """The domain of a product."""
    return visible(caller).where(Domain.id == bindparam("domain_id"))


def find(call: Call, domain: str) -> Domain:
    """The domain of a path, by name in Unicode or punycode, or by id. Raises `object_not_found`."""
    name = names.to_ascii(domain) or ""
    return _one(call, domain, [name], domain_id=int(name) if name.isdecimal() and len(name) < 10 else None)


def find_above(call: Call, domain: str) -> Domain:
    """The domain of a path that may name anything below it: the challenge of a certificate, say."""
    return _one(call, domain, names.with_parents(names.to_ascii(domain) or ""))


def find_to_change(call: Call, domain: str) -> Domain:
    """The domain of a path, for who may change it. Raises `access_denied` for who may only see it."""
    return require_technical(call, find(call, domain))


def find_above_to_change(call: Call, domain: str) -> Domain:
    """The domain at or above the name of a path, for who may change it."""
    return require_technical(call, find_above(call, domain))


def require_technical(call: Call, domain: Domain) -> Domain:
    """The domain, if the caller has the technical right on it. Raises `access_denied`."""
    products.require(call, domain, "technical", model="Domain")
    return domain


def create(session: Session, account_id: int, name: str, now: int, *, expires_at: int | None = None) -> Domain:
    """A new domain of an account, and its product; not its zone.

    Raises NotRegistrableError, and `domain_already_exists`.
    """
    stored = names.registrable(name)
    if session.scalar(select(Domain.id).where(Domain.name == stored)) is not None:
        raise ApiError("domain_already_exists", domain=stored)
    product = Product(
        account_id=account_id,
        service_id=SERVICE.id,
        service_name=SERVICE.name,
        customer_name=stored,
        fqdn=stored,
        created_at=now,
        expired_at=expires_at,
    )
    session.add(product)
    session.flush()
    domain = Domain(
        id=product.id,
        account_id=account_id,
        name=stored,
        name_idn=names.to_unicode(stored),
        tld=suffixes.suffix_of(stored),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(domain)
    session.flush()
    return domain


def delete(session: Session, domain: Domain) -> None:
    """Deletes a domain with its product and the rights given on it. Its zones must be gone."""
    for right in session.scalars(select(ProductRight).where(ProductRight.product_id == domain.id)):
        session.delete(right)
    product = session.get_one(Product, domain.id)
    session.delete(domain)
    session.flush()  # before the product, which it refers to
    session.delete(product)


def nameservers(call: Call, domain: Any) -> list[str]:
    """The name servers a domain is delegated to: its own choice, else those of the platform."""
    return domain.nameservers or list(call.settings.dns_nameservers)


def is_served_here(call: Call, domain: Any) -> bool:
    """Whether a domain is delegated to name servers of the platform, if only to some of them."""
    return not set(nameservers(call, domain)).isdisjoint(call.settings.dns_nameservers)


DomainOfPath = Annotated[Domain, Loaded(find)]
SORTS = {
    "id": Domain.id,
    "name": Domain.name,
    "tld": Domain.tld,
    "created_at": Domain.created_at,
    "expires_at": Domain.expires_at,
}
SEARCHED = (Domain.name, Domain.name_idn)


@routes.get("/2/domains/domains", scope=READ, answer=list[DomainDetails], sort=SORTS, search=SEARCHED)
def list_domains(call: Call, query: DomainQuery) -> Select[Any]:
    """List the domains you may see."""
    found = visible(call.caller)
    if query.account_id is not None:
        found = found.where(Domain.account_id == query.account_id)
    if query.tld is not None:
        found = found.where(Domain.tld == names.to_ascii(query.tld.removeprefix(".")))
    if query.expires_after is not None:
        found = found.where(Domain.expires_at > query.expires_after)
    if query.expires_before is not None:
        found = found.where(Domain.expires_at < query.expires_before)
    return found


@routes.get("/2/domains/domains/{domain}", scope=READ, answer=DomainDetails)
def show_domain(call: Call, domain: DomainOfPath) -> Domain:
    """Show a domain, by its name or its id."""
    return domain


@routes.get(
    "/1/domain/account/{account}",
    scope=READ,
    answer=list[DomainSummary],
    sort=SORTS,
    search=SEARCHED,
    deprecated=Deprecation(date(2026, 11, 25), date(2029, 1, 1), "GET /1/domains/account/{account}"),
)
def list_domains_of_account(call: Call, account: AccountId) -> Select[Any]:
    """List the domains of an account."""
    return visible(call.caller).where(Domain.account_id == account)


@routes.get("/1/domains/account/{account}", scope=READ, answer=list[DomainSummary], sort=SORTS, search=SEARCHED)
def list_account_domains(call: Call, account: AccountId) -> Select[Any]:
    """List the domains of an account."""
    return visible(call.caller).where(Domain.account_id == account)


@routes.get("/1/domains/account/{account}/domain/{domain}", scope=READ, answer=DomainSummary)
def show_domain_of_account(call: Call, account: AccountId, domain: DomainOfPath) -> Domain:
    """Show a domain of an account, by its name or its id."""
    if domain.account_id != account:
        raise not_found("Domain", domain.name)
    return domain


def _one(call: Call, asked: str, candidates: list[str], domain_id: int | None = None) -> Domain:
    found: Domain | None = (
        call.find(longest_of, names=candidates) if domain_id is None else call.find(by_id, domain_id=domain_id)
    )
    if found is None:
        raise not_found("Domain", asked)
    return found


# taken back


def _may_change_all(work: Work) -> None:
    for item in work.items:
        find_to_change(work.call, str(item.object_id))


def _put_back(work: Work) -> None:
    """The zone of a domain follows it, as it does when the domain is changed."""
    put_back(work)
    for item in work.items:
        domain: Domain = item.row
        if "nameservers" in item.changed:
            dns.give_nameservers(work.call, domain.name, nameservers(work.call, domain))
        if "dnssec_data" in item.changed:
            dns.tell_dnssec(work.call, domain.name, is_enabled=bool(domain.dnssec_data))


subjects = [
    Subject(
        Domain,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            apply=_put_back,
            actions=("updated",),
            fields=("nameservers", "dnssec_data"),
        ),
    )
]
