"""The page about signing in: factors that need a fresh sign-in, sessions, what happened, and drafts that survive."""

from time import time

import pyotp
import pytest

from alpage.identity import sessions
from alpage.identity.credentials import pepper_of
from alpage.identity.passkeys import Passkey, PasskeyUse
from alpage.storage.changes import NOBODY


def _session(platform, user, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"):
    with platform.database.transaction(NOBODY) as transaction:
        return sessions.start(
            transaction,
            user.id,
            ["pwd"],
            ip="192.0.2.7",
            user_agent=user_agent,
            pepper=pepper_of(platform.settings),
            now=int(time()),
        )


def test_an_authenticator_is_added_by_its_first_number_and_deleted(browser):
    setup = browser.send(browser.get("/security/authenticators/new").form("/new"), name="phone")
    secret = setup.html.partition("<pre")[2].partition("<code>")[2].partition("</code>")[0]
    wrong = browser.send(setup.form("/confirm"), code="12")
    assert wrong.status == 422
    assert secret in wrong.html
    page = browser.follow(browser.send(wrong.form("/confirm"), code=pyotp.TOTP(secret).now()))
    assert "phone" in page.text
    assert "You have no recovery codes" in page.text
    question = browser.get(page.link("Delete"))
    assert "Authenticators" in browser.follow(browser.send(question.form("/delete"))).text


def test_recovery_codes_are_shown_once(browser):
    made = browser.send(browser.get("/security/recovery-codes").form("/recovery-codes"))
    assert made.status == 201
    assert len(made.html.partition("<code>")[2].partition("</code>")[0].split()) == 10
    assert "10 codes are left." in browser.get("/security").text


@pytest.mark.parametrize("path", ["/security/recovery-codes", "/security/authenticators/new"])
def test_what_needs_a_fresh_sign_in_asks_for_it_before_anything_is_typed(browser, login, path):
    login.signed_in_ago = 3600
    browser.sign_in()
    there = browser.get(path).response
    assert there.status_code == 303
    assert "max_age=" in there.headers["location"]
    login.signed_in_ago = 0
    assert browser.sign_in(there.headers["location"]).headers["location"] == f"/manager{path}"
    assert browser.get(path).status == 200


def test_a_form_sent_too_late_keeps_what_was_typed(browser, login):
    form = browser.get("/security/authenticators/new").form("/new")
    login.signed_in_ago = 3600
    browser.sign_in()
    page = browser.send(form, name="my phone")
    assert page.status == 401
    assert "Please confirm that it is you" in page.text
    assert "my phone" in page.text
    login.signed_in_ago = 0
    browser.sign_in()
    assert browser.send(page.form("/security/authenticators/new")).status == 200


def test_a_form_sent_after_the_session_has_ended_keeps_what_was_typed_but_no_secret(browser):
    form = browser.get("/security/password").form("/security/password")
    browser.client.cookies.delete("__Host-manager-session")
    page = browser.send(form, current_password="correct horse", password="battery staple")
    assert page.status == 401
    assert "Your session has ended" in page.text
    assert "correct horse" not in page.html
    assert "battery staple" not in page.html


def test_a_wrong_password_stands_at_its_field(browser):
    form = browser.get("/security/password").form("/security/password")
    page = browser.send(form, current_password="wrong", password="a fine long sentence")
    assert page.status == 422
    assert 'id="field-current_password-error"' in page.html
    assert "a fine long sentence" not in page.html


def test_sessions_are_listed_and_ended(browser, platform, login):
    _session(platform, login.user)
    _session(platform, login.user, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1")
    page = browser.get("/security")
    assert "192.0.2.7" in page.text
    one = next(form for form in page.forms if "/sessions/" in form.action)
    page = browser.follow(browser.send(one))
    assert sum("/sessions/" in form.action for form in page.forms) == 1
    plan = browser.get("/security/sessions/end")
    assert "One browser is signed out" in plan.text
    page = browser.follow(browser.send(plan.form("/sessions/end")))
    assert not any("/sessions/" in form.action for form in page.forms)


def test_what_happened_is_told_in_words(browser):
    browser.send(browser.get("/security/recovery-codes").form("/recovery-codes"))
    assert "Recovery codes were made" in browser.get("/security/events").text


def test_a_passkey_is_made_at_the_login_renamed_and_deleted(browser, platform, login):
    where = browser.get("/security").link("Add a passkey")
    assert where == f"{platform.settings.issuer}/passkeys/new?login_hint=heidi%40example.org"
    with platform.database.transaction(NOBODY) as transaction:
        made = Passkey(
            user_id=login.user.id,
            name="laptop",
            credential_id="known",
            public_key="",
            transports=[],
            is_backed_up=True,
            created_at=int(time()),
        )
        transaction.session.add(made)
        transaction.session.flush()
        transaction.session.add(PasskeyUse(passkey_id=made.id, used_at=made.created_at, sign_count=0))
    page = browser.get(browser.get("/security").link("laptop"))
    refused = browser.send(page.form(f"/passkeys/{made.id}"), name=" ")
    assert refused.status == 422
    assert 'id="field-name-error"' in refused.html
    page = browser.follow(browser.send(refused.form(f"/passkeys/{made.id}"), name="old laptop"))
    assert "The passkey was renamed." in page.text
    page = browser.follow(browser.send(browser.get(page.link("Delete")).form("/delete")))
    assert "The passkey was deleted." in page.text
