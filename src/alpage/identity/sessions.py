"""Sessions: the browsers a user is signed in with."""

from collections.abc import Sequence
from secrets import token_hex

from sqlalchemy import JSON, ForeignKey, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.history import CREDENTIAL, Subject
from alpage.identity import grants
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.scopes import OFFLINE
from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

LIFETIME_SECONDS = 30 * 86_400
FRESH_SECONDS = 900  # how long ago somebody may have proved who he is, to change how he does
STAMP_SECONDS = 60  # how exact "last used" is

# stored


class Session(Base):
    """A browser somebody signed in with. Its cookie carries a credential; only a keyed hash of that is kept."""

    __tablename__ = "sessions"
    __event__ = "user.session"
    __audience__ = "user"

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


subjects = [Subject(Session, reads=("security:read",), never=CREDENTIAL)]

# the verbs


def start(
    transaction: Transaction,
    user_id: int,
    methods: Sequence[str],
    *,
    ip: str,
    user_agent: str,
    pepper: bytes,
    now: int,
    ahead_seconds: int = 0,
) -> tuple[Session, str]:
    """A new session of a user who has just proved who he is, and the secret its cookie carries.

    It begins and ends by the user's clock, which may be ahead.
    """
    secret = new_secret("se")
    session = Session(
        user_id=user_id,
        hash=keyed_hash(pepper, secret),
        public_id=token_hex(16),
        authenticated_at=now,
        methods=[*methods],
        ip=ip[:45],
        user_agent=user_agent[:255],
        created_at=now + ahead_seconds,
        expires_at=now + ahead_seconds + LIFETIME_SECONDS,
    )
    transaction.session.add(session)
    transaction.session.flush()
    return session, secret


def find(transaction: Transaction, secret: str, pepper: bytes, now: int) -> Session | None:
    """The living session behind a cookie's secret. A blocked user has none."""
    if not is_well_formed(secret, "se"):
        return None
    found: Session | None = transaction.find(_BY_HASH, {"hash": keyed_hash(pepper, secret), "now": now})
    return found


def renew(session: Session, methods: Sequence[str], authenticated_at: int, pepper: bytes) -> str:
    """Gives a session a new secret after its user has proved himself again; the old secret is good for nothing.

    What applications know the session by stays, and so do the grants given in it.
    """
    secret = new_secret("se")
    session.hash = keyed_hash(pepper, secret)
    session.methods = [*methods]
    session.authenticated_at = authenticated_at
    return secret


def stamp(transaction: Transaction, session_id: int, now: int) -> None:
    """Notes that a session is used."""
    used = transaction.session.get(SessionUse, session_id)
    if used is None or now - used.used_at >= STAMP_SECONDS:
        transaction.session.merge(SessionUse(session_id=session_id, used_at=now))


def end(transaction: Transaction, session: Session, now: int) -> None:
    """Ends a session, and the grants given in it; applications that took part are told.

    Those given for while the user is away stay (OpenID Back-Channel Logout, 2.7): they are taken back by themselves.
    """
    from alpage.identity.oauth import backchannel_logout  # noqa: PLC0415 - it knows sessions

    if session.ended_at is None:
        backchannel_logout.announce(transaction, session, now)
    session.ended_at = session.ended_at or now
    given = grants.of_session(transaction.session, session.id)
    grants.revoke(transaction.session, [grant for grant in given if OFFLINE not in grant.scopes], now)


_BY_HASH: Select[Session] = (
    select(Session)
    .join(User, User.id == Session.user_id)
    .where(
        Session.hash == bindparam("hash"),
        Session.ended_at.is_(None),
        Session.expires_at > bindparam("now"),
        User.blocked_at.is_(None),
    )
)
