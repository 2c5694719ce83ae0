"""Mails: what the platform writes to people.

A mail is put on this list in the transaction of what it tells, and leaves from there (`mail_delivery.py`): to an SMTP
relay, or into the folder of captured mails. Links that open something are not in the list: they are made when the mail
is (`mail_texts.py`).
"""

from typing import Any

from sqlalchemy import JSON, Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.database import Transaction
from alpage.storage.tables import STEADY_IDS, Base

# stored


class Mail(Base):
    """A mail that is to leave, or has left."""

    __tablename__ = "mails"
    __table_args__ = (Index(None, "next_try_at"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(255))
    template: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(5))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[int]
    next_try_at: Mapped[int | None]  # none: it has left, or was given up
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[int | None] = mapped_column(default=None)
    trouble: Mapped[str | None] = mapped_column(default=None)


# the verbs


def enqueue(transaction: Transaction, recipient: str, template: str, language: str, now: int, **content: Any) -> None:
    """Puts a mail on the list, in the transaction of what it tells.

    `language` is a locale or its language; `content`, what the template names, is never a secret.
    """
    transaction.execute(insert(Mail), _row(recipient, template, language, now, content))


def pretend(transaction: Transaction, template: str, language: str, now: int, **content: Any) -> None:
    """Puts a mail to nobody on the list, that never leaves: takes as long as one that does (A19)."""
    transaction.execute(insert(Mail), _row("", template, language, now, content) | {"next_try_at": None})


def _row(recipient: str, template: str, language: str, now: int, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "template": template,
        "language": language,
        "content": content,
        "created_at": now,
        "next_try_at": now,
        "tries": 0,
    }
