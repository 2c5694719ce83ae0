"""Client secrets: what a confidential application shows. Two may live at once, so that one can follow the other."""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.api.history import CREDENTIAL, Subject
from alpage.identity.applications import Application
from alpage.identity.credentials import keyed_hash, new_secret
from alpage.storage.changes import SECRET
from alpage.storage.tables import Base, parent

MOST_LIVE = 2

# stored


class ApplicationSecret(Base):
    """A secret of an application."""

    __tablename__ = "application_secrets"
    __event__ = "application.secret"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    last_four: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None] = mapped_column(default=None)
    revoked_at: Mapped[int | None] = mapped_column(default=None)

    @property
    def account_id(self) -> int | None:
        """The account of its application."""
        return parent(self, Application, self.application_id).account_id


class ApplicationSecretUse(Base):
    """When a secret was last used; not a change of it."""

    __tablename__ = "application_secret_uses"

    secret_id: Mapped[int] = mapped_column(ForeignKey("application_secrets.id"), primary_key=True)
    used_at: Mapped[int]


subjects = [Subject(ApplicationSecret, reads=("applications:read",), never=CREDENTIAL)]

# the verbs


def make(session: Session, application_id: int, pepper: bytes, now: int) -> tuple[ApplicationSecret, str]:
    """A new secret of an application, and the secret itself, which is seen this once."""
    secret = new_secret("cs")
    made = ApplicationSecret(
        application_id=application_id, hash=keyed_hash(pepper, secret), last_four=secret[-4:], created_at=now
    )
    session.add(made)
    session.flush()
    return made, secret


def live(session: Session, application_id: int, now: int) -> Sequence[ApplicationSecret]:
    """The secrets of an application that are good now, oldest first."""
    query = select(ApplicationSecret).where(
        ApplicationSecret.application_id == application_id,
        ApplicationSecret.revoked_at.is_(None),
        or_(ApplicationSecret.expires_at.is_(None), ApplicationSecret.expires_at > now),
    )
    return session.scalars(query.order_by(ApplicationSecret.id)).all()


def end_by(secrets: Sequence[ApplicationSecret], moment: int) -> None:
    """Lets secrets end at a moment, those that do not end before."""
    for secret in secrets:
        secret.expires_at = moment if secret.expires_at is None else min(secret.expires_at, moment)


def add(
    session: Session, application_id: int, pepper: bytes, now: int, expire_others_in: int | None = None
) -> tuple[ApplicationSecret, str] | None:
    """A new secret beside another, which may be told when to end. None: there are two that are good."""
    if expire_others_in is not None:
        end_by(live(session, application_id, now), now + expire_others_in)
        session.flush()
    if len(live(session, application_id, now)) >= MOST_LIVE:
        return None
    return make(session, application_id, pepper, now)
