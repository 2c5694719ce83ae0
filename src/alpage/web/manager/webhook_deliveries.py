"""What was sent to a webhook: the log, a message with its attempts, pings, and sending again with its plan."""

from time import time
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.manager.webhooks import BELOW, DELIVERY_STATES, ONE, crumbs, path
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

HOUR_SECONDS, DAY_SECONDS = 3600, 86400
SPANS = {
    str(HOUR_SECONDS): N_("Of the last hour"),
    str(DAY_SECONDS): N_("Of the last day"),
    str(7 * DAY_SECONDS): N_("Of the last 7 days"),
    str(30 * DAY_SECONDS): N_("Of the last 30 days"),
    "missed": N_("Since something last arrived"),
    "all": N_("From the beginning"),
}


@pages.get(ONE + "/deliveries")
def list_deliveries(visit: Visit, webhook_id: int) -> Response:
    """What was sent to a webhook, the latest first."""
    api, place = calls.api(visit), path(visit, webhook_id)
    state = visit.query.get("state", "")
    asked = {"order_by": "id", "order": "desc", **shell.listing(visit), "filter[state]": state or None}
    webhook = api.get(place)
    tabs = {"": N_("All"), **{name: label for name, (_kind, label) in DELIVERY_STATES.items()}}
    return shell.show(
        visit,
        "manager/webhook_deliveries.html",
        webhook=webhook,
        deliveries=api.list(f"{place}/deliveries", **asked),
        states=DELIVERY_STATES,
        is_narrowed=bool(state or visit.query.get("search")),
        tabs=[
            Link(visit.gettext(label), visit.here(state=name or None, page=None), current=name == state)
            for name, label in tabs.items()
        ],
        crumbs=crumbs(visit, (webhook["url"], f"{BELOW}/{webhook_id}"), (visit.gettext("Messages"), "")),
    )


@pages.get(ONE + "/deliveries/{delivery_id:int}")
def show_delivery(visit: Visit, webhook_id: int, delivery_id: int) -> Response:
    """A message, with its attempts."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place)
    delivery = api.get(f"{place}/deliveries/{delivery_id}")
    api.will("POST", f"{place}/deliveries/{delivery_id}/retry", {}, what=visit.gettext("Send it once more"))
    log = f"{BELOW}/{webhook_id}/deliveries"
    return shell.show(
        visit,
        "manager/webhook_delivery.html",
        webhook=webhook,
        delivery=delivery,
        states=DELIVERY_STATES,
        crumbs=crumbs(
            visit,
            (webhook["url"], f"{BELOW}/{webhook_id}"),
            (visit.gettext("Messages"), log),
            (delivery["message_id"], ""),
        ),
    )


@pages.post(ONE + "/deliveries/{delivery_id:int}/retry")
def retry_delivery(visit: Visit, webhook_id: int, delivery_id: int) -> Response:
    """Sends a message once more."""
    calls.api(visit).call("POST", f"{path(visit, webhook_id)}/deliveries/{delivery_id}/retry", {})
    page = f"{BELOW}/{webhook_id}/deliveries/{delivery_id}"
    return shell.done(visit, page, visit.gettext("The message is on its way."))


@pages.post(ONE + "/test")
def test_webhook(visit: Visit, webhook_id: int) -> Response:
    """Sends a ping, and shows what comes of it."""
    sent = calls.api(visit).call("POST", f"{path(visit, webhook_id)}/test", {}).data
    page = f"{BELOW}/{webhook_id}/deliveries/{sent['id']}"
    return shell.done(visit, page, visit.gettext("A ping is on its way."))


@pages.get(ONE + "/replay")
def ask_for_replay(visit: Visit, webhook_id: int) -> Response:
    """Which changes to send again."""
    webhook = calls.api(visit).get(path(visit, webhook_id), **{"with": "status"})
    return shell.show(
        visit,
        "manager/webhook_replay.html",
        webhook=webhook,
        spans=[Choice(value, visit.gettext(label)) for value, label in SPANS.items()],
        crumbs=_crumbs_of_replay(visit, webhook),
    )


@pages.post(ONE + "/replay")
def plan_replay(visit: Visit, webhook_id: int) -> Response:
    """Says how much would be sent again, before it is."""
    api, place = calls.api(visit), path(visit, webhook_id)
    webhook = api.get(place, **{"with": "status"})
    body = {"since": _beginning(visit, webhook), "only_failed": bool(visit.form.get("only_failed"))}
    try:
        plan = api.call("POST", f"{place}/replay", body, dry_run=1).data
    except ApiError as error:
        return shell.again(visit, ask_for_replay, error, webhook_id=webhook_id)
    fields = {"after": plan["after"], "only_failed": "1" if plan["only_failed"] else ""}
    api.will("POST", f"{place}/replay", {"after": plan["after"], "only_failed": plan["only_failed"]})
    return shell.show(
        visit,
        "manager/webhook_replay_plan.html",
        webhook=webhook,
        plan=plan,
        fields=fields,
        crumbs=_crumbs_of_replay(visit, webhook),
    )


@pages.post(ONE + "/replay/start")
def start_replay(visit: Visit, webhook_id: int) -> Response:
    """Sends changes again."""
    after = visit.form.get("after", "")
    body = {"after": int(after) if after.isdecimal() else 0, "only_failed": bool(visit.form.get("only_failed"))}
    calls.api(visit).call("POST", f"{path(visit, webhook_id)}/replay", body)
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("The messages are on their way."))


@pages.post(ONE + "/replay/stop")
def stop_replay(visit: Visit, webhook_id: int) -> Response:
    """Ends a replay."""
    calls.api(visit).call("DELETE", f"{path(visit, webhook_id)}/replay")
    return shell.done(visit, f"{BELOW}/{webhook_id}", visit.gettext("Nothing more is sent again."))


def _beginning(visit: Visit, webhook: dict[str, Any]) -> int:
    """The moment a replay begins at, as it was chosen."""
    span = visit.form.get("span", "")
    if span == "missed":
        return int(webhook["status"]["last_success_at"] or 0)
    return max(0, int(time()) - int(span)) if span.isdecimal() and span in SPANS else 0


def _crumbs_of_replay(visit: Visit, webhook: dict[str, Any]) -> list[Link]:
    return crumbs(visit, (webhook["url"], f"{BELOW}/{webhook['id']}"), (visit.gettext("Send again"), ""))
