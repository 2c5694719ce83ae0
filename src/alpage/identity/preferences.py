"""Preferences: what a user has chosen, and how his sign-in is secured, as his profile shows it.

Changing them is the profile's business.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from alpage.api.calls import Call
from alpage.api.routes import Expansion, Shape
from alpage.identity import countries, factors, languages, timezones
from alpage.identity.countries import Country
from alpage.identity.factors import Factors
from alpage.identity.languages import Language
from alpage.identity.sessions import Session
from alpage.identity.timezones import Timezone

# on the wire


class Security(Shape):
    """How the caller's sign-in is secured."""

    otp: bool
    sms: bool
    sms_phone: str
    yubikey: bool
    infomaniak_application: bool
    double_auth: bool
    remaining_rescue_code: int
    last_login_at: int
    date_last_changed_password: int
    double_auth_method: str
    auth_devices: list[dict[str, Any]]


class CurrentAccount(Shape):
    """The account the caller works in."""

    current_account_id: int | None
    last_login_at: int


class Connection(Shape):
    """What happens when somebody signs in as the caller, or fails to."""

    unsuccessful_limit: bool
    unsuccessful_rate_limit: int
    unsuccessful_notification: bool
    successful_notification: bool


class Preferences(Shape):
    """What the caller has chosen; each part where it was asked for."""

    security: Security | None = None
    account: CurrentAccount | None = None
    connection: Connection | None = None
    language: Language | None = None
    country: Country | None = None
    timezone: Timezone | None = None


def _security(user: Any, call: Call) -> dict[str, Any]:
    present = factors.of_user(call.transaction, user.id)
    return {
        "otp": present.authenticators > 0,
        "sms": False,
        "sms_phone": "",
        "yubikey": False,
        "infomaniak_application": False,
        "double_auth": present.has_second,
        "remaining_rescue_code": present.recovery_codes_left,
        "last_login_at": _last_login_at(call, user),
        "date_last_changed_password": user.password_changed_at or user.created_at,
        "double_auth_method": _method(present),
        "auth_devices": [],
    }


def _method(present: Factors) -> str:
    """The second factor a user is asked for, in the words of the contract where it has one."""
    if present.authenticators:
        return "otp"
    return "passkey" if present.passkeys else "none"


def _last_login_at(call: Call, user: Any) -> int:
    """When the user last signed in; 0 if he never has."""
    return call.transaction.execute(_LAST_LOGIN, {"user_id": user.id}).scalar_one() or 0


def _account(user: Any, call: Call) -> dict[str, Any]:
    return {"current_account_id": user.current_account_id, "last_login_at": _last_login_at(call, user)}


def _connection(user: Any, _call: Call) -> dict[str, Any]:
    return {
        "unsuccessful_limit": user.limits_failed_logins,
        "unsuccessful_rate_limit": user.failed_logins_per_hour,
        "unsuccessful_notification": user.notifies_failed_logins,
        "successful_notification": user.notifies_logins,
    }


PREFERENCES: dict[str, Callable[[Any, Call], dict[str, Any] | None]] = {
    "security": _security,
    "account": _account,
    "connection": _connection,
    "language": lambda user, call: languages.find(user.language_id, call.language),
    "country": lambda user, call: countries.find(user.country_id, call.language),
    "timezone": lambda user, call: timezones.describe(user.timezone, call.now),
}


def _with(*names: str) -> Expansion:
    def expand(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        for row, answer in zip(rows, objects, strict=True):
            answer.setdefault("preferences", {}).update({name: PREFERENCES[name](row, call) for name in names})

    return expand


EXPANSIONS: dict[str, Expansion] = {
    "preferences": _with(*PREFERENCES),
    **{f"preferences.{name}": _with(name) for name in PREFERENCES},
}

_LAST_LOGIN = select(func.max(Session.authenticated_at)).where(Session.user_id == bindparam("user_id"))
