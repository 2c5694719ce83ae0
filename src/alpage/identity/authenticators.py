"""Authenticators: apps that show a new number every thirty seconds (TOTP, RFC 6238).

The secret is sealed. A number is good once: of one authenticator, only numbers later than the last one used count.
"""

import hmac
from typing import Any

import pyotp
from sqlalchemy import ForeignKey, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alpage.identity import notices, security_events
from alpage.identity.credentials import seal, unseal
from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

ISSUER = "Alpage"  # what apps show beside the number
STEP_SECONDS = 30
DRIFT_STEPS = 1
PURPOSE = "authenticator"

# stored


class Authenticator(Base):
    """An authenticator of a user. It counts once its owner has shown a number of it."""

    __tablename__ = "authenticators"
    __event__ = "user.authenticator"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    sealed: Mapped[str] = mapped_column(info={SECRET: True})
    confirmed_at: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[int]


class AuthenticatorUse(Base):
    """The last number an authenticator was used with, so that none is good twice; not a change of it."""

    __tablename__ = "authenticator_uses"

    authenticator_id: Mapped[int] = mapped_column(ForeignKey("authenticators.id", ondelete="CASCADE"), primary_key=True)
    used_at: Mapped[int]
    counter: Mapped[int]


# the verbs


def begin(transaction: Transaction, user: User, name: str, pepper: bytes, now: int) -> tuple[Authenticator, str, str]:
    """An authenticator that waits for its first number: itself, its secret, and its `otpauth:` address.

    One that waited before is gone.
    """
    waiting = select(Authenticator).where(Authenticator.user_id == user.id, Authenticator.confirmed_at.is_(None))
    for earlier in transaction.session.scalars(waiting):
        transaction.session.delete(earlier)
    secret = pyotp.random_base32()
    sealed = seal(pepper, PURPOSE, secret.encode())
    authenticator = Authenticator(user_id=user.id, name=name, sealed=sealed, created_at=now)
    transaction.session.add(authenticator)
    transaction.session.flush()
    return authenticator, secret, pyotp.TOTP(secret).provisioning_uri(name=user.login, issuer_name=ISSUER)


def confirm(
    transaction: Transaction,
    user: User,
    authenticator: Authenticator,
    code: str,
    *,
    pepper: bytes,
    now: int,
    ip: str = "",
    user_agent: str = "",
) -> bool:
    """Lets an authenticator count, if the number is its own; False if it is not."""
    counter = _counter_of(authenticator.sealed, code, pepper, now)
    if counter is None:
        return False
    authenticator.confirmed_at = now
    transaction.session.add(AuthenticatorUse(authenticator_id=authenticator.id, used_at=now, counter=counter))
    _note(transaction, "totp_enabled", user, authenticator, now=now, ip=ip, user_agent=user_agent)
    return True


def matches(transaction: Transaction, user_id: int, code: str, pepper: bytes, now: int) -> bool:
    """Whether an authenticator of the user shows this number, or has just shown it; a number is good once."""
    for row in transaction.execute(_CONFIRMED, {"user_id": user_id}).all():
        counter = _counter_of(row.sealed, code, pepper, now)
        values = {"id": row.id, "count": counter, "now": now}
        if counter is not None and transaction.execute(_USE, values).first() is not None:
            return True
    return False


def remove(
    transaction: Transaction,
    user: User,
    authenticator: Authenticator,
    now: int,
    *,
    ip: str = "",
    user_agent: str = "",
) -> None:
    """Lets an authenticator count no more."""
    transaction.session.delete(authenticator)
    if authenticator.confirmed_at is not None:
        _note(transaction, "totp_disabled", user, authenticator, now=now, ip=ip, user_agent=user_agent)


def _counter_of(sealed: str, code: str, pepper: bytes, now: int) -> int | None:
    """The step in which an authenticator shows this number, among those that count now."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()):
        return None
    generator = pyotp.HOTP(unseal(pepper, PURPOSE, sealed).decode())
    latest = now // STEP_SECONDS + DRIFT_STEPS
    found = None
    for counter in range(latest - 2 * DRIFT_STEPS, latest + 1):
        if hmac.compare_digest(generator.at(counter), digits):
            found = counter
    return found


def _note(
    transaction: Transaction,
    kind: security_events.Kind,
    user: User,
    authenticator: Authenticator,
    *,
    now: int,
    ip: str,
    user_agent: str,
) -> None:
    context: dict[str, Any] = {"authenticator_id": authenticator.id, "name": authenticator.name}
    security_events.note(transaction, kind, user_id=user.id, now=now, ip=ip, user_agent=user_agent, **context)
    notices.send(transaction, user, kind, now, name=authenticator.name)


_CONFIRMED = select(Authenticator.id, Authenticator.sealed).where(
    Authenticator.user_id == bindparam("user_id"), Authenticator.confirmed_at.is_not(None)
)
_USE = (
    update(AuthenticatorUse)
    .where(AuthenticatorUse.authenticator_id == bindparam("id"), AuthenticatorUse.counter < bindparam("count"))
    .values(used_at=bindparam("now"), counter=bindparam("count"))
    .returning(AuthenticatorUse.counter)
    .execution_options(synchronize_session=False)
)
