"""Attacks on the pages of the login, over HTTP."""

import re
from collections.abc import Callable
from time import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select

from alpage.identity import attempts, password_resets
from alpage.identity.attempts import Attempts
from alpage.identity.grants import Grant
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from tests.conftest import Platform
from tests.identity.attacks.login import HttpBrowser, RunningLogin
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import REDIRECT, Shop
from tests.web.browsing import Page
from tests.web.login.conftest import PASSWORD
from tests.web.login.test_authorize import ask, told
from tests.web.login.test_links import link
from tests.web.login.test_sign_in import authenticator

SignIn = Callable[..., Page]
EVIL = "https://evil.example/"
SCRIPT = '"><script>alert(1)</script>'
PAGES = (
    "/login/",
    "/login/signin",
    "/login/second-factor",
    "/login/choose",
    "/login/device",
    "/login/forgotten",
    "/login/signout",
    "/login/end_session",
    "/login/authorize",
    "/login/password/reset",
    "/login/email/verify",
    "/login/nowhere",
)


def given(platform: Platform) -> int:
    """How many grants applications have."""
    with platform.database.reading() as transaction:
        return len(transaction.execute(select(Grant.id).where(Grant.application_id.is_not(None))).all())


def addresses(page: Page) -> list[str]:
    """Everywhere a page may lead to."""
    return re.findall(r"(?:href|src|action)=\"([^\"]*)\"", page.response.text)


def forget_guesses(platform: Platform) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        for one in transaction.session.scalars(select(Attempts)):
            transaction.session.delete(one)


# A8: open redirect on error


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": EVIL},
        {"redirect_uri": None},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": "https://shop.example@evil.example/callback"},
        {"redirect_uri": [REDIRECT, EVIL]},
        {"client_id": ["a", "b"]},
        {"client_id": "nobody", "redirect_uri": EVIL, "prompt": "none", "response_mode": "form_post"},
    ],
)
@pytest.mark.parametrize("signed_in", [False, True])
def test_a08_what_nobody_vouches_for_ends_on_our_page(
    browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn, *, wrong: dict[str, Any], signed_in: bool
) -> None:
    if signed_in:
        sign_in(anna)
    page = ask(browser, shop, **wrong)
    assert (page.status, page.location) == (400, "")
    assert "does not work" in page.text
    assert all(address.startswith(("/login", "#")) for address in addresses(page))
    assert "evil.example" not in page.response.headers["content-security-policy"]


def test_a08_other_errors_are_told_to_the_application(browser: HttpBrowser, shop: Shop) -> None:
    assert told(ask(browser, shop, response_type="token"))["error"] == "unsupported_response_type"


# A15: consent CSRF


def test_a15_consent_needs_its_token_once(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    consent = sign_in(anna, ask(browser, shop))
    fields = {**consent.form("/consent").fields, "decision": "approve"}
    for missing in ("token", "csrf"):
        refused = browser.post("/login/consent", {name: value for name, value in fields.items() if name != missing})
        assert refused.status == 403
    assert browser.post("/login/consent", {**fields, "token": fields["token"][:-4] + "AAAA"}).status == 403
    assert browser.post("/login/consent", fields, site="cross-site").status == 403
    assert given(platform) == 0
    assert "code" in told(browser.post("/login/consent", fields))
    assert browser.post("/login/consent", fields).status == 403
    assert given(platform) == 1


def test_a15_the_token_is_of_one_request(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    for changed in ({"scope": "openid dns"}, {"state": "other"}, {"nonce": "other"}):
        sent = {**fields, "request": shop.query(**changed), "decision": "approve"}
        assert browser.post("/login/consent", sent).status == 403
    assert given(platform) == 0


def test_a15_the_token_is_of_one_session(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    other = browser.another()
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    theirs = sign_in(beat, ask(other, shop)).form("/consent").fields
    sent = {**fields, "csrf": theirs["csrf"], "decision": "approve"}
    assert other.post("/login/consent", sent).status == 403
    assert given(platform) == 0


def test_a15_a_get_gives_nothing(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    sent = urlencode({**fields, "decision": "approve"})
    assert browser.get(f"/login/consent?{sent}").status == 405
    assert ask(browser, shop, decision="approve", token=fields["token"]).form("/consent")
    assert given(platform) == 0


# A16, A17: frames, referrers, other hosts


@pytest.mark.parametrize("path", PAGES)
def test_a16_nobody_frames_a_page(browser: HttpBrowser, path: str) -> None:
    headers = browser.get(path).response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a16_nobody_frames_consent(browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    headers = sign_in(anna, ask(browser, shop)).response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_a17_pages_tell_nobody_where_one_was_and_load_nothing_from_elsewhere(browser: HttpBrowser, path: str) -> None:
    response = browser.get(path).response
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    loaded = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=\"([^\"]*)\"", response.text)
    assert loaded
    assert all(address.startswith("/login/assets/") for address in loaded)


def test_a17_the_secret_of_a_link_does_not_stay_in_the_address(
    platform: Platform, browser: HttpBrowser, anna: User
) -> None:
    browser.get("/login/forgotten").submit("/forgotten", email=anna.email)
    path = link(platform, "password_reset")
    secret = path.partition("=")[2]
    answer = browser.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login" + password_resets.PATH)
    assert secret not in str(answer.headers)
    assert secret not in browser.get("/login" + password_resets.PATH).response.text


# A18: what was sent is not sent on


def test_a18_after_a_form_only_303(browser: HttpBrowser, shop: Shop, anna: User) -> None:
    statuses = []
    send = browser.client.post

    def watch(*arguments: Any, **options: Any) -> Any:
        answer = send(*arguments, **options)
        statuses.append(answer.status_code)
        return answer

    browser.client.post = watch  # type: ignore[method-assign]  # every form passes here
    consent = ask(browser, shop).submit("/signin", email=anna.email, password=PASSWORD)
    consent.submit("/consent", "Allow")
    browser.get("/login/signout").submit("/signout", "Sign out")
    assert statuses == [303, 303, 303]


# A19: timing, enumeration


def test_a19_known_and_unknown_addresses_read_the_same(platform: Platform, browser: HttpBrowser, anna: User) -> None:
    shown = {}
    for email in (anna.email, "nobody@example.org"):
        page = browser.get("/login/signin").submit(email=email, password="wrong password")
        shown[email] = (page.status, _without_what_differs(page.response.text, email))
        forget_guesses(platform)
    assert len({*shown.values()}) == 1
    shown = {}
    for email in (anna.email, "nobody@example.org"):
        page = browser.get("/login/forgotten").submit("/forgotten", email=email)
        shown[email] = (page.status, _without_what_differs(page.response.text, email))
    assert len({*shown.values()}) == 1


# A21: brute force


def test_a21_the_right_password_is_not_told_from_a_wrong_one_while_guesses_wait(
    platform: Platform, browser: HttpBrowser, anna: User
) -> None:
    _guess_too_often(browser, anna.email)
    _let_none_pass(platform)
    wrong, right = [
        browser.get("/login/signin").submit(email=anna.email, password=password) for password in ("wrong", PASSWORD)
    ]
    assert (wrong.status, right.status) == (422, 422)
    assert _without_what_differs(wrong.response.text) == _without_what_differs(right.response.text)
    assert "Nobody is signed in" in browser.get("/login/").text
    _let_time_pass(platform)
    assert browser.get("/login/signin").submit(email=anna.email, password=PASSWORD).path == "/login/"


def test_a21_an_unknown_address_waits_as_well(platform: Platform, browser: HttpBrowser) -> None:
    _guess_too_often(browser, "nobody@example.org")
    assert _waits(platform, attempts.of_account("password", "nobody@example.org"))


def test_a21_an_address_that_guesses_at_many_waits(platform: Platform, browser: HttpBrowser, anna: User) -> None:
    for number in range(attempts.FREE_GUESSES_OF_ADDRESS + 1):
        browser.get("/login/signin").submit(email=f"nobody{number}@example.org", password="guess")
    _let_none_pass(platform)
    page = browser.get("/login/signin").submit(email=anna.email, password=PASSWORD)
    assert page.status == 422
    elsewhere = browser.another()
    assert elsewhere.get("/login/signin").submit(email=anna.email, password=PASSWORD).path == "/login/"


def test_a21_numbers_and_recovery_codes_wait_together(
    platform: Platform, browser: HttpBrowser, anna: User, sign_in: SignIn
) -> None:
    totp = authenticator(platform, anna)
    page = sign_in(anna)
    for number in range(attempts.FREE_GUESSES + 2):
        code = f"00000-0000{number}" if number % 2 else str((int(totp.now()) + number + 5) % 10**6).zfill(6)
        page = page.submit("/second-factor", code=code)
    _let_none_pass(platform)
    assert page.submit("/second-factor", code=totp.now()).status == 422
    _let_time_pass(platform)
    assert page.submit("/second-factor", code=totp.now()).path == "/login/"


def test_a21_codes_of_devices_wait(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    page = sign_in(anna, browser.get("/login/device"))
    user_code = shop.post("/device_authorization", scope="openid").json()["user_code"]
    for _ in range(attempts.FREE_GUESSES + 2):
        page = page.submit("/device", user_code="BBBB-BBBB")
    _let_none_pass(platform)
    blocked = page.submit("/device", user_code=user_code)
    assert blocked.status == 422
    assert "No device waits with this code" in blocked.text
    _let_time_pass(platform)
    assert blocked.submit("/device", user_code=user_code).form("/device/decision")


# A28, signing out


def test_a28_only_registered_addresses_are_returned_to(
    platform: Platform, browser: HttpBrowser, login: RunningLogin, anna: User, sign_in: SignIn
) -> None:
    after = "https://shop.example/bye"
    shop = login.shop(post_logout_redirect_uris=[after])
    hint = shop.redeem(told(sign_in(anna, ask(browser, shop)).submit("/consent", "Allow"))["code"]).json()["id_token"]
    other = login.shop(post_logout_redirect_uris=[EVIL])
    for wrong in (
        {"id_token_hint": hint, "post_logout_redirect_uri": EVIL},
        {"id_token_hint": hint, "post_logout_redirect_uri": after + "?a=b"},
        {"id_token_hint": hint, "post_logout_redirect_uri": after + "/"},
        {"id_token_hint": hint[:-8] + "AAAAAAAA", "post_logout_redirect_uri": after},
        {"id_token_hint": "rubbish", "post_logout_redirect_uri": after},
        {"id_token_hint": "rubbish"},
        {"id_token_hint": hint, "client_id": other.client_id},
        {"id_token_hint": hint, "client_id": other.client_id, "post_logout_redirect_uri": EVIL},
        {"client_id": "nobody", "post_logout_redirect_uri": EVIL},
        {"client_id": "nobody", "post_logout_redirect_uri": after},
        {"post_logout_redirect_uri": EVIL},
        {"post_logout_redirect_uri": after},
    ):
        page = browser.get(f"/login/end_session?{urlencode(wrong)}")
        assert (page.status, page.location) == (400, "")
        assert "evil.example" not in page.response.headers["content-security-policy"]
    with platform.database.reading() as transaction:
        assert transaction.execute(select(Session.ended_at)).scalars().all() == [None]


def test_a28_to_a_registered_address_the_state_comes_along(
    browser: HttpBrowser, login: RunningLogin, anna: User, sign_in: SignIn
) -> None:
    shop = login.shop(post_logout_redirect_uris=["https://shop.example/bye"])
    hint = shop.redeem(told(sign_in(anna, ask(browser, shop)).submit("/consent", "Allow"))["code"]).json()["id_token"]
    wish = {"id_token_hint": hint, "post_logout_redirect_uri": "https://shop.example/bye", "state": "a&b"}
    assert browser.get(f"/login/end_session?{urlencode(wish)}").location == "https://shop.example/bye?state=a%26b"
    assert "Nobody is signed in" in browser.get("/login/").text


def test_a28_who_shows_nothing_is_asked_first(browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna)
    for wish in ({}, {"client_id": shop.client_id}):
        assert browser.get(f"/login/end_session?{urlencode(wish)}").form("/signout")
    assert "Anna Test" in browser.get("/login/").text


def test_a28_somebody_elses_hint_asks_first(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    page = sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    hint = shop.redeem(told(page)["code"]).json()["id_token"]
    other = browser.another()
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    sign_in(beat, other.get("/login/signin"))
    page = other.get(f"/login/end_session?{urlencode({'id_token_hint': hint})}")
    assert page.form("/signout")
    assert "Beat Test" in other.get("/login/").text


def test_a28_the_address_to_return_to_cannot_be_put_into_the_form(
    browser: HttpBrowser, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna)
    fields = browser.get("/login/signout").form("/signout").fields
    page = browser.post("/login/signout", {**fields, "back": EVIL})
    assert page.path == "/login/"


# A29, sessions


def test_a29_every_sign_in_has_a_new_session_id(browser: HttpBrowser, anna: User, sign_in: SignIn) -> None:
    browser.plant("__Host-login", "planted")
    sign_in(anna)
    first = browser.client.cookies.get("__Host-login")
    sign_in(anna)
    second = browser.client.cookies.get("__Host-login")
    assert len({"planted", first, second}) == 3
    browser.plant("__Host-login", first or "")
    assert "Nobody is signed in" in browser.get("/login/").text  # the old one opens nothing


def test_a29_cookies_are_bound_to_the_host_and_hidden_from_scripts(
    browser: HttpBrowser, shop: Shop, anna: User
) -> None:
    page = ask(browser, shop, prompt="login")
    answer = browser.client.post(
        "/login/signin",
        data={**page.form().fields, "email": anna.email, "password": PASSWORD},
        headers={"sec-fetch-site": "same-origin"},
    )
    cookies = [*answer.headers.get_list("set-cookie"), *page.response.headers.get_list("set-cookie")]
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= {*cookie.split("; ")}


def test_a29_auth_time_is_when_the_password_was_typed(
    platform: Platform, browser: HttpBrowser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    before = int(time())
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    typed_at = _ages(platform, 300)
    assert before <= typed_at
    totp = authenticator(platform, anna)
    ask(browser, shop, acr_values="2").submit("/second-factor", code=totp.now())  # a second step is no new password
    with platform.database.reading() as transaction:
        assert transaction.execute(select(Session.authenticated_at)).scalar_one() == typed_at - 300


# A34, scripts that are not ours


@pytest.mark.parametrize(
    "path",
    [
        f"/login/authorize?client_id={quote(SCRIPT)}",
        f"/login/authorize?{quote(SCRIPT)}=1&{quote(SCRIPT)}=2",
        f"/login/end_session?post_logout_redirect_uri={quote(SCRIPT)}",
        f"/login/signin?next={quote('/authorize?' + SCRIPT)}",
        f"/login/signin?next={quote(SCRIPT)}&language={quote(SCRIPT)}",
        f"/login/forgotten?email={quote(SCRIPT)}",
        f"/login/{quote(SCRIPT)}",
    ],
)
def test_a34_pages_escape_what_they_are_given(browser: HttpBrowser, path: str) -> None:
    _assert_clean(browser.get(path))


def test_a34_consent_and_form_post_escape(
    login: RunningLogin, browser: HttpBrowser, anna: User, sign_in: SignIn
) -> None:
    shop = login.shop(name=f"Shop {SCRIPT}", website="https://shop.example/" + SCRIPT)
    consent = sign_in(anna, ask(browser, shop, state=SCRIPT, response_mode="form_post"))
    _assert_clean(consent)
    answer = consent.submit("/consent", "Allow")
    _assert_clean(answer)
    assert answer.form("/callback").fields["state"] == SCRIPT


@pytest.mark.parametrize("path", PAGES)
def test_a34_only_scripts_with_the_nonce_of_the_answer_run(browser: HttpBrowser, path: str) -> None:
    first, second = (browser.get(path).response for _ in range(2))
    nonces = [re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"]) for answer in (first, second)]
    assert nonces[0] is not None
    assert nonces[1] is not None
    assert nonces[0][1] != nonces[1][1]
    assert "unsafe-inline" not in first.headers["content-security-policy"]
    scripts = re.findall(r"<script\b[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonces[0][1]}"' in script for script in scripts)
    assert not re.search(r"\son[a-z]+=|style=", first.text)


# A35: log hygiene


def test_a35_no_secret_is_logged(
    server: Served, platform: Platform, browser: HttpBrowser, shop: Shop, anna: User
) -> None:
    canaries = _sign_in_with_canaries(platform, browser, shop, anna)
    logged = server.log()
    assert logged.count('"path":"/signin"') >= 2
    for canary in canaries:
        assert canary not in logged


def _sign_in_with_canaries(platform: Platform, browser: HttpBrowser, shop: Shop, anna: User) -> list[str]:
    """Visits what takes or gives secrets; answers with all of them."""
    page = ask(browser, shop)
    page.submit("/signin", email=anna.email, password="canary password")
    consent = page.submit("/signin", email=anna.email, password=PASSWORD)
    code = told(consent.submit("/consent", "Allow"))["code"]
    browser.get("/login/forgotten").submit("/forgotten", email=anna.email)
    path = link(platform, "password_reset")
    browser.get(path).submit(password="canary new password", again="canary new password")
    browser.get(f"/login/authorize?client_id={code}")
    browser.get("/login/device?user_code=CANARY-CODE")
    cookie = browser.client.cookies.get("__Host-login") or ""
    secrets = ["canary", PASSWORD, code, path.partition("=")[2], "CANARY-CODE", consent.form().fields["csrf"]]
    return [*secrets, *([cookie] if cookie else [])]


# What these tests need


def _without_what_differs(text: str, email: str = "") -> str:
    for pattern in (
        r'nonce="[^"]*"',
        r'csrf"?( value)?="[^"]*"',
        r"[0-9a-f]{24}",
        re.escape(email),
        re.escape(quote(email)),
    ):
        text = re.sub(pattern, "", text) if pattern else text
    return text


def _assert_clean(page: Page) -> None:
    assert "<script>alert" not in page.response.text
    assert page.response.headers["content-type"].startswith("text/html")
    assert page.response.headers["x-content-type-options"] == "nosniff"


def _waits(platform: Platform, subject: str) -> bool:
    with platform.database.reading() as transaction:
        query = select(Attempts.blocked_until - Attempts.failed_at).where(Attempts.subject == subject)
        return transaction.execute(query).scalar_one() > 0


def _guess_too_often(browser: HttpBrowser, email: str) -> None:
    for number in range(attempts.FREE_GUESSES + 2):
        browser.get("/login/signin").submit(email=email, password=f"wrong guess {number}")


def _let_none_pass(platform: Platform) -> None:
    """Makes every wait that has begun a long one: how fast this machine is does not count."""
    with platform.database.transaction(NOBODY) as transaction:
        for one in transaction.session.scalars(select(Attempts).where(Attempts.blocked_until > 0)):
            one.blocked_until = int(time()) + 3600


def _let_time_pass(platform: Platform) -> None:
    """Until every guess is looked at again."""
    with platform.database.transaction(NOBODY) as transaction:
        for one in transaction.session.scalars(select(Attempts)):
            one.blocked_until = 0


def _ages(platform: Platform, seconds: int) -> int:
    """Lets the only session grow older; answers with when its user had signed in."""
    with platform.database.transaction(NOBODY) as transaction:
        session = transaction.session.scalars(select(Session)).one()
        signed_in_at = session.authenticated_at
        session.authenticated_at -= seconds
    return signed_in_at
