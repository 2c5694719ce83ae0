"""E-mail addresses of a user: his own, which he signs in with, and others he can be reached at.

His own stands with the user, the others here. On the wire both are in one list, told apart by type and
number: his own is the `personal` one under his own number.
"""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import CONSENT, Subject, Undo, Work
from alpage.api.routes import Routes, Shape
from alpage.api.validation import fault
from alpage.identity.users import User
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Emails")

OWN, OTHER = "personal", "other"

# stored


class UserEmail(Base):
    """An address of a user besides his own."""

    __tablename__ = "user_emails"
    __table_args__ = (UniqueConstraint("user_id", "email"), STEADY_IDS)
    __event__ = "user.email"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    email: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(16), default=OTHER)
    reminder: Mapped[bool] = mapped_column(default=False)
    checked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int]


# on the wire


def normalise(text: str) -> str:
    """An address as addresses are kept: in lower case. For validators of shapes: raises `attribute_email`."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - loaded on first use

    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise fault("attribute_email") from None


class Email(Shape):
    """An e-mail address of the caller."""

    id: int
    email: str
    created_at: int
    reminder: bool
    checked: bool
    type: Literal["other", "personal", "professional"]


# who sees it


def visible(caller: Caller) -> Select[UserEmail]:
    """The addresses of the caller, without his own."""
    return select(UserEmail).where(UserEmail.user_id == caller.user_id)


# the verbs


def of_user(call: Call, user: Any) -> list[dict[str, Any]]:
    """The addresses of a user as the wire has them, his own first."""
    others = call.transaction.execute(_OTHERS, {"user_id": user.id}).all()
    return [_own(user), *(Email.present(row, call) for row in others)]


def remind_at(call: Call, user: User, address: str) -> None:
    """Makes an address the one a user is reminded at when he cannot sign in any more."""
    known: Sequence[UserEmail] = call.session.scalars(visible(call.caller)).all()
    kept = next((row for row in known if row.email == address), None)
    if kept is None:
        kept = UserEmail(user_id=user.id, email=address, created_at=call.now)
        call.session.add(kept)
    for row in known:
        row.reminder = False
    kept.reminder = True


def address_of(call: Call, user: Any, email_type: str, email_id: int) -> tuple[str, bool]:
    """An address of the caller, and whether it is known to be his. Raises `object_not_found`."""
    if _is_own(call, email_type, email_id):
        return user.email, user.is_email_checked
    other = _find(call, email_type, email_id)
    return other.email, other.checked


def _own(user: Any) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "created_at": user.created_at,
        "reminder": False,
        "checked": user.is_email_checked,
        "type": OWN,
    }


def _is_own(call: Call, email_type: str, email_id: int) -> bool:
    return email_type == OWN and email_id == call.caller.user_id


def _find(call: Call, email_type: str, email_id: int) -> Any:
    found = call.transaction.find(visible(call.caller).where(UserEmail.type == email_type, UserEmail.id == email_id))
    if found is None:
        raise not_found("Email", email_id)
    return found


# the routes


@routes.get(
    "/2/profile/emails",
    scope="user_info",
    answer=list[Email],
    sort=dict.fromkeys(Email.model_fields),
    search=("email",),
)
def list_emails(call: Call) -> list[dict[str, Any]]:
    """List the e-mail addresses of the caller."""
    return of_user(call, call.transaction.execute(_USER, {"id": call.caller.user_id}).one())


@routes.get("/2/profile/emails/{email_type}/{email_id}", scope="user_info", answer=Email)
def show_email(call: Call, email_type: str, email_id: int) -> Any:
    """Show an e-mail address."""
    if _is_own(call, email_type, email_id):
        return _own(call.transaction.execute(_USER, {"id": email_id}).one())
    return _find(call, email_type, email_id)


@routes.delete("/2/profile/emails/{email_type}/{email_id}", scope="user_info", answer=bool, errors=["state_conflict"])
def delete_email(call: Call, email_type: str, email_id: int) -> bool:
    """Delete an e-mail address.

    The one the caller signs in with cannot be deleted; `PATCH /2/profile` replaces it.
    """
    if _is_own(call, email_type, email_id):
        raise ApiError("state_conflict", model="Email", id=email_id, state="primary", allowed_states=["secondary"])
    call.session.delete(_find(call, email_type, email_id))
    return True


_USER: Select[Any] = select(User.__table__).where(User.id == bindparam("id"))
_OTHERS: Select[Any] = (
    select(UserEmail.__table__).where(UserEmail.user_id == bindparam("user_id")).order_by(UserEmail.id)
)


# taken back


def _own_only(work: Work) -> None:
    for item in work.items:
        if item.after["user_id"] != work.call.caller.user_id:
            raise not_found("Email", item.object_id)


subjects = [
    Subject(
        UserEmail,
        reads=("user_info",),
        undo=Undo(writes="user_info", guard=_own_only, actions=("created",), otherwise=CONSENT),
    )
]
