"""Webhooks of an account: who administers it has changes sent to addresses of his.

Their tables, and the worker that sends, are in `tasks/webhooks/`.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy import Select, delete, func, select

from alpage.accounts.members import AdministeredAccount, administered, find_to_administer
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.expansion import computed
from alpage.api.history import CREDENTIAL, SUBJECTS, Subject, Undo, Work, put_back
from alpage.api.routes import ANY_TOKEN, Expansion, Routes, Shape
from alpage.api.validation import not_among
from alpage.identity.credentials import derive_key, pepper_of
from alpage.settings import Settings
from alpage.tasks import outbound
from alpage.tasks.webhooks import endpoints, events
from alpage.tasks.webhooks.endpoints import (
    MAX_URL_LENGTH,
    Reason,
    State,
    Webhook,
    WebhookProgress,
    WebhookSecret,
)

routes = Routes("Webhooks")

READ, WRITE = "webhooks:read", "webhooks:write"
PATH = "/1/accounts/{account}/webhooks"
ONE = PATH + "/{webhook}"
MOST_WEBHOOKS = 25  # of an account
MOST_EVENTS = 100

# on the wire

Url = Annotated[str, Field(max_length=MAX_URL_LENGTH)]
Description = Annotated[str, Field(max_length=1000)]
Events = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_EVENTS)]


class WebhookStatus(Shape):
    """How an endpoint is doing. `failure_count` is how many attempts have failed since the last that did not.

    `replay_position` and `replay_until` are changes: what is being sent again, while something is.
    """

    state: State
    last_success_at: int | None
    last_failure_at: int | None
    failure_count: int
    held_until: int | None
    replay_position: int | None
    replay_until: int | None


def _status(row: Any) -> dict[str, Any]:
    return {
        "state": row.state,
        "last_success_at": row.last_success_at,
        "last_failure_at": row.last_failure_at,
        "failure_count": row.failures,
        "held_until": row.held_until or None,
        "replay_position": row.replay_position,
        "replay_until": row.replay_until,
    }


class WebhookDetails(Shape):
    """A webhook of an account: the address that is told, and of which events.

    `disabled_at` and `disabled_reason` say when it was switched off for you, and why: `gone` (it answered 410) or
    `failing` (nothing has arrived in days).
    """

    id: int
    account_id: int
    user_id: int
    url: str
    description: str
    events: list[str]
    is_active: bool
    created_at: int
    disabled_at: int | None
    disabled_reason: Reason | None
    status: WebhookStatus | None = None
    expansions: ClassVar[dict[str, Expansion]] = {"status": computed("status", _status)}


class NewWebhook(WebhookDetails):
    """A new webhook; this is the only time `secret` is seen."""

    secret: str


class WebhookBody(Shape):
    """A webhook to make.

    `events` has names of events (`dns.record.created`), kinds of objects (`dns.record`), and patterns: `dns.*` for all
    that begins so, `*` for everything.
    """

    url: Url
    description: Description = ""
    events: Events = (events.EVERYTHING,)
    is_active: bool = True


class WebhookChanges(Shape):
    """What to change of a webhook."""

    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    is_active: bool | None = None


class WebhookEvent(Shape):
    """An event that webhooks are told of."""

    name: str


# who sees it


def visible(caller: Caller) -> Select[Any]:
    """The webhooks of the accounts a caller administers, each with how far it has come."""
    progress = [column for column in WebhookProgress.__table__.columns if column.name != "webhook_id"]
    return (
        select(Webhook.__table__, *progress, endpoints.state().label("state"))
        .join(WebhookProgress, WebhookProgress.webhook_id == Webhook.id)
        .where(Webhook.account_id.in_(administered(caller)))
    )


def find(call: Call, account_id: int, webhook_id: int) -> Webhook:
    """A webhook of an account the caller administers, held until the commit. Raises `object_not_found`."""
    query = select(Webhook).where(
        Webhook.account_id == account_id,
        Webhook.account_id.in_(administered(call.caller)),
        Webhook.id == webhook_id,
    )
    found: Webhook | None = call.transaction.find(query.with_for_update() if call.writes else query)
    if found is None:
        raise not_found("Webhook", webhook_id)
    return found


def find_active(call: Call, account_id: int, webhook_id: int) -> Webhook:
    """The same of one that is told something. Raises `state_conflict` for one that is not."""
    found = find(call, account_id, webhook_id)
    if not found.is_active:
        state: State = "paused" if found.disabled_at is None else "disabled"
        raise ApiError(
            "state_conflict", model="Webhook", id=found.id, state=state, allowed_states=["active", "failing"]
        )
    return found


# the verbs


def signing_key(settings: Settings) -> bytes:
    """The key the secrets of webhooks are derived from."""
    return derive_key(pepper_of(settings), "the secrets of webhooks")


def _require_sound(call: Call, body: WebhookBody | WebhookChanges) -> None:
    """Raises all faults of a webhook, taken together."""
    faults = []
    if body.url is not None and (reason := outbound.trouble_of(body.url, private=call.settings.private_callbacks)):
        faults.append(Fault("attribute_callback", "url", {"reason": reason}))
    for index, pattern in enumerate(body.events or ()):
        if pattern not in events.patterns():
            faults.append(not_among("attribute_in", f"events.{index}", pattern, [*events.patterns()]))
    if faults:
        raise invalid(*faults)


def _require_reach(call: Call, asked: Iterable[str]) -> None:
    """Raises `all_scopes` unless the caller may read himself what is sent."""
    hidden = events.kinds_of(asked) - SUBJECTS.readable(call.caller)
    if hidden:
        missing = sorted({SUBJECTS[kind].reads[0] for kind in hidden})
        raise ApiError("all_scopes", scopes=missing, granted=sorted(call.caller.scopes))


def _require_room(call: Call, account_id: int) -> None:
    used = call.transaction.execute(
        select(func.count()).select_from(Webhook).where(Webhook.account_id == account_id)
    ).scalar_one()
    if used >= MOST_WEBHOOKS:
        raise ApiError("limit_exceeded_error", limit=MOST_WEBHOOKS, used=used)


def _shown(call: Call, webhook: Webhook) -> Select[Any]:
    return visible(call.caller).where(Webhook.id == webhook.id)


# the routes


@routes.get("/1/webhooks/events", scope=ANY_TOKEN, answer=list[WebhookEvent], sort={"name": None}, search=("name",))
def list_events(call: Call) -> list[dict[str, str]]:
    """List the events that webhooks are told of, by name.

    The name of a kind of object stands for all its events: `dns.record`. A pattern stands for all that begins so:
    `dns.*`; and `*` for every event.
    """
    return [{"name": name} for name in events.names()]


@routes.get(
    PATH,
    scope=READ,
    answer=list[WebhookDetails],
    sort={"id": Webhook.id, "url": Webhook.url, "created_at": Webhook.created_at},
    search=(Webhook.url, Webhook.description),
    recounts=True,
)
def list_webhooks(call: Call, account: AdministeredAccount) -> Select[Any]:
    """List the webhooks of an account. `with=status` says how each is doing."""
    return visible(call.caller).where(Webhook.account_id == account.account_id)


@routes.get(ONE, scope=READ, answer=WebhookDetails)
def show_webhook(call: Call, account: AdministeredAccount, webhook: int) -> Select[Any]:
    """Show a webhook. `with=status` says how it is doing."""
    return _shown(call, find(call, account.account_id, webhook))


@routes.post(PATH, scope=WRITE, answer=NewWebhook, errors=("limit_exceeded_error",))
def create_webhook(call: Call, account: AdministeredAccount, body: WebhookBody) -> dict[str, Any]:
    """Have the changes of an account sent to an address.

    Messages are signed as the Standard Webhooks specification says. `secret` is shown this once. What changes from now
    on is sent; a replay sends what happened before. The token of this call must be one that may read all that is sent.
    """
    _require_sound(call, body)
    _require_reach(call, body.events)
    _require_room(call, account.account_id)
    webhook = Webhook(
        account_id=account.account_id,
        user_id=call.caller.user_id,
        created_at=call.real_now,
        **{**body.model_dump(), "events": [*body.events]},
    )
    call.session.add(webhook)
    call.session.flush()
    endpoints.begin(call.transaction, webhook)
    _, secret = endpoints.add_secret(call.session, webhook, signing_key(call.settings), call.real_now)
    return {**WebhookDetails.present(webhook, call), "secret": secret}


@routes.patch(ONE, scope=WRITE, answer=WebhookDetails)
def update_webhook(call: Call, account: AdministeredAccount, webhook: int, body: WebhookChanges) -> Select[Any]:
    """Change a webhook.

    `is_active` false pauses it. True has it told again, of what changes from now on and of messages that still wait; a
    replay sends what it has missed.
    """
    found = find(call, account.account_id, webhook)
    _require_sound(call, body)
    if body.url is not None or body.events is not None:
        _require_reach(call, body.events or found.events)
    begins_again = bool(body.is_active) and not found.is_active
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(found, name, [*value] if isinstance(value, tuple) else value)
    if body.is_active is not None:
        found.disabled_at = found.disabled_reason = None
    call.session.flush()
    if begins_again:
        endpoints.begin_again(call.transaction, found.id)
    elif body.url is not None:
        endpoints.look_at(call.transaction, found.id)  # a new address may do better
    return _shown(call, found)


@routes.delete(ONE, scope=WRITE, answer=bool)
def delete_webhook(call: Call, account: AdministeredAccount, webhook: int) -> bool:
    """Delete a webhook: nothing is sent to it any more, and its secrets and its log are gone."""
    found = find(call, account.account_id, webhook)
    call.transaction.execute(delete(WebhookProgress).where(WebhookProgress.webhook_id == found.id))
    for secret in call.session.scalars(select(WebhookSecret).where(WebhookSecret.webhook_id == found.id)):
        call.session.delete(secret)
    call.session.flush()
    call.session.delete(found)
    return True


# taken back


def _may_change_all(work: Work) -> None:
    for item in work.items:
        place = find_to_administer(work.call, item.account_id or 0)
        find(work.call, place.account_id, item.object_id)


def _check_values(work: Work) -> None:
    for item in work.items:
        _require_sound(work.call, WebhookChanges(url=item.value("url"), events=tuple(item.value("events"))))


def _put_back(work: Work) -> None:
    put_back(work)
    work.call.session.flush()
    for item in work.items:
        if "url" in item.changed:
            endpoints.look_at(work.call.transaction, item.object_id)


subjects = [
    Subject(
        Webhook,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            check=_check_values,
            apply=_put_back,
            actions=("updated",),
            fields=("url", "description", "events"),
            otherwise=CREDENTIAL,
        ),
    ),
    Subject(WebhookSecret, reads=(READ,), never=CREDENTIAL),
]
