"""Recovery codes: what a user signs in with, once each, when his second factor is lost.

Their making and their use are on record as security events; the codes themselves are kept as keyed hashes and come and
go together.
"""

import secrets
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.calls import Call
from alpage.api.routes import Routes, Shape
from alpage.identity import notices
from alpage.identity.credentials import keyed_hash, pepper_of
from alpage.identity.sessions import FRESH_SECONDS
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

routes = Routes("Recovery codes")

COUNT = 10
GROUPS, GROUP_LENGTH = 2, 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # 5 bits a character; I, L, O and U would be misread
MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})

# stored


class RecoveryCode(Base):
    """A recovery code of a user."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[int]
    used_at: Mapped[int | None] = mapped_column(default=None)


# on the wire


class RecoveryCodes(Shape):
    """How many recovery codes the caller has left, and when they were made."""

    left: int
    made_at: int | None


class NewRecoveryCodes(RecoveryCodes):
    """New recovery codes; this is the only time they are seen."""

    codes: list[str]


# the verbs


def make(
    transaction: Transaction, user: User, pepper: bytes, now: int, *, ip: str = "", user_agent: str = ""
) -> list[str]:
    """New codes, in the clear; those there were are good no more."""
    codes = [_new_code() for _ in range(COUNT)]
    transaction.execute(_FORGET, {"user_id": user.id})
    rows = [{"user_id": user.id, "hash": _hash(pepper, user.id, code), "created_at": now} for code in codes]
    transaction.execute(insert(RecoveryCode), rows)
    notices.tell(transaction, user, "recovery_codes_made", now, ip=ip, user_agent=user_agent)
    return codes


def use(
    transaction: Transaction,
    user_id: int,
    code: str,
    pepper: bytes,
    now: int,
    *,
    ip: str = "",
    user_agent: str = "",
) -> bool:
    """Whether this is a code of the user that was not used before; it has been now."""
    values = {"owner_id": user_id, "code_hash": _hash(pepper, user_id, code), "now": now}
    if transaction.execute(_USE, values).first() is None:
        return False
    user = transaction.session.get_one(User, user_id)
    notices.tell(transaction, user, "recovery_code_used", now, ip=ip, user_agent=user_agent)
    return True


def forget(transaction: Transaction, user_id: int) -> None:
    """Takes all codes of a user away."""
    transaction.execute(_FORGET, {"user_id": user_id})


def _new_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def _hash(pepper: bytes, user_id: int, code: str) -> str:
    """A code as it is kept; people may write it small, without the hyphen, or with letters it does not have."""
    return keyed_hash(pepper, f"recovery code of {user_id}: {code.upper().translate(MISREAD)}")


_FORGET = delete(RecoveryCode).where(RecoveryCode.user_id == bindparam("user_id"))
_LEFT = select(func.count(RecoveryCode.id).label("left"), func.max(RecoveryCode.created_at).label("made_at")).where(
    RecoveryCode.user_id == bindparam("user_id"), RecoveryCode.used_at.is_(None)
)
_USE = (
    update(RecoveryCode)
    .where(
        RecoveryCode.user_id == bindparam("owner_id"),
        RecoveryCode.hash == bindparam("code_hash"),
        RecoveryCode.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
    .returning(RecoveryCode.id)
    .execution_options(synchronize_session=False)
)

# the routes


@routes.get("/1/profile/recovery_codes", scope="security:read", answer=RecoveryCodes)
def show_recovery_codes(call: Call) -> Any:
    """Show how many recovery codes are left."""
    return call.transaction.execute(_LEFT, {"user_id": call.caller.user_id}).one()


@routes.post("/1/profile/recovery_codes", scope="security:write", answer=NewRecoveryCodes, fresh_seconds=FRESH_SECONDS)
def create_recovery_codes(call: Call) -> dict[str, Any]:
    """Make ten recovery codes, in place of those there are.

    They are shown this once. Each signs in once, in place of a passkey or an authenticator that is lost.
    """
    user = call.session.get_one(User, call.caller.user_id)
    pepper = pepper_of(call.settings)
    codes = make(call.transaction, user, pepper, call.real_now, ip=call.request.ip, user_agent=call.request.user_agent)
    return {"left": len(codes), "made_at": call.real_now, "codes": codes}
