"""Passkeys: keys of a device or a password store that a user signs in with (WebAuthn).

They belong to the host of the login. A passkey by itself signs its user in, and then its device must have verified
him; after a password it is a second factor, and his presence will do. Each of the two ceremonies begins with a
challenge that is good once, kept as a ticket.
"""

from typing import Any

from pydantic import Field
from sqlalchemy import JSON, BindParameter, ForeignKey, Select, String, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import CREDENTIAL, Subject
from alpage.api.routes import Routes, Shape
from alpage.api.validation import Name
from alpage.identity import ceremonies, notices, security_events, tickets
from alpage.identity.ceremonies import CEREMONY_SECONDS, KnownKey, Person, UnprovenError
from alpage.identity.credentials import derive_key, is_well_formed, keyed_hash, new_secret, pepper_of
from alpage.identity.sessions import FRESH_SECONDS
from alpage.identity.users import User
from alpage.settings import Settings
from alpage.storage.database import Transaction
from alpage.storage.tables import WHOLE_NUMBER, Base

routes = Routes("Passkeys")

PAGE = "/passkeys/new"  # of the login, where browsers can make them

# stored


class Passkey(Base):
    """A passkey of a user."""

    __tablename__ = "passkeys"
    __event__ = "user.passkey"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)  # base64url, as below
    public_key: Mapped[str]
    transports: Mapped[list[str]] = mapped_column(JSON)
    is_backed_up: Mapped[bool]
    created_at: Mapped[int]


class PasskeyUse(Base):
    """When a passkey was last used, and what its counter said; not a change of it."""

    __tablename__ = "passkey_uses"

    passkey_id: Mapped[int] = mapped_column(ForeignKey("passkeys.id", ondelete="CASCADE"), primary_key=True)
    used_at: Mapped[int]
    sign_count: Mapped[int]


subjects = [Subject(Passkey, reads=("security:read",), never=CREDENTIAL)]

# on the wire


class PasskeyShape(Shape):
    """A passkey of the caller. One that is backed up lives in a password store, on more than one device."""

    id: int
    name: str
    is_backed_up: bool
    transports: list[str]
    created_at: int
    last_used_at: int


class PasskeyOptions(Shape):
    """What a browser makes a passkey from, and the ticket its answer comes back with, within five minutes."""

    options: dict[str, Any] = Field(
        description="For `navigator.credentials.create`, by `PublicKeyCredential.parseCreationOptionsFromJSON`."
    )
    ticket: str


class NewPasskey(Shape):
    """The answer of a browser."""

    ticket: str
    response: dict[str, Any] = Field(description="The new credential, as its `toJSON` has it.")
    name: Name = "Passkey"


class PasskeyChange(Shape):
    """What a passkey is called."""

    name: Name


# who sees it


def visible(caller: Caller) -> Select[Passkey]:
    """The passkeys of the caller."""
    return select(Passkey).where(Passkey.user_id == caller.user_id)


# the verbs


def user_handle(pepper: bytes, user_id: int) -> bytes:
    """What a device calls the user by: says nothing about him, and is the same for all his passkeys."""
    return derive_key(pepper, f"passkeys of user {user_id}")


def begin_registration(
    transaction: Transaction, user: Any, settings: Settings, pepper: bytes, now: int
) -> tuple[dict[str, Any], str]:
    """What `navigator.credentials.create` takes, and the ticket the answer must come with."""
    person = Person(user_handle(pepper, user.id), user.login, user.display_name)
    options = ceremonies.registration_options(settings, person, _known(transaction, user.id))
    return options.content, _begin(transaction, pepper, options.challenge, now, new_for=user.id)


def finish_registration(
    transaction: Transaction,
    user: Any,
    ticket: str,
    response: dict[str, Any],
    name: str,
    *,
    settings: Settings,
    pepper: bytes,
    now: int,
    ip: str = "",
    user_agent: str = "",
) -> Passkey:
    """The new passkey. Raises `passkey_not_accepted` and, if it is somebody's already, `object_already_exists`."""
    begun = _take(transaction, pepper, ticket, now)
    if begun is None or begun.get("new_for") != user.id:
        raise ApiError("passkey_not_accepted", reason="ticket")
    try:
        registered = ceremonies.check_registration(settings, begun["challenge"], response)
    except UnprovenError:
        raise ApiError("passkey_not_accepted", reason="response") from None
    credential_id = registered.key.credential_id
    if transaction.execute(_BY_CREDENTIAL, {"credential_id": credential_id}).first() is not None:
        raise ApiError("object_already_exists", model="Passkey", attribute="response")
    passkey = Passkey(
        user_id=user.id,
        name=name,
        credential_id=credential_id,
        public_key=registered.key.public_key,
        transports=list(registered.key.transports),
        is_backed_up=registered.is_backed_up,
        created_at=now,
    )
    transaction.session.add(passkey)
    transaction.session.flush()
    transaction.session.add(PasskeyUse(passkey_id=passkey.id, used_at=now, sign_count=registered.sign_count))
    notices.tell(
        transaction, user, "passkey_added", now, ip=ip, user_agent=user_agent, passkey_id=passkey.id, name=passkey.name
    )
    return passkey


def begin_sign_in(
    transaction: Transaction, settings: Settings, pepper: bytes, now: int, user_id: int | None = None
) -> tuple[dict[str, Any], str]:
    """What `navigator.credentials.get` takes, and the ticket the answer must come with.

    With `user_id` it is a second factor of that user; without, whoever has a passkey of the platform may come.
    """
    options = ceremonies.sign_in_options(settings, None if user_id is None else _known(transaction, user_id))
    return options.content, _begin(transaction, pepper, options.challenge, now, user_id=user_id)


def finish_sign_in(
    transaction: Transaction,
    ticket: str,
    response: dict[str, Any],
    *,
    settings: Settings,
    pepper: bytes,
    now: int,
    ip: str = "",
    user_agent: str = "",
) -> int | None:
    """The number of the user whose passkey has answered the challenge; None for anything else.

    A passkey whose counter does not go on is refused: there are two of it. That is noted.
    """
    begun = _take(transaction, pepper, ticket, now)
    if begun is None or "user_id" not in begun:
        return None
    passkey = transaction.execute(_BY_CREDENTIAL, {"credential_id": str(response.get("id"))}).one_or_none()
    if passkey is None or passkey.blocked_at is not None or begun["user_id"] not in (None, passkey.user_id):
        return None
    handle = user_handle(pepper, passkey.user_id)
    is_alone = begun["user_id"] is None  # not a second factor: the device must have verified its user
    try:
        sign_count = ceremonies.check_sign_in(
            settings, begun["challenge"], response, passkey.public_key, handle, verified=is_alone
        )
    except UnprovenError:
        return None
    if not _count(transaction, passkey.id, sign_count, now):
        security_events.note(
            transaction,
            "passkey_copied",
            user_id=passkey.user_id,
            now=now,
            ip=ip,
            user_agent=user_agent,
            passkey_id=passkey.id,
        )
        return None
    return int(passkey.user_id)


def remove(
    transaction: Transaction, user: Any, passkey: Passkey, now: int, *, ip: str = "", user_agent: str = ""
) -> None:
    """Lets a passkey sign in no more."""
    transaction.session.delete(passkey)
    notices.tell(
        transaction,
        user,
        "passkey_removed",
        now,
        ip=ip,
        user_agent=user_agent,
        passkey_id=passkey.id,
        name=passkey.name,
    )


def _begin(transaction: Transaction, pepper: bytes, challenge: str, now: int, **content: Any) -> str:
    ticket = new_secret("ot")
    content = {"challenge": challenge, **content}
    tickets.put(transaction, "passkey", keyed_hash(pepper, ticket), content, now + CEREMONY_SECONDS)
    return ticket


def _take(transaction: Transaction, pepper: bytes, ticket: str, now: int) -> dict[str, Any] | None:
    if not is_well_formed(ticket, "ot"):
        return None
    taken = tickets.take(transaction, "passkey", keyed_hash(pepper, ticket), now)
    return taken.content if taken is not None and taken.is_first else None


def _known(transaction: Transaction, user_id: int) -> list[KnownKey]:
    rows = transaction.execute(_OF_USER, {"user_id": user_id})
    return [KnownKey(row.credential_id, tuple(row.transports)) for row in rows]


def _count(transaction: Transaction, passkey_id: int, sign_count: int, now: int) -> bool:
    """Takes note of a use; False for a counter that has not gone on (one that never counts says 0)."""
    values = {"id": passkey_id, "count": sign_count, "now": now}
    return transaction.execute(_USE, values).first() is not None


def _described(caller: Caller) -> Select[Any]:
    return (
        visible(caller)
        .with_only_columns(*Passkey.__table__.c, PasskeyUse.used_at.label("last_used_at"))
        .join(PasskeyUse, PasskeyUse.passkey_id == Passkey.id)
    )


def _find(call: Call, passkey_id: int) -> Passkey:
    found: Passkey | None = call.transaction.find(visible(call.caller).where(Passkey.id == passkey_id))
    if found is None:
        raise not_found("Passkey", passkey_id)
    return found


def _show(call: Call, passkey_id: int) -> Any:
    found = call.transaction.execute(_described(call.caller).where(Passkey.id == passkey_id)).one_or_none()
    if found is None:
        raise not_found("Passkey", passkey_id)
    return found


_OF_USER = (
    select(Passkey.credential_id, Passkey.transports)
    .where(Passkey.user_id == bindparam("user_id"))
    .order_by(Passkey.id)
)
_BY_CREDENTIAL = (
    select(Passkey.id, Passkey.user_id, Passkey.public_key, User.blocked_at)
    .join(User, User.id == Passkey.user_id)
    .where(Passkey.credential_id == bindparam("credential_id"))
)
_COUNT: BindParameter[int] = bindparam("count", type_=WHOLE_NUMBER)  # of 32 bits without a sign
_USE = (
    update(PasskeyUse)
    .where(
        PasskeyUse.passkey_id == bindparam("id"),
        or_(PasskeyUse.sign_count < _COUNT, (PasskeyUse.sign_count == 0) & (_COUNT == 0)),
    )
    .values(used_at=bindparam("now"), sign_count=_COUNT)
    .returning(PasskeyUse.sign_count)
    .execution_options(synchronize_session=False)
)

# the routes


@routes.get(
    "/1/profile/passkeys",
    scope="security:read",
    answer=list[PasskeyShape],
    recounts=True,  # uses are joined to it, which the change log does not watch
    sort={
        "id": Passkey.id,
        "name": Passkey.name,
        "created_at": Passkey.created_at,
        "last_used_at": PasskeyUse.used_at,
    },
    search=(Passkey.name,),
)
def list_passkeys(call: Call) -> Select[Any]:
    """List the passkeys of the caller."""
    return _described(call.caller)


@routes.post("/1/profile/passkeys/options", scope="security:write", answer=PasskeyOptions, fresh_seconds=FRESH_SECONDS)
def begin_passkey(call: Call) -> dict[str, Any]:
    """Begin to add a passkey.

    A browser makes it from `options` on a page of the login's host; its answer goes to `POST /1/profile/passkeys`. For
    people there is the page that `/.well-known/passkey-endpoints` of that host names.
    """
    user = call.session.get_one(User, call.caller.user_id)
    options, ticket = begin_registration(call.transaction, user, call.settings, pepper_of(call.settings), call.real_now)
    return {"options": options, "ticket": ticket}


@routes.post(
    "/1/profile/passkeys",
    scope="security:write",
    answer=PasskeyShape,
    errors=["passkey_not_accepted", "object_already_exists"],
    fresh_seconds=FRESH_SECONDS,
)
def create_passkey(call: Call, body: NewPasskey) -> Any:
    """Add a passkey: what a browser made from the options it was given."""
    made = finish_registration(
        call.transaction,
        call.session.get_one(User, call.caller.user_id),
        body.ticket,
        body.response,
        body.name,
        settings=call.settings,
        pepper=pepper_of(call.settings),
        now=call.real_now,
        ip=call.request.ip,
        user_agent=call.request.user_agent,
    )
    return _show(call, made.id)


@routes.get("/1/profile/passkeys/{passkey_id}", scope="security:read", answer=PasskeyShape)
def show_passkey(call: Call, passkey_id: int) -> Any:
    """Show a passkey."""
    return _show(call, passkey_id)


@routes.patch("/1/profile/passkeys/{passkey_id}", scope="security:write", answer=PasskeyShape)
def rename_passkey(call: Call, passkey_id: int, body: PasskeyChange) -> Any:
    """Rename a passkey."""
    _find(call, passkey_id).name = body.name
    return _show(call, passkey_id)


@routes.delete("/1/profile/passkeys/{passkey_id}", scope="security:write", answer=bool, fresh_seconds=FRESH_SECONDS)
def delete_passkey(call: Call, passkey_id: int) -> bool:
    """Delete a passkey: nobody can sign in with it any more."""
    passkey = _find(call, passkey_id)
    user = call.session.get_one(User, call.caller.user_id)
    remove(call.transaction, user, passkey, call.real_now, ip=call.request.ip, user_agent=call.request.user_agent)
    return True
