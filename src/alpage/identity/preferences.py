"""Preferences: what a user has chosen, and how his sign-in is secured, as his profile shows it.

Changing them is the profile's business.
"""

from collections.abc import Callable, Sequence
from typing import Any

from alpage.api.calls import Call
from alpage.api.routes import Expansion, Shape
from alpage.identity import countries, languages, timezones
from alpage.identity.countries import Country
from alpage.identity.languages import Language
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


def _security(user: Any, _call: Call) -> dict[str, Any]:
    return {
        "otp": False,
        "sms": False,
        "sms_phone": "",
        "yubikey": False,
        "infomaniak_application": False,
        "double_auth": False,
        "remaining_rescue_code": 0,
        "last_login_at": 0,
        "date_last_changed_password": user.password_changed_at or user.created_at,
        "double_auth_method": "none",
        "auth_devices": [],
    }


def _account(user: Any, _call: Call) -> dict[str, Any]:
    return {"current_account_id": user.current_account_id, "last_login_at": 0}


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
