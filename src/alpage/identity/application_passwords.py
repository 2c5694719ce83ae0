"""Application passwords: what programs sign in with that cannot do it by OAuth, such as calendars and WebDAV clients.

They are random, seen once, and kept as tokens are. A server that takes a login and a password asks `owner`.
"""

from typing import Any

from sqlalchemy import ForeignKey, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.history import CREDENTIAL, Subject
from alpage.api.routes import Routes, Shape
from alpage.api.validation import Name
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret, pepper_of
from alpage.identity.users import User
from alpage.settings import Settings
from alpage.storage.changes import SECRET
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

routes = Routes("Application passwords")

# stored


class ApplicationPassword(Base):
    """A password one program of a user signs in with."""

    __tablename__ = "application_passwords"
    __event__ = "user.application_password"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    created_at: Mapped[int]


class ApplicationPasswordUse(Base):
    """When an application password was last used; not a change of it."""

    __tablename__ = "application_password_uses"

    password_id: Mapped[int] = mapped_column(
        ForeignKey("application_passwords.id", ondelete="CASCADE"), primary_key=True
    )
    used_at: Mapped[int]


subjects = [Subject(ApplicationPassword, reads=("user_info",), never=CREDENTIAL)]

# on the wire


class ApplicationPasswordShape(Shape):
    """A password one program of the caller signs in with."""

    id: int
    name: str
    last_used_at: int | None


class NewApplicationPassword(ApplicationPasswordShape):
    """A new application password; this is the only time it is seen."""

    password: str


class ApplicationPasswordBody(Shape):
    """What a new application password is for."""

    name: Name = "Application"


# who sees it


def visible(caller: Caller) -> Select[ApplicationPassword]:
    """The application passwords of the caller."""
    return select(ApplicationPassword).where(ApplicationPassword.user_id == caller.user_id)


# the verbs


def owner(transaction: Transaction, settings: Settings, login: str, password: str, now: int) -> int | None:
    """The number of the user whose login and application password these are, if they are right; notes the use."""
    if not is_well_formed(password):
        return None
    digest = keyed_hash(pepper_of(settings), password)
    found = transaction.execute(_BY_HASH, {"hash": digest, "login": login.lower()}).one_or_none()
    if found is None:
        return None
    transaction.session.merge(ApplicationPasswordUse(password_id=found.id, used_at=now))
    return int(found.user_id)


def _described(caller: Caller) -> Select[Any]:
    used_at = select(ApplicationPasswordUse.used_at).where(ApplicationPasswordUse.password_id == ApplicationPassword.id)
    return visible(caller).with_only_columns(
        ApplicationPassword.id, ApplicationPassword.name, used_at.scalar_subquery().label("last_used_at")
    )


# the routes


@routes.get(
    "/2/profile/applications/passwords",
    scope="user_info",
    answer=list[ApplicationPasswordShape],
    sort={"id": ApplicationPassword.id, "name": ApplicationPassword.name},
    search=(ApplicationPassword.name,),
)
def list_application_passwords(call: Call) -> Select[Any]:
    """List the application passwords of the caller."""
    return _described(call.caller)


@routes.post("/2/profile/applications/passwords", scope="user_info", answer=NewApplicationPassword)
def create_application_password(call: Call, body: ApplicationPasswordBody) -> dict[str, Any]:
    """Make an application password.

    `password` is shown this once.
    """
    secret = new_secret("ap")
    digest = keyed_hash(pepper_of(call.settings), secret)
    made = ApplicationPassword(user_id=call.caller.user_id, name=body.name, hash=digest, created_at=call.now)
    call.session.add(made)
    call.session.flush()
    return {"id": made.id, "name": made.name, "last_used_at": None, "password": secret}


@routes.get("/2/profile/applications/passwords/{password_id}", scope="user_info", answer=ApplicationPasswordShape)
def show_application_password(call: Call, password_id: int) -> Any:
    """Show an application password, without the password itself."""
    found = call.transaction.execute(_described(call.caller).where(ApplicationPassword.id == password_id)).one_or_none()
    if found is None:
        raise not_found("ApplicationPassword", password_id)
    return found


@routes.delete("/2/profile/applications/passwords/{password_id}", scope="user_info", answer=bool)
def delete_application_password(call: Call, password_id: int) -> bool:
    """Delete an application password: the program that has it can sign in no more."""
    found = call.transaction.find(visible(call.caller).where(ApplicationPassword.id == password_id))
    if found is None:
        raise not_found("ApplicationPassword", password_id)
    call.session.delete(found)
    return True


_BY_HASH: Select[Any, Any] = (
    select(ApplicationPassword.id, ApplicationPassword.user_id)
    .join(User, User.id == ApplicationPassword.user_id)
    .where(ApplicationPassword.hash == bindparam("hash"), User.login == bindparam("login"))
)
