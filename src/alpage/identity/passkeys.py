"""Passkeys: keys of a device or a password store that a user signs in with (WebAuthn)."""

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.tables import Base

# stored


class Passkey(Base):
    """A passkey of a user."""

    __tablename__ = "passkeys"
    __event__ = "user.passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)  # base64url, as below
    public_key: Mapped[str]
    transports: Mapped[list[str]] = mapped_column(JSON)
    is_backed_up: Mapped[bool]
    created_at: Mapped[int]


class PasskeyUse(Base):
    """When a passkey was last used, and what its counter said; not a change of it."""

    __tablename__ = "passkey_uses"

    passkey_id: Mapped[int] = mapped_column(ForeignKey("passkeys.id", ondelete="CASCADE"), primary_key=True)
    used_at: Mapped[int]
    sign_count: Mapped[int]
