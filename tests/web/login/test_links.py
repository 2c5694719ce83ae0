import re
from collections.abc import Callable
from time import time

import pytest
from sqlalchemy import select

from alpage.identity import email_verifications
from alpage.identity.users import User, is_password
from alpage.storage.changes import NOBODY
from alpage.tasks import mail_texts, mails
from tests.conftest import Platform
from tests.web.browsing import Browser, Page

SignIn = Callable[..., Page]
NEW = "the cows come home late"


def link(platform: Platform, template: str) -> str:
    """The path of the link in the latest mail of a kind."""
    with platform.database.transaction(NOBODY) as transaction:
        mail = transaction.session.scalars(
            select(mails.Mail).where(mails.Mail.template == template).order_by(mails.Mail.id.desc())
        ).first()
        assert mail is not None
        address = mail_texts.LINKS[template](platform.settings, mail.content)
    return address.removeprefix(platform.settings.public_url)


def user(platform: Platform, anna: User) -> User:
    with platform.database.transaction(NOBODY) as transaction:
        return transaction.session.get_one(User, anna.id)


def test_a_forgotten_password_is_replaced(platform: Platform, browser: Browser, anna: User, sign_in: SignIn) -> None:
    elsewhere = Browser(browser.client.app)
    sign_in(anna, elsewhere.get("/login/signin"))
    page = browser.get("/login/signin")
    assert "/login/forgotten" in page.response.text
    page = browser.get("/login/forgotten").submit("/forgotten", email="Anna@example.org")
    assert "Look into your mail" in page.text
    page = browser.get(link(platform, "password_reset"))
    assert page.path == "/login/password/reset"
    page = page.submit(password=NEW, again=NEW)
    assert "Your new password is set" in page.text
    assert is_password(user(platform, anna), NEW)
    assert "Nobody is signed in" in elsewhere.get("/login/").text
    assert sign_in(anna, browser.get("/login/signin"), password=NEW).path == "/login/"


def test_a_link_is_good_once(platform: Platform, browser: Browser, anna: User) -> None:
    browser.get("/login/forgotten").submit("/forgotten", email=anna.email)
    path = link(platform, "password_reset")
    browser.get(path).submit(password=NEW, again=NEW)
    page = browser.get(path)
    assert page.status == 410
    assert "not good any more" in page.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ((NEW, NEW + "!"), "not the same"),
        (("short", "short"), "At least 12 characters"),
        (("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"), "more different characters"),
        (("anna@example.org", "anna@example.org"), "not use your name"),
    ],
)
def test_a_weak_password_is_refused_at_its_field(
    platform: Platform, browser: Browser, anna: User, typed: tuple[str, str], words: str
) -> None:
    browser.get("/login/forgotten").submit("/forgotten", email=anna.email)
    page = browser.get(link(platform, "password_reset")).submit(password=typed[0], again=typed[1])
    assert page.status == 422
    assert words in page.text
    assert not is_password(user(platform, anna), typed[0])
    assert "set" in page.submit(password=NEW, again=NEW).text


def test_an_address_is_proved_by_a_click_not_by_looking(platform: Platform, browser: Browser, anna: User) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.get_one(User, anna.id)
        kept.is_email_checked = False
        email_verifications.ask(transaction, platform.tokens.pepper, kept, kept.email, int(time()))
    page = browser.get(link(platform, "email_verification"))
    assert page.path == "/login/email/verify"
    assert anna.email in page.text
    assert not user(platform, anna).is_email_checked
    assert "Thank you" in page.submit().text
    assert user(platform, anna).is_email_checked


@pytest.mark.parametrize("path", ["/login/password/reset", "/login/email/verify"])
@pytest.mark.parametrize("secret", ["", "?ticket=", "?ticket=alp_ot_rubbish", "?ticket=%00%ff"])
def test_garbage_is_no_link(browser: Browser, path: str, secret: str) -> None:
    assert browser.get(path + secret).status == 410
    assert re.search("not good any more", browser.get(path + secret).text)
