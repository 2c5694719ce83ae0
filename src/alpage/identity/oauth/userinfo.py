"""Userinfo: what an application may know about the user who allowed it to (OpenID Connect Core, 5.3)."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import bindparam, select

from alpage.identity.applications import Application
from alpage.identity.languages import locale_of
from alpage.identity.phones import UserPhone
from alpage.identity.users import User
from alpage.storage.database import Transaction

Groups = Callable[[Transaction, int, int], list[str]]
"""The names of a user's teams in an account, by their numbers; rooms above know them."""


def describe(
    transaction: Transaction, user_id: int, scopes: Iterable[str], account_id: int | None, groups: Groups
) -> dict[str, Any]:
    """The claims about a user that the scopes open, for an application of an account.

    Groups are the user's teams in that account only: anybody may call a team of his own as those of others are called.
    """
    user = transaction.execute(_USER, {"user": user_id}).one()
    claims: dict[str, Any] = {"sub": str(user.id)}
    if "profile" in scopes:
        claims |= {
            "name": user.display_name,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "preferred_username": user.login,
            "picture": user.avatar,
            "locale": locale_of(user.language_id).replace("_", "-"),
            "zoneinfo": user.timezone,
        }
    if "email" in scopes:
        claims |= {"email": user.email, "email_verified": user.is_email_checked}
    if "phone" in scopes:
        phone = transaction.execute(_PHONE, {"user": user_id}).first()
        claims |= {} if phone is None else {"phone_number": phone.phone, "phone_number_verified": phone.checked}
    if "groups" in scopes:
        claims["groups"] = [] if account_id is None else groups(transaction, user_id, account_id)
    return {name: value for name, value in claims.items() if value is not None}


def reader(transaction: Transaction, application_id: int | None) -> Any:
    """Who reads it: the name and the account of an application, and how it wants its userinfo signed, if it does."""
    return transaction.execute(_READER, {"application": application_id}).one_or_none()


_USER = select(User.__table__).where(User.id == bindparam("user"))
_PHONE = (
    select(UserPhone.phone, UserPhone.checked)
    .where(UserPhone.user_id == bindparam("user"))
    .order_by(UserPhone.checked.desc(), UserPhone.id)
    .limit(1)
)
_READER = select(Application.client_id, Application.account_id, Application.userinfo_alg).where(
    Application.id == bindparam("application")
)
