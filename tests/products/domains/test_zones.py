"""The zones of a domain, which the DNS product has."""

from typing import Any

import pytest

from alpage.products.dns import edits
from alpage.products.domains.domains import Domain
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.products.domains.conftest import NOW, Register
from tests.products.domains.test_dnssecdata import SHA256

SERVERS = ["ns1.alpage.example", "ns2.alpage.example"]


def publish(person: Person, domain: Domain, *fqdns: str) -> None:
    with person.platform.database.transaction(NOBODY) as transaction:
        for fqdn in fqdns:
            edits.found_zone(
                transaction, fqdn, account_id=domain.account_id, product_id=domain.id, nameservers=SERVERS, now=NOW
            )


def zones(person: Person, asked: str, query: str = "") -> Any:
    return person.call("GET", f"/2/domains/{asked}/zones?{query}").json()["data"]


def names_of(person: Person, asked: str, query: str = "") -> list[str]:
    return [zone["fqdn"] for zone in zones(person, asked, query)]


def test_a_zone_is_shown_its_name_first(heidi: Person, register: Register) -> None:
    publish(heidi, register(heidi, "example.ch"), "example.ch")
    answer = heidi.call("GET", "/2/domains/example.ch/zones")
    zone = '[{"fqdn":"example.ch","dnssec":{"is_enabled":false},"nameservers":'
    assert answer.text.endswith(zone + '["ns1.alpage.example","ns2.alpage.example"]}]}')


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("example.ch", ["example.ch", "a.dev.example.ch", "dev.example.ch"]),
        ("_acme-challenge.www.example.ch", ["example.ch", "a.dev.example.ch", "dev.example.ch"]),
        ("_acme-challenge.dev.example.ch", ["dev.example.ch", "example.ch", "a.dev.example.ch"]),
        ("X.A.DEV.example.ch.", ["a.dev.example.ch", "dev.example.ch", "example.ch"]),
        ("xdev.example.ch", ["example.ch", "a.dev.example.ch", "dev.example.ch"]),
    ],
)
def test_the_zone_that_holds_the_name_comes_first(
    heidi: Person, register: Register, asked: str, expected: list[str]
) -> None:
    publish(heidi, register(heidi, "example.ch"), "dev.example.ch", "a.dev.example.ch", "example.ch")
    assert names_of(heidi, asked) == expected


def test_the_longer_path_takes_the_domain_itself(heidi: Person, register: Register) -> None:
    domain = register(heidi, "bücher.ch")
    publish(heidi, domain, "dev.xn--bcher-kva.ch", "xn--bcher-kva.ch")
    for asked in ("bücher.ch", "xn--bcher-kva.ch", str(domain.id)):
        listed = heidi.call("GET", f"/2/domains/domains/{asked}/zones").json()["data"]
        assert [zone["fqdn"] for zone in listed] == ["xn--bcher-kva.ch", "dev.xn--bcher-kva.ch"]
    assert heidi.call("GET", "/2/domains/domains/www.bücher.ch/zones").status_code == 404


def test_zones_are_paged_and_counted(heidi: Person, register: Register) -> None:
    publish(heidi, register(heidi, "example.ch"), "example.ch", "b.example.ch", "a.example.ch")
    assert zones(heidi, "example.ch", "return=total") == 3
    assert names_of(heidi, "example.ch", "page=2&per_page=2") == ["b.example.ch"]


def test_other_domains_zones_are_not_listed(heidi: Person, register: Register) -> None:
    publish(heidi, register(heidi, "other.ch"), "other.ch")
    register(heidi, "example.ch")
    assert zones(heidi, "example.ch") == []


def test_a_strangers_zones_are_not_found(heidi: Person, peter: Person, register: Register) -> None:
    publish(heidi, register(heidi, "example.ch"), "example.ch")
    for path in ("/2/domains/example.ch/zones", "/2/domains/domains/example.ch/zones"):
        answer = peter.call("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")


@pytest.mark.parametrize(
    ("scope", "status"),
    [("domain:read", 200), ("dns:read", 200), ("dns", 200), ("domain:write", 403), ("accounts", 403)],
)
def test_who_sets_records_may_look_for_their_zone(heidi: Person, register: Register, scope: str, status: int) -> None:
    register(heidi, "example.ch")
    heidi.token = heidi.platform.token(heidi.user, scope)
    assert heidi.call("GET", "/2/domains/example.ch/zones").status_code == status


def test_the_zone_follows_the_domains_name_servers(heidi: Person, register: Register) -> None:
    publish(heidi, register(heidi, "example.ch"), "example.ch", "dev.example.ch")
    chosen = ["ns1.other.example", "ns2.other.example"]
    heidi.call("PUT", "/2/domains/example.ch/nameservers", {"nameservers": chosen})
    assert [zone["nameservers"] for zone in zones(heidi, "example.ch")] == [chosen, SERVERS]
    heidi.call("PUT", "/2/domains/example.ch/nameservers", {"use_infomaniak_ns": True})
    assert [zone["nameservers"] for zone in zones(heidi, "example.ch")] == [SERVERS, SERVERS]


def test_the_zone_says_whether_its_domain_has_dnssec(heidi: Person, register: Register) -> None:
    publish(heidi, register(heidi, "example.ch"), "example.ch", "dev.example.ch")
    heidi.call("POST", "/2/domains/example.ch/dnssec/enable", {"dnssec_data": [f"2371 13 2 {SHA256}"]})
    assert [zone["dnssec"]["is_enabled"] for zone in zones(heidi, "example.ch")] == [True, False]
    heidi.call("POST", "/2/domains/example.ch/dnssec/disable")
    assert [zone["dnssec"]["is_enabled"] for zone in zones(heidi, "example.ch")] == [False, False]


def test_a_new_zone_has_what_its_domain_chose(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    chosen = ["ns1.example.net", "ns2.example.net"]
    key = "60485 8 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
    assert heidi.call("PUT", "/2/domains/example.ch/nameservers", {"nameservers": chosen}).status_code == 200
    assert heidi.call("POST", "/2/domains/example.ch/dnssec/enable", {"dnssec_data": [key]}).status_code == 200
    zone = heidi.call("POST", "/2/zones/example.ch").json()["data"]
    assert (zone["nameservers"], zone["dnssec"]) == (chosen, {"is_enabled": True})
    below = heidi.call("POST", "/2/zones/sub.example.ch").json()["data"]
    assert (below["nameservers"][0], below["dnssec"]) == ("ns1.alpage.example", {"is_enabled": False})
