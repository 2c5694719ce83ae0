"""Tasks in the manager: started by a form, followed, cancelled, and what they made taken along."""

import zipfile
from io import BytesIO

import pytest

from tests.tasks.conftest import until, working
from tests.web.manager.making import FQDN, ZONE, Api, make_domain


@pytest.fixture
def api(browser, site, login, platform):
    return Api(site, platform.token(login.user))


@pytest.fixture
def zone(api, platform):
    account = api("GET", "/1/accounts")[0]
    make_domain(platform, account["id"])
    api("POST", f"/2/zones/{FQDN}", {"skel": ZONE})


def start(browser):
    page = browser.get("/domains")
    assert "/zones/exports" in page.html
    return browser.follow(browser.send(page.form("/domains/export")))


def place_of(page):
    return page.html.partition('data-live="/manager')[2].partition('"')[0]


def test_without_tasks_the_page_says_what_they_are(browser):
    page = browser.get("/tasks")
    assert "No task yet" in page.text
    assert "data-live" not in page.html


def test_an_export_is_started_followed_and_downloaded(browser, platform, zone):
    page = start(browser)
    assert "Export of all zones" in page.text
    assert "Waiting" in page.text
    place = place_of(page)
    assert place in page.form("/cancel").action
    assert place_of(browser.get("/tasks")) == "/tasks"
    with working(platform):
        done = until(lambda: browser.get(place), lambda seen: "data-live" not in seen.html)
    assert "Done" in done.text
    assert "1 of 1 done" in done.text
    archive = browser.get(done.link("Download")).response
    assert archive.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(archive.content)) as packed:
        assert "192.0.2.25" in packed.read(f"{FQDN}.zone").decode()
    assert "Export of all zones" in browser.get("/tasks?status=executed").text
    assert "Nothing found" in browser.get("/tasks?status=failed").text


def test_a_task_is_cancelled(browser, zone):
    page = start(browser)
    place = place_of(page)
    stale = browser.get(place).form("/cancel")
    cancelled = browser.follow(browser.send(page.form("/cancel")))
    assert "The task was cancelled." in cancelled.text
    assert "data-live" not in cancelled.html
    assert "can no longer be cancelled" in browser.follow(browser.send(stale)).text
    assert browser.get(f"{place}/archive").status == 404


def test_a_task_there_is_not(browser):
    assert browser.get("/tasks/00000000-0000-0000-0000-000000000000").status == 404
