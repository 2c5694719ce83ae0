"""Passkeys: adding one, which the browser makes, and deleting one."""

import json
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, shell
from alpage.web.manager.security import SECURITY, crumbs
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

PASSKEYS = "/1/profile/passkeys"
BELOW = f"{SECURITY}/passkeys"


@pages.get(f"{BELOW}/new")
def ask_for_passkey(visit: Visit) -> Response:
    """What a new passkey is to be called."""
    api = calls.api(visit)
    api.require_fresh("POST", PASSKEYS)
    api.will("POST", f"{PASSKEYS}/options", what=visit.gettext("Begin to add a passkey"))
    return shell.show(visit, "manager/passkey_new.html", crumbs=crumbs(visit, visit.gettext("New passkey")))


@pages.post(f"{BELOW}/new")
def begin_passkey(visit: Visit) -> Response:
    """Has the browser make a passkey."""
    api = calls.api(visit)
    begun = api.call("POST", f"{PASSKEYS}/options").data
    api.will("POST", PASSKEYS, {"name": visit.form.get("name", ""), "ticket": "…", "response": {}})
    return shell.show(
        visit,
        "manager/passkey_make.html",
        options=json.dumps(begun["options"]),
        ticket=begun["ticket"],
        name=visit.form.get("name", ""),
        crumbs=crumbs(visit, visit.gettext("New passkey")),
    )


@pages.post(BELOW)
def add_passkey(visit: Visit) -> Response:
    """Takes what the browser has made."""
    body = {
        "ticket": visit.form.get("ticket", ""),
        "response": _made(visit.form.get("response", "")),
        "name": visit.form.get("name", ""),
    }
    try:
        calls.api(visit).call("POST", PASSKEYS, body)
    except ApiError as error:
        return shell.again(visit, ask_for_passkey, error)
    return shell.done(visit, SECURITY, visit.gettext("The passkey was added. You can sign in with it from now on."))


@pages.get(BELOW + "/{passkey_id:int}/delete")
def ask_to_delete(visit: Visit, passkey_id: int) -> Response:
    """Asks before a passkey is deleted."""
    api, path = calls.api(visit), f"{PASSKEYS}/{passkey_id}"
    api.require_fresh("DELETE", path)
    found = api.get(path)
    api.will("DELETE", path, what=visit.gettext("Delete the passkey"))
    return shell.show(
        visit,
        "manager/factor_delete.html",
        name=found["name"],
        sentence=visit.gettext("Nobody can sign in with it any more. Delete it on the device as well."),
        crumbs=crumbs(visit, found["name"]),
    )


@pages.post(BELOW + "/{passkey_id:int}/delete")
def delete_passkey(visit: Visit, passkey_id: int) -> Response:
    """Deletes a passkey."""
    calls.api(visit).call("DELETE", f"{PASSKEYS}/{passkey_id}")
    return shell.done(visit, SECURITY, visit.gettext("The passkey was deleted."))


def _made(response: str) -> Any:
    """What the browser answered; what cannot be read is for the API to refuse."""
    try:
        return json.loads(response)
    except ValueError:
        return {}
