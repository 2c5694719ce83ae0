"""E-mail verifications: a link by mail, which proves that who asked for it reads what is sent to an address."""

from typing import Any

from sqlalchemy import bindparam, select

from alpage.api.calls import Call
from alpage.api.clocks import Clocks
from alpage.api.errors import ApiError
from alpage.api.routes import Routes
from alpage.identity import emails, languages, mail_links, security_events, user_clocks
from alpage.identity.credentials import pepper_of
from alpage.identity.emails import UserEmail
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.tasks import mail_texts, mails

routes = Routes("Emails")

LIFETIME_SECONDS = 3 * 24 * 3600
PATH = "/email/verify"


def ask(transaction: Transaction, pepper: bytes, user: Any, address: str, now: int, *, ahead_seconds: int = 0) -> None:
    """Sends a link to an address of a user, whose clock is so much ahead."""
    expires_at = now + ahead_seconds + LIFETIME_SECONDS
    content = {"user_id": user.id, "email": address, "expires_at": expires_at}
    nonce = mail_links.make(transaction, pepper, "email", content, expires_at)
    language = languages.locale_of(user.language_id)
    values = {"display_name": user.display_name, "email": address, "nonce": nonce}
    mails.enqueue(transaction, address, "email_verification", language, now, **values)


def find(transaction: Transaction, pepper: bytes, clocks: Clocks, secret: str, now: int) -> str | None:
    """The address a link verifies, while it is good."""
    content = mail_links.look(transaction, pepper, "email", secret, now)
    return None if content is None or _is_over(transaction, clocks, content, now) else str(content["email"])


def finish(
    transaction: Transaction,
    pepper: bytes,
    clocks: Clocks,
    secret: str,
    now: int,
    *,
    ip: str = "",
    user_agent: str = "",
) -> User | None:
    """Takes note that an address is its user's, and uses the link up.

    Answers with the user; None when the link is not good (any more), or the address is not his any more.
    """
    content = mail_links.take(transaction, pepper, "email", secret, now)
    if content is None or _is_over(transaction, clocks, content, now):
        return None
    user = transaction.session.get(User, content["user_id"], with_for_update=True)
    if user is None or not _check(transaction, user, content["email"]):
        return None
    values = {"ip": ip, "user_agent": user_agent, "email": content["email"]}
    security_events.note(transaction, "email_verified", user_id=user.id, now=now, **values)
    return user


def _is_over(transaction: Transaction, clocks: Clocks, content: dict[str, Any], now: int) -> bool:
    """Whether the time of a link is over by its user's clock."""
    ends_at: int = content.get("expires_at", now + 1)
    return ends_at <= now + user_clocks.ahead(clocks, transaction, content["user_id"])


def _check(transaction: Transaction, user: User, address: str) -> bool:
    if user.email == address:
        user.is_email_checked = True
        return True
    other = transaction.session.scalars(_OTHER, {"user_id": user.id, "email": address}).one_or_none()
    if other is not None:
        other.checked = True
    return other is not None


_OTHER = select(UserEmail).where(UserEmail.user_id == bindparam("user_id"), UserEmail.email == bindparam("email"))
write_link = mail_texts.LINKS["email_verification"] = mail_links.writer("email", PATH)

# the routes


@routes.post(
    "/1/profile/emails/{email_type}/{email_id}/verification",
    scope="security:write",
    answer=bool,
    errors=["state_conflict"],
    limit="5/minute",
)
def ask_for_verification(call: Call, email_type: str, email_id: int) -> bool:
    """Send a link to an e-mail address that proves that it is the caller's."""
    user = call.session.get_one(User, call.caller.user_id)
    address, is_checked = emails.address_of(call, user, email_type, email_id)
    if is_checked:
        raise ApiError("state_conflict", model="Email", id=email_id, state="verified", allowed_states=["unverified"])
    ask(call.transaction, pepper_of(call.settings), user, address, call.real_now, ahead_seconds=call.ahead_seconds)
    return True
