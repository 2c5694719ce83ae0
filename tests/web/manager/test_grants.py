"""The access a person gave: told in words, taken back after a question, for one application whole."""

from time import time

import pytest

from alpage.identity.applications import Application
from alpage.identity.grants import Grant


@pytest.fixture
def shop(platform, browser, login):
    """An application Heidi gave access to, twice."""
    shop = Application(
        client_id="shop",
        user_id=login.user.id,
        name="Cheese Shop",
        is_confidential=True,
        token_endpoint_auth_method="client_secret_basic",
        grant_types=["authorization_code"],
        scopes=["openid", "dns"],
        redirect_uris=["https://cheese.example/callback"],
        created_at=int(time()),
    )
    platform.add(shop)
    for scopes in (["openid", "dns:read"], ["openid", "dns:write"]):
        platform.add(
            Grant(
                user_id=login.user.id,
                application_id=shop.id,
                grant_type="authorization_code",
                name="",
                scopes=scopes,
                created_at=int(time()),
            )
        )
    return shop


def test_access_stands_in_the_list_once_in_words(browser, shop):
    page = browser.get("/grants")
    assert page.html.count(">Take back<") == 1
    assert "Know who you are · DNS: see and change" in page.text


def test_access_is_taken_back_whole_after_its_plan(browser, shop):
    plan = browser.get(browser.get("/grants").link("Take back"))
    assert plan.html.count("step-delete") == 2
    page = browser.follow(browser.send(plan.form("/revoke")))
    assert "The access was taken back." in page.text
    assert "No application has access" in page.text


def test_there_is_nothing_to_take_back_from_an_application_without_access(browser):
    assert browser.get("/grants/4711/revoke").status == 404
