"""Attempts: who guessed wrong how often, and until when his guesses are not looked at."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.tables import Base

# stored


class Attempts(Base):
    """The wrong guesses at one thing (`password of user 7`, `password from 192.0.2.0`)."""

    __tablename__ = "attempts"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[int]
    blocked_until: Mapped[int]
