"""The zone table: filtered, edited in a row, added to, deleted from, with errors at their fields."""

import pytest

from tests.web.manager.making import FQDN, ZONE, Api, make_domain

PATH = f"/zones/{FQDN}"


@pytest.fixture
def api(browser, site, login, platform):
    made = Api(site, platform.token(login.user))
    make_domain(platform, made("GET", "/1/accounts")[0]["id"])
    made("POST", f"/2/zones/{FQDN}", {"skel": ZONE})
    return made


def test_the_table_is_filtered_by_type_and_searched(browser, api):
    page = browser.get(PATH)
    assert "5 entries" in page.text
    assert "192.0.2.25" in page.text
    only_mx = browser.get(PATH + "?type=MX")
    assert "10 mail.alm.example" in only_mx.text
    assert "192.0.2.25" not in only_mx.text
    assert "192.0.2.26" in browser.get(PATH + "?search=0.2.26").text
    assert "Nothing found" in browser.get(PATH + "?search=nowhere").text


def test_records_are_grouped_by_name_and_sorted_by_anything(browser, api):
    assert browser.get(PATH).html.count("record-same") == 2
    by_target = browser.get(PATH + "?order_by=target&order=desc")
    assert "record-same" not in by_target.html
    assert by_target.text.index("192.0.2.26") < by_target.text.index("192.0.2.25")
    assert 'aria-sort="descending"' in by_target.html


def test_a_row_turns_into_a_form_and_keeps_what_is_looked_at(browser, api):
    record = api.id_of("www", "CNAME")
    page = browser.get(f"{PATH}?type=CNAME&edit={record}")
    form = page.form(f"/records/{record}?type=CNAME")
    assert form.named("source") == ["www"]
    saved = browser.send(form, target="other.example", ttl="300")
    assert saved.response.headers["location"] == f"/manager{PATH}?type=CNAME"
    again = browser.follow(saved)
    assert "CNAME record saved." in again.text
    assert "www CNAME 300 other.example" in api.lines()


def test_what_is_wrong_stands_in_the_row_and_what_was_typed_is_kept(browser, api):
    record = api.id_of(".", "A")
    form = browser.get(f"{PATH}?edit={record}").form(f"/records/{record}")
    page = browser.send(form, target="300.1.1.1", ttl="7200")
    assert page.status == 422
    assert 'id="edit-target-error"' in page.html
    assert "is not an IPv4 address" in page.text
    again = page.form(f"/records/{record}")
    assert again.named("target") == ["300.1.1.1"]
    assert again.named("ttl") == ["7200"]
    not_a_number = browser.send(again, target="192.0.2.1", ttl="soon")
    assert 'id="edit-ttl-error"' in not_a_number.html
    assert ". A 3600 192.0.2.10" in api.lines()


def test_a_record_is_added(browser, api):
    form = browser.get(PATH + "?add=1").form("/records")
    wrong = browser.send(form, source="www", type="A", target="192.0.2.80")
    assert wrong.status == 422
    assert 'id="new-source-error"' in wrong.html
    added = browser.follow(browser.send(wrong.form("/records"), source="ftp"))
    assert "A record added." in added.text
    assert "ftp A 3600 192.0.2.80" in api.lines()


def test_a_record_is_deleted_and_the_side_list_takes_it_back(browser, api):
    record = api.id_of("www", "CNAME")
    after = browser.follow(browser.send(browser.get(PATH).form(f"/records/{record}/delete")))
    assert "The record was deleted." in after.text
    assert len(api.lines()) == 4
    assert "Heidi Test deleted a record" in after.text
    undo = next(form for form in after.forms if form.action.endswith("/restore"))
    plan = browser.send(undo)
    assert "One new record." in plan.text
    assert len(api.lines()) == 4
    browser.send(plan.form("/restore"))
    assert "www CNAME 3600 alm.example" in api.lines()


def test_the_name_servers_are_asked_for_a_record(browser, api):
    record = api.id_of("www", "CNAME")
    page = browser.get(f"{PATH}?check={record}")
    assert "Not on every name server yet" in page.text


def test_the_table_has_pages(browser, api):
    create = [{"source": f"h{number}", "type": "A", "ttl": 300, "target": "192.0.2.1"} for number in range(120)]
    api("PATCH", f"/2/zones/{FQDN}/records", {"create": create})
    page = browser.get(PATH)
    assert "125 entries Page 1 of 2" in page.text
    assert "www" in browser.get(PATH + "?page=2").text


def test_a_zone_of_others_is_not_there(browser, platform):
    peter = platform.user("peter")
    make_domain(platform, platform.account(peter, "Goat Farm").id, "goats.example")
    assert browser.get("/zones/goats.example").status == 404
    assert browser.get("/domains/goats.example").status == 404
    assert browser.get("/zones/goats.example/paste").status == 404


def test_the_page_teaches_its_calls(browser, api):
    page = browser.get(PATH)
    assert f"GET /2/zones/{FQDN}/records" in page.text
    assert f"POST /2/zones/{FQDN}/records · Add a record" in page.text
