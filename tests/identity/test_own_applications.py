"""The platform's own applications: made at the start, and kept up to date."""

from sqlalchemy import select

from alpage.identity import own_applications
from alpage.identity.applications import Application
from alpage.identity.client_metadata import check_redirect_uri, contradictions
from alpage.storage.changes import NOBODY, Change


def ensure(platform, **settings):
    with platform.database.transaction(NOBODY) as transaction:
        own_applications.ensure(
            transaction.session, platform.settings.model_copy(update=settings), 1_000_000_000 + len(settings)
        )
    with platform.database.reading() as transaction:
        rows = transaction.execute(select(Application.__table__)).all()
    return {row.client_id: row for row in rows}


def test_the_manager_is_one_and_asks_nobody(platform):
    manager = ensure(platform)["alpage-manager"]
    assert manager.is_own
    assert manager.redirect_uris == [f"{platform.settings.manager_address}/callback"]
    assert manager.rate_limit == platform.settings.manager_rate_limit
    assert {"openid", "offline_access", "dns", "tokens"} <= set(manager.scopes)


def test_the_command_line_asks_for_consent(platform):
    cli = ensure(platform)["alpage-cli"]
    assert not cli.is_own
    assert cli.grant_types == ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]


def test_they_hold_to_the_rules_of_all_applications(platform):
    for application in ensure(platform).values():
        assert contradictions(application._mapping) == []
        assert all(map(check_redirect_uri, application.redirect_uris))


def test_they_are_made_once_and_follow_the_settings(platform):
    first = ensure(platform)
    assert ensure(platform) == first
    moved = ensure(platform, manager_url="https://manager.example")
    assert moved["alpage-manager"].redirect_uris == ["https://manager.example/callback"]
    assert moved["alpage-manager"].id == first["alpage-manager"].id
    with platform.database.reading() as transaction:
        actions = [*transaction.execute(select(Change.action).order_by(Change.id)).scalars()]
    assert actions == ["created", "created", "updated"]
