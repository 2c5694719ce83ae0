"""Endings of sessions by the dozen: after a new password, and of who is blocked."""

from collections.abc import Collection

from sqlalchemy import select

from alpage.identity import grants, sessions
from alpage.identity.sessions import Session
from alpage.storage.database import Transaction


def living(transaction: Transaction, user_id: int, now: int) -> list[Session]:
    """The sessions of a user that have not ended, in the order they began, held against others until the commit."""
    found = (
        select(Session)
        .where(Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now)
        .order_by(Session.id)
        .with_for_update()
    )
    return [*transaction.session.scalars(found)]


def end_all(transaction: Transaction, user_id: int, now: int, kept: Collection[int | str | None] = ()) -> list[Session]:
    """Ends the sessions of a user but for those kept, by one of their ids; answers with those that ended.

    All that was allowed in them ends, too, for his absence as well: whoever was in them may have allowed it.
    """
    ended = [
        session
        for session in living(transaction, user_id, now)
        if not {session.id, str(session.id), session.public_id} & set(kept)
    ]
    for session in ended:
        sessions.end(transaction, session, now)
        grants.revoke(transaction.session, grants.of_session(transaction.session, session.id), now)
    return ended
