"""`alpage user`: users, and how they sign in, on the data folder by who runs the platform."""

import secrets
from datetime import UTC, datetime
from time import time
from typing import Annotated

from cyclopts import App, Parameter
from pydantic_core import PydanticCustomError
from sqlalchemy import or_, select

from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.identity import (
    blocking,
    email_verifications,
    emails,
    factors,
    languages,
    notices,
    password_resets,
    security_events,
)
from alpage.identity.credentials import pepper_of
from alpage.identity.session_endings import end_all, living
from alpage.identity.users import User, find_by_email, hash_password
from alpage.storage.database import Transaction

Email = Annotated[str, Parameter(help="E-mail address of the user.")]

app = App(name="user", help="Create, list, block and help users.")


@app.command
def create(email: str, /, *, first_name: str, last_name: str, locale: str = "en_GB", data: Data = None) -> None:
    """Make a user and print his password: the only time it is seen.

    Parameters
    ----------
    email
        E-mail address, which the user signs in with.
    first_name
        First name.
    last_name
        Last name.
    locale
        Language the user reads: `de_DE`, `en_GB`, `es_ES`, `fr_FR` or `it_IT`.
    """
    address = _address(email)
    language = languages.number_of(locale)
    if language is None:
        stop(f"there is no locale {locale}; there are: {', '.join(languages.LOCALES)}")
    first_password = secrets.token_urlsafe(12)
    with open_platform(data).writing() as transaction:
        taken = select(User.id).where(or_(User.email == address, User.login == address))
        if transaction.session.scalar(taken) is not None:
            stop(f"there is already a user {address}")
        transaction.session.add(
            User(
                login=address,
                email=address,
                first_name=first_name,
                last_name=last_name,
                display_name=f"{first_name} {last_name}",
                language_id=language,
                password_hash=hash_password(first_password),
                created_at=int(time()),
            )
        )
    print(first_password)


@app.command(name="list")
def list_users(*, data: Data = None) -> None:
    """List the users there are."""
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(select(User.id, User.email, User.display_name).order_by(User.id)):
            print(f"{row.id}\t{row.email}\t{row.display_name}")


def _address(text: str) -> str:
    try:
        return emails.normalise(text)
    except PydanticCustomError:
        stop(f"{text} is no e-mail address")


@app.command
def password(email: Email, /, *, mail: bool = False, data: Data = None) -> None:
    """Make a link to set a user's password with, good once and for an hour, and print it.

    Parameters
    ----------
    mail
        Send it to the user instead of printing it.
    """
    platform, now = open_platform(data), int(time())
    with platform.writing() as transaction:
        user = _find(transaction, email)
        nonce = password_resets.make_link(transaction, pepper_of(platform.settings), user, now)
        if mail:
            notices.send(transaction, user, "password_reset", now, nonce=nonce)
        security_events.note(transaction, "password_reset_asked", user_id=user.id, now=now, by="operator")
    if not mail:
        print(password_resets.write_link(platform.settings, {"nonce": nonce}))


@app.command
def block(email: Email, /, *, data: Data = None) -> None:
    """Let a user sign in no more: his sessions end, and none of his tokens works."""
    with open_platform(data).writing() as transaction:
        blocking.block(transaction, _find(transaction, email), int(time()))


@app.command
def unblock(email: Email, /, *, data: Data = None) -> None:
    """Let a user sign in again, and forget the wrong guesses at his password and second factor.

    Tokens that have not ended work again; sessions stay ended.
    """
    with open_platform(data).writing() as transaction:
        blocking.unblock(transaction, _find(transaction, email), int(time()))


@app.command
def reset_factors(email: Email, /, *, data: Data = None) -> None:
    """Take away a user's passkeys, authenticators and recovery codes, so that his password is enough again.

    Make sure that it is he who asks. He is told by mail.
    """
    with open_platform(data).writing() as transaction:
        factors.reset(transaction, _find(transaction, email), int(time()))


@app.command
def sessions(email: Email, /, *, end: bool = False, data: Data = None) -> None:
    """List the browsers a user is signed in with.

    Parameters
    ----------
    end
        End them all.
    """
    now = int(time())
    with open_platform(data).writing() as transaction:
        user = _find(transaction, email)
        for session in living(transaction, user.id, now):
            began = datetime.fromtimestamp(session.created_at, UTC).isoformat(" ", "seconds")
            print(f"{session.id}\t{began}\t{session.ip}\t{session.user_agent}")
        if end:
            for session in end_all(transaction, user.id, now):
                security_events.note(
                    transaction, "session_ended", user_id=user.id, now=now, session_id=session.id, by="operator"
                )


@app.command
def verify(email: Email, /, *, mail: bool = False, data: Data = None) -> None:
    """Vouch for a user's e-mail address.

    Parameters
    ----------
    mail
        Rather send a link to it, for the user to prove that it is his.
    """
    platform, now = open_platform(data), int(time())
    with platform.writing() as transaction:
        user = _find(transaction, email)
        if mail:
            email_verifications.ask(transaction, pepper_of(platform.settings), user, user.email, now)
        elif not user.is_email_checked:
            user.is_email_checked = True
            security_events.note(
                transaction, "email_verified", user_id=user.id, now=now, email=user.email, by="operator"
            )


def _find(transaction: Transaction, email: str) -> User:
    user = find_by_email(transaction.session, email)
    if user is None:
        stop(f"there is no user {email}")
    return user
