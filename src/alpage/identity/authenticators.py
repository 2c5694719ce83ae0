"""Authenticators: apps that show a new number every thirty seconds (TOTP, RFC 6238)."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

# stored


class Authenticator(Base):
    """An authenticator of a user. It counts once its owner has shown a number of it."""

    __tablename__ = "authenticators"
    __event__ = "user.authenticator"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    sealed: Mapped[str] = mapped_column(info={SECRET: True})
    confirmed_at: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[int]


class AuthenticatorUse(Base):
    """The last number an authenticator was used with, so that none is good twice; not a change of it."""

    __tablename__ = "authenticator_uses"

    authenticator_id: Mapped[int] = mapped_column(ForeignKey("authenticators.id", ondelete="CASCADE"), primary_key=True)
    used_at: Mapped[int]
    counter: Mapped[int]
