"""`alpage user`: users, made and listed on the data folder by who runs the platform."""

import secrets
from pathlib import Path
from time import time

from cyclopts import App
from pydantic_core import PydanticCustomError
from sqlalchemy import or_, select

from alpage.cli.configuration import stop
from alpage.cli.platform import open_platform
from alpage.identity import emails, languages
from alpage.identity.users import User, hash_password

app = App(name="user", help="Create and list users.")


@app.command
def create(email: str, /, *, first_name: str, last_name: str, locale: str = "en_GB", data: Path | None = None) -> None:
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
    data
        Data folder of the platform.
    """
    address = _address(email)
    language = languages.number_of(locale)
    if language is None:
        stop(f"there is no locale {locale}; there are: {', '.join(languages.LOCALES)}")
    password = secrets.token_urlsafe(12)
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
                password_hash=hash_password(password),
                created_at=int(time()),
            )
        )
    print(password)


@app.command(name="list")
def list_users(*, data: Path | None = None) -> None:
    """List the users there are.

    Parameters
    ----------
    data
        Data folder of the platform.
    """
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(select(User.id, User.email, User.display_name).order_by(User.id)):
            print(f"{row.id}\t{row.email}\t{row.display_name}")


def _address(text: str) -> str:
    try:
        return emails.normalise(text)
    except PydanticCustomError:
        stop(f"{text} is no e-mail address")
