"""Requests in the manager: what one's tokens called lately, narrowed down, and one of them."""

from time import monotonic, sleep

import pytest

from alpage.api import requests
from tests.web.manager.making import Api


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 0.01)


@pytest.fixture
def api(browser, site, login, platform):
    return Api(site, platform.token(login.user))


def listed(browser, path, words):
    """A list, once these words are in it: requests appear a moment after they were answered."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        page = browser.get(path)
        if words in page.text:
            return page
        sleep(0.05)
    raise AssertionError(f"{words} is not in {page.text}")


def test_requests_are_listed_narrowed_down_and_shown(browser, api, site):
    api("GET", "/1/countries?search=Switzerland")
    refused = site.get("/1/accounts/999999", headers={"Authorization": f"Bearer {api.token}"})
    number = refused.headers["x-request-id"]
    page = listed(browser, "/requests", "GET /1/accounts/999999")
    assert "404" in page.text
    only_refused = browser.get("/requests?status=4xx")
    assert "GET /1/accounts/999999" in only_refused.text
    assert "GET /1/countries" not in only_refused.text
    assert "GET /1/countries" in browser.get("/requests?search=countries").text
    one = browser.get(f"/requests/{number}")
    assert "GET /1/accounts/{account_id}" in one.text
    assert number in one.text
    assert browser.get("/requests/000000000000000000000000").status == 404
