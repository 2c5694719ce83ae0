"""Invitations: how a person comes into the organisation."""

from collections.abc import Mapping
from time import time
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link
from alpage.web.manager import calls, shell
from alpage.web.manager.account import LOCALES, ROLE_HINTS, ROLES, choices, crumbs, path_of
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

STATES = {
    "pending": ("waiting", N_("Waiting for an answer")),
    "accepted": ("good", N_("Accepted")),
    "rejected": ("bad", N_("Declined")),
    "cancelled": ("off", N_("Cancelled")),
}
EXPIRED = ("off", N_("Expired"))
OF_LANGUAGES = {"de": "de_DE", "en": "en_GB", "es": "es_ES", "fr": "fr_FR", "it": "it_IT"}


@pages.get("/invitations")
def list_invitations(visit: Visit) -> Response:
    """The invitations, the latest first."""
    status = visit.query.get("status", "")
    asked = {"order_by": "created_at", "order": "desc", **shell.listing(visit)}
    found = calls.api(visit).list(path_of(visit, "/invitations"), **{"filter[status]": status or None}, **asked)
    everything = [("", N_("All")), *((name, words[1]) for name, words in STATES.items())]
    return shell.show(
        visit,
        "manager/invitations.html",
        invitations=found,
        is_narrowed=bool(status),
        roles=ROLES,
        state_of=state_of,
        tabs=[
            Link(visit.gettext(label), visit.here(status=name or None, page=None), current=name == status)
            for name, label in everything
        ],
    )


@pages.get("/invitations/new")
def show_new_invitation(visit: Visit) -> Response:
    """The form of a new invitation."""
    api = calls.api(visit)
    teams = api.get(path_of(visit, "/basic/teams"), order_by="name")
    example = {"email": "…", "first_name": "…", "last_name": "…", "role_type": "normal", "locale": "en_GB", "teams": []}
    api.will("POST", path_of(visit, "/invitations"), example, what=visit.gettext("Invite"))
    return shell.show(
        visit,
        "manager/invitation_new.html",
        crumbs=crumbs(visit, "/invitations", visit.gettext("Invitations"), visit.gettext("Invite a person")),
        role_choices=choices(visit, ROLES, ROLE_HINTS),
        locales=[Choice(value, label) for value, label in LOCALES.items()],
        locale=OF_LANGUAGES[visit.language],
        teams=[Choice(str(one["id"]), one["name"]) for one in teams],
    )


@pages.post("/invitations/new")
def create_invitation(visit: Visit) -> Response:
    """Invites a person, by mail or with a link that is to be passed on."""
    fields = ("email", "first_name", "last_name", "role_type", "locale")
    body: dict[str, Any] = {name: visit.form.get(name, "").strip() for name in fields}
    body["teams"] = [int(one) for one in visit.form.getlist("teams") if one.isdecimal()]
    body |= {name: name in visit.form for name in ("strict", "silent")}
    body["permissions"] = {"billing": "billing" in visit.form}
    try:
        made = calls.api(visit).call("POST", path_of(visit, "/invitations"), body).data
    except ApiError as error:
        return shell.again(visit, show_new_invitation, error)
    return shell.done(visit, f"/invitations/{made['id']}", visit.gettext("The invitation was made."))


@pages.get("/invitations/{id:int}")
def show_invitation(visit: Visit, id: int) -> Response:
    """An invitation: its link as long as it is good for something, what it brings, its state."""
    api = calls.api(visit)
    invitation = api.get(_path(visit, id), **{"with": ["teams"]})
    state = state_of(invitation)
    is_open = state == STATES["pending"]
    if is_open:
        api.will("DELETE", _path(visit, id), what=visit.gettext("Cancel the invitation"))
    return shell.show(
        visit,
        "manager/invitation.html",
        invitation=invitation,
        crumbs=crumbs(visit, "/invitations", visit.gettext("Invitations"), invitation["email"]),
        state=state,
        is_open=is_open,
        may_cancel=invitation["status"] == "pending",
        roles=ROLES,
        locales=LOCALES,
    )


@pages.post("/invitations/{id:int}/cancel")
def cancel_invitation(visit: Visit, id: int) -> Response:
    """Cancels an invitation."""
    try:
        calls.api(visit).call("DELETE", _path(visit, id))
    except ApiError as error:
        return shell.again(visit, show_invitation, error, id=id)
    return shell.done(visit, "/invitations", visit.gettext("The invitation was cancelled: its link is of no more use."))


def state_of(invitation: Mapping[str, Any]) -> tuple[str, str]:
    """How an invitation is, as a kind of state and a message."""
    if invitation["status"] == "pending" and invitation["expired_at"] and invitation["expired_at"] <= time():
        return EXPIRED
    return STATES[invitation["status"]]


def _path(visit: Visit, id: int) -> str:
    return path_of(visit, f"/invitations/{id}")
