"""Attacks on the pages of the login, over HTTP."""

import json
import logging
import re
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from time import perf_counter, time
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import structlog
from sqlalchemy import select

from alpage.api import logs
from alpage.identity import attempts, password_resets
from alpage.identity.attempts import Attempts
from alpage.identity.grants import Grant
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from tests.conftest import Platform
from tests.identity.oauth_support import REDIRECT, Login, Shop
from tests.web.browsing import Browser, Page
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
def test_a8_what_nobody_vouches_for_ends_on_our_page(
    browser: Browser, shop: Shop, anna: User, sign_in: SignIn, *, wrong: dict[str, Any], signed_in: bool
) -> None:
    if signed_in:
        sign_in(anna)
    page = ask(browser, shop, **wrong)
    assert (page.status, page.location) == (400, "")
    assert "does not work" in page.text
    assert all(address.startswith(("/login", "#")) for address in addresses(page))
    assert "evil.example" not in page.response.headers["content-security-policy"]


def test_a8_other_errors_are_told_to_the_application(browser: Browser, shop: Shop) -> None:
    assert told(ask(browser, shop, response_type="token"))["error"] == "unsupported_response_type"


# A15: consent CSRF


def test_a15_consent_needs_its_token_once(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
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
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    for changed in ({"scope": "openid dns"}, {"state": "other"}, {"nonce": "other"}):
        sent = {**fields, "request": shop.query(**changed), "decision": "approve"}
        assert browser.post("/login/consent", sent).status == 403
    assert given(platform) == 0


def test_a15_the_token_is_of_one_session(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    other = Browser(browser.client.app)
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    theirs = sign_in(beat, ask(other, shop)).form("/consent").fields
    sent = {**fields, "csrf": theirs["csrf"], "decision": "approve"}
    assert other.post("/login/consent", sent).status == 403
    assert given(platform) == 0


def test_a15_a_get_gives_nothing(platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    fields = sign_in(anna, ask(browser, shop)).form("/consent").fields
    sent = urlencode({**fields, "decision": "approve"})
    assert browser.get(f"/login/consent?{sent}").status == 405
    assert ask(browser, shop, decision="approve", token=fields["token"]).form("/consent")
    assert given(platform) == 0


# A16, A17: frames, referrers, other hosts


@pytest.mark.parametrize("path", PAGES)
def test_a16_nobody_frames_a_page(browser: Browser, path: str) -> None:
    headers = browser.get(path).response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a16_nobody_frames_consent(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    headers = sign_in(anna, ask(browser, shop)).response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_a17_pages_tell_nobody_where_one_was_and_load_nothing_from_elsewhere(browser: Browser, path: str) -> None:
    response = browser.get(path).response
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    loaded = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=\"([^\"]*)\"", response.text)
    assert loaded
    assert all(address.startswith("/login/assets/") for address in loaded)


def test_a17_the_secret_of_a_link_does_not_stay_in_the_address(
    platform: Platform, browser: Browser, anna: User
) -> None:
    browser.get("/login/forgotten").submit("/forgotten", email=anna.email)
    path = link(platform, "password_reset")
    secret = path.partition("=")[2]
    answer = browser.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login" + password_resets.PATH)
    assert secret not in str(answer.headers)
    assert secret not in browser.get("/login" + password_resets.PATH).response.text


# A18: what was sent is not sent on


def test_a18_after_a_form_only_303(browser: Browser, shop: Shop, anna: User) -> None:
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


def test_a19_known_and_unknown_addresses_read_the_same(platform: Platform, browser: Browser, anna: User) -> None:
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


@pytest.mark.parametrize(("path", "samples"), [("/login/signin", 25), ("/login/forgotten", 60)])
@pytest.mark.usefixtures("real_hashes")
def test_a19_known_and_unknown_addresses_take_the_same_time(
    platform: Platform, browser: Browser, anna: User, path: str, samples: int
) -> None:
    """The two are measured in turns, and compared with how much one and the same takes longer or shorter by itself."""
    form = browser.get(path).form(path.removeprefix("/login"))
    times: dict[str, list[float]] = {anna.email: [], "nobody@example.org": []}
    for turn in range(samples + 2):
        for email, taken in times.items():
            forget_guesses(platform)
            sent = {**form.fields, "email": email, "password": "wrong password"}
            started = perf_counter()
            browser.post(path, sent)
            if turn >= 2:  # what is loaded on first use is loaded
                taken.append(perf_counter() - started)
    known, unknown = times.values()
    noise = statistics.stdev([*known, *unknown]) / samples**0.5
    difference = abs(statistics.median(known) - statistics.median(unknown))
    assert difference < max(5 * noise, 0.1 * statistics.median(unknown))


# A21: brute force. Time stands still: how fast this machine is does not count


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time()
    monkeypatch.setattr("alpage.web.login.surface.time", lambda: now)


@pytest.mark.usefixtures("still")
def test_a21_the_right_password_is_not_told_from_a_wrong_one_while_guesses_wait(
    platform: Platform, browser: Browser, anna: User
) -> None:
    wrong_ones = [f"wrong guess {number}" for number in range(attempts.FREE_GUESSES + 2)]
    wrong, right = [
        browser.get("/login/signin").submit(email=anna.email, password=password) for password in [*wrong_ones, PASSWORD]
    ][-2:]
    assert (wrong.status, right.status) == (422, 422)
    assert _without_what_differs(wrong.response.text) == _without_what_differs(right.response.text)
    assert "Nobody is signed in" in browser.get("/login/").text
    _let_time_pass(platform)
    assert browser.get("/login/signin").submit(email=anna.email, password=PASSWORD).path == "/login/"


@pytest.mark.usefixtures("still")
def test_a21_an_unknown_address_waits_as_well(platform: Platform, browser: Browser) -> None:
    for number in range(attempts.FREE_GUESSES + 2):
        browser.get("/login/signin").submit(email="nobody@example.org", password=f"guess {number}")
    assert _waits(platform, attempts.of_account("password", "nobody@example.org"))


@pytest.mark.usefixtures("still")
def test_a21_an_address_that_guesses_at_many_waits(platform: Platform, browser: Browser, anna: User) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        for _ in range(attempts.FREE_GUESSES_OF_ADDRESS + 3):
            attempts.failed(transaction, [attempts.of_address("password", "192.0.2.1")], int(time()))
    page = browser.get("/login/signin").submit(email=anna.email, password=PASSWORD)
    assert page.status == 422
    elsewhere = Browser(browser.client.app, ip="198.51.100.7")
    assert elsewhere.get("/login/signin").submit(email=anna.email, password=PASSWORD).path == "/login/"


@pytest.mark.usefixtures("still")
def test_a21_many_guesses_at_once_are_no_more_than_one_after_the_other(
    platform: Platform, browser: Browser, anna: User
) -> None:
    browsers = [Browser(browser.client.app, ip=f"198.51.100.{number}") for number in range(16)]
    forms = [one.get("/login/signin") for one in browsers]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda page: page.submit(email=anna.email, password="wrong"), forms))
    with platform.database.reading() as transaction:
        subject = attempts.of_account("password", anna.email)
        failures = transaction.execute(select(Attempts.failures).where(Attempts.subject == subject)).scalar_one()
    assert failures == attempts.FREE_GUESSES + 1  # the others found the way blocked


@pytest.mark.usefixtures("still")
def test_a21_numbers_and_recovery_codes_wait_together(
    platform: Platform, browser: Browser, anna: User, sign_in: SignIn
) -> None:
    totp = authenticator(platform, anna)
    page = sign_in(anna)
    for number in range(attempts.FREE_GUESSES + 2):
        code = f"00000-0000{number}" if number % 2 else str((int(totp.now()) + number + 5) % 10**6).zfill(6)
        page = page.submit("/second-factor", code=code)
    assert page.submit("/second-factor", code=totp.now()).status == 422
    _let_time_pass(platform)
    assert page.submit("/second-factor", code=totp.now()).path == "/login/"


@pytest.mark.usefixtures("still")
def test_a21_codes_of_devices_wait(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    page = sign_in(anna, browser.get("/login/device"))
    user_code = shop.post("/device_authorization", scope="openid").json()["user_code"]
    for _ in range(attempts.FREE_GUESSES + 2):
        page = page.submit("/device", user_code="BBBB-BBBB")
    blocked = page.submit("/device", user_code=user_code)
    assert blocked.status == 422
    assert "No device waits with this code" in blocked.text
    _let_time_pass(platform)
    assert blocked.submit("/device", user_code=user_code).form("/device/decision")


# A28, signing out


def test_a28_only_registered_addresses_are_returned_to(
    platform: Platform, browser: Browser, login: Login, anna: User, sign_in: SignIn
) -> None:
    after = "https://shop.example/bye"
    shop = login.shop(post_logout_redirect_uris=[after])
    hint = shop.redeem(told(sign_in(anna, ask(browser, shop)).submit("/consent", "Allow"))["code"]).json()["id_token"]
    other = login.shop(post_logout_redirect_uris=[EVIL])
    for wrong in (
        {"id_token_hint": hint, "post_logout_redirect_uri": EVIL},
        {"id_token_hint": hint, "post_logout_redirect_uri": after + "?a=b"},
        {"id_token_hint": hint[:-8] + "AAAAAAAA", "post_logout_redirect_uri": after},
        {"id_token_hint": "rubbish", "post_logout_redirect_uri": after},
        {"id_token_hint": hint, "client_id": other.client_id, "post_logout_redirect_uri": EVIL},
        {"client_id": "nobody", "post_logout_redirect_uri": EVIL},
        {"post_logout_redirect_uri": EVIL},
    ):
        page = browser.get(f"/login/end_session?{urlencode(wrong)}")
        assert (page.status, page.location) == (400, "")
        assert "evil.example" not in page.response.headers["content-security-policy"]
    with platform.database.reading() as transaction:
        assert transaction.execute(select(Session.ended_at)).scalars().all() == [None]


def test_a28_somebody_elses_hint_asks_first(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    page = sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    hint = shop.redeem(told(page)["code"]).json()["id_token"]
    other = Browser(browser.client.app)
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    sign_in(beat, other.get("/login/signin"))
    page = other.get(f"/login/end_session?{urlencode({'id_token_hint': hint})}")
    assert page.form("/signout")
    assert "Beat Test" in other.get("/login/").text


def test_a28_the_address_to_return_to_cannot_be_put_into_the_form(
    browser: Browser, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna)
    fields = browser.get("/login/signout").form("/signout").fields
    page = browser.post("/login/signout", {**fields, "back": EVIL})
    assert page.path == "/login/"


# A29, sessions


def test_a29_every_sign_in_has_a_new_session_id(browser: Browser, anna: User, sign_in: SignIn) -> None:
    browser.client.cookies.set("__Host-login", "planted", domain="testserver.local", path="/")
    sign_in(anna)
    first = browser.client.cookies.get("__Host-login")
    sign_in(anna)
    second = browser.client.cookies.get("__Host-login")
    assert len({"planted", first, second}) == 3
    browser.client.cookies.set("__Host-login", first or "", domain="testserver.local", path="/")
    assert "Nobody is signed in" in browser.get("/login/").text  # the old one opens nothing


def test_a29_cookies_are_bound_to_the_host_and_hidden_from_scripts(browser: Browser, shop: Shop, anna: User) -> None:
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
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
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
def test_a34_pages_escape_what_they_are_given(browser: Browser, path: str) -> None:
    _assert_clean(browser.get(path))


def test_a34_consent_and_form_post_escape(login: Login, browser: Browser, anna: User, sign_in: SignIn) -> None:
    shop = login.shop(name=f"Shop {SCRIPT}", website="https://shop.example/" + SCRIPT)
    consent = sign_in(anna, ask(browser, shop, state=SCRIPT, response_mode="form_post"))
    _assert_clean(consent)
    answer = consent.submit("/consent", "Allow")
    _assert_clean(answer)
    assert answer.form("/callback").fields["state"] == SCRIPT


@pytest.mark.parametrize("path", PAGES)
def test_a34_only_scripts_with_the_nonce_of_the_answer_run(browser: Browser, path: str) -> None:
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
    platform: Platform, browser: Browser, shop: Shop, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[dict[str, Any]] = []

    def keep(_logger: Any, _method: str, event: dict[str, Any]) -> str:
        logged.append(event)
        return ""

    for name, module in [*sys.modules.items()]:
        if name.startswith("alpage.") and hasattr(module, "log"):
            logger = structlog.wrap_logger(
                structlog.PrintLogger(StringIO()),
                [structlog.processors.ExceptionRenderer(), keep],
                structlog.make_filtering_bound_logger(logging.DEBUG),
            )
            monkeypatch.setattr(module, "log", logger)
    lines_of_answers = SimpleNamespace(info=lambda line: logged.append(json.loads(line)))
    monkeypatch.setattr(logs.answers, "output", lines_of_answers)
    canaries = _sign_in_with_canaries(platform, browser, shop, anna)
    assert [event["path"] for event in logged if event["event"] == "answered"].count("/signin") >= 2
    for canary in canaries:
        assert canary not in str(logged)


def _sign_in_with_canaries(platform: Platform, browser: Browser, shop: Shop, anna: User) -> list[str]:
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
    for pattern in (r'nonce="[^"]*"', r"[0-9a-f]{24}", re.escape(email), re.escape(quote(email))):
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
