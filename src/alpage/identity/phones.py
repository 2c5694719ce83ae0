"""Phone numbers of a user, kept as the world dials them: `+41446681800`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.history import CONSENT, Subject, Undo, Work
from alpage.api.routes import Routes, Shape
from alpage.identity.users import User
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Phones")

# stored


class UserPhone(Base):
    """A phone number of a user."""

    __tablename__ = "user_phones"
    __table_args__ = (UniqueConstraint("user_id", "phone"), STEADY_IDS)
    __event__ = "user.phone"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    phone: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(16))
    reminder: Mapped[bool] = mapped_column(default=False)
    checked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int]


# on the wire


class Phone(Shape):
    """A phone number of the caller."""

    id: int
    phone: str
    created_at: int
    reminder: bool
    checked: bool
    type: str


# who sees it


def visible(caller: Caller) -> Select[UserPhone]:
    """The phone numbers of the caller."""
    return select(UserPhone).where(UserPhone.user_id == caller.user_id)


# the verbs


def normalise(text: str, region: str) -> tuple[str, str] | None:
    """A number as the world dials it, and its type (`mobile`, `fixed` or `other`); None for what is no phone number.

    `region` is the country a number without prefix is dialled in, as a two-letter code.
    """
    import phonenumbers  # noqa: PLC0415 - loaded on first use

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    kinds = phonenumbers.PhoneNumberType
    names = {kinds.MOBILE: "mobile", kinds.FIXED_LINE_OR_MOBILE: "mobile", kinds.FIXED_LINE: "fixed"}
    dialled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return dialled, names.get(phonenumbers.number_type(number), "other")


def of_user(call: Call, user: Any) -> list[dict[str, Any]]:
    """The phone numbers of a user as the wire has them."""
    return [Phone.present(row, call) for row in call.transaction.execute(_OF_USER, {"user_id": user.id}).all()]


def remind_at(call: Call, user: User, phone: str, kind: str) -> None:
    """Makes a number the one a user is reminded at when he cannot sign in any more."""
    known: Sequence[UserPhone] = call.session.scalars(visible(call.caller)).all()
    kept = next((row for row in known if row.phone == phone), None)
    if kept is None:
        kept = UserPhone(user_id=user.id, phone=phone, type=kind, created_at=call.now)
        call.session.add(kept)
    for row in known:
        row.reminder = False
    kept.reminder = True


def _find(call: Call, phone_id: int) -> Any:
    found = call.transaction.find(visible(call.caller).where(UserPhone.id == phone_id))
    if found is None:
        raise not_found("Phone", phone_id)
    return found


# the routes


@routes.get(
    "/2/profile/phones",
    scope="user_info",
    answer=list[Phone],
    sort={
        "id": UserPhone.id,
        "phone": UserPhone.phone,
        "created_at": UserPhone.created_at,
        "reminder": UserPhone.reminder,
        "checked": UserPhone.checked,
        "type": UserPhone.type,
    },
    search=(UserPhone.phone,),
)
def list_phones(call: Call) -> Select[Any]:
    """List the phone numbers of the caller."""
    return visible(call.caller)


@routes.get("/2/profile/phones/{phone_id}", scope="user_info", answer=Phone)
def show_phone(call: Call, phone_id: int) -> Any:
    """Show a phone number."""
    return _find(call, phone_id)


@routes.delete("/2/profile/phones/{phone_id}", scope="user_info", answer=bool)
def delete_phone(call: Call, phone_id: int) -> bool:
    """Delete a phone number."""
    call.session.delete(_find(call, phone_id))
    return True


_OF_USER: Select[Any] = (
    select(UserPhone.__table__).where(UserPhone.user_id == bindparam("user_id")).order_by(UserPhone.id)
)


# taken back


def _own_only(work: Work) -> None:
    for item in work.items:
        if item.after["user_id"] != work.call.caller.user_id:
            raise not_found("Phone", item.object_id)


subjects = [
    Subject(
        UserPhone,
        reads=("user_info",),
        undo=Undo(writes="user_info", guard=_own_only, actions=("created",), otherwise=CONSENT),
    )
]
