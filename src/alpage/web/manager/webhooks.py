"""Webhooks of the account: the list, one of them, making, changing, pausing, deleting.

Their secrets are in `webhook_secrets.py`, what was sent in `webhook_deliveries.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.figures import Figure, Series
from alpage.web.design.parts import Choice, Link, Step
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError
from alpage.web.translations.catalogues import N_

pages = Pages()

BELOW = "/v3/ng/accounts/webhooks"
LIST = f"{BELOW}/list"
ONE = BELOW + "/{webhook_id:int}"
EVERYTHING = "*"
STATES = {
    "active": ("good", N_("Active")),
    "failing": ("warning", N_("Failing")),
    "paused": ("off", N_("Paused")),
    "disabled": ("bad", N_("Switched off")),
}
DELIVERY_STATES = {
    "succeeded": ("good", N_("Arrived")),
    "waiting": ("waiting", N_("Waiting")),
    "failed": ("bad", N_("Given up")),
}
NEW: dict[str, Any] = {"url": "", "description": "", "events": [EVERYTHING], "is_active": True}
LATEST = 10  # messages on the page of a webhook


@pages.get(LIST)
def list_webhooks(visit: Visit) -> Response:
    """The webhooks of the account."""
    try:
        found = calls.api(visit).list(path(visit), **{"with": "status", "order_by": "url", **shell.listing(visit)})
    except ApiError as error:
        if error.status != 403:
            raise
        return shell.show(visit, "manager/webhooks.html", webhooks=None)
    return shell.show(visit, "manager/webhooks.html", webhooks=found, states=STATES)


@pages.get(f"{BELOW}/new")
def ask_for_webhook(visit: Visit) -> Response:
    """What a new webhook is to be."""
    body = {"url": "https://…", "events": ["dns.record.*"]}
    calls.api(visit).will("POST", path(visit), body, what=visit.gettext("Make the webhook"))
    return shell.show(
        visit,
        "manager/webhook_new.html",
        webhook=NEW,
        **_choices(visit, NEW["events"]),
        crumbs=crumbs(visit, (visit.gettext("New"), "")),
    )


@pages.post(f"{BELOW}/new")
def create_webhook(visit: Visit) -> Response:
    """Makes a webhook, and shows its secret."""
    try:
        made = calls.api(visit).call("POST", path(visit), _body(visit)).data
    except ApiError as error:
        return shell.again(visit, ask_for_webhook, error)
    return show_secret(visit, made, made["secret"])


@pages.get(ONE)
def show_webhook(visit: Visit, webhook_id: int) -> Response:
    """One webhook: how it is doing, what was sent to it lately, and its secrets."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place, **{"with": "status"})
    return shell.show(
        visit,
        "manager/webhook.html",
        webhook=webhook,
        states=STATES,
        delivery_states=DELIVERY_STATES,
        figure=_figure(visit, api.get(f"{place}/hours")),
        deliveries=api.get(f"{place}/deliveries", order_by="id", order="desc", limit=LATEST),
        secrets=api.get(f"{place}/secrets"),
        crumbs=crumbs(visit, (webhook["url"], "")),
    )


@pages.get(ONE + "/edit")
def ask_for_changes(visit: Visit, webhook_id: int) -> Response:
    """What to change of a webhook."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place)
    api.will("PATCH", place, {"url": webhook["url"]}, what=visit.gettext("Change the webhook"))
    return shell.show(
        visit,
        "manager/webhook_edit.html",
        webhook=webhook,
        **_choices(visit, webhook["events"]),
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook_id}"), (visit.gettext("Change"), "")),
    )


@pages.post(ONE + "/edit")
def change_webhook(visit: Visit, webhook_id: int) -> Response:
    """Changes a webhook."""
    try:
        calls.api(visit).call("PATCH", path(visit, webhook_id), _body(visit))
    except ApiError as error:
        return shell.again(visit, ask_for_changes, error, webhook_id=webhook_id)
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("The webhook was changed."))


@pages.post(ONE + "/pause")
def pause_webhook(visit: Visit, webhook_id: int) -> Response:
    """Has nothing sent to a webhook for now."""
    calls.api(visit).call("PATCH", path(visit, webhook_id), {"is_active": False})
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("The webhook is paused."))


@pages.post(ONE + "/resume")
def resume_webhook(visit: Visit, webhook_id: int) -> Response:
    """Has a webhook told again."""
    calls.api(visit).call("PATCH", path(visit, webhook_id), {"is_active": True})
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("The webhook is told again, from now on."))


@pages.get(ONE + "/delete")
def ask_to_delete(visit: Visit, webhook_id: int) -> Response:
    """Asks before a webhook is deleted."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place)
    api.plan("DELETE", place)
    api.will("DELETE", place, what=visit.gettext("Delete the webhook"))
    return shell.show(
        visit,
        "manager/webhook_delete.html",
        webhook=webhook,
        steps=[Step("delete", webhook["url"])],
        back=visit.url(f"{BELOW}/{webhook_id}"),
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook_id}"), (visit.gettext("Delete"), "")),
    )


@pages.post(ONE + "/delete")
def delete_webhook(visit: Visit, webhook_id: int) -> Response:
    """Deletes a webhook."""
    calls.api(visit).call("DELETE", path(visit, webhook_id))
    return shell.done(visit, LIST, visit.gettext("The webhook was deleted."))


def show_secret(visit: Visit, webhook: Mapping[str, Any], secret: str) -> Response:
    """The secret that was just made for a webhook."""
    return shell.show(
        visit,
        "manager/webhook_secret.html",
        201,
        webhook=webhook,
        secret=secret,
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook['id']}")),
    )


def path(visit: Visit, webhook_id: int | None = None) -> str:
    """Where the API has the webhooks of the account, or one of them."""
    account = shell.account(visit)
    if account is None:
        raise PageError(404)
    below = f"/1/accounts/{account['id']}/webhooks"
    return below if webhook_id is None else f"{below}/{webhook_id}"


def crumbs(visit: Visit, *steps: tuple[str, str]) -> list[Link]:
    """Where a page below the list is; the last step is the page itself."""
    links = [Link(visit.gettext("Webhooks"), visit.url(LIST))]
    return links + [
        Link(label, visit.url(below) if below else visit.here(), current=not below) for label, below in steps
    ]


def _figure(visit: Visit, hours: Sequence[Mapping[str, int]]) -> Figure | None:
    """The last day, by the hour: all messages, and before them those that have arrived."""
    sent = [hour["succeeded"] + hour["waiting"] + hour["failed"] for hour in hours]
    if not any(sent):
        return None
    arrived = [hour["succeeded"] for hour in hours]
    return Figure(
        visit.gettext("Messages an hour"),
        [hour["at"] for hour in hours],
        [Series(visit.gettext("arrived"), arrived), Series(visit.gettext("sent"), sent)],
        kind="bars",
    )


def _choices(visit: Visit, chosen: Sequence[str]) -> dict[str, Any]:
    """What may be chosen among the events: everything, all of what an object can have, and others by name."""
    names = {event["name"].rpartition(".")[0] for event in calls.api(visit).get("/1/webhooks/events")}
    offered = [Choice(f"{name}.*", f"{name}.*") for name in sorted(names)]
    values = {choice.value for choice in offered}
    return {
        "offered": offered,
        "others": [name for name in chosen if name not in values and name != EVERYTHING],
        "which": [
            Choice("all", visit.gettext("Everything that changes in the organisation")),
            Choice("some", visit.gettext("Only the events chosen below")),
        ],
    }


def _body(visit: Visit) -> dict[str, Any]:
    form = visit.form
    chosen = [*form.getlist("events"), *form.get("others", "").split()]
    return {
        "url": form.get("url", ""),
        "description": form.get("description", ""),
        "events": [EVERYTHING] if form.get("which") == "all" else chosen,
    }
