"""Userinfo: what an application may know about the user who allowed it to (OpenID Connect Core, 5.3)."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import bindparam, select

from alpage.identity.applications import Application
from alpage.identity.grants import Grant
from alpage.identity.languages import locale_of
from alpage.identity.oauth.claims import BY_SCOPE, Wishes
from alpage.identity.phones import UserPhone
from alpage.identity.users import User
from alpage.storage.database import Transaction

Groups = Callable[[Transaction, int, int], list[str]]
"""The names of a user's teams in an account, by their numbers; rooms above know them."""


def describe(
    transaction: Transaction,
    user_id: int,
    scopes: Iterable[str],
    wishes: Wishes,
    *,
    account_id: int | None,
    groups: Groups,
) -> dict[str, Any]:
    """The claims about a user that the scopes open, and those asked for one by one, for an application of an account.

    Groups are the user's teams in that account only: anybody may call a team of his own as those of others are called.
    """
    opened = {name for scope in scopes for name in BY_SCOPE.get(scope, ())}
    known = _known(transaction, user_id, opened | wishes.keys(), account_id, groups)
    return {
        name: value
        for name, value in known.items()
        if value is not None and (name == "sub" or name in opened or _is_wished(value, wishes.get(name, ())))
    }


def reader(transaction: Transaction, grant_id: int) -> Any:
    """Who reads it: the name and the account of a grant's application, how it wants userinfo signed, what it asked."""
    return transaction.execute(_READER, {"grant": grant_id}).one()


def _known(
    transaction: Transaction, user_id: int, names: Collection[str], account_id: int | None, groups: Groups
) -> dict[str, Any]:
    user = transaction.execute(_USER, {"user": user_id}).one()
    known: dict[str, Any] = {
        "sub": str(user.id),
        "name": user.display_name,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "preferred_username": user.login,
        "picture": user.avatar,
        "locale": locale_of(user.language_id).replace("_", "-"),
        "zoneinfo": user.timezone,
        "email": user.email,
        "email_verified": user.is_email_checked,
    }
    phone = transaction.execute(_PHONE, {"user": user_id}).first() if {*BY_SCOPE["phone"]} & {*names} else None
    if phone is not None:
        known |= {"phone_number": phone.phone, "phone_number_verified": phone.checked}
    if "groups" in names:
        known["groups"] = [] if account_id is None else groups(transaction, user_id, account_id)
    return known


def _is_wished(value: Any, values: Collection[Any] | None) -> bool:
    return values is None or value in values


_USER = select(User.__table__).where(User.id == bindparam("user"))
_PHONE = (
    select(UserPhone.phone, UserPhone.checked)
    .where(UserPhone.user_id == bindparam("user"))
    .order_by(UserPhone.checked.desc(), UserPhone.id)
    .limit(1)
)
_READER = (
    select(Application.client_id, Application.account_id, Application.userinfo_alg, Grant.claims)
    .select_from(Grant)
    .outerjoin(Application, Application.id == Grant.application_id)
    .where(Grant.id == bindparam("grant"))
)
