"""A10, A11, A12: attacks on refresh tokens."""

from typing import Any

import pytest
from sqlalchemy import select

from alpage.identity.oauth.refresh_grant import GRACE_SECONDS
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.tokens import Token
from tests.conftest import Platform
from tests.identity.oauth_support import Login, Shop


@pytest.fixture
def refresh_token(shop: Shop, session: Session) -> str:
    token: str = shop.tokens(session, access_type="offline", scope="openid email dns")["refresh_token"]
    return token


def age(platform: Platform, seconds: int) -> None:
    """Lets time pass over all refresh tokens there are."""
    with platform.database.engine.begin() as connection:
        tokens: Any = Token.__table__
        earlier = {"consumed_at": tokens.c.consumed_at - seconds, "created_at": tokens.c.created_at - seconds}
        connection.execute(tokens.update().values(earlier))


def alerts(platform: Platform) -> int:
    with platform.database.reading() as transaction:
        query = select(SecurityEvent.id).where(SecurityEvent.kind == "refresh_token_replayed")
        return len(transaction.execute(query).all())


def test_a10_refresh_replay_after_the_successor_was_used(login: Login, shop: Shop, refresh_token: str) -> None:
    second = shop.refresh(refresh_token).json()
    third = shop.refresh(second["refresh_token"]).json()

    replayed = shop.refresh(refresh_token)

    assert replayed.json()["error"] == "invalid_grant"
    assert alerts(login.platform) == 1
    assert shop.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"
    assert not shop.is_active(third["access_token"])
    assert not shop.is_active(second["access_token"])


def test_a10_refresh_replay_after_the_grace(login: Login, shop: Shop, refresh_token: str) -> None:
    second = shop.refresh(refresh_token).json()
    age(login.platform, GRACE_SECONDS + 1)

    assert shop.refresh(refresh_token).json()["error"] == "invalid_grant"
    assert shop.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert alerts(login.platform) == 1


def test_a11_a_lost_answer_comes_again(login: Login, shop: Shop, refresh_token: str) -> None:
    first, again = shop.refresh(refresh_token), shop.refresh(refresh_token)

    assert first.status_code == again.status_code == 200
    assert first.json()["refresh_token"] == again.json()["refresh_token"] != refresh_token
    assert shop.refresh(again.json()["refresh_token"]).status_code == 200
    assert alerts(login.platform) == 0


def test_a12_more_scope_than_was_given(shop: Shop, refresh_token: str) -> None:
    for scope in ("openid email dns accounts", "accounts", "user_info", "dns:read accounts:read"):
        assert shop.refresh(refresh_token, scope=scope).json()["error"] == "invalid_scope"
    fewer = shop.refresh(refresh_token, scope="dns:read")

    assert fewer.json()["scope"] == "dns:read"
    assert shop.refresh(fewer.json()["refresh_token"]).json()["scope"] == "openid email dns offline_access"


def test_a12_another_client(login: Login, shop: Shop, refresh_token: str) -> None:
    for thief in (login.shop(), login.shop(confidential=False)):
        assert thief.refresh(refresh_token).json()["error"] == "invalid_grant"

    assert shop.refresh(refresh_token).status_code == 200


def test_an_access_token_refreshes_nothing(shop: Shop, session: Session) -> None:
    tokens = shop.tokens(session, access_type="offline")

    assert shop.refresh(tokens["access_token"]).json()["error"] == "invalid_grant"
    assert shop.refresh("alp_rt_garbage").json()["error"] == "invalid_grant"
