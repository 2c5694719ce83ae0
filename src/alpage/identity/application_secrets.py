"""Client secrets: what a confidential application shows. Two may live at once, so that one can follow the other."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

# stored


class ApplicationSecret(Base):
    """A secret of an application."""

    __tablename__ = "application_secrets"
    __event__ = "application.secret"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    last_four: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None] = mapped_column(default=None)
    revoked_at: Mapped[int | None] = mapped_column(default=None)


class ApplicationSecretUse(Base):
    """When a secret was last used; not a change of it."""

    __tablename__ = "application_secret_uses"

    secret_id: Mapped[int] = mapped_column(ForeignKey("application_secrets.id"), primary_key=True)
    used_at: Mapped[int]
