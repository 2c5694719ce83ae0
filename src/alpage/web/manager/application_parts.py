"""What belongs to an application: its secrets, of which two may be good at once, and its logo."""

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, overlaps, shell
from alpage.web.manager.applications import BELOW, crumbs, path, show_application
from alpage.web.manager.profile import picture
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()

ONE = BELOW + "/{application_id:int}"
OVERLAPS = (0, 1, 7, 30)  # days that both secrets are good


@pages.get(ONE + "/secrets/new")
def ask_for_secret(visit: Visit, application_id: int) -> Response:
    """How a new secret follows the one there is."""
    api, place = calls.api(visit), path(visit, application_id)
    application = api.get(place)
    active = [one for one in api.get(f"{place}/secrets") if one["state"] == "active"]
    api.will(
        "POST", f"{place}/secrets", {overlaps.FIELD: 7 * overlaps.DAY_SECONDS}, what=visit.gettext("Make the secret")
    )
    return shell.show(
        visit,
        "manager/application_secret_new.html",
        application=application,
        active=active,
        overlaps=overlaps.choices(visit, OVERLAPS),
        crumbs=crumbs(visit, (application["name"], f"{BELOW}/{application_id}"), (visit.gettext("New secret"), "")),
    )


@pages.post(ONE + "/secrets/new")
def create_secret(visit: Visit, application_id: int) -> Response:
    """Makes a secret, and shows it this once."""
    api, place = calls.api(visit), path(visit, application_id)
    try:
        made = api.call("POST", f"{place}/secrets", overlaps.body(visit.form)).data
    except ApiError as error:
        return shell.again(visit, ask_for_secret, error, application_id=application_id)
    application = api.get(place)
    return shell.show(
        visit,
        "manager/application_secret.html",
        201,
        application=application,
        secret=made["client_secret"],
        crumbs=crumbs(visit, (application["name"], f"{BELOW}/{application_id}")),
    )


@pages.get(ONE + "/secrets/{secret_id:int}/revoke")
def ask_to_revoke(visit: Visit, application_id: int, secret_id: int) -> Response:
    """Asks before a secret is revoked."""
    api, place = calls.api(visit), path(visit, application_id)
    application = api.get(place)
    found = next((one for one in api.get(f"{place}/secrets") if one["id"] == secret_id), None)
    if found is None:
        raise PageError(404)
    api.will("DELETE", f"{place}/secrets/{secret_id}", what=visit.gettext("Revoke the secret"))
    return shell.show(
        visit,
        "manager/application_secret_revoke.html",
        application=application,
        secret=found,
        back=visit.url(f"{BELOW}/{application_id}"),
        crumbs=crumbs(visit, (application["name"], f"{BELOW}/{application_id}"), (visit.gettext("Revoke"), "")),
    )


@pages.post(ONE + "/secrets/{secret_id:int}/revoke")
def revoke_secret(visit: Visit, application_id: int, secret_id: int) -> Response:
    """Revokes a secret."""
    calls.api(visit).call("DELETE", f"{path(visit, application_id)}/secrets/{secret_id}")
    return shell.done(visit, f"{BELOW}/{application_id}", visit.gettext("The secret was revoked."))


@pages.post(ONE + "/logo")
def replace_logo(visit: Visit, application_id: int) -> Response:
    """Adds or replaces the logo."""
    try:
        calls.api(visit).call("POST", f"{path(visit, application_id)}/logo", picture(visit.files.get("logo"), "logo"))
    except ApiError as error:
        return shell.again(visit, show_application, error, application_id=application_id)
    return shell.done(visit, f"{BELOW}/{application_id}", visit.gettext("The logo was replaced."))


@pages.post(ONE + "/logo/delete")
def delete_logo(visit: Visit, application_id: int) -> Response:
    """Deletes the logo."""
    calls.api(visit).call("DELETE", f"{path(visit, application_id)}/logo")
    return shell.done(visit, f"{BELOW}/{application_id}", visit.gettext("The logo was deleted."))
