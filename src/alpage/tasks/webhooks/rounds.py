"""A round: what is sent to one endpoint while one worker has it, message after message.

First what waits for another try, then the changes since the last round, then what is to be sent again. A round ends
when there is no more, when it has had its time, or when the endpoint had better be left alone; what is left is for the
next one. Nothing is written here: what came of it is in the round, for the worker to settle.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any

from sqlalchemy import Integer, bindparam, select

from alpage.storage.changes import Change
from alpage.storage.database import Database
from alpage.tasks.outbound import TOTAL_SECONDS, Outbound, RefusedAddressError, UndeliveredError
from alpage.tasks.webhooks import events, retries, signatures
from alpage.tasks.webhooks.endpoints import (
    Cause,
    Reason,
    Webhook,
    WebhookDelivery,
    WebhookProgress,
    WebhookSecret,
    is_live,
    newest_change,
)

ROUND_SECONDS = 2.0  # in which messages are begun; then it is the turn of others
LONGEST_SECONDS = ROUND_SECONDS + TOTAL_SECONDS
PAGE = 50
MOST_ATTEMPTS_KEPT = 20
EXCERPT_LENGTH = 500
GONE = 410

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and what is known of it from before."""

    message_id: str
    event: str
    body: bytes
    change_id: int | None
    cause: Cause
    created_at: int
    delivery_id: int | None = None
    tries: int = 0
    attempts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a message once, as it is kept. `status` is None where nothing was answered."""

    at: int
    status: int | None
    duration_ms: int
    trouble: str | None
    response: str

    @property
    def has_arrived(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Round:
    """What came of a round, and how far the endpoint has come by it."""

    webhook_id: int
    position: int
    replay_position: int | None
    replay_until: int | None
    failures: int
    last_success_at: int | None
    last_failure_at: int | None
    held_until: int = 0
    disabled: Reason | None = None
    replayed_before: int | None = field(init=False)  # where the replay stood when the round began
    deliveries: list[dict[str, Any]] = field(default_factory=list)  # those with an `id` were there before

    def __post_init__(self) -> None:
        self.replayed_before = self.replay_position

    @property
    def is_stuck(self) -> bool:
        """Whether the endpoint had better be left alone."""
        return self.disabled is not None or self.held_until > 0

    def note(self, message: Message, attempt: Attempt, asked_seconds: int = 0) -> None:
        """Takes down what came of a message; `asked_seconds` is how long the receiver wants to be left alone."""
        tries = message.tries + 1
        wait = None
        if attempt.has_arrived:
            self.failures, self.last_success_at = 0, attempt.at
        else:
            self._note_failure(attempt, asked_seconds)
            wait = None if self.disabled == "gone" else retries.wait_after(tries)
            if wait is None and (self.last_success_at or 0) < message.created_at:
                self.disabled = self.disabled or "failing"  # in all the days it was tried, nothing has arrived
        self.deliveries.append(
            {
                "id": message.delivery_id,
                "webhook_id": self.webhook_id,
                "message_id": message.message_id,
                "change_id": message.change_id,
                "event": message.event,
                "cause": message.cause,
                "state": "succeeded" if attempt.has_arrived else "failed" if wait is None else "waiting",
                "created_at": message.created_at,
                "tries": tries,
                "next_try_at": None if wait is None else attempt.at + max(wait, asked_seconds),
                "attempts": [*message.attempts, asdict(attempt)][-MOST_ATTEMPTS_KEPT:],
            }
        )

    def _note_failure(self, attempt: Attempt, asked_seconds: int) -> None:
        self.failures += 1
        self.last_failure_at = attempt.at
        if hold := max(retries.hold_after(self.failures), asked_seconds):
            self.held_until = attempt.at + hold
        if attempt.status == GONE:
            self.disabled = "gone"


class Sender:
    """Runs rounds; many at once, each in a thread."""

    def __init__(self, database: Database, outbound: Outbound, key: bytes, clock: Clock) -> None:
        self._database, self._outbound, self._key, self._clock = database, outbound, key, clock

    def run(self, webhook_id: int, is_over: Callable[[], bool]) -> Round | None:
        """Runs the round of an endpoint that is claimed. None: it is to be told nothing any more."""
        began = monotonic()
        with self._database.reading() as transaction:
            endpoint = transaction.execute(_ENDPOINT, {"webhook_id": webhook_id}).one_or_none()
            seeds = transaction.execute(_SEEDS, {"webhook_id": webhook_id, "now": self._clock()}).scalars().all()
        if endpoint is None:
            return None
        secrets = [signatures.derive(self._key, seed) for seed in seeds]
        found = Round(*(getattr(endpoint, name) for name in _CARRIED))
        for message in self._messages(endpoint, found):
            attempt, asked_seconds = self._send(endpoint.url, secrets, message)
            found.note(message, attempt, asked_seconds)
            if found.is_stuck or is_over() or monotonic() - began > ROUND_SECONDS:
                break
        return found

    def _messages(self, endpoint: Any, found: Round) -> Iterator[Message]:
        """What is to be sent, in this order. Whoever takes a message sends it: the positions follow what was taken."""
        yield from self._waiting(endpoint)
        for position, change in self._changes(endpoint, found.position, None):
            found.position = position
            if change is not None:
                yield self._of_change(endpoint, change, "change")
        if found.replay_position is None:
            return
        for position, change in self._changes(endpoint, found.replay_position, found.replay_until):
            found.replay_position = position
            if change is not None:
                yield self._of_change(endpoint, change, "replay")

    def _waiting(self, endpoint: Any) -> Iterator[Message]:
        """The messages whose time for another try has come."""
        with self._database.reading() as transaction:
            values = {"webhook_id": endpoint.webhook_id, "now": self._clock()}
            deliveries = transaction.execute(_WAITING, values).all()
            ids = [delivery.change_id for delivery in deliveries if delivery.change_id is not None]
            changes = {change.id: change for change in transaction.execute(_CHANGES, {"ids": ids})}
        for delivery in deliveries:
            change_id = delivery.change_id
            yield Message(
                message_id=delivery.message_id,
                event=delivery.event,
                body=_body_of_ping(endpoint, delivery) if change_id is None else _body_of(changes[change_id]),
                change_id=change_id,
                cause=delivery.cause,
                created_at=delivery.created_at,
                delivery_id=delivery.id,
                tries=delivery.tries,
                attempts=tuple(delivery.attempts),
            )

    def _changes(self, endpoint: Any, after: int, until: int | None) -> Iterator[tuple[int, Any]]:
        """The changes after one that an endpoint wants, each with the position it takes it to.

        The last is none: up to that position, there is nothing else it wants.
        """
        wanted = select(Change.__table__).where(
            Change.account_id == endpoint.account_id,
            Change.id > bindparam("after"),
            Change.id <= bindparam("until"),
            events.wanted(endpoint.events),
        )
        page = wanted.order_by(Change.id).limit(PAGE)
        while True:
            with self._database.reading() as transaction:
                end = newest_change(transaction) if until is None else until
                rows = transaction.execute(page, {"after": after, "until": end}).all()
            for row in rows:
                yield row.id, row
                after = row.id
            if len(rows) < PAGE:
                yield end, None
                return

    def _of_change(self, endpoint: Any, change: Any, cause: Cause) -> Message:
        return Message(
            message_id=f"msg_{endpoint.webhook_id}_{change.id}",
            event=events.name_of(change),
            body=_body_of(change),
            change_id=change.id,
            cause=cause,
            created_at=self._clock(),
        )

    def _send(self, url: str, secrets: list[bytes], message: Message) -> tuple[Attempt, int]:
        """Sends a message once; answers with what came of it, and how long the receiver wants to be left alone."""
        at, began = self._clock(), monotonic()
        headers = {
            "Content-Type": "application/json",
            **signatures.headers(secrets, message.message_id, at, message.body),
        }
        try:
            answer = self._outbound.send("POST", url, headers, message.body)
        except (RefusedAddressError, UndeliveredError) as error:
            return Attempt(at, None, _ms_since(began), str(error)[:EXCERPT_LENGTH], ""), 0
        excerpt = answer.body.decode(errors="replace").replace("\0", "")[:EXCERPT_LENGTH]
        return Attempt(at, answer.status, _ms_since(began), None, excerpt), retries.asked_for(
            answer.status, answer.headers
        )


def _body_of(change: Any) -> bytes:
    return events.encode(events.name_of(change), change.created_at, events.present(change))


def _body_of_ping(endpoint: Any, delivery: Any) -> bytes:
    """The body of a message that is about no change: somebody tries the endpoint out."""
    data = {"webhook_id": endpoint.webhook_id, "account_id": endpoint.account_id}
    return events.encode(events.PING, delivery.created_at, data)


def _ms_since(began: float) -> int:
    return round((monotonic() - began) * 1000)


_CARRIED = (
    "webhook_id", "position", "replay_position", "replay_until", "failures", "last_success_at", "last_failure_at",
)  # fmt: skip
_ENDPOINT = (
    select(WebhookProgress.__table__, Webhook.account_id, Webhook.url, Webhook.events)
    .join(Webhook, Webhook.id == WebhookProgress.webhook_id)
    .where(Webhook.id == bindparam("webhook_id"), Webhook.is_active)
)
_SEEDS = (
    select(WebhookSecret.seed)
    .where(WebhookSecret.webhook_id == bindparam("webhook_id"), is_live(bindparam("now", type_=Integer)))
    .order_by(WebhookSecret.id.desc())
)
_WAITING = (
    select(WebhookDelivery.__table__)
    .where(WebhookDelivery.webhook_id == bindparam("webhook_id"), WebhookDelivery.next_try_at <= bindparam("now"))
    .order_by(WebhookDelivery.id)
    .limit(PAGE)
)
_CHANGES = select(Change.__table__).where(Change.id.in_(bindparam("ids", expanding=True)))
