"""`alpage application`: applications, made and ended on the data folder by who runs the platform."""

from collections.abc import Sequence
from time import time
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alpage.accounts.members import ADMINISTRATORS, Membership
from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.identity import application_secrets, grants, users
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.applications import Application, new_client_id
from alpage.identity.client_metadata import CODE, DEVICE, OWN, REFRESH, check_redirect_uri, contradictions
from alpage.identity.grants import Grant
from alpage.identity.security_events import note
from alpage.storage.database import Transaction

app = App(name="application", help="Create, list and revoke applications.")

Several = Annotated[list[str] | None, Parameter(negative=())]


@app.command
def create(
    name: str,
    /,
    *,
    account: int,
    user: str,
    redirect: Several = None,
    scope: Several = None,
    public: Annotated[bool, Parameter(negative=())] = False,
    device: Annotated[bool, Parameter(negative=())] = False,
    own: Annotated[bool, Parameter(negative=())] = False,
    data: Data = None,
) -> None:
    """Register an application and print its client id, and below it its secret: the only time that is seen.

    Parameters
    ----------
    name
        Name users see when they are asked.
    account
        Number of the account it belongs to.
    user
        E-mail address of the administrator of the account who makes it.
    redirect
        An address the login may send users back to, repeated for more.
    scope
        A scope it may ask for, repeated for more; `openid`, `profile` and `email` if none is given.
    public
        It cannot keep a secret: an app on a telephone, or in a browser.
    device
        It may sign in on devices without a browser.
    own
        It may act by itself, as the user who makes it.
    """
    platform = open_platform(data)
    now = int(time())
    metadata = {
        "is_confidential": not public,
        "token_endpoint_auth_method": "none" if public else "client_secret_basic",
        "grant_types": _grant_types(redirect or (), device=device, own=own),
        "scopes": scope or ["openid", "profile", "email"],
        "redirect_uris": [_redirect(uri) for uri in redirect or ()],
    }
    for fault in contradictions(metadata):
        stop(f"{fault.attribute}: {fault.encode('en')['description']}")
    with platform.writing() as transaction:
        session = transaction.session
        owner = _administrator(session, account, user)
        made = Application(
            client_id=new_client_id(), account_id=account, user_id=owner.id, name=name, created_at=now, **metadata
        )
        session.add(made)
        session.flush()
        added = None if public else application_secrets.add(session, made.id, platform.tokens.pepper, now)
        if added is not None:
            _note_secret(transaction, made, added[0], now)
    print(made.client_id)
    if added is not None:
        print(added[1])


@app.command(name="list")
def list_applications(*, account: int | None = None, data: Data = None) -> None:
    """List the applications there are, with the number of users who gave them access.

    Parameters
    ----------
    account
        Number of the account whose applications to list; all if not given.
    """
    query = select(Application.__table__, _users().label("users")).order_by(Application.id)
    if account is not None:
        query = query.where(Application.account_id == account)
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(query):
            state = "revoked" if row.revoked_at else "active"
            print(f"{row.client_id}\t{state}\t{row.account_id or '-'}\t{row.users}\t{row.name}")


@app.command
def show(client_id: str, /, *, data: Data = None) -> None:
    """Show an application, and its secrets by their last four characters.

    Parameters
    ----------
    client_id
        Client id of the application.
    """
    platform, now = open_platform(data), int(time())
    with platform.writing() as transaction:
        found = _find(transaction.session, client_id)
        for name in ("client_id", "name", "account_id", "is_confidential", "token_endpoint_auth_method", "created_at"):
            print(f"{name}\t{getattr(found, name)}")
        for name in ("grant_types", "scopes", "redirect_uris"):
            print(f"{name}\t{' '.join(getattr(found, name))}")
        for secret in application_secrets.live(transaction.session, found.id, now):
            print(f"secret\t…{secret.last_four}\t{secret.expires_at or 'without end'}")


@app.command
def secret(client_id: str, /, *, expire_others_in: int | None = None, data: Data = None) -> None:
    """Make a new secret for an application and print it: the only time it is seen.

    Parameters
    ----------
    client_id
        Client id of the application.
    expire_others_in
        Seconds until its other secrets end.
    """
    platform, now = open_platform(data), int(time())
    with platform.writing() as transaction:
        found = _find(transaction.session, client_id)
        if not found.is_confidential:
            stop(f"{client_id} keeps no secrets")
        added = application_secrets.add(transaction.session, found.id, platform.tokens.pepper, now, expire_others_in)
        if added is None:
            stop("it has two secrets that are good; --expire-others-in 0 ends them")
        _note_secret(transaction, found, added[0], now)
    print(added[1])


@app.command
def revoke(client_id: str, /, *, data: Data = None) -> None:
    """Revoke an application: all access that was given to it ends.

    Parameters
    ----------
    client_id
        Client id of the application.
    """
    with open_platform(data).writing() as transaction:
        found = _find(transaction.session, client_id)
        grants.revoke_application(transaction.session, found, int(time()))


def _grant_types(redirects: Sequence[str], *, device: bool, own: bool) -> list[str]:
    for_users = [*([CODE] if redirects or not (device or own) else []), *([DEVICE] if device else [])]
    return [*for_users, *([REFRESH] if for_users else []), *([OWN] if own else [])]


def _redirect(uri: str) -> str:
    try:
        return check_redirect_uri(uri)
    except PydanticCustomError as error:
        stop(f"{uri} cannot be a redirect address: {(error.context or {})['reason']}")


def _administrator(session: Session, account: int, email: str) -> users.User:
    user = users.find_by_email(session, email)
    if user is None:
        stop(f"there is no user {email}")
    query = select(Membership.role_type).where(Membership.account_id == account, Membership.user_id == user.id)
    if session.scalar(query) not in ADMINISTRATORS:
        stop(f"{email} does not administer account {account}")
    return user


def _users() -> Any:
    query = select(func.count(Grant.user_id.distinct()))
    return query.where(Grant.application_id == Application.id, Grant.revoked_at.is_(None)).scalar_subquery()


def _find(session: Session, client_id: str) -> Application:
    found = session.scalar(select(Application).where(Application.client_id == client_id))
    if found is None:
        stop(f"there is no application {client_id}; `alpage application list` shows them")
    return found


def _note_secret(transaction: Transaction, application: Application, secret: ApplicationSecret, now: int) -> None:
    note(
        transaction,
        "secret_made",
        user_id=application.user_id,
        now=now,
        application_id=application.id,
        last_four=secret.last_four,
    )
