"""Client secrets of an application: at most two at once, so that a new one can follow another without a gap."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, select

from alpage.accounts import applications
from alpage.accounts.applications import ONE, READ, WRITE
from alpage.accounts.members import AdministeredAccount
from alpage.accounts.secret_states import State, state_of
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.routes import Filter, Routes, Shape
from alpage.identity import application_secrets
from alpage.identity.application_secrets import MOST_LIVE, ApplicationSecret, ApplicationSecretUse
from alpage.identity.applications import Application
from alpage.identity.client_metadata import SECRET_METHODS
from alpage.identity.credentials import pepper_of
from alpage.identity.security_events import note_call

routes = Routes("Application secrets")

PATH = ONE + "/secrets"
MAX_OVERLAP_SECONDS = 365 * 86_400

# on the wire


class SecretDetails(Shape):
    """A secret of an application, without the secret itself."""

    id: int
    last_four: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None
    state: State


class NewSecret(SecretDetails):
    """A new secret; this is the only time `client_secret` is seen."""

    client_secret: str


class SecretBody(Shape):
    """A secret to make. `expire_others_in`: seconds until those there are end, for the time both are good."""

    expire_others_in: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] | None = None


class SecretFilter(Filter):
    """Which secrets to list."""

    state: State | None = None


# who sees it


def visible(call: Call, application: Application) -> Select[Any]:
    """The secrets of an application that was found for the caller."""
    return (
        select(
            ApplicationSecret.__table__,
            ApplicationSecretUse.used_at.label("last_used_at"),
            state_of(ApplicationSecret, call.now).label("state"),
        )
        .outerjoin(ApplicationSecretUse, ApplicationSecretUse.secret_id == ApplicationSecret.id)
        .where(ApplicationSecret.application_id == application.id)
    )


def _find(call: Call, application: Application, secret_id: int) -> ApplicationSecret:
    query = select(ApplicationSecret).where(
        ApplicationSecret.application_id == application.id, ApplicationSecret.id == secret_id
    )
    found: ApplicationSecret | None = call.transaction.find(query)
    if found is None:
        raise not_found("ApplicationSecret", secret_id)
    return found


# the verbs


def _require_authenticates_by_secret(application: Application) -> None:
    method = application.token_endpoint_auth_method
    if method not in SECRET_METHODS:
        raise ApiError(
            "state_conflict", model="Application", id=application.id, state=method, allowed_states=[*SECRET_METHODS]
        )


# the routes


@routes.get(PATH, scope=READ, answer=list[SecretDetails], sort={"id": ApplicationSecret.id}, recounts=True)
def list_secrets(call: Call, account: AdministeredAccount, application: int, filter: SecretFilter) -> Select[Any]:
    """List the secrets of an application, those that have ended too."""
    found = visible(call, applications.find(call, account.account_id, application))
    return found if filter.state is None else found.where(state_of(ApplicationSecret, call.now) == filter.state)


@routes.post(PATH, scope=WRITE, answer=NewSecret, errors=("state_conflict", "limit_exceeded_error"))
def create_secret(call: Call, account: AdministeredAccount, application: int, body: SecretBody) -> dict[str, Any]:
    """Make a secret for an application.

    At most two are good at once. With `expire_others_in` those there are end so many seconds from now.
    `client_secret` is shown this once.
    """
    found = applications.find(call, account.account_id, application)
    applications.require_reach(call, found)
    _require_authenticates_by_secret(found)
    added = application_secrets.add(call.session, found.id, pepper_of(call.settings), call.now, body.expire_others_in)
    if added is None:
        raise ApiError("limit_exceeded_error", limit=MOST_LIVE, used=MOST_LIVE)
    made, secret = added
    note_call(call, "secret_made", application_id=found.id, last_four=made.last_four)
    shown = call.transaction.execute(visible(call, found).where(ApplicationSecret.id == made.id)).one()
    return {**SecretDetails.present(shown, call), "client_secret": secret}


@routes.delete(PATH + "/{secret}", scope=WRITE, answer=bool)
def revoke_secret(call: Call, account: AdministeredAccount, application: int, secret: int) -> bool:
    """Revoke a secret: the application signs in with it no more."""
    found = _find(call, applications.find(call, account.account_id, application), secret)
    if found.revoked_at is None:
        found.revoked_at = call.now
        note_call(call, "secret_revoked", application_id=found.application_id, last_four=found.last_four)
    return True
