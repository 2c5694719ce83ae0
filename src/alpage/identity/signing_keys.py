"""Signing keys: what ID tokens, JWT access tokens, logout tokens and signed userinfo are signed with."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

# stored


class SigningKey(Base):
    """A key pair. Before it signs it is published for a while, and after it has signed until what it signed is over."""

    __tablename__ = "signing_keys"
    __event__ = "signing_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    alg: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[str] = mapped_column(info={SECRET: True})  # the private JWK
    created_at: Mapped[int]
    signs_from: Mapped[int]
    signs_until: Mapped[int]
    published_until: Mapped[int]
