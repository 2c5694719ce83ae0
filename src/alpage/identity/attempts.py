"""Attempts: who guessed wrong how often, and until when his guesses are not looked at.

Guesses are counted in the database, so that they hold across processes, and by one statement, so that none is lost and
of many at once no more are looked at than of as many one after the other.
What is guessed at and where guesses come from are counted apart. The first few are free; every further one doubles the
wait, from a second to a quarter of an hour. After a day without a wrong guess all is forgotten.
"""

from collections.abc import Iterable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import String, bindparam, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.database import Transaction
from alpage.storage.tables import Base

FREE_GUESSES = 5
FREE_GUESSES_OF_ADDRESS = 20  # a house full of people may have one address
LONGEST_WAIT_SECONDS = 15 * 60
FORGOTTEN_SECONDS = 24 * 3600
NETWORK_BITS = 64  # of an IPv6 address: what one customer of a provider has to himself
FROM = " from "

# stored


class Attempts(Base):
    """The wrong guesses at one thing, or from one address."""

    __tablename__ = "attempts"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[int]
    blocked_until: Mapped[int]


# the verbs


def of_account(what: str, who: str | int) -> str:
    """The subject of guesses at what opens an account, `password of …`; `who` need not exist."""
    return f"{what} of {sha256(str(who).casefold().encode()).hexdigest()[:40]}"


def of_address(what: str, ip: str) -> str:
    """The subject of guesses that come from an address, `password from 192.0.2.1`; of IPv6, from its network."""
    return f"{what}{FROM}{_network(ip)}"


def blocked_until(transaction: Transaction, subjects: Iterable[str], now: int) -> int:
    """The moment until which no guess is looked at; 0 when one is."""
    latest = transaction.execute(_BLOCKED, {"subjects": list(subjects)}).scalar_one() or 0
    return latest if latest > now else 0


def begin(transaction: Transaction, at_account: str, from_address: str, now: int) -> bool:
    """Whether a guess is looked at. It is counted at the account as a wrong one, in advance."""
    if blocked_until(transaction, [from_address], now):
        return False
    values = _values(at_account, now)
    return transaction.execute(_COUNT_IF_OPEN, values).first() is not None


def failed(transaction: Transaction, subjects: Iterable[str], now: int) -> None:
    """Counts a wrong guess."""
    for subject in sorted(set(subjects)):  # always in one order, so that two transactions cannot wait for each other
        transaction.execute(_COUNT, _values(subject, now))


def succeeded(transaction: Transaction, subjects: Iterable[str]) -> None:
    """Forgets the wrong guesses at an account.

    Those from an address stay: with an account of his own, somebody who guesses at those of others could clear them.
    """
    transaction.execute(_FORGET, {"subjects": [subject for subject in subjects if FROM not in subject]})


def _values(subject: str, now: int) -> dict[str, object]:
    return {
        "subject": subject,
        "now": now,
        "forgotten": now - FORGOTTEN_SECONDS,
        "free": FREE_GUESSES_OF_ADDRESS if FROM in subject else FREE_GUESSES,
        "longest": LONGEST_WAIT_SECONDS,
    }


def _network(ip: str) -> str:
    try:
        address = ip_address(ip)
    except ValueError:
        return "nowhere"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), NETWORK_BITS), strict=False))
    return str(address)


_BLOCKED = select(func.max(Attempts.blocked_until)).where(Attempts.subject.in_(bindparam("subjects", expanding=True)))
_FORGET = delete(Attempts).where(Attempts.subject.in_(bindparam("subjects", expanding=True)))
_COUNT_EVERY_GUESS = """
    INSERT INTO attempts (subject, failures, failed_at, blocked_until) VALUES (:subject, 1, :now, 0)
    ON CONFLICT (subject) DO UPDATE SET
        failures = CASE WHEN attempts.failed_at < :forgotten THEN 1 ELSE attempts.failures + 1 END,
        failed_at = :now,
        blocked_until = CASE
            WHEN attempts.failed_at < :forgotten OR attempts.failures < :free THEN 0
            WHEN attempts.failures - :free >= 10 THEN :now + :longest
            ELSE :now + (1 << CAST(attempts.failures - :free AS INTEGER))
        END
    """
_COUNT = text(_COUNT_EVERY_GUESS)
_COUNT_IF_OPEN = text(f"{_COUNT_EVERY_GUESS} WHERE attempts.blocked_until <= :now RETURNING failures")
