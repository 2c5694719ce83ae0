"""Factors: what a user can sign in with besides his password, taken together."""

from dataclasses import dataclass

from sqlalchemy import BindParameter, bindparam, func, select

from alpage.identity import notices, recovery_codes
from alpage.identity.authenticators import Authenticator
from alpage.identity.passkeys import Passkey
from alpage.identity.recovery_codes import RecoveryCode
from alpage.identity.users import User
from alpage.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Factors:
    """How many of each a user has."""

    passkeys: int
    authenticators: int
    recovery_codes_left: int

    @property
    def has_second(self) -> bool:
        """Whether a password alone does not do: recovery codes only stand in for another factor."""
        return bool(self.passkeys or self.authenticators)


def of_user(transaction: Transaction, user_id: int) -> Factors:
    """The factors of a user."""
    row = transaction.execute(_COUNTS, {"user_id": user_id}).one()
    return Factors(row.passkeys, row.authenticators, row.recovery_codes_left)


def reset(transaction: Transaction, user: User, now: int) -> None:
    """Takes all factors of a user away: who runs the platform, for somebody who has lost them."""
    session = transaction.session
    for passkey in session.scalars(select(Passkey).where(Passkey.user_id == user.id)):
        session.delete(passkey)
    for authenticator in session.scalars(select(Authenticator).where(Authenticator.user_id == user.id)):
        session.delete(authenticator)
    recovery_codes.forget(transaction, user.id)
    notices.tell(transaction, user, "factors_reset", now)


_USER_ID: BindParameter[int] = bindparam("user_id")
_COUNTS = select(
    select(func.count(Passkey.id)).where(Passkey.user_id == _USER_ID).scalar_subquery().label("passkeys"),
    select(func.count(Authenticator.id))
    .where(Authenticator.user_id == _USER_ID, Authenticator.confirmed_at.is_not(None))
    .scalar_subquery()
    .label("authenticators"),
    select(func.count(RecoveryCode.id))
    .where(RecoveryCode.user_id == _USER_ID, RecoveryCode.used_at.is_(None))
    .scalar_subquery()
    .label("recovery_codes_left"),
)
