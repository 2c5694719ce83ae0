"""Notices: mails that tell a user what has happened to his sign-in, so that he can act if it was not he."""

from typing import Any

from alpage.identity import languages, security_events
from alpage.storage.database import Transaction
from alpage.tasks import mails


def tell(
    transaction: Transaction,
    user: Any,
    kind: security_events.Kind,
    now: int,
    *,
    ip: str = "",
    user_agent: str = "",
    **context: Any,
) -> None:
    """Puts on record what has happened to a user's sign-in, and writes to him about it."""
    security_events.note(transaction, kind, user_id=user.id, now=now, ip=ip, user_agent=user_agent, **context)
    send(transaction, user, kind, now, **context)


def send(transaction: Transaction, user: Any, template: str, now: int, **content: Any) -> None:
    """Writes to a user, at the address he signs in with and in his language."""
    language = languages.locale_of(user.language_id)
    mails.enqueue(transaction, user.email, template, language, now, display_name=user.display_name, **content)
