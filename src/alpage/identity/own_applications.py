"""The platform's own applications: the manager, and the command line. They are clients of the login like any others."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alpage.identity.applications import Application
from alpage.identity.client_metadata import CODE, DEVICE, REFRESH
from alpage.identity.scopes import EVERY_SCOPE
from alpage.settings import Settings

MANAGER, CLI = "alpage-manager", "alpage-cli"


def ensure(session: Session, settings: Settings, now: int) -> None:
    """Makes the platform's own applications, or brings them up to date with the settings."""
    for client_id, values in _described(settings).items():
        found = session.scalar(select(Application).where(Application.client_id == client_id))
        if found is None:
            session.add(Application(client_id=client_id, created_at=now, **values))
            continue
        for name, value in values.items():
            if getattr(found, name) != value:
                setattr(found, name, value)


def _described(settings: Settings) -> dict[str, dict[str, Any]]:
    """What they are: public ones, which prove by PKCE, or by somebody's consent, that an answer is theirs."""
    shared = {
        "is_confidential": False,
        "token_endpoint_auth_method": "none",
        "scopes": [*EVERY_SCOPE],
        "website": settings.public_url,
    }
    manager = {
        **shared,
        "name": "Alpage Manager",
        "is_own": True,
        "website": settings.manager_address,
        "grant_types": [CODE, REFRESH],
        "redirect_uris": [f"{settings.manager_address}/callback"],
        "post_logout_redirect_uris": [settings.manager_address, f"{settings.manager_address}/"],
        "rate_limit": settings.manager_rate_limit,
    }
    cli = {
        **shared,
        "name": "Alpage command line",
        "grant_types": [DEVICE, REFRESH],
        "redirect_uris": [],
    }
    return {MANAGER: manager, CLI: cli}
