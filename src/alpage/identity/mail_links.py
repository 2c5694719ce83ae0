"""Links sent by mail, each good once.

Neither the ticket nor the mail holds what opens: the ticket has the keyed hash of a secret, the mail on its list a
nonce, and the secret follows from the nonce and the pepper when the mail is written (A20).
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from alpage.identity import tickets
from alpage.identity.credentials import derive_secret, is_well_formed, keyed_hash, pepper_of
from alpage.identity.tickets import Purpose
from alpage.settings import Settings
from alpage.storage.database import Transaction

PARAMETER = "ticket"


def make(transaction: Transaction, pepper: bytes, purpose: Purpose, content: dict[str, Any], expires_at: int) -> str:
    """A ticket that a link takes; answers with the nonce its mail needs."""
    nonce = secrets.token_hex(16)
    tickets.put(transaction, purpose, keyed_hash(pepper, _secret(pepper, purpose, nonce)), content, expires_at)
    return nonce


def look(transaction: Transaction, pepper: bytes, purpose: Purpose, secret: str, now: int) -> dict[str, Any] | None:
    """What a link stands for, while it is good."""
    if not is_well_formed(secret, "ot"):
        return None
    return tickets.look(transaction, purpose, keyed_hash(pepper, secret), now)


def take(transaction: Transaction, pepper: bytes, purpose: Purpose, secret: str, now: int) -> dict[str, Any] | None:
    """What a link stands for, this once."""
    if not is_well_formed(secret, "ot"):
        return None
    taken = tickets.take(transaction, purpose, keyed_hash(pepper, secret), now)
    return taken.content if taken is not None and taken.is_first else None


def writer(purpose: Purpose, path: str) -> Callable[[Settings, Mapping[str, Any]], str]:
    """What makes the link of a mail: to a page below the login's address."""

    def write(settings: Settings, content: Mapping[str, Any]) -> str:
        secret = _secret(pepper_of(settings), purpose, content["nonce"])
        return f"{settings.issuer}{path}?{urlencode({PARAMETER: secret})}"

    return write


def _secret(pepper: bytes, purpose: Purpose, nonce: str) -> str:
    return derive_secret(pepper, "ot", purpose, nonce)
