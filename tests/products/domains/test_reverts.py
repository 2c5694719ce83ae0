"""Changes of domains, taken back; their zones follow."""

import pytest

from tests.accounts.conftest import join
from tests.reverting import latest, reasons, revert, revert_request, taken_back

PATH = "/2/domains/domains/example.ch"
DS = "2371 13 2 " + "ab" * 32


@pytest.fixture
def domain(heidi, register):
    domain = register(heidi, "example.ch")
    assert heidi.call("POST", "/2/zones/example.ch", {}).status_code == 200
    return domain


def zone(heidi):
    return heidi.call("GET", "/2/zones/example.ch").json()["data"]


def test_name_servers(heidi, domain):
    before = zone(heidi)
    body = {"nameservers": ["ns1.other.example", "ns2.other.example"]}
    assert heidi.call("PUT", f"{PATH}/nameservers", body).status_code == 200
    assert zone(heidi)["nameservers"] == body["nameservers"]
    taken_back(heidi, "domain", "updated")
    assert zone(heidi) == before
    assert heidi.call("GET", PATH).json()["data"]["nameservers"] == before["nameservers"]


def test_dnssec(heidi, domain):
    assert heidi.call("POST", "/2/domains/example.ch/dnssec/enable", {"dnssec_data": [DS]}).status_code == 200
    assert heidi.call("POST", "/2/domains/example.ch/dnssec/disable").status_code == 200
    taken_back(heidi, "domain", "updated")
    assert zone(heidi)["dnssec"] == {"is_enabled": True}
    state = heidi.call("GET", "/2/domains/example.ch/dnssec/check").json()["data"]
    assert (state["has_dnssec"], len(state["dnssec_data"])) == (True, 1)


def test_the_zone_follows_its_domain(heidi, domain):
    body = {"nameservers": ["ns1.other.example", "ns2.other.example"]}
    answer = heidi.call("PUT", f"{PATH}/nameservers", body)
    change = latest(heidi, "dns.zone", "updated")
    assert reasons(revert(heidi, change)) == [("revert_follows", "object_id")]
    assert revert_request(heidi, answer.headers["x-request-id"]).status_code == 201
    assert zone(heidi)["nameservers"] != body["nameservers"]


def test_who_may_only_look_takes_nothing_back(heidi, domain):
    nils = join(heidi, "nils")
    heidi.platform.right(domain, nils.user, "check")
    heidi.call("POST", "/2/domains/example.ch/dnssec/enable", {"dnssec_data": [DS]})
    assert revert(nils, latest(nils, "domain", "updated")).status_code == 403


def test_a_registration_is_not_the_apis_to_take_back(heidi, domain):
    assert reasons(revert(heidi, latest(heidi, "domain", "created"))) == [("revert_not_offered", "object_id")]
