"""Authenticators: apps that show a number to sign in with."""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, shell
from alpage.web.manager.security import SECURITY, crumbs
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()

AUTHENTICATORS = "/1/profile/authenticators"
BELOW = f"{SECURITY}/authenticators"
SETUP, SETUP_SECONDS = "authenticator", 900  # what is shown while the first number is waited for, sealed into the form


@pages.get(f"{BELOW}/new")
def ask_for_authenticator(visit: Visit) -> Response:
    """What a new authenticator is to be called."""
    api = calls.api(visit)
    api.require_fresh("POST", AUTHENTICATORS)
    api.will("POST", AUTHENTICATORS, {"name": "…"}, what=visit.gettext("Begin to add an authenticator"))
    return shell.show(visit, "manager/authenticator_new.html", crumbs=_crumbs(visit))


@pages.post(f"{BELOW}/new")
def begin_authenticator(visit: Visit) -> Response:
    """Shows the picture to point the app at."""
    try:
        begun = calls.api(visit).call("POST", AUTHENTICATORS, {"name": visit.form.get("name", "")}).data
    except ApiError as error:
        return shell.again(visit, ask_for_authenticator, error)
    return _show_setup(visit, {name: begun[name] for name in ("id", "name", "secret", "qr_code")})


@pages.post(f"{BELOW}/confirm")
def confirm_authenticator(visit: Visit) -> Response:
    """Takes the first number of the app."""
    begun = visit.unseal(SETUP, visit.form.get("setup", ""))
    if begun is None:
        raise PageError(400)
    try:
        calls.api(visit).call("POST", f"{AUTHENTICATORS}/{begun['id']}/confirm", {"code": visit.form.get("code", "")})
    except ApiError as error:
        return shell.again(visit, _show_setup, error, begun=begun)
    return shell.done(
        visit, SECURITY, visit.gettext("The authenticator was added. You are asked for its number from now on.")
    )


@pages.get(BELOW + "/{authenticator_id:int}/delete")
def ask_to_delete(visit: Visit, authenticator_id: int) -> Response:
    """Asks before an authenticator is deleted."""
    api, path = calls.api(visit), f"{AUTHENTICATORS}/{authenticator_id}"
    api.require_fresh("DELETE", path)
    name = next((one["name"] for one in api.get(AUTHENTICATORS) if one["id"] == authenticator_id), None)
    if name is None:
        raise PageError(404)
    api.will("DELETE", path, what=visit.gettext("Delete the authenticator"))
    return shell.show(
        visit,
        "manager/factor_delete.html",
        name=name,
        sentence=visit.gettext("Its numbers are good no more."),
        crumbs=crumbs(visit, name),
    )


@pages.post(BELOW + "/{authenticator_id:int}/delete")
def delete_authenticator(visit: Visit, authenticator_id: int) -> Response:
    """Deletes an authenticator."""
    calls.api(visit).call("DELETE", f"{AUTHENTICATORS}/{authenticator_id}")
    return shell.done(visit, SECURITY, visit.gettext("The authenticator was deleted."))


def _show_setup(visit: Visit, begun: dict[str, Any]) -> Response:
    calls.api(visit).will("POST", f"{AUTHENTICATORS}/{begun['id']}/confirm", {"code": "…"})
    return shell.show(
        visit,
        "manager/authenticator_confirm.html",
        begun=begun,
        setup=visit.seal(SETUP, begun, SETUP_SECONDS),
        crumbs=_crumbs(visit),
    )


def _crumbs(visit: Visit) -> Any:
    return crumbs(visit, visit.gettext("New authenticator"))
