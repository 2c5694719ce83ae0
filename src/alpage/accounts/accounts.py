"""Accounts: the organisations that own products. Who belongs to them is in `members.py`."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from sqlalchemy import Select, String, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from alpage.accounts import members, tags
from alpage.accounts.addresses import Address, add_addresses
from alpage.accounts.invitations import PENDING, Invitation
from alpage.accounts.members import OWNER, READ, WRITE, Membership
from alpage.accounts.products import Product
from alpage.accounts.tags import TagSummary
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.expansion import attribute, computed
from alpage.api.history import Subject, Undo
from alpage.api.routes import Expansion, Loaded, Routes, Shape
from alpage.api.validation import fault
from alpage.identity import languages, timezones
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

routes = Routes("Accounts")

LegalEntity = Literal["company", "individual", "public_body", "restrict"]

# stored


class Account(Base):
    """An organisation, or a person as a customer."""

    __tablename__ = "accounts"
    __event__ = "account"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    legal_entity_type: Mapped[str] = mapped_column(default="company")
    language_id: Mapped[int] = mapped_column(default=1)
    locale: Mapped[str] = mapped_column(default="en_GB")
    timezone: Mapped[str | None] = mapped_column(default=None)
    website: Mapped[str | None] = mapped_column(default=None)
    phone: Mapped[str | None] = mapped_column(default=None)
    vat_number: Mapped[str | None] = mapped_column(default=None)
    has_2fa_required: Mapped[bool] = mapped_column(default=False)
    blocked_at: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[int]

    @property
    def account_id(self) -> int:
        """The account a change of this row belongs to."""
        return self.id


# on the wire


class AccountDetails(Shape):
    """An account the caller is a member of."""

    id: int
    name: str
    legal_entity_type: LegalEntity
    created_at: int
    locale: str
    language_id: int
    beta: bool
    support_level: int
    has_2fa_required: bool
    is_customer: bool
    is_sso: bool
    addresses: tuple[Address, ...] = ()
    timezone: str = ""
    website: str = ""
    phone: str = ""
    vat_number: str = ""
    language: str = ""
    is_blocked: bool = False
    blocked_at: int = 0
    type: str = ""
    billing: bool = False
    mailing: bool = False
    billing_mailing: bool = False
    workspace_only: bool = False
    no_access: bool = False
    tags: tuple[TagSummary, ...] = ()
    nb_users: int = 0
    nb_invitations: int = 0
    count_owners: int = 0

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The account."""
        return {
            "id": row.id,
            "name": row.name,
            "legal_entity_type": row.legal_entity_type,
            "created_at": row.created_at,
            "locale": row.locale,
            "language_id": row.language_id,
            "beta": False,
            "support_level": 0,
            "has_2fa_required": row.has_2fa_required,
            "is_sso": False,
        }


def _known_timezone(name: str) -> str:
    if name and timezones.number_of(name) not in timezones.names():
        raise fault("attribute_timezone")
    return name


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or "." not in (parts.hostname or "")):
        raise fault("attribute_url")
    return text


class AccountChanges(Shape):
    """What to change of an account. An empty text takes a value away."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    legal_entity_type: LegalEntity | None = None
    locale: Literal["de_DE", "en_GB", "es_ES", "fr_FR", "it_IT"] | None = None
    timezone: Annotated[str, AfterValidator(_known_timezone)] | None = None
    website: Annotated[str, Field(max_length=255), AfterValidator(_web_address)] | None = None
    phone: Annotated[str, Field(max_length=32)] | None = None
    vat_number: Annotated[str, Field(max_length=32)] | None = None


# who sees it


def visible(caller: Caller) -> Select[Account]:
    """The accounts a caller is a member of, as far as his token reaches."""
    places = members.visible(caller).with_only_columns(Membership.account_id)
    return select(Account).where(Account.id.in_(places))


def find(call: Call, account_id: int) -> Account:
    """The account of a path. Raises `object_not_found`."""
    account: Account | None = call.find(_by_id, account_id=account_id)
    if account is None:
        raise not_found("Account", account_id)
    return account


def _by_id(caller: Caller) -> Select[Account]:
    return visible(caller).where(Account.id == bindparam("account_id"))


def find_to_administer(call: Call, account_id: int) -> Account:
    """The account of a path, for its owners and administrators. Raises `access_denied` for other members."""
    members.find_to_administer(call, account_id)
    return find(call, account_id)


# the verbs


def names_of_user(transaction: Transaction, user_id: int) -> list[str]:
    """The names of the accounts a user is a member of."""
    return [*transaction.execute(_NAMES, {"user_id": user_id}).scalars()]


def requiring_second_factor(transaction: Transaction, user_id: int) -> list[str]:
    """The names of those of a user's accounts whose members must sign in with a second factor."""
    return [*transaction.execute(_NAMES_OF_STRICT, {"user_id": user_id}).scalars()]


def _add_is_customer(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Whoever has a product is a customer."""
    customers = set(call.transaction.execute(_CUSTOMERS, {"ids": [row.id for row in rows]}).scalars())
    for row, shown in zip(rows, objects, strict=True):
        shown["is_customer"] = row.id in customers


def _counted(name: str, account_id: InstrumentedAttribute[int], *conditions: Any) -> Expansion:
    of_accounts = account_id.in_(bindparam("ids", expanding=True))
    statement = select(account_id, func.count().label("number")).where(of_accounts, *conditions).group_by(account_id)

    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        counted = call.transaction.execute(statement, {"ids": [row.id for row in rows]})
        counts = {row.account_id: row.number for row in counted}
        for row, shown in zip(rows, objects, strict=True):
            shown[name] = counts.get(row.id, 0)

    return add


def _own(name: str, value: Callable[[Any], Any]) -> Expansion:
    """The expansion with something of the caller's own place in the account."""

    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        places = {place.account_id: place for place in call.rows(members.visible)}
        for row, shown in zip(rows, objects, strict=True):
            shown[name] = value(places[row.id])

    return add


_NAMES = (
    select(Account.name)
    .join(Membership, Membership.account_id == Account.id)
    .where(Membership.user_id == bindparam("user_id"))
    .order_by(Account.name, Account.id)
)
_NAMES_OF_STRICT = _NAMES.where(Account.has_2fa_required)
_CUSTOMERS = select(Product.account_id).where(Product.account_id.in_(bindparam("ids", expanding=True))).distinct()
AccountDetails.parts = {"is_customer": _add_is_customer}
AccountDetails.expansions = {
    **{name: attribute(name) for name in ("timezone", "website", "phone", "vat_number", "blocked_at")},
    "addresses": add_addresses,
    "language": computed("language", lambda row: row.locale[:2]),
    "is_blocked": computed("is_blocked", lambda row: row.blocked_at is not None),
    "type": _own("type", lambda place: place.role_type),
    "billing": _own("billing", lambda place: place.has_billing_access or place.role_type == OWNER),
    "mailing": _own("mailing", lambda place: place.is_correspondent),
    "billing_mailing": _own("billing_mailing", lambda place: place.is_correspondent_billing),
    "workspace_only": computed("workspace_only", lambda _: False),
    "no_access": computed("no_access", lambda _: False),
    "tags": tags.add_tags_of_accounts,
    "nb_users": _counted("nb_users", Membership.account_id),
    "nb_invitations": _counted("nb_invitations", Invitation.account_id, Invitation.status == PENDING),
    "count_owners": _counted("count_owners", Membership.account_id, Membership.role_type == OWNER),
}

# the routes

SORTS = {"id": Account.id, "name": Account.name}


@routes.get("/1/accounts", scope=READ, answer=list[AccountDetails], sort=SORTS, search=(Account.name,))
def list_accounts(call: Call) -> Select[Any]:
    """List the accounts you are a member of."""
    return visible(call.caller)


@routes.get("/1/accounts/{account_id}", scope=READ, answer=AccountDetails)
def show_account(call: Call, account_id: Annotated[Account, Loaded(find, by=int)]) -> Account:
    """Show an account."""
    return account_id


@routes.patch("/1/accounts/{account_id}", scope=WRITE, answer=AccountDetails)
def update_account(
    call: Call,
    account_id: Annotated[Account, Loaded(find_to_administer, by=int)],
    body: AccountChanges,
) -> Account:
    """Change an account."""
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(account_id, name, value or None)
    if body.locale is not None:
        account_id.language_id = languages.number_of(body.locale) or account_id.language_id
    return account_id


subjects = [
    Subject(
        Account,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=members.administers_all,
            actions=("updated",),
            fields=(*AccountChanges.model_fields, "language_id"),
        ),
    )
]
