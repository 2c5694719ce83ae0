"""The sessions of one browser: one for each user who is signed in with it, the one in use first.

Their secrets are in one sealed cookie. It changes whenever somebody signs in, so that what stood in it before is worth
nothing after, whoever put it there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, bindparam, select

from alpage.identity import sessions
from alpage.identity.sessions import Session
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.web.login.surface import LoginVisit

COOKIE = "login"
PURPOSE = "login sessions"
MOST_SESSIONS = 5


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookie says. `chosen_at`: when the visitor last said who he wants to be."""

    secrets: tuple[str, ...] = ()
    chosen_at: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A user who is signed in with this browser."""

    user: User
    session: Session
    secret: str


def read(visit: LoginVisit) -> Browser:
    """What this browser's cookie says."""
    content = visit.unseal(PURPOSE, visit.cookie(COOKIE))
    return Browser(tuple(content["secrets"]), content["chosen_at"]) if content else Browser()


def keep(visit: LoginVisit, browser: Browser) -> None:
    """Sets the cookie anew."""
    if not browser.secrets:
        visit.clear_cookie(COOKIE)
        return
    content = {"secrets": browser.secrets, "chosen_at": browser.chosen_at}
    visit.set_cookie(
        COOKIE, visit.seal(PURPOSE, content, sessions.LIFETIME_SECONDS), lifetime_seconds=sessions.LIFETIME_SECONDS
    )


def people(visit: LoginVisit, transaction: Transaction, now: int) -> list[Person]:
    """Everybody who is signed in with this browser, who it is in use for first."""
    found = []
    for secret in read(visit).secrets:
        session = sessions.find(transaction, secret, visit.surface.pepper, now)
        if session is not None and session.expires_at > visit.surface.now_of(transaction, session.user_id):
            found.append(Person(_user(transaction, session.user_id), session, secret))
    return found


def current(visit: LoginVisit, transaction: Transaction, now: int) -> Person | None:
    """Who this browser is in use for."""
    return next(iter(people(visit, transaction, now)), None)


def session_of(here: Sequence[Person], user_id: int) -> Session | None:
    """The session a user has with this browser already."""
    return next((person.session for person in here if person.user.id == user_id), None)


def enter(visit: LoginVisit, here: Sequence[Person], user_id: int, secret: str, now: int) -> None:
    """Puts a user who has just signed in first."""
    others = [person.secret for person in here if person.user.id != user_id]
    keep(visit, Browser((secret, *others)[:MOST_SESSIONS], now))


def choose(visit: LoginVisit, here: Sequence[Person], chosen: Person, now: int) -> None:
    """Puts a user of this browser first."""
    enter(visit, here, chosen.user.id, chosen.secret, now)


def leave(visit: LoginVisit, here: Sequence[Person], gone: Sequence[Person]) -> None:
    """Takes users who have signed out from the cookie."""
    left = {person.secret for person in gone}
    keep(visit, replace(read(visit), secrets=tuple(person.secret for person in here if person.secret not in left)))


def _user(transaction: Transaction, user_id: int) -> User:
    user: User = transaction.find(_USER, {"id": user_id})
    return user


_USER: Select[User] = select(User).where(User.id == bindparam("id"))
