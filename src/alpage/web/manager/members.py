"""Members: who belongs to the organisation, in which role, and what each reaches."""

from functools import partial
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice
from alpage.web.manager import calls, shell
from alpage.web.manager.account import ROLE_HINTS, ROLES, administers, choices, crumbs, path_of, service_label
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError
from alpage.web.translations.catalogues import N_

pages = Pages()

RIGHTS = {
    "technical": N_("Change it"),
    "statistic": N_("See its figures"),
    "check": N_("See its state"),
    "sale": N_("Order and renew"),
}


@pages.get("/members")
def list_members(visit: Visit) -> Response:
    """The members."""
    role = visit.query.get("role", "")
    wanted = {"filter[state_in_account]": "valid", "filter[role_type]": role or None}
    asked = {"order_by": "last_name", "with": ["teams"], **shell.listing(visit)}
    found = calls.api(visit).list(path_of(visit, "/users", version=2), **wanted, **asked)
    return shell.show(
        visit,
        "manager/members.html",
        members=found,
        may_administer=administers(visit),
        role=role,
        roles=ROLES,
        role_choices=[Choice("", visit.gettext("Every role")), *choices(visit, ROLES)],
    )


@pages.get("/members/{id:int}")
def show_member(visit: Visit, id: int) -> Response:
    """A member: his role, his teams, what he reaches."""
    member, is_self = _find(visit, id), shell.profile(visit)["id"] == id
    may_administer = administers(visit)
    api = calls.api(visit)
    if may_administer:
        api.will("PATCH", _path(visit, id), {"role_type": member["role_type"]}, what=visit.gettext("Change the role"))
        api.will("DELETE", _path(visit, id), what=visit.gettext("Take out of the organisation"))
    return shell.show(
        visit,
        "manager/member.html",
        member=member,
        is_self=is_self,
        may_administer=may_administer,
        accesses=api.get(f"{_path(visit, id)}/app_accesses") if is_self or may_administer else {},
        roles=ROLES,
        role_choices=choices(visit, ROLES, ROLE_HINTS),
        rights=RIGHTS,
        service_label=partial(service_label, visit),
        crumbs=crumbs(visit, "/members", visit.gettext("Members"), member["display_name"]),
    )


@pages.post("/members/{id:int}")
def change_role(visit: Visit, id: int) -> Response:
    """Gives a member another role."""
    try:
        calls.api(visit).call("PATCH", _path(visit, id), {"role_type": visit.form.get("role_type", "")})
    except ApiError as error:
        return shell.again(visit, show_member, error, id=id)
    return shell.done(visit, f"/members/{id}", visit.gettext("The role was changed."))


@pages.get("/members/{id:int}/remove")
def ask_to_remove(visit: Visit, id: int) -> Response:
    """Asks before a member is taken out of the organisation, and says what he loses."""
    member, is_self = _find(visit, id), shell.profile(visit)["id"] == id
    api = calls.api(visit)
    api.will("DELETE", _path(visit, id), what=visit.gettext("Take out of the organisation"))
    try:
        changes = api.plan("DELETE", _path(visit, id))
    except ApiError as error:
        return shell.again(visit, show_member, error, id=id)
    names = {
        "account.member": visit.gettext("Place in the organisation"),
        "account.team.member": visit.gettext("Place in a team"),
        "account.right": visit.gettext("Right on products"),
        "account.team": visit.gettext("Team"),
        "user": visit.gettext("Organisation worked in"),
    }
    steps = [] if is_self else shell.steps(changes, names)
    return shell.show(
        visit,
        "manager/member_remove.html",
        member=member,
        is_self=is_self,
        steps=steps,
        crumbs=crumbs(visit, "/members", visit.gettext("Members"), member["display_name"]),
    )


@pages.post("/members/{id:int}/remove")
def remove_member(visit: Visit, id: int) -> Response:
    """Takes a member out of the organisation."""
    is_self = shell.profile(visit)["id"] == id
    try:
        calls.api(visit).call("DELETE", _path(visit, id))
    except ApiError as error:
        return shell.again(visit, show_member, error, id=id)
    sentence = visit.gettext("You have left the organisation.") if is_self else visit.gettext("The member was removed.")
    return shell.done(visit, "/" if is_self else "/members", sentence)


def _path(visit: Visit, id: int) -> str:
    return path_of(visit, f"/users/{id}", version=2)


def _find(visit: Visit, id: int) -> dict[str, Any]:
    wanted = {"filter[state_in_account]": "valid", "filter[user_ids]": [id], "with": ["teams"]}
    found: list[dict[str, Any]] = calls.api(visit).get(path_of(visit, "/users", version=2), **wanted)
    if not found:
        raise PageError(404)
    return found[0]
