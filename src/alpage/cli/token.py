"""`alpage token`: personal tokens, made and revoked on the data folder by who runs the platform."""

from time import time
from typing import Annotated

from cyclopts import App, Parameter
from sqlalchemy import select

from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.identity import users
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import SCOPES
from alpage.identity.tokens import Token

app = App(name="token", help="Create, list and revoke personal tokens.")

DAY_SECONDS = 86_400


@app.command
def create(
    *,
    user: str,
    name: str = "command line",
    scope: Annotated[list[str] | None, Parameter(negative=())] = None,
    account: list[int] | None = None,
    product: list[int] | None = None,
    ip: list[str] | None = None,
    days: int | None = None,
    data: Data = None,
) -> None:
    """Make a token and print it: the only time it is seen.

    Parameters
    ----------
    user
        E-mail address of the user the token acts for.
    name
        What the token is for.
    scope
        A scope it carries, repeated for more; all scopes if none is given.
    account
        An account it is limited to, repeated for more.
    product
        A product it is limited to, repeated for more.
    ip
        A network it is limited to (`192.0.2.0/24`), repeated for more.
    days
        Days until it expires; never if not given.
    """
    platform = open_platform(data)
    with platform.writing() as transaction:
        owner = users.find_by_email(transaction.session, user)
        if owner is None:
            stop(f"there is no user {user}")
        try:
            _, secret = platform.tokens.create(
                transaction.session,
                user_id=owner.id,
                name=name,
                scopes=scope or SCOPES,
                account_ids=account,
                product_ids=product,
                ip_ranges=ip,
                expires_at=None if days is None else int(time()) + days * DAY_SECONDS,
            )
        except ValueError as error:
            stop(str(error))
    print(secret)


@app.command(name="list")
def list_tokens(*, user: str | None = None, data: Data = None) -> None:
    """List the tokens there are.

    Parameters
    ----------
    user
        E-mail address of the user whose tokens to list; everybody's if not given.
    """
    query = (
        select(Grant.__table__, Token.last_four, users.User.email, GrantUse.used_at)
        .join(Token, Token.grant_id == Grant.id)
        .join(users.User, users.User.id == Grant.user_id)
        .outerjoin(GrantUse, GrantUse.grant_id == Grant.id)
        .where(Grant.application_id.is_(None))
        .order_by(Grant.id)
    )
    if user is not None:
        query = query.where(users.User.email == user.lower())
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(query):
            state = "revoked" if row.revoked_at else "active"
            print(f"{row.id}\t…{row.last_four}\t{state}\t{row.email}\t{row.name}\t{' '.join(row.scopes)}")


@app.command
def revoke(token_id: int, /, *, data: Data = None) -> None:
    """Revoke a token, by the number `alpage token list` shows.

    Parameters
    ----------
    token_id
        Number of the token.
    """
    with open_platform(data).writing() as transaction:
        token = transaction.session.get(Grant, token_id)
        if token is None or token.application_id is not None:
            stop(f"there is no token {token_id}; `alpage token list` shows them")
        token.revoked_at = token.revoked_at or int(time())
