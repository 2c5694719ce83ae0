"""The states of secrets that follow one another: those of applications, and those of webhooks."""

from typing import Any, Literal

from sqlalchemy import case, func, literal

from alpage.identity.application_secrets import ApplicationSecret
from alpage.tasks.webhooks.endpoints import WebhookSecret

State = Literal["active", "revoked", "expired"]


def state_of(kind: type[ApplicationSecret | WebhookSecret], now: int) -> Any:
    """The column with the state each is in."""
    return case(
        (kind.revoked_at.is_not(None), literal("revoked")),
        (func.coalesce(kind.expires_at <= now, False), literal("expired")),
        else_=literal("active"),
    )
