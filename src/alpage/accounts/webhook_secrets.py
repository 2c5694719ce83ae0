"""Secrets of a webhook: at most two sign at once, so that a receiver goes from one to the next without a gap."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, and_, select

from alpage.accounts import webhooks
from alpage.accounts.members import AdministeredAccount
from alpage.accounts.secret_states import State, state_of
from alpage.accounts.webhooks import ONE, READ, WRITE, signing_key
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.routes import Filter, Routes, Shape
from alpage.tasks.webhooks import endpoints
from alpage.tasks.webhooks.endpoints import MOST_LIVE, Webhook, WebhookSecret, live_secrets

routes = Routes("Webhook secrets")

PATH = ONE + "/secrets"
MAX_OVERLAP_SECONDS = 30 * 86_400

# on the wire


class WebhookSecretDetails(Shape):
    """A secret of a webhook, without the secret itself."""

    id: int
    last_four: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    state: State


class NewWebhookSecret(WebhookSecretDetails):
    """A new secret; this is the only time `secret` is seen."""

    secret: str


class WebhookSecretBody(Shape):
    """A secret to make. `expire_others_in`: seconds until those there are end, for the time both sign."""

    expire_others_in: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] | None = None


class WebhookSecretFilter(Filter):
    """Which secrets to list."""

    state: State | None = None


# who sees it


def visible(call: Call, webhook: Webhook) -> Select[Any]:
    """The secrets of a webhook that was found for the caller."""
    return select(WebhookSecret.__table__, state_of(WebhookSecret, call.real_now).label("state")).where(
        WebhookSecret.webhook_id == webhook.id
    )


# the verbs


def _require_another(call: Call, webhook: Webhook, secret: WebhookSecret) -> None:
    """Raises `state_conflict` if nothing would be signed without this secret."""
    if [one.id for one in live_secrets(call.session, webhook.id, call.real_now)] == [secret.id]:
        raise ApiError(
            "state_conflict", model="WebhookSecret", id=secret.id, state="last", allowed_states=["one of two"]
        )


# the routes


@routes.get(PATH, scope=READ, answer=list[WebhookSecretDetails], sort={"id": WebhookSecret.id}, recounts=True)
def list_secrets(call: Call, account: AdministeredAccount, webhook: int, filter: WebhookSecretFilter) -> Select[Any]:
    """List the secrets of a webhook, those that have ended too."""
    found = visible(call, webhooks.find(call, account.account_id, webhook))
    return found if filter.state is None else found.where(state_of(WebhookSecret, call.real_now) == filter.state)


@routes.post(PATH, scope=WRITE, answer=NewWebhookSecret, errors=("limit_exceeded_error",))
def create_secret(call: Call, account: AdministeredAccount, webhook: int, body: WebhookSecretBody) -> dict[str, Any]:
    """Make a secret for a webhook.

    At most two sign at once, and each message then has the signatures of both. With `expire_others_in` those there
    are end so many seconds from now. `secret` is shown this once.
    """
    found = webhooks.find(call, account.account_id, webhook)
    live = live_secrets(call.session, found.id, call.real_now)
    if body.expire_others_in is not None:
        end = call.real_now + body.expire_others_in
        for other in live:
            other.expires_at = end if other.expires_at is None else min(other.expires_at, end)
        call.session.flush()
        live = live_secrets(call.session, found.id, call.real_now)
    if len(live) >= MOST_LIVE:
        raise ApiError("limit_exceeded_error", limit=MOST_LIVE, used=MOST_LIVE)
    made, secret = endpoints.add_secret(call.session, found, signing_key(call.settings), call.real_now)
    shown = call.transaction.execute(visible(call, found).where(WebhookSecret.id == made.id)).one()
    return {**WebhookSecretDetails.present(shown, call), "secret": secret}


@routes.delete(PATH + "/{secret}", scope=WRITE, answer=bool, errors=("state_conflict",))
def revoke_secret(call: Call, account: AdministeredAccount, webhook: int, secret: int) -> bool:
    """Revoke a secret: it signs no more. The last one that signs stays: make another first."""
    found = webhooks.find(call, account.account_id, webhook)
    query = select(WebhookSecret).where(and_(WebhookSecret.webhook_id == found.id, WebhookSecret.id == secret))
    ending: WebhookSecret | None = call.transaction.find(query)
    if ending is None:
        raise not_found("WebhookSecret", secret)
    if ending.revoked_at is None:
        _require_another(call, found, ending)
        ending.revoked_at = call.real_now
    return True
