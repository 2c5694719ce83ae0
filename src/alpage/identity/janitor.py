"""The janitor: lets go of what is over, a little at a time, so that nobody waits for it.

Sessions, grants and security events stay: they are on record.
"""

from dataclasses import dataclass
from time import sleep
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from alpage.api.idempotency import KEPT_SECONDS, KeptAnswer
from alpage.identity.attempts import FORGOTTEN_SECONDS, Attempts
from alpage.identity.devices import DeviceAuthorization
from alpage.identity.tickets import Ticket
from alpage.identity.tokens import Token
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.tasks.declarations import every
from alpage.tasks.mails import Mail
from alpage.tasks.webhooks.endpoints import WebhookDelivery

PAUSE_SECONDS = 0.05
AT_ONCE = 500
DAY_SECONDS = 24 * 3600


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


@every("*/10 * * * *", "identity.tidy_up")
def tidy_up(_settings: Settings, database: Database, now: int) -> None:
    """Lets go of all that is over, each time of so much that a writer who waits does not notice."""
    for rule in RULES:
        while _let_go(database, rule, now) == AT_ONCE:
            sleep(PAUSE_SECONDS)


def _let_go(database: Database, rule: Rule, now: int) -> int:
    some = select(rule.key).where(rule.over(now)).limit(AT_ONCE)
    gone = delete(rule.key.class_).where(rule.key.in_(some)).returning(rule.key)
    gone = gone.execution_options(synchronize_session=False)
    with database.transaction(NOBODY) as transaction:
        return len(transaction.execute(gone).all())
