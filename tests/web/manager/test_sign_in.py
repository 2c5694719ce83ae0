"""Signing in to the manager: the code flow, what it refuses, refreshing, the end of a session, signing out."""

from urllib.parse import parse_qs, urlsplit

from tests.web.manager.browsing import HEADERS, Browser, Page


def test_who_is_not_signed_in_is_sent_to_the_login_and_back(site, login, platform):
    login.user = platform.user("heidi")
    platform.account(login.user)
    browser = Browser(site, login)
    there = site.get("/manager/?account=7", headers=HEADERS)
    assert there.status_code == 303
    assert there.headers["location"].startswith("/manager/sign-in?next=")
    back = browser.sign_in(there.headers["location"])
    assert back.headers["location"] == "/manager/?account=7"
    home = browser.get("/")
    assert "Welcome, Heidi" in home.text
    assert "Alpine Club" in home.text


def test_signing_in_asks_for_a_code_with_a_challenge_state_and_nonce(site, login):
    asked = parse_qs(urlsplit(site.get("/manager/sign-in", headers=HEADERS).headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 20
    assert len(asked["nonce"][0]) >= 20


def test_an_answer_nobody_asked_for_is_refused(site, login, platform):
    login.user = platform.user("heidi")
    answer = Page(site.get("/manager/callback?code=code0&state=of-somebody-else", headers=HEADERS))
    assert answer.status == 400
    assert not any("manager-session" in cookie for cookie in answer.response.headers.get_list("set-cookie"))


def test_an_answer_of_another_issuer_is_refused(site, login, platform):
    login.user = platform.user("heidi")
    there = site.get("/manager/sign-in", headers=HEADERS).headers["location"]
    back = login.authorize(there).replace("iss=https://testserver/login", "iss=https://evil.example")
    assert site.get(back.removeprefix("https://testserver"), headers=HEADERS).status_code == 400


def test_a_refusal_of_the_login_is_told(site, login, platform):
    login.refused = "access_denied&error_description=No"
    there = site.get("/manager/sign-in", headers=HEADERS).headers["location"]
    answer = Page(site.get(login.authorize(there).removeprefix("https://testserver"), headers=HEADERS))
    assert answer.status == 400
    assert "You are not signed in" in answer.text


def test_one_is_never_sent_to_another_site(site, login, platform):
    login.user = platform.user("heidi")
    for path in ("https://evil.example", "//evil.example", "/\\evil.example", "evil"):
        back = Browser(site, login).sign_in(f"/manager/sign-in?next={path}")
        assert back.headers["location"] == "/manager/"


def test_a_due_token_is_refreshed(browser, login):
    login.expires_in = 1
    browser.sign_in()
    login.expires_in = 3600
    page = browser.get("/")
    assert page.status == 200
    assert any("manager-session" in cookie for cookie in page.response.headers.get_list("set-cookie"))
    assert "set-cookie" not in browser.get("/").response.headers


def test_the_session_cookie_shows_no_token_and_is_out_of_reach_of_scripts(browser):
    answer = browser.sign_in()
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "manager-session" in one)
    assert cookie.startswith("__Host-")
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert "alp_" not in cookie


def test_signing_out_revokes_and_ends_the_session_at_the_login(browser, login):
    page = browser.get("/")
    answer = browser.send(page.form("/sign-out"))
    assert answer.status == 303
    assert answer.response.headers["location"].startswith("https://testserver/login/logout?id_token_hint=")
    assert login.revoked == ["refresh0"]
    assert browser.get("/").status == 303
