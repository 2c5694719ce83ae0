"""Password changes: what a new password brings with it, however it came about.

Other sessions end, with what was allowed in them; it goes on record, and the user is written to.
"""

from collections.abc import Collection
from typing import Literal

from alpage.identity import notices, security_events, session_endings
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
    kept: Collection[int | str | None] = (),
    ip: str = "",
    user_agent: str = "",
) -> None:
    """Gives a user a new password, which the caller has checked. `kept` names sessions that go on."""
    user.password_hash, user.password_changed_at = hash_password(password), now
    session_endings.end_all(transaction, user.id, now, kept)
    security_events.note(transaction, kind, user_id=user.id, now=now, ip=ip, user_agent=user_agent)
    notices.send(transaction, user, NOTICES[kind], now)
