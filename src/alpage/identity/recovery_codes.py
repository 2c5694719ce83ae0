"""Recovery codes: what a user signs in with, once each, when his second factor is lost."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

# stored


class RecoveryCode(Base):
    """A recovery code of a user."""

    __tablename__ = "recovery_codes"
    __event__ = "user.recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    created_at: Mapped[int]
    used_at: Mapped[int | None] = mapped_column(default=None)
