"""The janitor: an engine that lets go of what is over, a little at a time, so that nobody waits for it.

Sessions, grants and security events stay: they are on record.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event, Thread
from time import time
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from alpage.api import logs
from alpage.api.idempotency import KEPT_SECONDS, KeptAnswer
from alpage.identity.attempts import FORGOTTEN_SECONDS, Attempts
from alpage.identity.devices import DeviceAuthorization
from alpage.identity.tickets import Ticket
from alpage.identity.tokens import Token
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.tasks.mails import Mail
from alpage.tasks.webhooks.endpoints import WebhookDelivery

PAUSE_SECONDS = 600.0
AT_ONCE = 500
DAY_SECONDS = 24 * 3600

log = logs.get("janitor")


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one table are kept so long after a moment of theirs."""

    key: InstrumentedAttribute[Any]
    moment: InstrumentedAttribute[Any]
    kept_seconds: int
    condition: ColumnElement[bool] | None = None

    def over(self, now: int) -> ColumnElement[bool]:
        """What is over."""
        too_old = self.moment < now - self.kept_seconds
        return too_old if self.condition is None else and_(too_old, self.condition)


RULES = (
    Rule(Ticket.hash, Ticket.expires_at, DAY_SECONDS),  # kept so long: who shows it again is told apart
    Rule(Token.id, Token.expires_at, DAY_SECONDS),
    Rule(DeviceAuthorization.id, DeviceAuthorization.expires_at, DAY_SECONDS),
    Rule(Attempts.subject, Attempts.failed_at, FORGOTTEN_SECONDS),
    Rule(KeptAnswer.key_hash, KeptAnswer.created_at, KEPT_SECONDS),
    Rule(Mail.id, Mail.created_at, 30 * DAY_SECONDS, Mail.next_try_at.is_(None)),
    Rule(WebhookDelivery.id, WebhookDelivery.created_at, 30 * DAY_SECONDS),
)


class Janitor:
    """Lets go of what is over, from time to time."""

    def __init__(self, database: Database, rules: Iterable[Rule] = RULES) -> None:
        self._database = database
        self._rules = tuple(rules)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        """Begins to tidy up."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after the statement that is being run."""
        self._stopping.set()
        self._thread.join()

    def tidy_up(self, now: int) -> None:
        """Lets go of all that is over, each time of so much that a writer who waits does not notice."""
        for rule in self._rules:
            while not self._stopping.is_set() and self._let_go(rule, now) == AT_ONCE:
                self._stopping.wait(0.05)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.tidy_up(int(time()))
            except SQLAlchemyError:
                log.exception("database out of reach")

    def _let_go(self, rule: Rule, now: int) -> int:
        some = select(rule.key).where(rule.over(now)).limit(AT_ONCE)
        gone = delete(rule.key.class_).where(rule.key.in_(some)).returning(rule.key)
        gone = gone.execution_options(synchronize_session=False)
        with self._database.transaction(NOBODY) as transaction:
            return len(transaction.execute(gone).all())


def engine(_settings: Settings, database: Database) -> Janitor:
    """The janitor of a database."""
    return Janitor(database)
