"""Password resets: a link by mail, for who has forgotten his password.

Whether there is a user with the address is not to be told from the answer or from the time it takes (A19); how often
somebody may ask is bounded as guesses are. A link dies with its ticket, with the next password, and with the address.
"""

from sqlalchemy import bindparam, select

from alpage.identity import attempts, languages, mail_links, notices, password_changes, security_events
from alpage.identity.passwords import broken_rules
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.tasks import mail_texts, mails

LIFETIME_SECONDS = 3600
PATH = "/password/reset"
WHAT = "password reset"


class WeakPasswordError(ValueError):
    """A password that breaks rules; they are named as `passwords.broken_rules` names them."""

    def __init__(self, rules: list[str]) -> None:
        super().__init__(", ".join(rules))
        self.rules = rules


def ask(transaction: Transaction, pepper: bytes, email: str, now: int, *, ip: str = "", user_agent: str = "") -> None:
    """Sends a link to the user with this address, if there is one and he may sign in."""
    from_address = attempts.of_address(WHAT, ip)
    if not attempts.begin(transaction, attempts.of_account(WHAT, email), from_address, now):
        return
    attempts.failed(transaction, [from_address], now)
    user = transaction.session.scalars(_BY_EMAIL, {"email": email.strip().lower()}).one_or_none()
    if user is not None and (user.is_sso or user.blocked_at is not None):
        user = None
    nonce = make_link(transaction, pepper, user, now)
    if user is None:
        mails.pretend(transaction, "password_reset", languages.LOCALES[0], now, nonce=nonce)
    else:
        notices.send(transaction, user, "password_reset", now, nonce=nonce)
    user_id = None if user is None else user.id
    security_events.note(transaction, "password_reset_asked", user_id=user_id, now=now, ip=ip, user_agent=user_agent)


def make_link(transaction: Transaction, pepper: bytes, user: User | None, now: int) -> str:
    """A ticket to set a user's password; answers with the nonce its link is written from."""
    content = None if user is None else {"user_id": user.id, "email": user.email, "since": user.password_changed_at}
    return mail_links.make(transaction, pepper, "password_reset", content or {"user_id": 0}, now + LIFETIME_SECONDS)


def find(transaction: Transaction, pepper: bytes, secret: str, now: int) -> User | None:
    """The user whose password a link sets, while it is good."""
    return _user(transaction, mail_links.look(transaction, pepper, "password_reset", secret, now))


def finish(
    transaction: Transaction,
    pepper: bytes,
    secret: str,
    password: str,
    now: int,
    *,
    ip: str = "",
    user_agent: str = "",
) -> User | None:
    """Sets the password of a link's user and uses the link up; None when it is not good (any more).

    All sessions of the user end. Raises WeakPasswordError, and leaves the link as it is.
    """
    user = find(transaction, pepper, secret, now)
    if user is None:
        return None
    if rules := broken_rules(password, (user.login, user.email, user.display_name)):
        raise WeakPasswordError(rules)
    if mail_links.take(transaction, pepper, "password_reset", secret, now) is None:
        return None
    user.is_email_checked = True  # he has read what was sent there
    password_changes.apply(transaction, user, password, now, kind="password_reset", ip=ip, user_agent=user_agent)
    return user


def _user(transaction: Transaction, content: dict[str, object] | None) -> User | None:
    if content is None:
        return None
    user = transaction.session.get(User, content["user_id"], with_for_update=True)
    if user is None or user.blocked_at is not None:
        return None
    is_as_then = (user.email, user.password_changed_at) == (content["email"], content["since"])
    return user if is_as_then else None


_BY_EMAIL = select(User).where(User.email == bindparam("email"))
write_link = mail_texts.LINKS["password_reset"] = mail_links.writer("password_reset", PATH)
