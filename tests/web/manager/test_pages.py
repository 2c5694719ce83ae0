"""Every page of the manager can be looked at, by who is signed in only."""

import pytest

from alpage.web import manager
from alpage.web.manager import navigation
from alpage.web.pages import collect
from tests.web.manager.browsing import HEADERS

BY_LINK = ("/join",)  # are nothing without what the link to them says
PATHS = [
    page.path for page in collect(manager) if page.method == "GET" and "{" not in page.path and page.path not in BY_LINK
]
OPEN = ("/sign-in", "/callback", "/signed-in", "/design", "/design/calm")


@pytest.mark.parametrize("path", PATHS)
def test_a_page_needs_a_sign_in(site, path):
    answer = site.get(f"/manager{path}", headers=HEADERS)
    if path in OPEN:
        assert answer.status_code != 500
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/manager/sign-in?next=")


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OPEN])
def test_a_page_shows_itself_and_its_calls(browser, path):
    page = browser.get(path)
    assert page.status == 200, page.text
    assert "By API" in page.text
    assert "alpage call GET" in page.text


@pytest.mark.parametrize("entry", navigation.EVERYWHERE, ids=lambda entry: entry.path)
def test_the_side_bar_leads_to_pages_there_are(browser, entry):
    page = browser.get(entry.path)
    assert page.status == 200
