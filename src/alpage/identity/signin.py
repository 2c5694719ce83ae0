"""Sign-in: proving who one is, by a password and a second factor or by a passkey, and the session that follows.

Whether an address is known, whether its guesses are being looked at, whether the password was right but the user is
blocked: none of it can be told from the outside. Each way does the same work and has the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Select, bindparam, select

from alpage.api.clocks import Clocks
from alpage.identity import (
    attempts,
    authenticators,
    notices,
    recovery_codes,
    security_events,
    sessions,
    tickets,
    user_clocks,
)
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.passwords import MAX_LENGTH
from alpage.identity.sessions import Session
from alpage.identity.users import User, fits, hash_password
from alpage.storage.changes import Author
from alpage.storage.database import Database, Transaction

PENDING_SECONDS = 600
DIGITS = 6  # of an authenticator's number; a recovery code has more characters
PASSWORD, SECOND_FACTOR = "password", "second factor"

# The methods of RFC 8176: what a session says about how its user has proved himself.
BY_PASSWORD = ("pwd",)
BY_NUMBER = ("otp", "mfa")
BY_RECOVERY_CODE = ("rc", "mfa")  # `rc` is ours: the registry has none for it
BY_PASSKEY = ("hwk", "mfa")  # a device somebody has, opened by what he knows or is


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody signs in from."""

    ip: str
    user_agent: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for a second factor."""

    user_id: int
    methods: tuple[str, ...]
    authenticated_at: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """The verbs of a sign-in."""

    database: Database
    pepper: bytes
    clocks: Clocks

    def check_password(self, email: str, password: str, origin: Origin, now: int) -> User | None:
        """The user whose address and password these are.

        The hash is computed between two transactions: it takes long, and a database has one writer. The guess is
        counted before it is looked at, so that many at once are no more than one after the other.
        """
        of_nobody = _hash_of_nobody()  # whoever asks first waits for it, known or not
        at_account = attempts.of_account(PASSWORD, email.strip())
        from_address = attempts.of_address(PASSWORD, origin.ip)
        with self.database.transaction(Author(request_id=origin.request_id)) as transaction:
            is_blocked = not attempts.begin(transaction, at_account, from_address, now)
            user: User | None = transaction.find(_BY_EMAIL, {"email": email.strip().lower()})
        kept = user.password_hash if user is not None else None
        is_right = fits(kept or of_nobody, password[: MAX_LENGTH + 1]) and kept is not None
        is_in = is_right and not is_blocked and user is not None and user.blocked_at is None
        with self.database.transaction(Author(request_id=origin.request_id)) as transaction:
            if is_in:
                attempts.succeeded(transaction, [at_account])
                return user
            if not is_blocked:
                attempts.failed(transaction, [from_address], now)
            _note_failure(transaction, user, origin, now, is_blocked=is_blocked)
        return None

    # The second factor

    def wait_for_second_factor(
        self,
        transaction: Transaction,
        user_id: int,
        methods: Sequence[str],
        authenticated_at: int,
        now: int,
    ) -> str:
        """Keeps what was proved so far, and answers with the secret that stands for it."""
        secret = new_secret("ot")
        content = {
            "user_id": user_id,
            "methods": [*methods],
            "authenticated_at": authenticated_at,
        }
        tickets.put(transaction, "second_factor", keyed_hash(self.pepper, secret), content, now + PENDING_SECONDS)
        return secret

    def pending(self, transaction: Transaction, secret: str, now: int) -> Pending | None:
        """The sign-in that waits behind a secret."""
        if not is_well_formed(secret, "ot"):
            return None
        content = tickets.look(transaction, "second_factor", keyed_hash(self.pepper, secret), now)
        return None if content is None else _pending(content)

    def check_code(
        self, transaction: Transaction, pending: Pending, code: str, origin: Origin, now: int
    ) -> tuple[str, ...] | None:
        """The methods a code proves: a number of an authenticator or a recovery code; None when it is neither."""
        at_account = attempts.of_account(SECOND_FACTOR, pending.user_id)
        from_address = attempts.of_address(SECOND_FACTOR, origin.ip)
        proved = None
        if attempts.begin(transaction, at_account, from_address, now):
            proved = self._methods_of(transaction, pending.user_id, code.replace(" ", ""), origin, now)
        if proved is not None:
            attempts.succeeded(transaction, [at_account])
            return proved
        attempts.failed(transaction, [from_address], now)
        _note(transaction, "second_factor_failed", pending.user_id, origin, now)
        return None

    def _methods_of(
        self, transaction: Transaction, user_id: int, code: str, origin: Origin, now: int
    ) -> tuple[str, ...] | None:
        if len(code) == DIGITS:
            return BY_NUMBER if authenticators.matches(transaction, user_id, code, self.pepper, now) else None
        where = {"ip": origin.ip, "user_agent": origin.user_agent}
        is_right = recovery_codes.use(transaction, user_id, code, self.pepper, now, **where)
        return BY_RECOVERY_CODE if is_right else None

    def take_pending(self, transaction: Transaction, secret: str, now: int) -> Pending | None:
        """The sign-in that waits behind a secret, which is good no more."""
        taken = tickets.take(transaction, "second_factor", keyed_hash(self.pepper, secret), now)
        return _pending(taken.content) if taken is not None and taken.is_first else None

    # The session

    def complete(
        self,
        transaction: Transaction,
        user: User,
        methods: Sequence[str],
        *,
        authenticated_at: int,
        origin: Origin,
        now: int,
        session: Session | None = None,
    ) -> tuple[Session, str]:
        """Signs a user in: the session, and its secret, which is always a new one.

        `session`: the one this browser has with the same user already; it goes on.
        """
        if session is not None and session.user_id == user.id:
            secret = sessions.renew(session, methods, authenticated_at, self.pepper)
        else:
            where = {"ip": origin.ip, "user_agent": origin.user_agent}
            ahead = user_clocks.ahead(self.clocks, transaction, user.id)
            session, secret = sessions.start(
                transaction, user.id, methods, **where, pepper=self.pepper, now=now, ahead_seconds=ahead
            )
            session.authenticated_at = authenticated_at
        sessions.stamp(transaction, session.id, now)
        _note(transaction, "signed_in", user.id, origin, now, methods=[*methods])
        if user.notifies_logins:
            notices.send(transaction, user, "signed_in", now, ip=origin.ip, user_agent=origin.user_agent)
        return session, secret

    def sign_out(self, transaction: Transaction, session: Session, origin: Origin, now: int) -> None:
        """Ends a session at its user's wish."""
        sessions.end(transaction, session, now)
        _note(transaction, "signed_out", session.user_id, origin, now)


@cache
def _hash_of_nobody() -> str:
    """What takes the place of the password an unknown user does not have."""
    return hash_password(token_urlsafe(16))


def _pending(content: Mapping[str, Any]) -> Pending:
    return Pending(content["user_id"], tuple(content["methods"]), content["authenticated_at"])


def _note_failure(transaction: Transaction, user: User | None, origin: Origin, now: int, *, is_blocked: bool) -> None:
    """The same work for an address nobody has: its event belongs to nobody."""
    _note(
        transaction,
        "sign_in_blocked" if is_blocked else "sign_in_failed",
        user.id if user is not None else None,
        origin,
        now,
    )
    if user is not None and user.notifies_failed_logins:
        notices.send(transaction, user, "sign_in_failed", now, ip=origin.ip)


def _note(
    transaction: Transaction, kind: security_events.Kind, user_id: int | None, origin: Origin, now: int, **context: Any
) -> None:
    security_events.note(
        transaction, kind, user_id=user_id, now=now, ip=origin.ip, user_agent=origin.user_agent, **context
    )


_BY_EMAIL: Select[User] = select(User).where(User.email == bindparam("email"))
