"""Accounts: the organisations that own products, and the people in them."""

from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.storage.tables import STEADY_IDS, Base

OWNER, ADMIN, NORMAL = "owner", "admin", "normal"
ADMINISTRATORS = (OWNER, ADMIN)


class Account(Base):
    """An organisation, or a person as a customer."""

    __tablename__ = "accounts"
    __event__ = "account"

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
    created_at: Mapped[int]

    @property
    def account_id(self) -> int:
        """The account a change of this row belongs to."""
        return self.id


class Membership(Base):
    """A user's place in an account."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("account_id", "user_id"), STEADY_IDS)
    __event__ = "account.member"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role_type: Mapped[str]
    created_at: Mapped[int]


def visible(caller: Caller) -> Select[Account]:
    """The accounts a caller is a member of, as far as his token reaches."""
    found = select(Account).join(Membership, Membership.account_id == Account.id)
    return found.where(Membership.user_id == caller.user_id, *within_token(caller, Account.id))


def within_token(caller: Caller, account_id: Any) -> list[Any]:
    """The condition a token's limit to accounts sets on a column."""
    return [] if caller.account_ids is None else [account_id.in_(caller.account_ids)]


def find(call: Call, account_id: int) -> Account:
    """The account of a path. Raises `object_not_found`."""
    account: Account | None = call.transaction.find(visible(call.caller).where(Account.id == account_id))
    if account is None:
        raise not_found("Account", account_id)
    return account


def find_to_administer(call: Call, account_id: int) -> Account:
    """The account of a path, for what its owners and administrators may do. Raises `access_denied` for the others."""
    account = find(call, account_id)
    if role(call, account_id) not in ADMINISTRATORS:
        raise ApiError("access_denied", model="Account", id=account_id, required_right=ADMIN)
    return account


def role(call: Call, account_id: int) -> str | None:
    """The caller's role in an account."""
    statement = select(Membership.role_type).where(
        Membership.account_id == account_id, Membership.user_id == call.caller.user_id
    )
    found: str | None = call.transaction.execute(statement).scalar_one_or_none()
    return found
