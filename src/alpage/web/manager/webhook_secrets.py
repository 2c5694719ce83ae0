"""Secrets of a webhook: a new one, which follows the old one without a gap, and the end of one."""

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, overlaps, shell
from alpage.web.manager.surface import Visit
from alpage.web.manager.webhooks import BELOW, ONE, crumbs, path, show_secret
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()

OVERLAPS = (0, 1, 7, 30)  # days that both secrets sign


@pages.get(ONE + "/secrets/new")
def ask_for_secret(visit: Visit, webhook_id: int) -> Response:
    """How a new secret follows the one there is."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place)
    active = [one for one in api.get(f"{place}/secrets") if one["state"] == "active"]
    api.will("POST", f"{place}/secrets", {overlaps.FIELD: overlaps.DAY_SECONDS}, what=visit.gettext("Make the secret"))
    return shell.show(
        visit,
        "manager/webhook_secret_new.html",
        webhook=webhook,
        active=active,
        overlaps=overlaps.choices(visit, OVERLAPS),
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook_id}"), (visit.gettext("New secret"), "")),
    )


@pages.post(ONE + "/secrets/new")
def create_secret(visit: Visit, webhook_id: int) -> Response:
    """Makes a secret, and shows it this once."""
    api, place = calls.api(visit), path(visit, webhook_id)
    try:
        made = api.call("POST", f"{place}/secrets", overlaps.body(visit.form)).data
    except ApiError as error:
        return shell.again(visit, ask_for_secret, error, webhook_id=webhook_id)
    return show_secret(visit, api.get(place), made["secret"])


@pages.get(ONE + "/secrets/{secret_id:int}/revoke")
def ask_to_revoke(visit: Visit, webhook_id: int, secret_id: int) -> Response:
    """Asks before a secret is revoked."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place)
    found = next((one for one in api.get(f"{place}/secrets") if one["id"] == secret_id), None)
    if found is None:
        raise PageError(404)
    api.will("DELETE", f"{place}/secrets/{secret_id}", what=visit.gettext("Revoke the secret"))
    return shell.show(
        visit,
        "manager/webhook_secret_revoke.html",
        webhook=webhook,
        secret=found,
        back=visit.url(f"{BELOW}/{webhook_id}"),
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook_id}"), (visit.gettext("Revoke"), "")),
    )


@pages.post(ONE + "/secrets/{secret_id:int}/revoke")
def revoke_secret(visit: Visit, webhook_id: int, secret_id: int) -> Response:
    """Revokes a secret."""
    try:
        calls.api(visit).call("DELETE", f"{path(visit, webhook_id)}/secrets/{secret_id}")
    except ApiError as error:
        return shell.again(visit, ask_to_revoke, error, webhook_id=webhook_id, secret_id=secret_id)
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("The secret was revoked."))
