"""Notices: mails that tell a user what has happened to his sign-in, so that he can act if it was not he."""

from typing import Any

from alpage.identity import languages
from alpage.storage.database import Transaction
from alpage.tasks import mails


def send(transaction: Transaction, user: Any, template: str, now: int, **content: Any) -> None:
    """Writes to a user, at the address he signs in with and in his language."""
    language = languages.locale_of(user.language_id)
    mails.enqueue(transaction, user.email, template, language, now, display_name=user.display_name, **content)
