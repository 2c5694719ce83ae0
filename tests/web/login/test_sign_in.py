from collections.abc import Callable
from time import time

import pyotp
import pytest
from sqlalchemy import select

from alpage.accounts.accounts import Account
from alpage.identity import authenticators, recovery_codes, sessions
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from alpage.tasks.mails import Mail
from tests.conftest import Platform
from tests.web.browsing import Browser, Page
from tests.web.login.conftest import PASSWORD

SignIn = Callable[..., Page]


def kinds(platform: Platform, user: User) -> list[str]:
    with platform.database.reading() as transaction:
        query = select(SecurityEvent.kind).where(SecurityEvent.user_id == user.id).order_by(SecurityEvent.id)
        return [*transaction.execute(query).scalars()]


def living(platform: Platform) -> list[Session]:
    with platform.database.transaction(NOBODY) as transaction:
        return [*transaction.session.scalars(select(Session).where(Session.ended_at.is_(None)))]


def authenticator(platform: Platform, user: User) -> pyotp.TOTP:
    """Gives a user an authenticator; its numbers of now and before are used up, as after setting it up."""
    now = int(time()) - 60
    with platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.get_one(User, user.id)
        made, secret, _ = authenticators.begin(transaction, kept, "Phone", platform.tokens.pepper, now)
        totp = pyotp.TOTP(secret)
        assert authenticators.confirm(transaction, kept, made, totp.at(now), pepper=platform.tokens.pepper, now=now)
    return totp


def test_what_no_column_can_hold_is_nobodys_address(browser: Browser) -> None:
    page = browser.get("/login/signin").submit("/signin", email="heidi\0@example.org", password=PASSWORD)
    assert page.status in (400, 422)  # PostgreSQL does not take it, SQLite finds nobody


def test_a_password_signs_in(platform: Platform, browser: Browser, anna: User, sign_in: SignIn) -> None:
    page = sign_in(anna)
    assert (page.status, page.path) == (200, "/login/")
    assert "Anna Test" in page.text
    assert kinds(platform, anna) == ["signed_in"]
    assert [session.methods for session in living(platform)] == [["pwd"]]


def test_the_address_may_be_written_large_and_with_spaces_around(browser: Browser, anna: User) -> None:
    page = browser.get("/login/signin").submit(email=" Anna@Example.ORG ", password=PASSWORD)
    assert page.path == "/login/"


def test_a_wrong_password_says_so_and_keeps_the_address(platform: Platform, anna: User, sign_in: SignIn) -> None:
    page = sign_in(anna, password="sheep graze")
    assert page.status == 422
    assert "do not go together" in page.text
    assert page.form("/signin").fields["email"] == anna.email
    assert page.form("/signin").fields["password"] == ""
    assert kinds(platform, anna) == ["sign_in_failed"]
    assert living(platform) == []


def test_a_user_without_a_password_cannot_sign_in_by_one(platform: Platform, sign_in: SignIn) -> None:
    assert sign_in(platform.user("ueli"), password="").status == 422


def test_a_blocked_user_cannot_sign_in(platform: Platform, anna: User, sign_in: SignIn) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, anna.id).blocked_at = 1
    assert sign_in(anna).status == 422


def test_a_session_of_a_user_who_is_blocked_later_is_none(
    platform: Platform, browser: Browser, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna)
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, anna.id).blocked_at = 1
    assert "Nobody is signed in here" in browser.get("/login/").text


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/signout",
        "/../authorize",
        "/authorize\r\nSet-Cookie: a=b",
        "/authorize/../../evil",
    ],
)
def test_one_goes_on_only_to_pages_that_send_here(browser: Browser, anna: User, to: str) -> None:
    page = browser.get("/login/signin")
    answer = browser.client.post(
        "/login/signin",
        data={**page.form().fields, "email": anna.email, "password": PASSWORD, "next": to},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/login/")


def test_one_goes_on_to_the_page_that_sent_here(browser: Browser, anna: User) -> None:
    page = browser.get("/login/device?user_code=AB-CD")
    assert page.path.startswith("/login/signin?next=")
    assert page.submit(email=anna.email, password=PASSWORD).path == "/login/device?user_code=AB-CD"


def test_the_cookie_is_sealed_and_bound_to_the_host(browser: Browser, anna: User, platform: Platform) -> None:
    page = browser.get("/login/signin")
    fields = {**page.form().fields, "email": anna.email, "password": PASSWORD}
    answer = browser.client.post("/login/signin", data=fields, headers={"sec-fetch-site": "same-origin"})
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("__Host-login="))
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= {*cookie.split("; ")}
    assert "alp_se_" not in cookie


@pytest.mark.parametrize("wants", [True, False])
def test_a_user_is_written_to_of_sign_ins_if_he_wants(
    platform: Platform, anna: User, sign_in: SignIn, *, wants: bool
) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.get_one(User, anna.id)
        kept.notifies_logins = kept.notifies_failed_logins = wants
    sign_in(anna, password="wrong")
    sign_in(anna)
    with platform.database.reading() as transaction:
        written = [*transaction.execute(select(Mail.template).order_by(Mail.id)).scalars()]
    assert written == (["sign_in_failed", "signed_in"] if wants else [])


# The second factor


def test_a_second_factor_is_asked_for_where_there_is_one(
    platform: Platform, browser: Browser, anna: User, sign_in: SignIn
) -> None:
    totp = authenticator(platform, anna)
    page = sign_in(anna)
    assert page.path == "/login/second-factor"
    assert living(platform) == []
    assert "Nobody" in browser.get("/login/").text
    wrong = page.submit("/second-factor", code="000000" if totp.now() != "000000" else "111111")
    assert (wrong.status, living(platform)) == (422, [])
    assert wrong.submit("/second-factor", code=f"{totp.now()[:3]} {totp.now()[3:]}").path == "/login/"
    assert [session.methods for session in living(platform)] == [["pwd", "otp", "mfa"]]
    assert kinds(platform, anna)[-2:] == ["second_factor_failed", "signed_in"]


def test_a_recovery_code_stands_in_once(platform: Platform, anna: User, sign_in: SignIn, browser: Browser) -> None:
    authenticator(platform, anna)
    with platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.get_one(User, anna.id)
        code = recovery_codes.make(transaction, kept, platform.tokens.pepper, int(time()))[0]
    assert sign_in(anna).submit("/second-factor", code=code.lower()).path == "/login/"
    assert sign_in(anna).submit("/second-factor", code=code).status == 422


def test_a_number_is_good_once(platform: Platform, anna: User, sign_in: SignIn) -> None:
    totp = authenticator(platform, anna)
    number = totp.now()
    assert sign_in(anna).submit("/second-factor", code=number).path == "/login/"
    assert sign_in(anna).submit("/second-factor", code=number).status == 422


def test_without_a_password_before_there_is_no_second_factor(browser: Browser) -> None:
    assert browser.get("/login/second-factor").path == "/login/signin"
    form = browser.get("/login/signin").form()
    page = browser.post("/login/second-factor", {"csrf": form.fields["csrf"], "code": "123456"})
    assert page.path == "/login/signin"


def test_what_waits_for_a_second_factor_is_used_once(platform: Platform, anna: User, sign_in: SignIn) -> None:
    totp = authenticator(platform, anna)
    page = sign_in(anna)
    before = page.browser.client.cookies.get("__Host-login-pending")
    page.submit("/second-factor", code=totp.now())
    page.browser.client.cookies.set("__Host-login-pending", before, domain="testserver.local", path="/")
    assert page.browser.get("/login/second-factor").path == "/login/signin"


# Organisations that ask for second factors


def test_a_member_without_the_second_factor_his_organisation_asks_for_is_told(
    platform: Platform, anna: User, sign_in: SignIn
) -> None:
    account = platform.account(anna, "Strict Club")
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(Account, account.id).has_2fa_required = True
    page = sign_in(anna)
    assert page.path == "/login/protect"
    assert "Strict Club" in page.text
    assert "Anna Test" in page.browser.get("/login/").text  # he is not locked out


def test_a_member_with_a_second_factor_is_not_told(platform: Platform, anna: User, sign_in: SignIn) -> None:
    account = platform.account(anna)
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(Account, account.id).has_2fa_required = True
    totp = authenticator(platform, anna)
    assert sign_in(anna).submit("/second-factor", code=totp.now()).path == "/login/"


# Sessions


def test_a_session_ends_by_itself(platform: Platform, anna: User) -> None:
    now = int(time())
    pepper = platform.tokens.pepper
    with platform.database.transaction(NOBODY) as transaction:
        session, secret = sessions.start(
            transaction, anna.id, ["pwd"], ip="192.0.2.1", user_agent="t", pepper=pepper, now=now
        )
        found = sessions.find(transaction, secret, pepper, now + sessions.LIFETIME_SECONDS - 1)
        assert found is session
        assert sessions.find(transaction, secret, pepper, now + sessions.LIFETIME_SECONDS) is None
        sessions.end(transaction, session, now)
        assert sessions.find(transaction, secret, pepper, now) is None


def test_garbage_is_no_session(platform: Platform, browser: Browser) -> None:
    with platform.database.reading() as transaction:
        assert sessions.find(transaction, "alp_se_" + "A" * 49, platform.tokens.pepper, 1) is None
    browser.client.cookies.set("__Host-login", "rubbish", domain="testserver.local", path="/")
    assert "Nobody is signed in here" in browser.get("/login/").text
