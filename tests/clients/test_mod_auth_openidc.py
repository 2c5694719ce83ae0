"""Apache lets people in whom the platform signs in, by mod_auth_openidc."""

import json

import pytest

from tests.clients.apache import running_apache
from tests.clients.applications import decide, register, sign_in
from tests.clients.browsing import Browser
from tests.clients.processes import HOST, free_port

pytestmark = pytest.mark.needs("apache2")
CALLBACK = "/private/callback"


@pytest.fixture
def site(running, tmp_path):
    port = free_port()
    application = register(running, "apache", origin=f"http://{HOST}:{port}", path=CALLBACK)
    with running_apache(port, application, tmp_path) as address:
        yield address


def test_a_private_page_asks_who_one_is(running, site):
    with Browser() as browser:
        assert browser.open(f"{site}/").status == 200
        page = browser.open(f"{site}/private/page")
        assert page.url.startswith(running.issuer)
        page = decide(browser, sign_in(browser, page, running))
        assert page.url == f"{site}/private/page"
        assert page.status == 200
        assert page.headers["X-Signed-In"] == running.user


def test_tokens_are_refreshed_and_userinfo_read_again(running, site):
    with Browser() as browser:
        decide(browser, sign_in(browser, browser.open(f"{site}/private/"), running))
        info = f"{site}{CALLBACK}?info=json"
        before = json.loads(browser.open(info).text)
        assert before["userinfo"]["email"] == running.user
        assert before["userinfo"]["sub"] == before["id_token"]["sub"]
        after = json.loads(browser.open(f"{info}&access_token_refresh_interval=0").text)
        assert after["access_token"] != before["access_token"]
        assert after["refresh_token"] != before["refresh_token"]
        assert after["userinfo"] == before["userinfo"]


def test_signing_out_of_the_site_signs_out_of_the_platform(running, site):
    with Browser() as browser:
        decide(browser, sign_in(browser, browser.open(f"{site}/private/"), running))
        assert browser.open(f"{site}/private/").status == 200
        page = browser.open(f"{site}{CALLBACK}?logout={site}/signed-out")
        assert page.url.partition("?")[0] == f"{site}/signed-out"
        assert browser.open(f"{site}/private/").form_with("email", "password")


def test_who_says_no_stays_outside(running, site):
    with Browser() as browser:
        page = sign_in(browser, browser.open(f"{site}/private/"), running)
        page = decide(browser, page, "refuse")
        assert page.url.startswith(f"{site}{CALLBACK}")
        assert "access_denied" in page.url
        assert page.status != 200 or "X-Signed-In" not in page.headers
