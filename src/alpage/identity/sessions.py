"""Sessions: the browsers a user is signed in with."""

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

# stored


class Session(Base):
    """A browser somebody signed in with. Its cookie carries a credential; only a keyed hash of that is kept."""

    __tablename__ = "sessions"
    __event__ = "user.session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    public_id: Mapped[str] = mapped_column(String(32), unique=True)  # `sid` in ID tokens and logout tokens
    authenticated_at: Mapped[int]  # when the user last proved who he is
    methods: Mapped[list[str]] = mapped_column(JSON)  # how (RFC 8176): pwd, otp, hwk, mfa …
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int]
    expires_at: Mapped[int]
    ended_at: Mapped[int | None] = mapped_column(default=None)


class SessionUse(Base):
    """When a session was last used; not a change of it."""

    __tablename__ = "session_uses"

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    used_at: Mapped[int]


# the verbs


def end(transaction: Transaction, session: Session, now: int) -> None:
    """Ends a session, and what was allowed in it: none of its cookies and tokens opens anything any more."""
    from alpage.identity import grants  # noqa: PLC0415 - a grant knows its session

    session.ended_at = session.ended_at or now
    grants.revoke(grants.of_session(transaction.session, session.id), now)
