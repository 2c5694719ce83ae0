"""The versions of a zone: who and when, two compared, one restored after its plan; and the end of a zone."""

import pytest

from tests.web.manager.making import FQDN, ZONE, Api, make_domain

PATH = f"/zones/{FQDN}"


@pytest.fixture
def api(browser, site, login, platform):
    made = Api(site, platform.token(login.user))
    make_domain(platform, made("GET", "/1/accounts")[0]["id"])
    made("POST", f"/2/zones/{FQDN}", {"skel": ZONE})
    record = made.id_of("www", "CNAME")
    made("PUT", f"/2/zones/{FQDN}/records/{record}", {"target": "other.example"})
    return made


def serials(api):
    return [one["serial"] for one in api("GET", f"/2/zones/{FQDN}/versions")]


def test_the_versions_say_who_made_them_and_what_they_did(browser, api, platform, site):
    peter = platform.user("peter")
    platform.member(type("Account", (), {"id": api("GET", "/1/accounts")[0]["id"]}), peter, "admin")
    Api(site, platform.token(peter))("DELETE", f"/2/zones/{FQDN}/records/{api.id_of('.', 'MX')}")
    page = browser.get(PATH + "/versions")
    assert "Peter Test deleted a record" in page.text
    assert "Heidi Test changed a record" in page.text
    assert "made the zone" in page.text
    assert "3 entries" in page.text


def test_a_version_shows_what_it_did(browser, api):
    first, second = serials(api)
    page = browser.get(f"{PATH}/versions/{second}")
    assert "<del>alm.example</del>" in page.html
    assert "<ins>other.example</ins>" in page.html
    assert "5 new records" in browser.get(f"{PATH}/versions/{first}").text
    assert browser.get(f"{PATH}/versions/1").status == 404


def test_two_versions_are_compared_both_ways(browser, api):
    first, second = serials(api)
    page = browser.get(f"{PATH}/compare?from={first}&to={second}")
    assert "<ins>other.example</ins>" in page.html
    back = browser.get(page.link("The other way round"))
    assert "<del>other.example</del>" in back.html
    assert browser.get(f"{PATH}/compare?from={first}").status == 400


def test_a_version_is_restored_after_its_plan(browser, api):
    first, _ = serials(api)
    plan = browser.send(browser.get(f"{PATH}/versions/{first}").form("/restore"))
    assert "One changed." in plan.text
    assert "www CNAME 3600 other.example" in api.lines()
    done = browser.follow(browser.send(next(form for form in plan.forms if form.named("plan"))))
    assert "The zone is again what it was." in done.text
    assert "www CNAME 3600 alm.example" in api.lines()
    assert len(serials(api)) == 3


def test_a_zone_is_deleted_after_its_plan(browser, api):
    plan = browser.send(browser.get(PATH + "/settings").form("/delete"))
    assert "5 deleted." in plan.text
    assert len(api.lines()) == 5
    gone = browser.follow(browser.send(next(form for form in plan.forms if form.named("plan"))))
    assert f"The zone {FQDN} was deleted." in gone.text
    assert browser.get(PATH).status == 404
