"""Blocking: a user whom who runs the platform lets in no more. His tokens and his sign-in are refused."""

from alpage.identity import attempts, security_events, session_endings
from alpage.identity.signin import PASSWORD, SECOND_FACTOR
from alpage.identity.users import User
from alpage.storage.database import Transaction


def block(transaction: Transaction, user: User, now: int) -> None:
    """Lets a user in no more, and ends his sessions."""
    if user.blocked_at is not None:
        return
    user.blocked_at = now
    session_endings.end_all(transaction, user.id, now)
    security_events.note(transaction, "user_blocked", user_id=user.id, now=now)


def unblock(transaction: Transaction, user: User, now: int) -> None:
    """Lets a user in again, and forgets the wrong guesses at what he signs in with."""
    names = (user.login, user.email)
    guessed = [*(attempts.of_account(PASSWORD, name) for name in names), attempts.of_account(SECOND_FACTOR, user.id)]
    attempts.succeeded(transaction, guessed)
    if user.blocked_at is None:
        return
    user.blocked_at = None
    security_events.note(transaction, "user_unblocked", user_id=user.id, now=now)
