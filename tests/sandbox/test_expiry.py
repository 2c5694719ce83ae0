"""What runs out when a clock is moved, and what goes by the real time all the same."""

from dataclasses import replace
from time import time
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select

from alpage.identity import email_verifications, user_clocks
from alpage.identity.oauth import issuing
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import LIFETIME_SECONDS, Session
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from alpage.tasks.mails import Mail
from tests.identity.conftest import login, session, shop
from tests.identity.signed_in import signed_in
from tests.sandbox.moving import DAY, clock_of, move
from tests.web.browsing import Browser

__all__ = ["login", "session", "shop"]  # fixtures

PASSWORD = "goats climb higher than cows"


def reason(answer):
    assert answer.status_code == 401
    return answer.json()["error"]["context"]["reason"]


class TestTokens:
    def test_a_personal_token(self, working):
        soon = replace(working, token=working.platform.token(working.user, expires_at=int(time()) + 29 * DAY))
        assert soon.call("GET", "/2/profile").status_code == 200
        move(working, days=30)
        assert reason(soon.call("GET", "/2/profile")) == "expired"
        listed = working.call("GET", "/1/tokens?order_by=id").json()["data"]
        assert [token["state"] for token in listed] == ["active", "expired"]
        working.call("DELETE", clock_of(working))
        assert soon.call("GET", "/2/profile").status_code == 200

    def test_one_that_is_not_good_yet(self, working):
        later = replace(working, token=working.platform.token(working.user, not_before=int(time()) + 29 * DAY))
        assert reason(later.call("GET", "/2/profile")) == "not_yet_valid"
        move(working, days=30)
        assert later.call("GET", "/2/profile").status_code == 200

    def test_its_end_is_asked_for_by_the_same_clock(self, working):
        now = move(working, days=30)["now"]
        body = {"name": "t", "scopes": ["user_info"]}
        past = working.call("POST", "/1/tokens", {**body, "expires_at": now - DAY})
        assert past.json()["error"]["errors"][0]["context"]["attribute"] == "expires_at"
        made = working.call("POST", "/1/tokens", {**body, "expires_at": now + DAY}).json()["data"]
        assert replace(working, token=made["token"]).call("GET", "/2/profile").status_code == 200

    def test_who_works_elsewhere_keeps_his(self, heidi, peter):
        token = heidi.platform.token(heidi.user, expires_at=int(time()) + 29 * DAY)
        move(peter, days=30)
        assert replace(heidi, token=token).call("GET", "/2/profile").status_code == 200


class TestOAuth:
    def test_access_ends_and_is_refreshed(self, working, shop, session):
        tokens = shop.tokens(session, scope="openid offline_access user_info")
        called = replace(working, token=tokens["access_token"])
        assert called.call("GET", "/2/profile").status_code == 200
        move(working, days=1)
        assert reason(called.call("GET", "/2/profile")) == "expired"
        assert not shop.is_active(tokens["access_token"])
        refreshed = shop.refresh(tokens["refresh_token"]).json()
        assert refreshed["expires_in"] == issuing.ACCESS_SECONDS
        assert replace(working, token=refreshed["access_token"]).call("GET", "/2/profile").status_code == 200
        told = shop.post("/introspect", token=refreshed["access_token"]).json()
        assert abs(told["iat"] - time()) < 60, "others are told the real time"
        assert abs(told["exp"] - time() - issuing.ACCESS_SECONDS) < 60
        assert shop.refresh(tokens["refresh_token"]).json()["refresh_token"] == refreshed["refresh_token"], "a retry"

    def test_a_refresh_token_ends(self, working, shop, session):
        tokens = shop.tokens(session, scope="openid offline_access")
        move(working, days=91)
        assert shop.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"

    def test_codes_and_what_is_signed_go_by_the_real_time(self, working, shop, session):
        code = shop.code(session)
        move(working, days=30)
        answer = shop.redeem(code)
        assert answer.status_code == 200
        claims = shop.login.oauth.provider.keys.read(answer.json()["id_token"], int(time()))
        assert abs(claims["iat"] - time()) < 60
        assert replace(working, token=answer.json()["access_token"]).call("GET", "/1/limits").status_code == 200

    def test_a_secret_of_an_application_ends_by_the_clock_of_its_account(self, heidi, shop):
        short = replace(shop, secret=shop.login.secret(shop.application, expires_at=int(time()) + 29 * DAY))
        given = {"grant_type": "client_credentials", "scope": "user_info"}
        assert short.post(**given).status_code == 200
        move(heidi, days=30)
        assert short.post(**given).status_code == 401
        assert shop.post(**given).status_code == 200
        path = f"/1/accounts/{heidi.account.id}/applications/{shop.application.id}/secrets?order_by=id"
        assert [secret["state"] for secret in heidi.call("GET", path).json()["data"]] == ["active", "expired"]


class TestSignIn:
    @pytest.fixture
    def browser(self, client, working):
        with working.platform.database.transaction(NOBODY) as transaction:
            transaction.session.get_one(User, working.user.id).password_hash = hash_password(PASSWORD)
        return Browser(client.app)

    @staticmethod
    def sign_in(browser, person):
        return browser.get("/login/signin").submit("/signin", email=person.user.email, password=PASSWORD)

    def test_a_session_ends_and_the_next_begins(self, browser, working):
        assert "Heidi Test" in self.sign_in(browser, working).text
        move(working, days=LIFETIME_SECONDS // DAY + 1)
        assert "Heidi Test" not in browser.get("/login/").text
        assert "Heidi Test" in self.sign_in(browser, working).text
        assert "Heidi Test" in browser.get("/login/").text
        with working.platform.database.reading() as transaction:
            ends = [*transaction.execute(select(Session.expires_at).order_by(Session.id)).scalars()]
            proved = [*transaction.execute(select(Session.authenticated_at)).scalars()]
        assert ends[1] - ends[0] >= LIFETIME_SECONDS
        assert all(abs(moment - time()) < 60 for moment in proved), "when he proved who he is, is real"

    def test_lockouts_go_by_the_real_time(self, browser, working):
        for _ in range(12):
            browser.get("/login/signin").submit("/signin", email=working.user.email, password="wrong")
        move(working, days=365)
        assert "Heidi Test" not in self.sign_in(browser, working).text

    def test_so_do_numbers_of_authenticators_and_how_fresh_a_sign_in_is(self, working):
        now = signed_in(working)
        move(working, ahead_seconds=1800)
        made = now.call("POST", "/1/profile/authenticators", {"name": "Phone"}).json()["data"]
        path = f"/1/profile/authenticators/{made['id']}/confirm"
        assert now.call("POST", path, {"code": pyotp.TOTP(made["secret"]).now()}).status_code == 200
        with working.platform.database.reading() as transaction:
            dates = [*transaction.execute(select(SecurityEvent.created_at)).scalars()]
        assert dates
        assert all(abs(moment - time()) < 60 for moment in dates)


class TestLinks:
    @pytest.fixture
    def unverified(self, working):
        with working.platform.database.transaction(NOBODY) as transaction:
            transaction.session.get_one(User, working.user.id).is_email_checked = False
        return working

    @staticmethod
    def ask(person):
        path = f"/1/profile/emails/personal/{person.user.id}/verification"
        assert person.call("POST", path).status_code == 201
        with person.platform.database.reading() as transaction:
            mail = transaction.execute(select(Mail.__table__).order_by(Mail.id.desc()).limit(1)).one()
        link = email_verifications.write_link(person.platform.settings, mail.content)
        return mail, parse_qs(urlsplit(link).query)["ticket"][0]

    @staticmethod
    def is_good(person, secret):
        platform = person.platform
        with platform.database.transaction(NOBODY) as transaction:
            clocks = platform.tokens.clocks
            return (
                email_verifications.find(transaction, platform.tokens.pepper, clocks, secret, int(time())) is not None
            )

    def test_a_verification_ends(self, unverified):
        _, secret = self.ask(unverified)
        move(unverified, days=2)
        assert self.is_good(unverified, secret)
        move(unverified, days=4)
        assert not self.is_good(unverified, secret)
        mail, later = self.ask(unverified)
        assert self.is_good(unverified, later)
        assert mail.next_try_at - time() < 60, "mails leave when they are written"

    def test_an_invitation_ends(self, heidi):
        body = {
            "email": "in@example.net",
            "first_name": "I",
            "last_name": "N",
            "locale": "en_GB",
            "role_type": "normal",
        }
        path = f"/1/accounts/{heidi.account.id}/invitations"
        made = heidi.call("POST", path, body).json()["data"]
        change = {"role_type": "admin"}
        assert heidi.call("PATCH", f"{path}/{made['id']}", change).status_code == 200
        move(heidi, days=400)
        over = heidi.call("PATCH", f"{path}/{made['id']}", change)
        assert over.json()["error"]["context"]["state"] == "expired"
        assert heidi.call("POST", path, body).status_code == 201, "it makes room for the next"


def test_limits_go_by_the_real_time(working):
    before = working.call("GET", "/1/tokens")
    move(working, days=365)
    after = working.call("GET", "/1/tokens")
    assert int(after.headers["x-ratelimit-reset"]) - int(before.headers["x-ratelimit-reset"]) < 60
    assert int(after.headers["x-ratelimit-remaining"]) < int(before.headers["x-ratelimit-remaining"])


def test_so_does_the_record_of_requests(working):
    move(working, days=30)
    last = working.call("GET", "/1/requests?order=desc&limit=1").json()["data"]
    assert all(abs(line["created_at"] - time()) < 60 for line in last)


def test_a_user_who_works_nowhere_has_the_real_time(heidi):
    move(heidi, days=30)
    with heidi.platform.database.reading() as transaction:
        assert user_clocks.ahead(heidi.platform.tokens.clocks, transaction, heidi.user.id) == 0
