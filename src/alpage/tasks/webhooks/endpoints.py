"""What is stored of webhooks: the endpoints and their secrets, how far each has come, and what was sent to it.

The first two are an account's, and their changes are in the log. The other two are the worker's.
"""

from collections.abc import Sequence
from secrets import token_urlsafe
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.storage.changes import SECRET, Change
from alpage.storage.database import Transaction
from alpage.storage.tables import STEADY_IDS, Base
from alpage.tasks.webhooks import signatures

MOST_LIVE = 2
MAX_URL_LENGTH = 2000
AT_ONCE = 0  # a moment that has passed by every clock

State = Literal["active", "failing", "paused", "disabled"]
Reason = Literal["gone", "failing"]
DeliveryState = Literal["waiting", "succeeded", "failed"]
Cause = Literal["change", "replay", "test"]

_IS_WAITING = text("next_try_at IS NOT NULL")

# stored


class Webhook(Base):
    """An address that is told of the changes of an account."""

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "account_id", "id"), STEADY_IDS)
    __event__ = "webhook"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    url: Mapped[str] = mapped_column(String(MAX_URL_LENGTH))
    description: Mapped[str] = mapped_column(String(1000))
    events: Mapped[list[str]] = mapped_column(JSON)
    is_active: Mapped[bool]
    created_at: Mapped[int]
    disabled_at: Mapped[int | None] = mapped_column(default=None)
    disabled_reason: Mapped[str | None] = mapped_column(String(8), default=None)


class WebhookSecret(Base):
    """A secret that signs what is sent to an endpoint, as the seed it is derived from."""

    __tablename__ = "webhook_secrets"
    __event__ = "webhook.secret"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"), index=True)
    seed: Mapped[str] = mapped_column(String(43), info={SECRET: True})
    last_four: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[int]
    expires_at: Mapped[int | None] = mapped_column(default=None)
    revoked_at: Mapped[int | None] = mapped_column(default=None)


class WebhookProgress(Base):
    """How far an endpoint has come in the change log, and who sends to it at the moment."""

    __tablename__ = "webhook_progress"
    __table_args__ = (Index(None, "next_look_at"),)

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"), primary_key=True, autoincrement=False)
    position: Mapped[int]  # the last change that was sent, or was not wanted
    next_look_at: Mapped[int | None]  # when there is something to do though nothing changes; none: never
    held_until: Mapped[int] = mapped_column(default=0)  # nothing is sent before: it has failed too often
    claimed_until: Mapped[int] = mapped_column(default=0)  # how long it is left to the worker that took it
    claims: Mapped[int] = mapped_column(default=0)  # how often it was taken; tells a claim from a later one
    failures: Mapped[int] = mapped_column(default=0)  # attempts that failed since the last that did not
    last_success_at: Mapped[int | None] = mapped_column(default=None)
    last_failure_at: Mapped[int | None] = mapped_column(default=None)
    replay_position: Mapped[int | None] = mapped_column(default=None)  # the last change that was sent again
    replay_until: Mapped[int | None] = mapped_column(default=None)  # the last change that is to be


class WebhookDelivery(Base):
    """A message to an endpoint, and each attempt to deliver it.

    Rows outlive their endpoint by as long as any row is kept, so that deleting one is no matter of how many it had.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index(
            "ix_webhook_deliveries_waiting",
            "webhook_id",
            "next_try_at",
            sqlite_where=_IS_WAITING,
            postgresql_where=_IS_WAITING,
        ),
        STEADY_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int]
    message_id: Mapped[str] = mapped_column(String(64))
    change_id: Mapped[int | None]
    event: Mapped[str]
    cause: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(9))
    created_at: Mapped[int]
    tries: Mapped[int]  # since it was last put on its way
    next_try_at: Mapped[int | None]  # none: it has arrived, or was given up
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # the last ones, oldest first


# the verbs


def state() -> ColumnElement[str]:
    """What an endpoint is up to, of `webhooks` with their `webhook_progress`."""
    return case(
        (Webhook.disabled_at.is_not(None), literal("disabled")),
        (Webhook.is_active.is_(False), literal("paused")),
        (WebhookProgress.failures > 0, literal("failing")),
        else_=literal("active"),
    )


def begin(transaction: Transaction, webhook: Webhook) -> None:
    """Has an endpoint be told of what changes from now on."""
    transaction.session.add(
        WebhookProgress(webhook_id=webhook.id, position=newest_change(transaction), next_look_at=None)
    )


def begin_again(transaction: Transaction, webhook_id: int) -> None:
    """Has an endpoint that was paused be told again: of what changes from now on, and of what still waits."""
    newest = newest_change(transaction)
    set_progress(transaction, webhook_id, position=newest, failures=0, next_look_at=AT_ONCE, held_until=0)


def look_at(transaction: Transaction, webhook_id: int) -> None:
    """Has the worker look at an endpoint now, however often it has failed."""
    set_progress(transaction, webhook_id, next_look_at=AT_ONCE, held_until=0)


def set_progress(transaction: Transaction, webhook_id: int, **values: Any) -> None:
    """Writes down how far an endpoint has come."""
    statement = update(WebhookProgress).where(WebhookProgress.webhook_id == webhook_id).values(**values)
    transaction.execute(statement)


def newest_change(transaction: Transaction) -> int:
    """The number of the newest change of all."""
    newest: int = transaction.execute(select(func.coalesce(func.max(Change.id), 0))).scalar_one()
    return newest


def add_secret(session: Session, webhook: Webhook, key: bytes, now: int) -> tuple[WebhookSecret, str]:
    """A new secret of an endpoint, and the secret itself, which is seen this once."""
    seed = token_urlsafe(32)
    secret = signatures.written(signatures.derive(key, seed))
    made = WebhookSecret(
        account_id=webhook.account_id, webhook_id=webhook.id, seed=seed, last_four=secret[-4:], created_at=now
    )
    session.add(made)
    session.flush()
    return made, secret


def is_live(now: int | BindParameter[int]) -> ColumnElement[bool]:
    """The condition that a secret signs now."""
    return and_(
        WebhookSecret.revoked_at.is_(None), or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > now)
    )


def live_secrets(session: Session, webhook_id: int, now: int) -> Sequence[WebhookSecret]:
    """The secrets of an endpoint that sign now, oldest first."""
    query = select(WebhookSecret).where(WebhookSecret.webhook_id == webhook_id, is_live(now))
    return session.scalars(query.order_by(WebhookSecret.id)).all()
