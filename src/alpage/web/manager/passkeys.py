"""Passkeys: renaming and deleting one. They are made on a page of the login, whose host they belong to."""

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, shell
from alpage.web.manager.security import PASSKEYS, SECURITY, crumbs
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

ONE = SECURITY + "/passkeys/{passkey_id:int}"


@pages.get(ONE)
def show_passkey(visit: Visit, passkey_id: int) -> Response:
    """What a passkey is called."""
    api, path = calls.api(visit), f"{PASSKEYS}/{passkey_id}"
    found = api.get(path)
    api.will("PATCH", path, {"name": found["name"]}, what=visit.gettext("Rename the passkey"))
    return shell.show(visit, "manager/passkey.html", passkey=found, crumbs=crumbs(visit, found["name"]))


@pages.post(ONE)
def rename_passkey(visit: Visit, passkey_id: int) -> Response:
    """Renames a passkey."""
    try:
        calls.api(visit).call("PATCH", f"{PASSKEYS}/{passkey_id}", {"name": visit.form.get("name", "")})
    except ApiError as error:
        return shell.again(visit, show_passkey, error, passkey_id=passkey_id)
    return shell.done(visit, SECURITY, visit.gettext("The passkey was renamed."))


@pages.get(f"{ONE}/delete")
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


@pages.post(f"{ONE}/delete")
def delete_passkey(visit: Visit, passkey_id: int) -> Response:
    """Deletes a passkey."""
    calls.api(visit).call("DELETE", f"{PASSKEYS}/{passkey_id}")
    return shell.done(visit, SECURITY, visit.gettext("The passkey was deleted."))
