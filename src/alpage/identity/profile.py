"""The profile: what a user sees and changes about himself."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import Select, bindparam, or_, select

from alpage.api.calls import Call
from alpage.api.errors import Fault, invalid, not_found
from alpage.api.history import CONSENT, GONE, Subject, Undo, Work
from alpage.api.routes import Expansion, Routes, Shape
from alpage.api.validation import Name, Number, fault
from alpage.identity import (
    countries,
    email_verifications,
    emails,
    languages,
    notices,
    password_changes,
    phones,
    preferences,
    security_events,
    session_routes,
    timezones,
)
from alpage.identity.credentials import pepper_of
from alpage.identity.emails import Email
from alpage.identity.passwords import broken_rules
from alpage.identity.phones import Phone
from alpage.identity.preferences import Preferences
from alpage.identity.users import User, is_password
from alpage.storage.tables import Base

routes = Routes("Profile")

GUESSES = "20/hour"

# on the wire


class Session(Shape):
    """A browser or program the caller is signed in with."""

    browser: str
    last_accessed_at: int
    device: str
    location: str
    ip: str
    user_agent: str


def _with(field: str, load: Callable[[Call, Any], Any]) -> Expansion:
    def expand(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        for row, answer in zip(rows, objects, strict=True):
            answer[field] = load(call, row)

    return expand


EXPANSIONS: dict[str, Expansion] = {
    "type": _with("type", lambda _call, _user: "user"),
    "sessions": _with("sessions", lambda call, _user: session_routes.of_caller(call)),
    **preferences.EXPANSIONS,
    "phones": _with("phones", phones.of_user),
    "emails": _with("emails", emails.of_user),
}


class Profile(Shape):
    """The user a token belongs to."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    avatar: str | None
    login: str
    type: str | None = None
    sessions: list[Session] | None = None
    preferences: Preferences | None = None
    phones: list[Phone] | None = None
    emails: list[Email] | None = None

    expansions = EXPANSIONS


class ProfileQuery(Shape):
    """How to show a profile."""

    no_avatar_default: bool = Field(default=False, description="Null for no avatar: what is answered in any case.")


def _known_language(number: int) -> int:
    if number not in range(1, len(languages.LOCALES) + 1):
        raise fault("attribute_exists", model="Language", value=number)
    return number


def _known_locale(locale: str) -> str:
    if languages.number_of(locale) is None:
        raise fault("attribute_locale")
    return locale


def _known_timezone(name: str) -> str:
    if timezones.number_of(name) not in timezones.names():
        raise fault("attribute_timezone")
    return name


def _known_timezone_number(number: int) -> int:
    if number not in timezones.names():
        raise fault("attribute_exists", model="Timezone", value=number)
    return number


def _known_country(number: int) -> int:
    if countries.find(number, "en") is None:
        raise fault("attribute_exists", model="Country", value=number)
    return number


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise fault("attribute_date") from None
    if day >= date.today():  # noqa: DTZ011 - a day more or less, whatever the zone
        raise fault("attribute_before", date=date.today().isoformat())  # noqa: DTZ011 - as above
    return day.isoformat()


class ProfileChange(Shape):
    """What to change; what is missing stays as it is, and so does what is null, but for `birth_at`."""

    firstname: Name | None = None
    lastname: Name | None = None
    email: Annotated[str, Field(max_length=128), AfterValidator(emails.normalise)] | None = None
    birth_at: Annotated[str, AfterValidator(_day)] | None = None
    language_id: Annotated[int, AfterValidator(_known_language)] | None = None
    locale: Annotated[str, AfterValidator(_known_locale)] | None = None
    timezone: Annotated[str, AfterValidator(_known_timezone)] | None = None
    timezone_id: Annotated[int, AfterValidator(_known_timezone_number)] | None = None
    country_id: Annotated[int, AfterValidator(_known_country)] | None = None
    current_account_id: Number | None = None
    password: str | None = None
    current_password: str | None = None
    keep_session_ids: list[str] | None = None
    reminder_email: Annotated[str, Field(max_length=200), AfterValidator(emails.normalise)] | None = None
    reminder_phone: Annotated[str, Field(max_length=15)] | None = None
    successful_connexion_notification: bool | None = None
    unsuccessful_connexion_notification: bool | None = None
    unsuccessful_connexion_limit: bool | None = None
    unsuccessful_connexion_rate_limit: Annotated[int, Field(ge=1, le=100)] | None = None


COLUMNS = {
    "firstname": "first_name",
    "lastname": "last_name",
    "language_id": "language_id",
    "timezone": "timezone",
    "country_id": "country_id",
    "current_account_id": "current_account_id",
    "successful_connexion_notification": "notifies_logins",
    "unsuccessful_connexion_notification": "notifies_failed_logins",
    "unsuccessful_connexion_limit": "limits_failed_logins",
    "unsuccessful_connexion_rate_limit": "failed_logins_per_hour",
}

# the verbs


def _faults(call: Call, user: User, change: ProfileChange) -> Iterator[Fault]:
    """What is wrong with a change that only the user and what is stored can tell."""
    if change.locale and change.language_id not in (None, languages.number_of(change.locale)):
        yield Fault("attribute_conflict", "locale", {"others": ["language_id"]})
    if change.timezone and change.timezone_id not in (None, timezones.number_of(change.timezone)):
        yield Fault("attribute_conflict", "timezone", {"others": ["timezone_id"]})
    if change.current_account_id is not None and not _is_member(call, change.current_account_id):
        yield Fault("attribute_exists", "current_account_id", {"model": "Account", "value": change.current_account_id})
    if change.email not in (None, user.email) and _is_taken(call, str(change.email)):
        yield Fault("attribute_unique", "email", {"model": "User"})
    if change.reminder_email is not None and change.reminder_email == (change.email or user.email):
        yield Fault("attribute_distinct", "reminder_email", {"duplicate_of": "email"})
    if change.reminder_phone is not None and _reminder_phone(user, change) is None:
        yield Fault("attribute_phone", "reminder_phone")
    yield from _faults_of_credentials(user, change)


def _faults_of_credentials(user: User, change: ProfileChange) -> Iterator[Fault]:
    replaced = [
        name
        for name, present in (("password", None), ("email", user.email))
        if getattr(change, name) not in (None, present)
    ]
    if replaced and not change.current_password:
        yield Fault("attribute_required_with", "current_password", {"others": replaced})
    elif replaced and not is_password(user, str(change.current_password)):
        yield Fault("attribute_current_password", "current_password")
    if change.password is not None:
        rules = broken_rules(change.password, (user.login, user.email, user.display_name))
        if change.password == change.current_password:
            rules.append("unchanged")
        yield from (Fault("attribute_password", "password", {"rule": rule}) for rule in rules)


def _is_member(call: Call, account_id: int) -> bool:
    if call.caller.account_ids is not None and account_id not in call.caller.account_ids:
        return False
    members = Base.metadata.tables["memberships"].c  # by its name: accounts are built upon this room
    found = select(members.id).where(members.account_id == account_id, members.user_id == call.caller.user_id)
    return call.transaction.execute(found).first() is not None


def _is_taken(call: Call, email: str) -> bool:
    others = select(User.id).where(User.id != call.caller.user_id, or_(User.email == email, User.login == email))
    return call.transaction.execute(others).first() is not None


def _reminder_phone(user: User, change: ProfileChange) -> tuple[str, str] | None:
    country = countries.find(change.country_id or user.country_id, "en")
    return phones.normalise(change.reminder_phone or "", country["short_name"] if country else "")


def _apply(call: Call, user: User, change: ProfileChange) -> None:
    for name, column in COLUMNS.items():
        if (value := getattr(change, name)) is not None:
            setattr(user, column, value)
    if change.locale:
        user.language_id = languages.number_of(change.locale) or user.language_id
    if change.timezone_id:
        user.timezone = timezones.names()[change.timezone_id]
    if "birth_at" in change.model_fields_set:
        user.birth_at = change.birth_at
    if change.firstname or change.lastname:
        user.display_name = f"{user.first_name} {user.last_name}"
    _apply_credentials(call, user, change)
    _apply_reminders(call, user, change)


def _apply_credentials(call: Call, user: User, change: ProfileChange) -> None:
    if change.email not in (None, user.email):
        _replace_email(call, user, str(change.email))
    if change.password:
        kept = [call.caller.session_id, *(change.keep_session_ids or ())]
        password_changes.apply(
            call.transaction,
            user,
            change.password,
            call.real_now,
            kept=kept,
            ip=call.request.ip,
            user_agent=call.request.user_agent,
        )


def _apply_reminders(call: Call, user: User, change: ProfileChange) -> None:
    if change.reminder_email:
        emails.remind_at(call, user, change.reminder_email)
    if change.reminder_phone and (number := _reminder_phone(user, change)):
        phones.remind_at(call, user, *number)


def _replace_email(call: Call, user: User, email: str) -> None:
    security_events.note(
        call.transaction,
        "email_changed",
        user_id=user.id,
        now=call.real_now,
        ip=call.request.ip,
        user_agent=call.request.user_agent,
    )
    # To the old address: it may not be he.
    notices.send(call.transaction, user, "email_changed", call.real_now, email=email)
    if user.login == user.email:
        user.login = email
    user.email, user.is_email_checked = email, False
    email_verifications.ask(
        call.transaction, pepper_of(call.settings), user, email, call.real_now, ahead_seconds=call.ahead_seconds
    )


# the routes


@routes.get("/2/profile", scope="user_info", answer=Profile)
def show_profile(call: Call, query: ProfileQuery) -> Any:  # noqa: ARG001 - no picture is ever made up
    """Show the profile of the caller."""
    return call.transaction.execute(_PROFILE, {"id": call.caller.user_id}).one()


@routes.patch("/2/profile", scope="user_info", answer=Profile)
def change_profile(call: Call, body: ProfileChange) -> User:
    """Change the profile of the caller: what the body names, and nothing else.

    A new password or a new e-mail address needs `current_password`. A new password has at least 12 characters; the
    `rule` of a refused one says why. It ends all sessions but those in `keep_session_ids` and the one this access was
    given in. A new address is verified by a link that is sent to it.

    The language can be named by `language_id` or `locale`, the time zone by `timezone_id` or `timezone`.
    """
    if body.current_password:
        call.limits.take(str(call.caller.user_id), GUESSES)  # right or wrong: who has a token may guess
    user = call.session.get_one(User, call.caller.user_id, with_for_update=True)
    faults = list(_faults(call, user, body))
    if faults:
        raise invalid(*faults)
    _apply(call, user, body)
    return user


_PROFILE: Select[Any] = select(User.__table__).where(User.id == bindparam("id"))


# taken back


def _own_only(work: Work) -> None:
    for item in work.items:
        if item.object_id != work.call.caller.user_id:
            raise not_found("User", item.object_id)


def _check_account(work: Work) -> None:
    for item in work.items:
        account_id = item.before.get("current_account_id")
        if account_id is not None and not _is_member(work.call, account_id):
            work.faults.append(item.fault(GONE, "current_account_id"))


subjects = [
    Subject(
        User,
        reads=("user_info",),
        undo=Undo(
            writes="user_info",
            guard=_own_only,
            check=_check_account,
            actions=("updated",),
            fields=(*COLUMNS.values(), "display_name", "birth_at"),
            otherwise=CONSENT,
        ),
    )
]
