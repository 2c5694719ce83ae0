"""Teams: members who share rights on products."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link
from alpage.web.manager import calls, shell
from alpage.web.manager.account import administers, crumbs, path_of, service_label
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()


@pages.get("/teams")
def list_teams(visit: Visit) -> Response:
    """The teams; for who does not administer the organisation, only their names."""
    may_change = administers(visit)
    path = path_of(visit, "/teams" if may_change else "/basic/teams")
    asked = {"order_by": "name", "with": ["user_count"], **shell.listing(visit)}
    found = calls.api(visit).list(path, **asked)
    return shell.show(visit, "manager/teams.html", teams=found, may_change=may_change, services_of=_services_of(visit))


@pages.get("/teams/new")
def show_new_team(visit: Visit) -> Response:
    """The form of a new team."""
    path = path_of(visit, "/teams")
    calls.api(visit).will("POST", path, {"name": "…", "permissions": {"services": []}}, what=visit.gettext("Create"))
    return shell.show(
        visit, "manager/team_new.html", services=_services(visit), crumbs=_crumbs(visit, visit.gettext("New team"))
    )


@pages.post("/teams/new")
def create_team(visit: Visit) -> Response:
    """Creates a team."""
    body = {"name": visit.form.get("name", "").strip(), "permissions": {"services": _chosen(visit)}}
    try:
        made = calls.api(visit).call("POST", path_of(visit, "/teams"), body).data
    except ApiError as error:
        return shell.again(visit, show_new_team, error)
    return shell.done(visit, f"/teams/{made['id']}", visit.gettext("The team was created. Now add its members."))


@pages.get("/teams/{id:int}")
def show_team(visit: Visit, id: int) -> Response:
    """A team: its members, its rights, its name."""
    api = calls.api(visit)
    team = api.get(_path(visit, id), **{"with": ["owned_by", "user_count"]})
    users = api.list(_path(visit, id, "/users"), **{"order_by": "display_name", **shell.listing(visit)})
    others = _others(visit, id)
    api.will("PATCH", _path(visit, id), {"name": team["name"]}, what=visit.gettext("Save"))
    api.will("POST", _path(visit, id, "/users"), {"user_ids": [0]}, what=visit.gettext("Add"))
    api.will("DELETE", _path(visit, id, "/users"), {"user_ids": [0]}, what=visit.gettext("Take out"))
    return shell.show(
        visit,
        "manager/team.html",
        team=team,
        crumbs=_crumbs(visit, team["name"]),
        users=users,
        others=others,
        services=_services(visit),
        given=list(_by_service(team["permissions"])),
    )


@pages.post("/teams/{id:int}")
def save_team(visit: Visit, id: int) -> Response:
    """Renames a team, or changes what it has rights on."""
    body = {"name": visit.form.get("name", "").strip(), "permissions": {"services": _chosen(visit)}}
    try:
        calls.api(visit).call("PATCH", _path(visit, id), body)
    except ApiError as error:
        return shell.again(visit, show_team, error, id=id)
    return shell.done(visit, f"/teams/{id}", visit.gettext("The team was saved."))


@pages.post("/teams/{id:int}/members")
def change_members(visit: Visit, id: int) -> Response:
    """Adds members to a team, or takes one out."""
    method = "DELETE" if "remove" in visit.form else "POST"
    chosen = visit.form.getlist("remove" if method == "DELETE" else "user_ids")
    body = {"user_ids": [int(one) for one in chosen if one.isdecimal()]}
    try:
        calls.api(visit).call(method, _path(visit, id, "/users"), body)
    except ApiError as error:
        return shell.again(visit, show_team, error, id=id)
    added, removed = visit.gettext("The members were added."), visit.gettext("The member was taken out of the team.")
    return shell.done(visit, f"/teams/{id}", added if method == "POST" else removed)


@pages.get("/teams/{id:int}/delete")
def ask_to_delete(visit: Visit, id: int) -> Response:
    """Asks before a team is deleted, and says what goes with it."""
    api = calls.api(visit)
    team = api.get(_path(visit, id), **{"with": ["user_count"]})
    names = {
        "account.team": visit.gettext("Team"),
        "account.team.member": visit.gettext("Place in the team"),
        "account.right": visit.gettext("Right on products"),
    }
    api.will("DELETE", _path(visit, id), what=visit.gettext("Delete"))
    steps = shell.steps(api.plan("DELETE", _path(visit, id)), names)
    return shell.show(visit, "manager/team_delete.html", team=team, steps=steps, crumbs=_crumbs(visit, team["name"]))


@pages.post("/teams/{id:int}/delete")
def delete_team(visit: Visit, id: int) -> Response:
    """Deletes a team."""
    calls.api(visit).call("DELETE", _path(visit, id))
    return shell.done(visit, "/teams", visit.gettext("The team was deleted."))


def _path(visit: Visit, id: int, below: str = "") -> str:
    return path_of(visit, f"/teams/{id}{below}")


def _crumbs(visit: Visit, here: str) -> list[Link]:
    return crumbs(visit, "/teams", visit.gettext("Teams"), here)


def _services_of(visit: Visit) -> Callable[[Iterable[dict[str, Any]]], list[str]]:
    def services_of(permissions: Iterable[dict[str, Any]]) -> list[str]:
        """The services a team has rights on, in words."""
        return [service_label(visit, name) for name in _by_service(permissions).values()]

    return services_of


def _services(visit: Visit) -> list[Choice]:
    found = calls.api(visit).get(path_of(visit, "/services"))
    return [
        Choice(
            str(one["id"]),
            service_label(visit, one["name"]),
            visit.ngettext("One product", "%(num)s products", one["count"]),
        )
        for one in found
    ]


def _chosen(visit: Visit) -> list[int]:
    return [int(one) for one in visit.form.getlist("services") if one.isdecimal()]


def _others(visit: Visit, id: int) -> list[Choice]:
    """The members of the organisation who are not in a team."""
    wanted = {"filter[state_in_account]": "valid", "with": ["teams"], "order_by": "last_name"}
    members = calls.api(visit).get(path_of(visit, "/users", version=2), **wanted)
    return [
        Choice(str(one["user_id"]), one["display_name"], one["email"])
        for one in members
        if id not in [team["id"] for team in one["teams"]]
    ]


def _by_service(permissions: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The services of permissions, which name each of their rights by itself."""
    return {one["service_id"]: one["service_name"] for one in permissions}
