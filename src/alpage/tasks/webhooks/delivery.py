"""Webhook delivery: the worker that takes the change log to the endpoints.

A few times a second it asks for the newest change, claims the endpoints that have something to be sent, and gives each
a round in a thread of its own. What came of the rounds is written down together, so that many messages cost few
transactions. A message is sent before it is written down: if the worker dies in between, the claim runs out and it is
sent once more, under the same id.

Of several workers one has an endpoint at a time. Each claim has a number: one whose time was over before it was settled
has been followed by another, and nothing of it is written down.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from random import sample
from threading import Event, Thread
from time import time
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, select, update

from alpage.api import logs
from alpage.storage.changes import NOBODY, Change
from alpage.storage.database import Database, Transaction
from alpage.tasks.outbound import Outbound
from alpage.tasks.webhooks.endpoints import Webhook, WebhookDelivery, WebhookProgress, newest_change, set_progress
from alpage.tasks.webhooks.rounds import LONGEST_SECONDS, Clock, Round, Sender

PAUSE_SECONDS = 0.1
CLAIM_SECONDS = int(2 * LONGEST_SECONDS)
AFTER_FAULT_SECONDS = 30
MOST_ROUNDS = 64  # at once

Tell = Callable[[Transaction, Webhook, int], None]  # of an endpoint that was disabled

log = logs.get("webhooks")


@dataclass(frozen=True, slots=True)
class Claim:
    """An endpoint that is this worker's for a while."""

    webhook_id: int
    number: int


class Deliverer:
    """Sends what is to be sent, to many endpoints at once."""

    def __init__(
        self,
        database: Database,
        outbound: Outbound,
        key: bytes,
        tell: Tell,
        clock: Clock = lambda: int(time()),
    ) -> None:
        self._database, self._outbound, self._tell, self._clock = database, outbound, tell, clock
        self._sender = Sender(database, outbound, key, clock)
        self._seen: int | None = None  # the newest change whose endpoints are known
        self._changed: set[int] = set()  # endpoints that may have something to be sent, and wait for a thread
        self._running: dict[Claim, Future[Round | None]] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)
        self._threads = ThreadPoolExecutor(MOST_ROUNDS, "webhook")  # which it starts as they are needed

    def start(self) -> None:
        """Begins to follow the change log."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after the messages that are being sent."""
        self._stopping.set()
        self._thread.join()
        self._threads.shutdown()
        self.settle()
        self._outbound.close()

    def deliver(self) -> int:
        """Sends what is to be sent now, and waits for it; answers with how many endpoints had a round."""
        count = self.look()
        for running in self._running.values():
            running.result()
        self.settle()
        return count

    def look(self) -> int:
        """Begins the rounds of the endpoints that have something to be sent; answers with how many those are."""
        now = self._clock()
        free = MOST_ROUNDS - len(self._running)
        with self._database.reading() as transaction:
            due = set(transaction.execute(_DUE, {"now": now, "free": free}).scalars())
            self._follow(transaction)
        candidates = self._changed | due
        chosen = sample(sorted(candidates), min(free, len(candidates)))  # nobody is always last
        claims = self._claim(chosen, now) if chosen else []
        self._changed.difference_update(chosen)  # who had one of them already looks again when he settles
        for claim in claims:
            self._running[claim] = self._threads.submit(self._sender.run, claim.webhook_id, self._stopping.is_set)
        return len(claims)

    def settle(self) -> None:
        """Writes down what came of the rounds that have ended."""
        ended = [claim for claim, running in self._running.items() if running.done()]
        if not ended:
            return
        with self._database.transaction(NOBODY) as transaction:
            for claim in sorted(ended, key=lambda claim: claim.webhook_id):  # two workers lock rows in one order
                self._settle(transaction, claim, self._running[claim])
        for claim in ended:
            del self._running[claim]

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.settle()
                self.look()
            except Exception:  # whatever it is, the others' messages are to be sent
                log.exception("failed")

    def _follow(self, transaction: Transaction) -> None:
        """Finds the endpoints of the accounts that changed since the last look; at first, all that are behind."""
        newest = newest_change(transaction)
        if self._seen is None:
            self._changed.update(transaction.execute(_BEHIND).scalars())
        elif newest > self._seen:
            found = transaction.execute(_CHANGED, {"seen": self._seen, "newest": newest})
            self._changed.update(found.scalars())
        self._seen = newest

    def _claim(self, chosen: Iterable[int], now: int) -> list[Claim]:
        """Takes endpoints that nobody has and that are not to be left alone."""
        values = {"chosen": [*chosen], "now": now, "until": now + CLAIM_SECONDS}
        with self._database.transaction(NOBODY) as transaction:
            return [Claim(row.webhook_id, row.claims) for row in transaction.execute(_CLAIM, values)]

    def _settle(self, transaction: Transaction, claim: Claim, running: "Future[Round | None]") -> None:
        if error := running.exception():
            log.error("round failed", webhook_id=claim.webhook_id, exc_info=error)
            held_until = self._clock() + AFTER_FAULT_SECONDS
            if self._release(transaction, claim, {"held_until": held_until}):
                set_progress(transaction, claim.webhook_id, next_look_at=held_until)
            return
        round_ = running.result()
        if round_ is None:
            self._release(transaction, claim, {"next_look_at": None})
            return
        webhook = self._lock(transaction, claim) if round_.disabled else None
        if not self._release(transaction, claim, _progress(round_)):
            return
        _keep(transaction, round_.deliveries)
        _advance_replay(transaction, round_)
        if webhook is not None:
            self._disable(transaction, webhook, round_)
        _plan_next_look(transaction, round_)

    def _lock(self, transaction: Transaction, claim: Claim) -> Webhook | None:
        """The endpoint, held before its progress is, as whoever changes it does."""
        query = select(Webhook).where(Webhook.id == claim.webhook_id).with_for_update()
        found: Webhook | None = transaction.find(query)
        return found

    def _release(self, transaction: Transaction, claim: Claim, values: Mapping[str, Any]) -> bool:
        """Lets go of an endpoint. False: it was not this worker's any more."""
        statement = (
            update(WebhookProgress)
            .where(WebhookProgress.webhook_id == claim.webhook_id, WebhookProgress.claims == claim.number)
            .values(claimed_until=0, claims=WebhookProgress.claims + 1, **values)
            .returning(WebhookProgress.webhook_id)
        )
        return transaction.execute(statement).first() is not None

    def _disable(self, transaction: Transaction, webhook: Webhook, round_: Round) -> None:
        now = self._clock()
        webhook.is_active, webhook.disabled_at, webhook.disabled_reason = False, now, round_.disabled
        log.warning("webhook disabled", webhook_id=webhook.id, reason=round_.disabled)
        self._tell(transaction, webhook, now)


def _progress(round_: Round) -> dict[str, Any]:
    return {
        "position": round_.position,
        "failures": round_.failures,
        "held_until": round_.held_until,
        "last_success_at": round_.last_success_at,
        "last_failure_at": round_.last_failure_at,
    }


def _keep(transaction: Transaction, deliveries: Iterable[dict[str, Any]]) -> None:
    """Writes deliveries down: those there were, and new ones."""
    known = [{f"new_{name}": row[name] for name in _MOVING} for row in deliveries if row["id"] is not None]
    fresh = [{name: value for name, value in row.items() if name != "id"} for row in deliveries if row["id"] is None]
    if known:
        transaction.execute(_KEEP, known)
    if fresh:
        transaction.execute(insert(WebhookDelivery), fresh)


def _advance_replay(transaction: Transaction, round_: Round) -> None:
    """Writes down how far a replay has come, unless it was stopped or another was begun meanwhile."""
    if round_.replay_position is None:
        return
    is_over = round_.replay_position >= (round_.replay_until or 0)
    to = {"replay_position": None, "replay_until": None} if is_over else {"replay_position": round_.replay_position}
    same = {"of": round_.webhook_id, "before": round_.replayed_before, "end": round_.replay_until}
    transaction.execute(_SAME_REPLAY.values(to), same)


def _plan_next_look(transaction: Transaction, round_: Round) -> None:
    """Says when the endpoint has something to be sent though nothing changes. Its progress is held by now."""
    found = transaction.execute(_NEXT, {"webhook_id": round_.webhook_id}).one()
    moments = [found.next_try_at, round_.held_until or None]
    if found.has_more or found.replay_position is not None:
        moments.append(0)
    known = [moment for moment in moments if moment is not None]
    next_look_at = max(min(known), round_.held_until) if known else None
    set_progress(transaction, round_.webhook_id, next_look_at=next_look_at)


_MOVING = ("id", "state", "tries", "next_try_at", "attempts")
_DUE = (
    select(WebhookProgress.webhook_id)
    .join(Webhook, Webhook.id == WebhookProgress.webhook_id)
    .where(
        WebhookProgress.next_look_at <= bindparam("now"),
        WebhookProgress.claimed_until <= bindparam("now"),
        WebhookProgress.held_until <= bindparam("now"),
        Webhook.is_active,
    )
    .order_by(WebhookProgress.next_look_at)
    .limit(bindparam("free"))
)
_CHANGED = select(Webhook.id).where(
    Webhook.is_active,
    Webhook.account_id.in_(
        select(Change.account_id).where(Change.id > bindparam("seen"), Change.id <= bindparam("newest"))
    ),
)
_HAS_MORE = exists().where(Change.account_id == Webhook.account_id, Change.id > WebhookProgress.position)
_BEHIND = (
    select(Webhook.id)
    .join(WebhookProgress, WebhookProgress.webhook_id == Webhook.id)
    .where(Webhook.is_active, _HAS_MORE)
)
_FREE = (
    select(WebhookProgress.webhook_id)
    .where(
        WebhookProgress.webhook_id.in_(bindparam("chosen", expanding=True)),
        WebhookProgress.claimed_until <= bindparam("now"),
        WebhookProgress.held_until <= bindparam("now"),
    )
    .order_by(WebhookProgress.webhook_id)
    .with_for_update()
)
_CLAIM = (
    update(WebhookProgress)
    .where(WebhookProgress.webhook_id.in_(_FREE))
    .values(
        claimed_until=bindparam("until"),
        next_look_at=bindparam("until"),  # should this worker end, it is somebody's turn again
        claims=WebhookProgress.claims + 1,
    )
    .returning(WebhookProgress.webhook_id, WebhookProgress.claims)
)
_KEEP = (
    update(WebhookDelivery.__table__)  # type: ignore[arg-type]  # a table it is
    .where(WebhookDelivery.id == bindparam("new_id"))
    .values(**{name: bindparam(f"new_{name}") for name in _MOVING[1:]})
)
_SAME_REPLAY = update(WebhookProgress).where(
    WebhookProgress.webhook_id == bindparam("of"),
    WebhookProgress.replay_position == bindparam("before"),
    WebhookProgress.replay_until == bindparam("end"),
)
_NEXT = (
    select(
        WebhookProgress.replay_position,
        select(func.min(WebhookDelivery.next_try_at))
        .where(WebhookDelivery.webhook_id == WebhookProgress.webhook_id, WebhookDelivery.next_try_at.is_not(None))
        .scalar_subquery()
        .label("next_try_at"),
        _HAS_MORE.label("has_more"),
    )
    .join(Webhook, Webhook.id == WebhookProgress.webhook_id)
    .where(WebhookProgress.webhook_id == bindparam("webhook_id"))
)
