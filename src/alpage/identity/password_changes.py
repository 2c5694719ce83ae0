"""Password changes: what a new password brings with it, however it came about.

Other sessions end, with what was allowed in them; it goes on record, and the user is written to.
"""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import select

from alpage.identity import notices, security_events, sessions
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from alpage.storage.database import Transaction

Kind = Literal["password_changed", "password_reset"]
NOTICES: dict[Kind, str] = {"password_changed": "password_changed", "password_reset": "password_reset_done"}


def apply(
    transaction: Transaction,
    user: User,
    password: str,
    now: int,
    *,
    kind: Kind = "password_changed",
    kept: Collection[int | str] = (),
    ip: str = "",
    user_agent: str = "",
) -> None:
    """Gives a user a new password, which the caller has checked. `kept` names sessions that go on, by either id."""
    user.password_hash, user.password_changed_at = hash_password(password), now
    for session in living_sessions(transaction, user.id, now):
        if session.id not in kept and session.public_id not in kept:
            sessions.end(transaction, session, now)
    security_events.note(transaction, kind, user_id=user.id, now=now, ip=ip, user_agent=user_agent)
    notices.send(transaction, user, NOTICES[kind], now)


def living_sessions(transaction: Transaction, user_id: int, now: int) -> list[Session]:
    """The sessions of a user that have not ended, with locks, in the order they began."""
    living = (
        select(Session)
        .where(Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now)
        .order_by(Session.id)
        .with_for_update()
    )
    return [*transaction.session.scalars(living)]
