"""The manager has no private door: what its pages show came over the API, counted and limited like anybody's calls."""

import re
from time import time

import pytest

from alpage.identity.applications import Application
from alpage.identity.grants import Grant
from alpage.storage.changes import NOBODY
from tests.web.manager.browsing import Browser
from tests.web.manager.test_pages import OPEN, PATHS

COUNT = re.compile(r'(\w+_count\{.*route="[^"]+".*\}) ([0-9.e+]+)')


def _answered(site):
    """How many calls the API has answered so far."""
    return sum(float(count) for _, count in COUNT.findall(site.get("/metrics").text))


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OPEN])
def test_every_call_a_page_tells_of_was_answered_by_the_api(browser, site, path):
    before = _answered(site)
    page = browser.get(path)
    made = _answered(site) - before
    told = re.findall(r'<p class="call-what">[A-Z]+ /[^<·]+</p>', page.html)  # what a form will do is told in words
    assert len(told) >= 2  # the profile and the accounts, at least
    assert made == len(told)


def _left(site, token):
    limits = site.get("/1/limits", headers={"Authorization": f"Bearer {token}"}).json()["data"]
    return next(limit["remaining"] for limit in limits if limit["policy"] == "requests")


def test_calls_of_the_manager_leave_the_limit_of_other_programs_alone(browser, site, platform, login):
    token = platform.token(login.user)
    before = _left(site, token)
    browser.get("/")
    assert _left(site, token) == before


def test_the_manager_has_a_limit_of_its_own(browser, platform):
    with platform.database.transaction(NOBODY) as transaction:
        manager = transaction.session.query(Application).filter_by(client_id="alpage-manager").one()
        manager.rate_limit = "4/minute"
    assert browser.get("/").status == 200  # three calls
    page = browser.get("/")
    assert page.status == 429
    assert "That was too much at once" in page.text


def test_access_that_was_revoked_shows_nothing_more(site, login, platform):
    login.user = platform.user("heidi")
    browser = Browser(site, login)
    browser.sign_in()
    with platform.database.transaction(NOBODY) as transaction:
        for grant in transaction.session.query(Grant):
            grant.revoked_at = int(time())
    assert browser.get("/").response.headers["location"].startswith("/manager/sign-in")


def test_secrets_are_not_told(browser):
    form = browser.get("/security/password").form("/security/password")
    page = browser.send(form, current_password="wrong horse", password="battery staple here")
    assert "PATCH" in page.text
    assert "wrong horse" not in page.html
    assert "battery staple here" not in page.html
