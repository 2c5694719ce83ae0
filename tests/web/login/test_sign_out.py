from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from alpage.identity.grants import Grant
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from tests.conftest import Platform
from tests.identity.oauth_support import Login, Shop
from tests.web.browsing import Browser, Page
from tests.web.login.conftest import PASSWORD
from tests.web.login.test_authorize import ask, told

SignIn = Callable[..., Page]
AFTER = "https://shop.example/bye"


@pytest.fixture
def leaving_shop(login: Login) -> Shop:
    return login.shop(post_logout_redirect_uris=[AFTER])


def living(platform: Platform, table: Any = Session, column: str = "ended_at") -> int:
    with platform.database.reading() as transaction:
        return len(transaction.execute(select(table.id).where(getattr(table, column).is_(None))).all())


def end(browser: Browser, **parameters: str) -> Page:
    return browser.get(f"/login/end_session?{urlencode(parameters)}")


def tokens_of(browser: Browser, shop: Shop, user: User, sign_in: SignIn, **parameters: Any) -> dict[str, Any]:
    page = sign_in(user, ask(browser, shop, **parameters)).submit("/consent", "Allow")
    answer: dict[str, Any] = shop.redeem(told(page)["code"]).json()
    return answer


def test_signing_out_ends_the_session_for_good(
    platform: Platform, browser: Browser, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna)
    cookie = browser.client.cookies.get("__Host-login")
    page = browser.get("/login/signout").submit("/signout", "Sign out")
    assert "Nobody is signed in here" in page.text
    browser.client.cookies.set("__Host-login", cookie or "", domain="testserver.local", path="/")
    assert "Nobody is signed in here" in browser.get("/login/").text
    assert living(platform) == 0


def test_one_of_several_signs_out(platform: Platform, browser: Browser, anna: User, sign_in: SignIn) -> None:
    sign_in(anna)
    sign_in(platform.user("beat", password_hash=hash_password(PASSWORD)))
    page = browser.get("/login/signout")
    words = next(words for words in page.form("/signout").buttons if "beat" in words)
    page = page.submit("/signout", words)
    assert "Anna Test" in page.text
    assert "Beat Test" not in page.text
    browser.get("/login/signout").submit("/signout", "Sign out")
    assert living(platform) == 0


def test_a_get_signs_nobody_out(platform: Platform, browser: Browser, anna: User, sign_in: SignIn) -> None:
    sign_in(anna)
    browser.get("/login/signout")
    end(browser)
    assert living(platform) == 1


def test_access_ends_with_the_session_unless_it_was_for_while_one_is_away(
    platform: Platform, browser: Browser, login: Login, anna: User, sign_in: SignIn
) -> None:
    tokens_of(browser, login.shop(), anna, sign_in)
    page = ask(browser, login.shop(), scope="openid offline_access").submit("/consent", "Allow")
    assert "code" in told(page)
    browser.get("/login/signout").submit("/signout", "Sign out")
    with platform.database.reading() as transaction:
        found = transaction.execute(select(Grant.scopes, Grant.revoked_at).order_by(Grant.id)).all()
    assert [(row.scopes, row.revoked_at is None) for row in found if "openid" in row.scopes] == [
        (["openid", "email"], False),
        (["openid", "offline_access"], True),
    ]


def test_an_application_that_knows_the_session_ends_it_and_is_returned_to(
    platform: Platform, browser: Browser, leaving_shop: Shop, anna: User, sign_in: SignIn
) -> None:
    hint = tokens_of(browser, leaving_shop, anna, sign_in)["id_token"]
    page = end(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER, state="st-9")
    assert (page.status, page.location) == (303, f"{AFTER}?state=st-9")
    assert living(platform) == 0


def test_an_application_that_does_not_know_it_asks_the_user(
    platform: Platform, browser: Browser, login: Login, anna: User, sign_in: SignIn
) -> None:
    public = login.shop(confidential=False, post_logout_redirect_uris=[AFTER])
    sign_in(anna)
    page = end(browser, client_id=public.client_id, post_logout_redirect_uri=AFTER)
    assert "Shop asks to sign you out" in page.text
    assert "form-action 'self' https://shop.example;" in page.response.headers["content-security-policy"]
    assert living(platform) == 1
    page = page.submit("/signout", "Sign out")
    assert page.location == AFTER
    assert living(platform) == 0


def test_a_form_of_the_application_does_as_well(
    platform: Platform, browser: Browser, leaving_shop: Shop, anna: User, sign_in: SignIn
) -> None:
    hint = tokens_of(browser, leaving_shop, anna, sign_in)["id_token"]
    page = browser.post(
        "/login/end_session", {"id_token_hint": hint, "post_logout_redirect_uri": AFTER}, site="cross-site"
    )
    assert page.location == AFTER
    assert living(platform) == 0
