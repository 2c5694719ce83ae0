"""Deliveries of a webhook: its log, message by message, and what sends messages again."""

import secrets
from typing import Annotated, Any

from pydantic import Field, model_validator
from sqlalchemy import CursorResult, Select, case, func, select, update

from alpage.accounts import webhooks
from alpage.accounts.members import AdministeredAccount
from alpage.accounts.webhooks import ONE, READ, WRITE
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Filter, Routes, Shape
from alpage.api.validation import Number, fault
from alpage.storage.changes import Change
from alpage.tasks.webhooks import endpoints, events
from alpage.tasks.webhooks.endpoints import AT_ONCE, Cause, DeliveryState, Webhook, WebhookDelivery, newest_change

routes = Routes("Webhook deliveries")

PATH = ONE + "/deliveries"
HOUR_SECONDS = 3600
MOST_HOURS = 30 * 24  # rows are kept so long

# on the wire


class DeliveryAttempt(Shape):
    """One attempt to deliver a message. `status` is null where nothing was answered; `trouble` says why."""

    at: int
    status: int | None
    duration_ms: int
    trouble: str | None
    response: str


class Delivery(Shape):
    """A message to a webhook, with its attempts, the latest last.

    `message_id` is the header `webhook-id`, the same in every attempt. `change_id` is the change it tells; none for a
    ping. It is tried next at `next_try_at`, if it is; a moment that has passed means at once.
    """

    id: int
    message_id: str
    change_id: int | None
    event: str
    cause: Cause
    state: DeliveryState
    created_at: int
    tries: int
    next_try_at: int | None
    attempts: list[DeliveryAttempt]


class DeliveryFilter(Filter):
    """Which deliveries to list."""

    state: DeliveryState | None = None
    event: str | None = None
    change_id: Number | None = None


class DeliveryHour(Shape):
    """An hour, from `at` on: how many messages were put on their way in it, and what has become of them."""

    at: int
    succeeded: int
    waiting: int
    failed: int


class HoursQuery(Shape):
    """How far to look back."""

    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] = 24


class ReplayBody(Shape):
    """What to send again: the changes after one (`after`), or since a moment (`since`), up to another.

    With `only_failed`, the messages about them that were given up.
    """

    after: Number | None = None
    since: Number | None = None
    until: Number | None = None
    only_failed: bool = False

    @model_validator(mode="after")
    def _has_one_beginning(self) -> "ReplayBody":
        if (self.after is None) == (self.since is None):
            code = "attribute_one_of_required" if self.after is None else "attribute_conflict"
            names = {"attributes": ["after", "since"]} if self.after is None else {"others": ["since"]}
            raise fault(code, **names)
        return self


class Replay(Shape):
    """What is sent again: so many messages, about changes after one and up to another."""

    after: int
    until: int
    messages: int
    only_failed: bool


# who sees it


def visible(webhook: Webhook) -> Select[Any]:
    """The deliveries of a webhook that was found for the caller."""
    return select(*_COLUMNS, _NEXT_TRY).where(WebhookDelivery.webhook_id == webhook.id)


_COLUMNS = [column for column in WebhookDelivery.__table__.columns if column.name != "next_try_at"]
_NEXT_TRY = case(
    (WebhookDelivery.next_try_at == AT_ONCE, WebhookDelivery.created_at), else_=WebhookDelivery.next_try_at
).label("next_try_at")


def _find(call: Call, webhook: Webhook, delivery_id: int) -> Any:
    found = call.transaction.execute(visible(webhook).where(WebhookDelivery.id == delivery_id)).one_or_none()
    if found is None:
        raise not_found("Delivery", delivery_id)
    return found


# the verbs


def _hours(now: int, count: int) -> dict[int, dict[str, int]]:
    """So many hours up to the present one, with nothing counted yet."""
    last = now - now % HOUR_SECONDS
    first = last - (count - 1) * HOUR_SECONDS
    return {at: dict.fromkeys(("succeeded", "waiting", "failed"), 0) for at in range(first, last + 1, HOUR_SECONDS)}


def _counts(webhook: Webhook, since: int) -> Any:
    """How many messages are in which state, by the hour."""
    hour = WebhookDelivery.created_at - WebhookDelivery.created_at % HOUR_SECONDS
    return (
        select(hour.label("at"), WebhookDelivery.state, func.count().label("messages"))
        .where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.created_at >= since)
        .group_by(hour, WebhookDelivery.state)
    )


def _last_change(call: Call, webhook: Webhook, until: int) -> int:
    """The last change of the account up to a moment; 0 if there is none."""
    query = select(Change.id).where(Change.account_id == webhook.account_id, Change.created_at <= until)
    found: int | None = call.transaction.execute(query.order_by(Change.id.desc()).limit(1)).scalar()
    return found or 0


def _send_failed_again(call: Call, webhook: Webhook, after: int, until: int) -> int:
    """Puts messages that were given up on their way again; answers with how many."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook.id,
        WebhookDelivery.state == "failed",
        WebhookDelivery.change_id > after,
        WebhookDelivery.change_id <= until,
    )
    return _put_on_way(call, statement)


def _put_on_way(call: Call, statement: Any) -> int:
    values = {"state": "waiting", "tries": 0, "next_try_at": AT_ONCE}
    done: CursorResult[Any] = call.transaction.execute(  # type: ignore[assignment]  # of a statement that writes
        statement.values(values)
    )
    return done.rowcount


def _send_all_again(call: Call, webhook: Webhook, after: int, until: int) -> int:
    """Has the worker send changes again; answers with how many."""
    count = select(func.count()).where(
        Change.account_id == webhook.account_id, Change.id > after, Change.id <= until, events.wanted(webhook.events)
    )
    endpoints.set_progress(call.transaction, webhook.id, replay_position=after, replay_until=until)
    return int(call.transaction.execute(count).scalar_one())


# the routes


@routes.get(
    PATH,
    scope=READ,
    answer=list[Delivery],
    sort={"id": WebhookDelivery.id, "created_at": WebhookDelivery.created_at},
    search=(WebhookDelivery.event, WebhookDelivery.message_id),
    recounts=True,
)
def list_deliveries(call: Call, account: AdministeredAccount, webhook: int, filter: DeliveryFilter) -> Select[Any]:
    """List what was sent to a webhook in the last 30 days, oldest first; `order=desc` turns it round."""
    found = visible(webhooks.find(call, account.account_id, webhook))
    for name, value in filter.model_dump(exclude_none=True).items():
        found = found.where(getattr(WebhookDelivery, name) == value)
    return found


@routes.get(ONE + "/hours", scope=READ, answer=list[DeliveryHour], sort={"at": None})
def list_hours(call: Call, account: AdministeredAccount, webhook: int, query: HoursQuery) -> list[dict[str, int]]:
    """List the last hours of a webhook, oldest first, with how many messages arrived in each and how many did not."""
    found = webhooks.find(call, account.account_id, webhook)
    hours = _hours(call.real_now, query.hours)
    for row in call.transaction.execute(_counts(found, min(hours))):
        if row.at in hours:
            hours[row.at][row.state] = row.messages
    return [{"at": at, **counts} for at, counts in hours.items()]


@routes.get(PATH + "/{delivery}", scope=READ, answer=Delivery)
def show_delivery(call: Call, account: AdministeredAccount, webhook: int, delivery: int) -> Any:
    """Show a message to a webhook, with its attempts."""
    return _find(call, webhooks.find(call, account.account_id, webhook), delivery)


@routes.post(PATH + "/{delivery}/retry", scope=WRITE, answer=Delivery, status=200, errors=("state_conflict",))
def retry_delivery(call: Call, account: AdministeredAccount, webhook: int, delivery: int) -> Any:
    """Send a message once more, at once, under the same id.

    If it does not arrive, it is tried again as a new one is.
    """
    found = webhooks.find_active(call, account.account_id, webhook)
    _put_on_way(call, update(WebhookDelivery).where(WebhookDelivery.id == _find(call, found, delivery).id))
    endpoints.look_at(call.transaction, found.id)
    return _find(call, found, delivery)


@routes.post(ONE + "/test", scope=WRITE, answer=Delivery, errors=("state_conflict",))
def test_webhook(call: Call, account: AdministeredAccount, webhook: int) -> Any:
    """Send a ping to a webhook. Its delivery shows what came of it."""
    found = webhooks.find_active(call, account.account_id, webhook)
    ping = WebhookDelivery(
        webhook_id=found.id,
        message_id=f"msg_{found.id}_ping_{secrets.token_hex(8)}",
        change_id=None,
        event=events.PING,
        cause="test",
        state="waiting",
        created_at=call.real_now,
        tries=0,
        next_try_at=AT_ONCE,
        attempts=[],
    )
    call.session.add(ping)
    call.session.flush()
    endpoints.look_at(call.transaction, found.id)
    return _find(call, found, ping.id)


@routes.post(ONE + "/replay", scope=WRITE, answer=Replay, errors=("state_conflict",))
def replay(call: Call, account: AdministeredAccount, webhook: int, body: ReplayBody) -> dict[str, Any]:
    """Send changes of the past to a webhook, those of its events, in their order and under the ids they have.

    A replay takes the place of one that is under way. With `dry_run` it only says how many messages it would be.
    """
    found = webhooks.find_active(call, account.account_id, webhook)
    after = body.after if body.after is not None else _last_change(call, found, (body.since or 0) - 1)
    until = newest_change(call.transaction) if body.until is None else _last_change(call, found, body.until)
    send_again = _send_failed_again if body.only_failed else _send_all_again
    messages = send_again(call, found, after, until)
    endpoints.look_at(call.transaction, found.id)
    return {"after": after, "until": until, "messages": messages, "only_failed": body.only_failed}


@routes.delete(ONE + "/replay", scope=WRITE, answer=bool)
def stop_replay(call: Call, account: AdministeredAccount, webhook: int) -> bool:
    """Stop a replay: what is still to be sent again is not."""
    found = webhooks.find(call, account.account_id, webhook)
    endpoints.set_progress(call.transaction, found.id, replay_position=None, replay_until=None)
    return True
