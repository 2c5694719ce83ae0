"""Mails: what the platform writes to people.

A mail is put on this list in the transaction of what it tells, and leaves from there: to an SMTP relay, or into the
folder of captured mails. Links that open something are not in the list: they are made when the mail is.
"""

from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

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
