"""Domains: the list, one with its name servers, DNSSEC, tags and zones."""

import pytest

from tests.web.manager.making import FQDN, Api, make_domain

PATH = f"/domains/{FQDN}"
KEY = "2371 13 2 " + "ab" * 32


@pytest.fixture
def api(browser, site, login, platform):
    made = Api(site, platform.token(login.user))
    account = made("GET", "/1/accounts")[0]["id"]
    make_domain(platform, account)
    make_domain(platform, account, "bücher.example", days=20)
    make_domain(platform, account, "goats.example", days=-3)
    return made


def test_the_list_says_how_domains_are(browser, api):
    page = browser.get("/domains")
    assert "3 entries" in page.text
    assert "bücher.example" in page.text
    for state in ("Active", "Ends soon", "Expired"):
        assert state in page.text
    assert "One entry" in browser.get("/domains?search=bücher").text
    assert "Nothing found" in browser.get("/domains?search=nowhere").text


def test_domains_are_tagged_and_found_by_it(browser, api):
    form = browser.get(PATH).form("/tags")
    page = browser.follow(browser.send(form, name="club"))
    assert "The tags were saved." in page.text
    tag = api("GET", f"/1/accounts/{api('GET', '/1/accounts')[0]['id']}/tags")[0]
    assert page.form("/tags").named("tags") == [str(tag["id"])]
    found = browser.get(f"/domains?tag={tag['id']}")
    assert FQDN in found.text
    assert "goats.example" not in found.text
    again = browser.send(browser.get(PATH).form("/tags"), name="club")
    assert again.status == 422
    assert 'id="field-name-error"' in again.html
    browser.send(browser.get(PATH).form("/tags"), tags=[])
    assert "Nothing found" in browser.get(f"/domains?tag={tag['id']}").text


def test_name_servers_are_changed_after_the_plan(browser, api):
    api("POST", f"/2/zones/{FQDN}", {})
    form = browser.get(PATH).form("/nameservers")
    wrong = browser.send(form, servers="own", nameservers="ns1.other.example")
    assert wrong.status == 422
    assert 'id="field-nameservers-error"' in wrong.html
    hosts = "ns1.other.example\nns2.other.example"
    plan = browser.send(wrong.form("/nameservers"), nameservers=hosts)
    assert "2 things would change" in plan.text
    assert api("GET", f"/2/domains/domains/{FQDN}")["nameservers"] != hosts.split()
    done = browser.follow(browser.send(plan.form("/nameservers")))
    assert "The name servers were changed." in done.text
    assert api("GET", f"/2/domains/domains/{FQDN}")["nameservers"] == hosts.split()
    back = browser.send(browser.get(PATH).form("/nameservers"), servers="ours")
    browser.send(back.form("/nameservers"))
    assert api("GET", f"/1/domains/account/1/domain/{FQDN}")["is_dns_managed_by_infomaniak"]


def test_dnssec_is_turned_on_and_off_after_the_plan(browser, api):
    wrong = browser.send(browser.get(PATH).form("/dnssec"), dnssec_data="nonsense")
    assert wrong.status == 422
    assert 'id="field-dnssec_data-error"' in wrong.html
    plan = browser.send(wrong.form("/dnssec"), dnssec_data=KEY)
    assert "One thing would change" in plan.text
    assert not api("GET", f"/2/domains/{FQDN}/dnssec/check")["has_dnssec"]
    on = browser.follow(browser.send(plan.form("/dnssec")))
    assert "DS, key tag 2371" in on.text
    off = browser.send(next(form for form in on.forms if form.named("disable")))
    assert api("GET", f"/2/domains/{FQDN}/dnssec/check")["has_dnssec"]
    browser.send(off.form("/dnssec"))
    assert not api("GET", f"/2/domains/{FQDN}/dnssec/check")["has_dnssec"]


def test_zones_are_made_for_the_domain_and_below(browser, api):
    made = browser.send(browser.get(PATH).form("/zones"))
    assert made.response.headers["location"] == f"/manager/zones/{FQDN}"
    below = browser.send(browser.get(PATH).form("/zones"), below="shop")
    assert below.response.headers["location"] == f"/manager/zones/shop.{FQDN}"
    again = browser.send(browser.get(PATH).form("/zones"), below="shop")
    assert "already exists" in again.text
    assert again.form("/zones").named("below") == ["shop"]
    assert browser.get(f"/domains/shop.{FQDN}").response.headers["location"] == f"/manager{PATH}"


def test_who_may_only_look_is_offered_nothing_to_change(browser, api, platform, login):
    peter = platform.user("peter")
    account = type("Account", (), {"id": api("GET", "/1/accounts")[0]["id"]})
    platform.member(account, peter)
    product = type("Product", (), {"id": 1, "account_id": account.id, "service_id": 14})
    platform.right(product, peter, "statistic")
    login.user = peter
    browser.client.cookies.clear()
    browser.sign_in()
    page = browser.get(PATH)
    assert page.status == 200
    assert not [form for form in page.forms if PATH in form.action]
