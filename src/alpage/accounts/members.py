"""Members: who belongs to an account and to its teams, and what a member's role lets him do.

The rest of this room stands on this module; the routes for members are in `users.py`.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from sqlalchemy import ColumnElement, ForeignKey, Select, UniqueConstraint, bindparam, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import Work
from alpage.api.routes import Loaded, Shape
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.users import User
from alpage.storage.tables import STEADY_IDS, Base

READ, WRITE = "accounts:read", "accounts:write"

Role = Literal["owner", "admin", "normal"]
OWNER: Role = "owner"
ADMIN: Role = "admin"
NORMAL: Role = "normal"
ADMINISTRATORS = (OWNER, ADMIN)


class Membership(Base):
    """A user's place in an account."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("account_id", "user_id"), STEADY_IDS)
    __event__ = "account.member"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role_type: Mapped[str]
    has_billing_access: Mapped[bool] = mapped_column(default=False)
    is_correspondent: Mapped[bool] = mapped_column(default=False)  # gets what is written about products
    is_correspondent_billing: Mapped[bool] = mapped_column(default=False)  # gets the invoices
    created_at: Mapped[int]


class TeamMember(Base):
    """A user's place in a team."""

    __tablename__ = "team_members"
    __table_args__ = (UniqueConstraint("team_id", "user_id"), STEADY_IDS)
    __event__ = "account.team.member"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)


class UserSummary(Shape):
    """A user as the others in his account see him."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    avatar: str | None


def within_token(caller: Caller, account_id: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
    """The condition a token's limit to accounts sets on a column."""
    return [] if caller.account_ids is None else [account_id.in_(caller.account_ids)]


def visible(caller: Caller) -> Select[Membership]:
    """The caller's own memberships, as far as his token reaches."""
    return select(Membership).where(Membership.user_id == caller.user_id, *within_token(caller, Membership.account_id))


def administered(caller: Caller) -> Select[Any]:
    """The ids of the accounts a caller administers. A token limited to products administers none."""
    query = visible(caller).with_only_columns(Membership.account_id).where(Membership.role_type.in_(ADMINISTRATORS))
    return query if caller.product_ids is None else query.where(false())


def find(call: Call, account_id: int) -> Membership:
    """The caller's place in the account of a path. Raises `object_not_found`."""
    found: Membership | None = call.recall(_in_account, account_id=account_id)
    if found is None:
        raise not_found("Account", account_id)
    return found


def _in_account(caller: Caller) -> Select[Membership]:
    return visible(caller).where(Membership.account_id == bindparam("account_id"))


def find_id(call: Call, account_id: int) -> int:
    """The id of the account of a path, which the caller is a member of. Raises `object_not_found`."""
    return find(call, account_id).account_id


def find_to_administer(call: Call, account_id: int) -> Membership:
    """The place of an owner or administrator in the account of a path. Raises `access_denied` for other members."""
    found = find(call, account_id)
    if found.role_type not in ADMINISTRATORS or call.caller.product_ids is not None:
        raise ApiError("access_denied", model="Account", id=account_id, required_right=ADMIN)
    return found


def administers_all(work: Work) -> None:
    """Lets who administers an account take changes of it back. Raises `access_denied` for other members."""
    for account_id in {item.account_id or 0 for item in work.items}:
        find_to_administer(work.call, account_id)


def require_owner(place: Membership) -> None:
    """Raises `access_denied` unless this is an owner's place."""
    if place.role_type != OWNER:
        raise ApiError("access_denied", model="Account", id=place.account_id, required_right=OWNER)


def users_by_id(call: Call, user_ids: Iterable[int | None]) -> dict[int, dict[str, Any]]:
    """Users as others see them, by id."""
    rows = call.transaction.execute(_USERS, {"ids": set(user_ids) - {None}})
    return {row.id: UserSummary.present(row, call) for row in rows}


def unknown_members(call: Call, account_id: int, user_ids: Iterable[int]) -> set[int]:
    """Those of the users who are not members of an account."""
    asked = set(user_ids)
    return asked - set(call.transaction.execute(_MEMBERS, {"account_id": account_id, "ids": asked}).scalars())


def last_seen(user_id: Any) -> ColumnElement[int]:
    """When the user of a column last showed a token, in Unix seconds to the minute; 0 if never."""
    latest = (
        select(func.max(GrantUse.used_at)).join(Grant, Grant.id == GrantUse.grant_id).where(Grant.user_id == user_id)
    )
    return func.coalesce(latest.scalar_subquery(), 0)


_USERS: Select[Any] = select(User.__table__).where(User.id.in_(bindparam("ids", expanding=True)))
_MEMBERS = select(Membership.user_id).where(
    Membership.account_id == bindparam("account_id"), Membership.user_id.in_(bindparam("ids", expanding=True))
)

AccountId = Annotated[int, Loaded(find_id, by=int)]
AccountOfPath = Annotated[Membership, Loaded(find, by=int)]
AdministeredAccount = Annotated[Membership, Loaded(find_to_administer, by=int)]
