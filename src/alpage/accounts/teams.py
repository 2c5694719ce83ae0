"""Teams: members of an account who share rights on its products."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ForeignKey, Select, String, and_, bindparam, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts import services
from alpage.accounts.members import (
    READ,
    WRITE,
    AccountId,
    AdministeredAccount,
    TeamMember,
    UserSummary,
    administered,
    administers_all,
    unknown_members,
    users_by_id,
)
from alpage.accounts.products import Product
from alpage.accounts.rights import RIGHTS, ProductRight
from alpage.accounts.services import SERVICES
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import Fault, invalid, not_found
from alpage.api.history import GONE, NOT_OFFERED, TAKEN, Subject, Undo, Work
from alpage.api.routes import Expansion, Filter, Routes, Shape
from alpage.api.validation import Several
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

routes = Routes("Teams")

NAME_LENGTH = 128

# stored


class Team(Base):
    """A team of an account."""

    __tablename__ = "teams"
    __event__ = "account.team"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    color_id: Mapped[int] = mapped_column(default=1)
    owned_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[int]
    updated_at: Mapped[int]


# on the wire

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Id = Annotated[int, Field(ge=1)]


class TeamSummary(Shape):
    """A team, in short."""

    id: int
    name: str
    color_id: int
    created_at: int
    updated_at: int
    user_count: int = 0


class ServicePermission(Shape):
    """One right on all products of a service."""

    service_id: int
    service_name: str
    rights: str


class TeamDetails(Shape):
    """A team, and what its members may do."""

    id: int
    name: str
    color_id: int
    owned_by_id: int | None
    created_by_id: int | None
    created_at: int
    updated_at: int
    is_sso: bool
    permissions: list[ServicePermission]
    created_by: UserSummary | None = None
    owned_by: UserSummary | None = None
    user_count: int = 0
    product_count: int = 0
    product_by_service_count: int = 0

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The team."""
        return {
            "id": row.id,
            "name": row.name,
            "color_id": row.color_id,
            "owned_by_id": row.owned_by_id,
            "created_by_id": row.created_by_id,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "is_sso": False,
        }


class Permissions(Shape):
    """The services whose products a team has all rights on."""

    services: tuple[int, ...] = ()


class NewTeam(Shape):
    """A team to create. Its owner is its creator unless another member is named."""

    name: Name
    owned_by_id: int | None = None
    permissions: Permissions = Permissions()


class TeamChanges(Shape):
    """What to change of a team."""

    name: Name | None = None
    owned_by_id: int | None = None
    permissions: Permissions | None = None


class TeamFilter(Filter):
    """Which teams to list."""

    created_by_ids: Several[Id] = ()
    owned_by_ids: Several[Id] = ()
    team_ids: Several[Id] = ()
    user_ids: Several[Id] = ()


# who sees it


def visible(caller: Caller) -> Select[Team]:
    """The teams of the accounts a caller administers."""
    return select(Team).where(Team.account_id.in_(administered(caller)))


def find(call: Call, account_id: int, team_id: int) -> Team:
    """A team of an account the caller administers. Raises `object_not_found`."""
    team: Team | None = call.find(_in_account, account_id=account_id, team_id=team_id)
    if team is None:
        raise not_found("Team", team_id)
    return team


def _in_account(caller: Caller) -> Select[Team]:
    return visible(caller).where(Team.account_id == bindparam("account_id"), Team.id == bindparam("team_id"))


# the verbs


def names_of(transaction: Transaction, user_id: int, account_id: int) -> list[str]:
    """The names of a user's teams in an account, for the applications of that account."""
    return [*transaction.execute(_NAMES, {"user_id": user_id, "account_id": account_id}).scalars()]


def teams_of_users(call: Call, account_id: int, user_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The teams of members of an account, by user."""
    teams = defaultdict(list)
    for row in call.transaction.execute(_OF_USERS, {"account_id": account_id, "user_ids": [*user_ids]}):
        teams[row.user_id].append(TeamSummary.present(row, call))
    return teams


def unknown_teams(call: Call, account_id: int, team_ids: Sequence[int], attribute: str) -> list[Fault]:
    """The faults of a list of teams that names some the account has not."""
    known = set(call.transaction.execute(_IDS, {"account_id": account_id, "ids": team_ids}).scalars())
    return [
        Fault("attribute_exists", f"{attribute}.{index}", {"model": "Team", "value": team_id})
        for index, team_id in enumerate(team_ids)
        if team_id not in known
    ]


def _add_permissions(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    permissions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for given in call.transaction.execute(_PERMISSIONS, {"ids": [row.id for row in rows]}):
        permissions[given.team_id] += [
            {"service_id": given.service_id, "service_name": SERVICES.name_of(given.service_id), "rights": right}
            for right in RIGHTS
            if getattr(given, right)
        ]
    for row, shown in zip(rows, objects, strict=True):
        shown["permissions"] = permissions[row.id]


def _add_user(name: str) -> Expansion:
    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        users = users_by_id(call, [getattr(row, f"{name}_id") for row in rows])
        for row, shown in zip(rows, objects, strict=True):
            if (user := users.get(getattr(row, f"{name}_id"))) is not None:
                shown[name] = user

    return add


def _count(name: str, number: Any) -> Expansion:
    """The expansion with a number that a query counts for each team."""
    statement = select(Team.id, number.label("number")).where(Team.id.in_(bindparam("ids", expanding=True)))

    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        counts = call.transaction.execute(statement, {"ids": [row.id for row in rows]})
        counted = {team.id: team.number for team in counts}
        for row, shown in zip(rows, objects, strict=True):
            shown[name] = counted[row.id]

    return add


def _reached(*conditions: Any) -> Any:
    reaches = and_(
        Product.account_id == ProductRight.account_id,
        Product.service_id == ProductRight.service_id,
        or_(ProductRight.product_id.is_(None), ProductRight.product_id == Product.id),
    )
    counted = select(func.count(Product.id.distinct())).select_from(ProductRight).join(Product, reaches)
    return counted.where(ProductRight.team_id == Team.id, *conditions).scalar_subquery()


_USERS = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == Team.id).scalar_subquery()
_PRODUCTS = _reached()
TeamSummary.expansions = {"user_count": _count("user_count", _USERS)}
TeamDetails.parts = {"permissions": _add_permissions}
TeamDetails.expansions = {
    **{name: _add_user(name) for name in ("created_by", "owned_by")},
    "user_count": _count("user_count", _USERS),
    "product_count": _count("product_count", _PRODUCTS),
    "product_by_service_count": _count("product_by_service_count", _reached(ProductRight.product_id.is_(None))),
}


def _check(call: Call, account_id: int, body: NewTeam | TeamChanges) -> None:
    faults = services.unknown(body.permissions.services, "permissions.services.{}") if body.permissions else []
    if body.owned_by_id is not None and unknown_members(call, account_id, [body.owned_by_id]):
        faults.append(Fault("attribute_exists", "owned_by_id", {"model": "User", "value": body.owned_by_id}))
    if faults:
        raise invalid(*faults)


def _permit(call: Call, team: Team, service_ids: Iterable[int]) -> None:
    """Gives a team all rights on the products of these services, and of no others."""
    wanted = set(service_ids)
    for right in call.session.scalars(_GIVEN, {"team_id": team.id}).all():
        if right.service_id in wanted:
            wanted.remove(right.service_id)
        else:
            call.session.delete(right)
    call.session.add_all(
        ProductRight(account_id=team.account_id, team_id=team.id, service_id=service_id, **dict.fromkeys(RIGHTS, True))
        for service_id in sorted(wanted)
    )


# the routes

SORTS = {
    "id": Team.id,
    "name": Team.name,
    "created_at": Team.created_at,
    "user_count": _USERS,
    "product_count": _PRODUCTS,
}


@routes.get("/1/accounts/{account}/teams", scope=READ, answer=list[TeamDetails], sort=SORTS, search=(Team.name,))
def list_teams(call: Call, account: AdministeredAccount, filter: TeamFilter) -> Select[Any]:
    """List the teams of an account."""
    query = visible(call.caller).where(Team.account_id == account.account_id)
    if filter.created_by_ids:
        query = query.where(Team.created_by_id.in_(filter.created_by_ids))
    if filter.owned_by_ids:
        query = query.where(Team.owned_by_id.in_(filter.owned_by_ids))
    if filter.team_ids:
        query = query.where(Team.id.in_(filter.team_ids))
    if filter.user_ids:
        query = query.where(Team.id.in_(select(TeamMember.team_id).where(TeamMember.user_id.in_(filter.user_ids))))
    return query


@routes.get(
    "/1/accounts/{account_id}/basic/teams",
    scope=READ,
    answer=list[TeamSummary],
    sort={"id": Team.id, "name": Team.name},
)
def list_basic_teams(call: Call, account_id: AccountId) -> Select[Any]:
    """List the teams of an account in short, for any of its members."""
    return select(Team).where(Team.account_id == account_id)


@routes.get("/1/accounts/{account}/teams/{team}", scope=READ, answer=TeamDetails)
def show_team(call: Call, account: AdministeredAccount, team: int) -> Team:
    """Show a team."""
    return find(call, account.account_id, team)


@routes.post("/1/accounts/{account}/teams", scope=WRITE, answer=TeamDetails)
def create_team(call: Call, account: AdministeredAccount, body: NewTeam) -> Team:
    """Create a team.

    Its members get all rights on the products of the services in `permissions`.
    """
    _check(call, account.account_id, body)
    team = Team(
        account_id=account.account_id,
        name=body.name,
        owned_by_id=body.owned_by_id or call.caller.user_id,
        created_by_id=call.caller.user_id,
        created_at=call.now,
        updated_at=call.now,
    )
    call.session.add(team)
    call.session.flush()
    _permit(call, team, body.permissions.services)
    return team


@routes.patch("/1/accounts/{account}/teams/{team}", scope=WRITE, answer=TeamDetails)
def update_team(call: Call, account: AdministeredAccount, team: int, body: TeamChanges) -> Team:
    """Rename a team, hand it to another owner, or change the services it has rights on."""
    found = find(call, account.account_id, team)
    _check(call, account.account_id, body)
    found.name = body.name or found.name
    found.owned_by_id = body.owned_by_id or found.owned_by_id
    found.updated_at = call.now
    if body.permissions is not None:
        _permit(call, found, body.permissions.services)
    return found


@routes.delete("/1/accounts/{account}/teams/{team}", scope=WRITE, answer=bool)
def delete_team(call: Call, account: AdministeredAccount, team: int) -> bool:
    """Delete a team. Its members stay in the account; the rights they had through it are gone."""
    found = find(call, account.account_id, team)
    for table in (ProductRight, TeamMember):
        for row in call.session.scalars(select(table).where(table.team_id == team)).all():
            call.session.delete(row)
    call.session.flush()
    call.session.delete(found)
    return True


_NAMES = (
    select(Team.name)
    .join(TeamMember, TeamMember.team_id == Team.id)
    .where(TeamMember.user_id == bindparam("user_id"), Team.account_id == bindparam("account_id"))
    .order_by(Team.name)
)
_OF_USERS: Select[Any] = (
    select(TeamMember.user_id, *Team.__table__.c)
    .join(Team, Team.id == TeamMember.team_id)
    .where(Team.account_id == bindparam("account_id"), TeamMember.user_id.in_(bindparam("user_ids", expanding=True)))
    .order_by(Team.name, Team.id)
)
_IDS = select(Team.id).where(Team.account_id == bindparam("account_id"), Team.id.in_(bindparam("ids", expanding=True)))
_GIVEN = select(ProductRight).where(ProductRight.team_id == bindparam("team_id"), ProductRight.product_id.is_(None))
_PERMISSIONS: Select[Any] = (
    select(ProductRight.__table__)
    .where(ProductRight.team_id.in_(bindparam("ids", expanding=True)), ProductRight.product_id.is_(None))
    .order_by(ProductRight.service_id)
)


# taken back


def _check_owners(work: Work) -> None:
    """A team goes back to an owner who is still a member."""
    for item in work.items:
        owner_id = None if item.action == "created" else item.value("owned_by_id")
        if owner_id is not None and unknown_members(work.call, item.account_id or 0, [owner_id]):
            work.faults.append(item.fault(GONE, "owned_by_id"))


def _check_rights(work: Work) -> None:
    """Of the rights, a team's on all products of a service are given and taken by themselves."""
    for item in work.items:
        given = item.before or item.after
        is_whole = given["team_id"] is not None and given["product_id"] is None and all(given[name] for name in RIGHTS)
        if not is_whole:
            work.faults.append(item.fault(NOT_OFFERED))
        elif item.action == "deleted" and _is_permitted(work.call, given["team_id"], given["service_id"]):
            work.faults.append(item.fault(TAKEN, "service_id"))


def _is_permitted(call: Call, team_id: int, service_id: int) -> bool:
    given = select(ProductRight.id).where(ProductRight.team_id == team_id, ProductRight.product_id.is_(None))
    return call.transaction.execute(given.where(ProductRight.service_id == service_id)).first() is not None


subjects = [
    Subject(
        Team,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=administers_all,
            check=_check_owners,
            fields=("name", "owned_by_id"),
        ),
        follows=frozenset({"updated_at"}),
    ),
    Subject(
        ProductRight,
        reads=(READ,),
        undo=Undo(writes=WRITE, guard=administers_all, check=_check_rights, actions=("created", "deleted")),
    ),
]
