"""Authenticators: apps that show a new number every thirty seconds (TOTP, RFC 6238).

The secret is sealed. A number is good once: of one authenticator, only numbers later than the last one used count.
"""

import hmac
from typing import Annotated, Any

import pyotp
from pydantic import Field, StringConstraints
from sqlalchemy import ForeignKey, Select, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.history import CREDENTIAL, Subject
from alpage.api.routes import Routes, Shape
from alpage.api.validation import Name
from alpage.identity import notices
from alpage.identity.credentials import pepper_of, seal, unseal
from alpage.identity.sessions import FRESH_SECONDS
from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

routes = Routes("Authenticators")

ISSUER = "Alpage"  # what apps show beside the number
STEP_SECONDS = 30
DRIFT_STEPS = 1
PURPOSE = "authenticator"

# stored


class Authenticator(Base):
    """An authenticator of a user. It counts once its owner has shown a number of it."""

    __tablename__ = "authenticators"
    __event__ = "user.authenticator"
    __audience__ = "user"

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


subjects = [Subject(Authenticator, reads=("security:read",), never=CREDENTIAL)]

# on the wire


class AuthenticatorShape(Shape):
    """An authenticator of the caller. It counts once it is confirmed."""

    id: int
    name: str
    created_at: int
    confirmed_at: int | None
    last_used_at: int | None


class NewAuthenticator(AuthenticatorShape):
    """An authenticator that waits for its first number; its secret is seen this once."""

    secret: str = Field(description="Base 32, for who types it.")
    uri: str = Field(description="The secret as apps take it, `otpauth://totp/…`.")
    qr_code: str = Field(description="The same as a picture, `data:image/svg+xml…`.")


class AuthenticatorBody(Shape):
    """What a new authenticator is called."""

    name: Name = "Authenticator"


class AuthenticatorCode(Shape):
    """The number the authenticator shows."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)]


# who sees it


def visible(caller: Caller) -> Select[Authenticator]:
    """The authenticators of the caller."""
    return select(Authenticator).where(Authenticator.user_id == caller.user_id)


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
    notices.tell(
        transaction,
        user,
        "totp_enabled",
        now,
        ip=ip,
        user_agent=user_agent,
        authenticator_id=authenticator.id,
        name=authenticator.name,
    )
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
        notices.tell(
            transaction,
            user,
            "totp_disabled",
            now,
            ip=ip,
            user_agent=user_agent,
            authenticator_id=authenticator.id,
            name=authenticator.name,
        )


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


def _described(caller: Caller) -> Select[Any]:
    columns: tuple[Any, ...] = (*SHOWN, AuthenticatorUse.used_at.label("last_used_at"))
    return (
        visible(caller)
        .with_only_columns(*columns)
        .outerjoin(AuthenticatorUse, AuthenticatorUse.authenticator_id == Authenticator.id)
    )


def _find(call: Call, authenticator_id: int) -> Authenticator:
    found: Authenticator | None = call.transaction.find(
        visible(call.caller).where(Authenticator.id == authenticator_id).with_for_update()
    )
    if found is None:
        raise not_found("Authenticator", authenticator_id)
    return found


def _qr_code(uri: str) -> str:
    import segno  # noqa: PLC0415 - loaded on first use

    return segno.make(uri, error="m").svg_data_uri(scale=4)


SHOWN = (Authenticator.id, Authenticator.name, Authenticator.created_at, Authenticator.confirmed_at)
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

# the routes


@routes.get(
    "/1/profile/authenticators",
    scope="security:read",
    answer=list[AuthenticatorShape],
    recounts=True,  # uses are joined to it, which the change log does not watch
    sort={"id": Authenticator.id, "name": Authenticator.name, "created_at": Authenticator.created_at},
    search=(Authenticator.name,),
)
def list_authenticators(call: Call) -> Select[Any]:
    """List the authenticators of the caller."""
    return _described(call.caller)


@routes.post("/1/profile/authenticators", scope="security:write", answer=NewAuthenticator, fresh_seconds=FRESH_SECONDS)
def create_authenticator(call: Call, body: AuthenticatorBody) -> dict[str, Any]:
    """Begin to add an authenticator.

    The secret is shown this once, as text, as an address and as a picture to point an app at. The authenticator counts
    once one of its numbers was sent to `…/confirm`; one that has waited for that before is gone.
    """
    user = call.session.get_one(User, call.caller.user_id)
    made, secret, uri = begin(call.transaction, user, body.name, pepper_of(call.settings), call.real_now)
    shown = {column.key: getattr(made, column.key) for column in SHOWN}
    return {**shown, "last_used_at": None, "secret": secret, "uri": uri, "qr_code": _qr_code(uri)}


@routes.post(
    "/1/profile/authenticators/{authenticator_id}/confirm",
    scope="security:write",
    answer=AuthenticatorShape,
    status=200,
    errors=["state_conflict"],
    fresh_seconds=FRESH_SECONDS,
)
def confirm_authenticator(call: Call, authenticator_id: int, body: AuthenticatorCode) -> Any:
    """Confirm an authenticator by a number it shows: from now on it counts."""
    found = _find(call, authenticator_id)
    if found.confirmed_at is not None:
        allowed = ["waiting"]
        raise ApiError("state_conflict", model="Authenticator", id=found.id, state="confirmed", allowed_states=allowed)
    user = call.session.get_one(User, call.caller.user_id)
    is_right = confirm(
        call.transaction,
        user,
        found,
        body.code,
        pepper=pepper_of(call.settings),
        now=call.real_now,
        ip=call.request.ip,
        user_agent=call.request.user_agent,
    )
    if not is_right:
        raise invalid(Fault("attribute_code", "code"))
    return call.transaction.execute(_described(call.caller).where(Authenticator.id == found.id)).one()


@routes.delete(
    "/1/profile/authenticators/{authenticator_id}", scope="security:write", answer=bool, fresh_seconds=FRESH_SECONDS
)
def delete_authenticator(call: Call, authenticator_id: int) -> bool:
    """Delete an authenticator: its numbers are good no more."""
    found = _find(call, authenticator_id)
    user = call.session.get_one(User, call.caller.user_id)
    remove(call.transaction, user, found, call.real_now, ip=call.request.ip, user_agent=call.request.user_agent)
    return True
