"""The users of an account: its members, and who is invited to become one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import (
    Boolean,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    column,
    false,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)

from alpage.accounts import grants, invitations, members, products, teams
from alpage.accounts.grants import InvitationTeam
from alpage.accounts.invitations import PENDING, Invitation
from alpage.accounts.members import (
    ADMINISTRATORS,
    OWNER,
    READ,
    WRITE,
    AccountId,
    AccountOfPath,
    AdministeredAccount,
    Membership,
    Role,
    TeamMember,
)
from alpage.accounts.products import Product
from alpage.accounts.rights import RIGHTS, ProductRight, may
from alpage.accounts.teams import Team, TeamSummary
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import CONSENT, Subject, Undo, Work, put_back
from alpage.api.routes import Expansion, Filter, Routes, Shape
from alpage.api.validation import Several
from alpage.identity.users import User

routes = Routes("Users")

VALID = "valid"
Id = Annotated[int, Field(ge=1)]

# stored: two tables read as one

_MEMBERS = select(
    Membership.account_id,
    Membership.user_id,
    cast(null(), Integer).label("invitation_id"),
    User.first_name,
    User.last_name,
    User.display_name,
    User.email,
    User.avatar,
    Membership.role_type,
    literal(VALID).label("state_in_account"),
    Membership.is_correspondent,
    Membership.is_correspondent_billing,
    or_(Membership.has_billing_access, Membership.role_type == OWNER).label("has_billing_access"),
    User.is_sso,
    User.language_id,
    (literal("user-") + cast(User.id, String)).label("unique_key"),
    cast(null(), String).label("invitation_status"),
).join(User, User.id == Membership.user_id)

_INVITED = select(
    Invitation.account_id,
    Invitation.user_id,
    Invitation.id,
    Invitation.first_name,
    Invitation.last_name,
    (Invitation.first_name + " " + Invitation.last_name),
    Invitation.email,
    cast(null(), String),
    Invitation.role_type,
    literal(PENDING),
    Invitation.has_mailing,
    Invitation.has_billing_mailing,
    Invitation.has_billing,
    cast(false(), Boolean),
    Invitation.language_id,
    literal("invitation-") + cast(Invitation.id, String),
    Invitation.status,
)

PEOPLE = union_all(_MEMBERS, _INVITED).subquery("people").c

# on the wire


class AccountUser(Shape):
    """A member of an account, or a person invited to become one.

    `last_login_at` is when a member last showed a token; 0 if never.
    """

    user_id: int | None
    invitation_id: int | None
    first_name: str
    last_name: str
    display_name: str
    email: str
    avatar: str | None
    role_type: Role
    state_in_account: str
    is_correspondent: bool | None
    is_correspondent_billing: bool | None
    is_workspace_only: bool | None
    has_no_manager_access: bool | None
    has_billing_access: bool | None
    is_sso: bool
    language_id: int | None
    unique_key: str
    last_login_at: int
    partnership_id: int | None
    teams: tuple[TeamSummary, ...] = ()
    permissions: tuple[dict[str, Any], ...] = ()
    service_permissions: tuple[dict[str, Any], ...] = ()


class UserFilter(Filter):
    """Which users to list. Invitations are those that wait for an answer, unless `invitation_status` says otherwise."""

    has_billing_access: bool | None = None
    has_empty_access: bool | None = Field(default=None, description="Who reaches no product at all.")
    has_no_app_access: bool | None = Field(default=None, description="The same, under another name.")
    invitation_status: invitations.Status | None = None
    role_type: Role | None = None
    state_in_account: Literal["pending", "valid"] | None = None
    team_ids: Several[Id] = ()
    user_ids: Several[Id] = ()


class RoleChange(Shape):
    """The role a member shall have."""

    role_type: Role


# who sees it


def visible(caller: Caller, account_id: Any) -> Select[Any]:
    """The members of an account, and for those who administer it the people invited too."""
    shown = or_(PEOPLE.state_in_account == VALID, PEOPLE.account_id.in_(members.administered(caller)))
    return select(
        *PEOPLE,
        cast(false(), Boolean).label("is_workspace_only"),
        cast(false(), Boolean).label("has_no_manager_access"),
        cast(null(), Integer).label("partnership_id"),
        members.last_seen(PEOPLE.user_id).label("last_login_at"),
    ).where(PEOPLE.account_id == account_id, shown)


def find(call: Call, account_id: int, user_id: int) -> Membership:
    """A member of an account. Raises `object_not_found`."""
    found: Membership | None = call.transaction.find(_MEMBER, {"account_id": account_id, "user_id": user_id})
    if found is None:
        raise not_found("User", user_id)
    return found


# the verbs


def require_another_owner(call: Call, member: Membership) -> None:
    """Raises `state_conflict` when an account would be left without an owner; holds its owners until the commit."""
    owners = select(Membership).where(Membership.account_id == member.account_id, Membership.role_type == OWNER)
    if len(call.session.scalars(owners.with_for_update()).all()) == 1:
        raise ApiError("state_conflict", model="User", id=member.user_id, state="last_owner", allowed_states=["member"])


def _add_teams(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    if not rows:
        return
    of_members = teams.teams_of_users(
        call, rows[0].account_id, [row.user_id for row in rows if row.invitation_id is None]
    )
    of_invited = grants.teams_of_invitations(call, [row.invitation_id for row in rows if row.invitation_id is not None])
    for row, shown in zip(rows, objects, strict=True):
        shown["teams"] = of_members[row.user_id] if row.invitation_id is None else of_invited[row.invitation_id]


def _add_permissions(field: str, *, on_services: bool) -> Expansion:
    """The expansion with the rights given to members themselves, on single products or on whole services."""

    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        reach = ProductRight.product_id.is_(None) if on_services else ProductRight.product_id.is_not(None)
        own = ProductRight.user_id.in_([row.user_id for row in rows if row.invitation_id is None])
        in_accounts = ProductRight.account_id.in_({row.account_id for row in rows})
        statement = select(ProductRight.__table__).where(in_accounts, own, reach).order_by(ProductRight.id)
        given = defaultdict(list)
        for right in call.transaction.execute(statement):
            types = [name for name in RIGHTS if getattr(right, name)]
            given[right.user_id].append(
                {
                    "service_id": right.service_id,
                    "product_id": right.product_id,
                    "apply_to_all": on_services,
                    "types": types,
                }
            )
        for row, shown in zip(rows, objects, strict=True):
            shown[field] = given[row.user_id] if row.invitation_id is None else []

    return add


AccountUser.expansions = {
    "teams": _add_teams,
    "permissions": _add_permissions("permissions", on_services=False),
    "service_permissions": _add_permissions("service_permissions", on_services=True),
}


def _reaches_something() -> Any:
    """The condition that a member has a right on some product, or may be given one by his role."""
    in_team = select(TeamMember.team_id).where(TeamMember.user_id == PEOPLE.user_id)
    given = (
        select(ProductRight.id)
        .where(
            ProductRight.account_id == PEOPLE.account_id,
            or_(ProductRight.user_id == PEOPLE.user_id, ProductRight.team_id.in_(in_team)),
        )
        .exists()
    )
    return or_(PEOPLE.role_type.in_(ADMINISTRATORS), given)


def _conditions(filter: UserFilter) -> Iterator[Any]:
    if filter.invitation_status is not None:
        yield PEOPLE.invitation_status == filter.invitation_status
    else:
        yield or_(PEOPLE.invitation_status.is_(None), PEOPLE.invitation_status == PENDING)
    if filter.has_billing_access is not None:
        yield PEOPLE.has_billing_access == filter.has_billing_access
    for wanted in (filter.has_empty_access, filter.has_no_app_access):
        if wanted is not None:
            yield not_(_reaches_something()) if wanted else _reaches_something()
    if filter.role_type is not None:
        yield PEOPLE.role_type == filter.role_type
    if filter.state_in_account is not None:
        yield PEOPLE.state_in_account == filter.state_in_account
    if filter.user_ids:
        yield PEOPLE.user_id.in_(filter.user_ids)
    if filter.team_ids:
        of_members = select(TeamMember.user_id).where(TeamMember.team_id.in_(filter.team_ids))
        of_invited = select(InvitationTeam.invitation_id).where(InvitationTeam.team_id.in_(filter.team_ids))
        is_member = PEOPLE.invitation_id.is_(None)
        yield or_(and_(is_member, PEOPLE.user_id.in_(of_members)), PEOPLE.invitation_id.in_(of_invited))


def _remove(call: Call, member: Membership) -> None:
    """Takes a member out of an account: his teams, his rights, what he was in charge of."""
    account_id, user_id = member.account_id, member.user_id
    for table in (TeamMember, ProductRight):
        theirs = select(table).where(table.account_id == account_id, table.user_id == user_id)
        for row in call.session.scalars(theirs).all():
            call.session.delete(row)
    for team in call.session.scalars(
        select(Team).where(Team.account_id == account_id, Team.owned_by_id == user_id)
    ).all():
        team.owned_by_id = None
    user = call.session.get_one(User, user_id)
    if user.current_account_id == account_id:
        user.current_account_id = None
    call.session.delete(member)


# the routes

SORTS = {
    "unique_key": PEOPLE.unique_key,
    "email": PEOPLE.email,
    "first_name": PEOPLE.first_name,
    "last_name": PEOPLE.last_name,
    "role_type": PEOPLE.role_type,
    "state_in_account": PEOPLE.state_in_account,
    "last_login_at": column("last_login_at"),
}
SEARCHED = (PEOPLE.display_name, PEOPLE.email)
PATH = "/2/accounts/{account}/users"


@routes.get(PATH, scope=READ, answer=list[AccountUser], sort=SORTS, search=SEARCHED)
def list_users(call: Call, account: AccountId, filter: UserFilter) -> Select[Any]:
    """List the members of an account and, for those who administer it, who is invited to become one."""
    return visible(call.caller, account).where(*_conditions(filter))


@routes.get(PATH + "/{user}/app_accesses", scope=READ, answer=dict)
def show_accesses(call: Call, account: AccountOfPath, user: int) -> dict[str, list[dict[str, Any]]]:
    """Show what a member reaches: his products by service, with his rights on each.

    Everybody may ask this about himself; about others, who administers the account.
    """
    if user != call.caller.user_id:
        members.find_to_administer(call, account.account_id)
        find(call, account.account_id, user)
    member = Caller(user_id=user, grant_id=0, scopes=frozenset())
    query = products.visible(call.caller).where(Product.account_id == account.account_id, may(member, Product))
    accesses: dict[str, list[dict[str, Any]]] = {}
    for row in call.transaction.execute(query.add_columns(*products.rights_of(member)).order_by(Product.id)):
        accesses.setdefault(row.service_name, []).append(
            {
                "id": row.id,
                "customer_name": row.customer_name,
                "rights": {right: getattr(row, right) for right in RIGHTS},
            }
        )
    return accesses


@routes.patch(PATH + "/{user}", scope=WRITE, answer=AccountUser, errors=("state_conflict",))
def update_user(call: Call, account: AdministeredAccount, user: int, body: RoleChange) -> Any:
    """Give a member another role.

    Only an owner may make an owner, or take that role from one. An account always has an owner.
    """
    member = find(call, account.account_id, user)
    if member.role_type != body.role_type:
        if OWNER in (member.role_type, body.role_type):
            members.require_owner(account)
        if member.role_type == OWNER:
            require_another_owner(call, member)
        member.role_type = body.role_type
    return call.rows(_shown, account_id=account.account_id, user_id=user).one()


def _shown(caller: Caller) -> Select[Any]:
    members_alone = visible(caller, bindparam("account_id")).where(PEOPLE.invitation_id.is_(None))
    return members_alone.where(PEOPLE.user_id == bindparam("user_id"))


@routes.delete(PATH + "/{user}", scope=WRITE, answer=bool, errors=("state_conflict",))
def remove_user(call: Call, account: AccountOfPath, user: int) -> bool:
    """Take a member out of an account, with all rights he had in it. Everybody may leave.

    Only an owner may remove an owner. An account always has an owner.
    """
    if user != call.caller.user_id:
        account = members.find_to_administer(call, account.account_id)
    member = find(call, account.account_id, user)
    if member.role_type == OWNER:
        members.require_owner(account)
        require_another_owner(call, member)
    _remove(call, member)
    return True


_MEMBER = select(Membership).where(
    Membership.account_id == bindparam("account_id"), Membership.user_id == bindparam("user_id")
)


# taken back


def _may_change_all(work: Work) -> None:
    """What `update_user` and `remove_user` ask of the caller."""
    for item in work.items:
        if item.action == "created" and item.after["user_id"] == work.call.caller.user_id:
            place = members.find(work.call, item.account_id or 0)
        else:
            place = members.find_to_administer(work.call, item.account_id or 0)
        if OWNER in (item.before.get("role_type"), item.after.get("role_type")):
            members.require_owner(place)


def _check_owners(work: Work) -> None:
    for item in work.items:
        if item.row.role_type == OWNER:
            require_another_owner(work.call, item.row)


def _remove_or_put_back(work: Work) -> None:
    for item in work.items:
        if item.action == "created":
            _remove(work.call, item.row)
    put_back(replace(work, items=[item for item in work.items if item.action != "created"]))


subjects = [
    Subject(
        Membership,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            check=_check_owners,
            apply=_remove_or_put_back,
            actions=("created", "updated"),
            fields=("role_type",),
            otherwise=CONSENT,
        ),
    )
]
