"""The users of a team."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy import Select, bindparam, column, select

from alpage.accounts import teams
from alpage.accounts.members import (
    READ,
    WRITE,
    AdministeredAccount,
    TeamMember,
    administers_all,
    last_seen,
    unknown_members,
)
from alpage.accounts.teams import TeamSummary
from alpage.api.calls import Call
from alpage.api.errors import Fault, invalid
from alpage.api.history import GONE, Subject, Undo, Work
from alpage.api.routes import Expansion, Routes, Shape
from alpage.identity.users import User

routes = Routes("Team users")

# on the wire


def _add_teams(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    if rows:  # all of one team, so of one account
        found = teams.teams_of_users(call, rows[0].account_id, [row.id for row in rows])
        for row, shown in zip(rows, objects, strict=True):
            shown["teams"] = found[row.id]


class TeamUser(Shape):
    """A user of a team. `last_login_at` is when he last showed a token; 0 if never."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    last_login_at: int
    teams: list[TeamSummary]

    parts: ClassVar[dict[str, Expansion]] = {"teams": _add_teams}


class TeamUsers(Shape):
    """Members of the account, by their ids."""

    user_ids: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]


# who sees it


def visible(team_id: int) -> Select[Any]:
    """The users of a team the caller has been let to."""
    return (
        select(User.__table__, TeamMember.account_id, last_seen(User.id).label("last_login_at"))
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == team_id)
    )


# the routes

SORTS = {"id": User.id, "display_name": User.display_name, "last_login_at": column("last_login_at")}
SEARCHED = (User.display_name, User.email)
PATH = "/1/accounts/{account}/teams/{team}/users"


@routes.get(PATH, scope=READ, answer=list[TeamUser], sort=SORTS, search=SEARCHED)
def list_team_users(call: Call, account: AdministeredAccount, team: int) -> Select[Any]:
    """List the users of a team."""
    return visible(teams.find(call, account.account_id, team).id)


@routes.post(PATH, scope=WRITE, answer=bool)
def add_team_users(call: Call, account: AdministeredAccount, team: int, body: TeamUsers) -> bool:
    """Add members of the account to a team. Who is in it already stays in it."""
    found = teams.find(call, account.account_id, team)
    unknown = unknown_members(call, account.account_id, body.user_ids)
    if unknown:
        raise invalid(
            *(
                Fault("attribute_exists", f"user_ids.{index}", {"model": "User", "value": user_id})
                for index, user_id in enumerate(body.user_ids)
                if user_id in unknown
            )
        )
    present = set(call.transaction.execute(_USER_IDS, {"team_id": team}).scalars())
    for user_id in sorted(set(body.user_ids) - present):
        call.session.add(TeamMember(account_id=found.account_id, team_id=team, user_id=user_id))
    return True


@routes.delete(PATH, scope=WRITE, answer=bool)
def remove_team_users(call: Call, account: AdministeredAccount, team: int, body: TeamUsers) -> bool:
    """Take users out of a team. They stay in the account."""
    found = teams.find(call, account.account_id, team)
    for place in call.session.scalars(_PLACES, {"team_id": found.id, "user_ids": body.user_ids}).all():
        call.session.delete(place)
    return True


_USER_IDS = select(TeamMember.user_id).where(TeamMember.team_id == bindparam("team_id"))
_PLACES = select(TeamMember).where(
    TeamMember.team_id == bindparam("team_id"), TeamMember.user_id.in_(bindparam("user_ids", expanding=True))
)


# taken back


def _check_members(work: Work) -> None:
    """Only who is still a member of the account goes back into a team."""
    for item in work.items:
        user_id = item.value("user_id")
        if item.action == "deleted" and unknown_members(work.call, item.account_id or 0, [user_id]):
            work.faults.append(item.fault(GONE, "user_id"))


subjects = [
    Subject(
        TeamMember,
        reads=(READ,),
        undo=Undo(writes=WRITE, guard=administers_all, check=_check_members, actions=("created", "deleted")),
    )
]
