"""Tickets: things that are good once and not for long.

Authorization codes, pushed requests, consent forms, challenges, links sent by mail, ids of assertions already seen:
each is taken in one statement, so that of any number of takers exactly one has it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import JSON, Index, String, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.database import Transaction
from alpage.storage.tables import Base

Purpose = Literal[
    "code", "pushed_request", "consent", "jti", "second_factor", "passkey", "email", "password_reset", "device"
]


class Ticket(Base):
    """A thing that is good once."""

    __tablename__ = "tickets"
    __table_args__ = (Index(None, "expires_at"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    expires_at: Mapped[int]
    consumed_at: Mapped[int | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a ticket held, and whether this was the first time it was shown."""

    content: dict[str, Any]
    is_first: bool


def put(transaction: Transaction, purpose: Purpose, key: str, content: dict[str, Any], expires_at: int) -> bool:
    """Makes a ticket under a keyed hash. False, and nothing is made, when there is one with this hash already."""
    row = {"purpose": purpose, "hash": key, "content": content, "expires_at": expires_at, "consumed_at": None}
    try:
        with transaction.session.begin_nested():
            transaction.session.execute(insert(Ticket), row)
    except IntegrityError:
        return False
    return True


def look(transaction: Transaction, purpose: Purpose, key: str, now: int) -> dict[str, Any] | None:
    """What a ticket holds that could still be taken."""
    row = transaction.execute(_FIND, {"hash": key, "purpose": purpose}).one_or_none()
    return row.content if row is not None and row.consumed_at is None and row.expires_at > now else None


def take(transaction: Transaction, purpose: Purpose, key: str, now: int) -> Taken | None:
    """Takes a ticket: the first taker has it, later ones are told so. None: there is none, or it is over."""
    values = {"key": key, "kind": purpose, "now": now}
    taken = transaction.execute(_TAKE, values).one_or_none()
    if taken is not None:
        return Taken(taken.content, is_first=True)
    row = transaction.execute(_FIND, {"hash": key, "purpose": purpose}).one_or_none()
    return None if row is None or row.consumed_at is None else Taken(row.content, is_first=False)


_FIND = select(Ticket.__table__).where(Ticket.hash == bindparam("hash"), Ticket.purpose == bindparam("purpose"))
_TAKE = (
    update(Ticket)
    .where(
        Ticket.hash == bindparam("key"),
        Ticket.purpose == bindparam("kind"),
        Ticket.consumed_at.is_(None),
        Ticket.expires_at > bindparam("now"),
    )
    .values(consumed_at=bindparam("now"))
    .returning(Ticket.content)
    .execution_options(synchronize_session=False)
)
