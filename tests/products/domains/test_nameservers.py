"""The name servers of a domain."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.products.domains.conftest import Register

CHOSEN = ["ns1.other.example", "ns2.other.example"]
PATHS = ["/2/domains/domains/{}/nameservers", "/2/domains/{}/nameservers"]

on_both_paths = pytest.mark.parametrize("path", PATHS)


def put(person: Person, body: dict[str, Any], path: str = PATHS[1], domain: str = "example.ch") -> Any:
    return person.call("PUT", path.format(domain), body)


def show(person: Person, domain: str = "example.ch") -> Any:
    return person.call("GET", f"/2/domains/domains/{domain}").json()["data"]["nameservers"]


def test_a_domain_begins_on_the_platforms_own(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    assert show(heidi) == list(heidi.platform.settings.dns_nameservers)


@on_both_paths
def test_name_servers_are_replaced(heidi: Person, register: Register, path: str) -> None:
    register(heidi, "example.ch")
    answer = put(heidi, {"nameservers": ["NS1.other.example.", "ns2.Bücher.example"]}, path)
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert show(heidi) == ["ns1.other.example", "ns2.xn--bcher-kva.example"]


@on_both_paths
def test_the_platforms_own_come_back(heidi: Person, register: Register, path: str) -> None:
    register(heidi, "example.ch", nameservers=CHOSEN)
    assert show(heidi) == CHOSEN
    assert put(heidi, {"use_infomaniak_ns": True}, path).json()["data"] is True
    assert show(heidi) == list(heidi.platform.settings.dns_nameservers)


def test_a_name_below_stands_for_its_domain_on_the_shorter_path_only(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    assert put(heidi, {"nameservers": CHOSEN}, PATHS[0], "www.example.ch").status_code == 404
    assert put(heidi, {"nameservers": CHOSEN}, PATHS[1], "www.example.ch").json()["data"] is True
    assert show(heidi) == CHOSEN


def test_a_domain_is_found_by_its_id(heidi: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    assert put(heidi, {"nameservers": CHOSEN}, PATHS[0], str(domain.id)).json()["data"] is True
    assert show(heidi) == CHOSEN


@pytest.mark.parametrize(
    ("body", "code", "attribute"),
    [
        ({}, "attribute_one_of_required", "nameservers"),
        ({"use_infomaniak_ns": False}, "attribute_one_of_required", "nameservers"),
        ({"nameservers": CHOSEN, "use_infomaniak_ns": True}, "attribute_conflict", "nameservers"),
        ({"nameservers": CHOSEN[:1]}, "attribute_min_items", "nameservers"),
        ({"nameservers": [f"ns{i}.other.example" for i in range(14)]}, "attribute_max_items", "nameservers"),
        ({"nameservers": ["ns1.other.example", "NS1.other.example."]}, "attribute_distinct", "nameservers"),
        ({"nameservers": ["ns1.other.example", "192.0.2.1"]}, "attribute_hostname", "nameservers.1"),
        ({"nameservers": ["ns1", "ns2.other.example"]}, "attribute_hostname", "nameservers.0"),
        ({"nameservers": [1, 2]}, "attribute_type", "nameservers.0"),
        ({"nameservers": CHOSEN, "verify_ns_availability": True}, "attribute_in", "verify_ns_availability"),
    ],
)
def test_the_body_is_checked(
    heidi: Person, register: Register, body: dict[str, Any], code: str, attribute: str
) -> None:
    register(heidi, "example.ch")
    answer = put(heidi, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "validation_failed")
    assert (error["errors"][0]["code"], error["errors"][0]["context"]["attribute"]) == (code, attribute)
    assert show(heidi) == list(heidi.platform.settings.dns_nameservers)


@on_both_paths
def test_a_strangers_domain_is_not_found(heidi: Person, peter: Person, register: Register, path: str) -> None:
    register(heidi, "example.ch")
    answer = put(peter, {"nameservers": CHOSEN}, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")


@on_both_paths
def test_who_may_only_look_may_not_change(heidi: Person, peter: Person, register: Register, path: str) -> None:
    domain = register(heidi, "example.ch")
    heidi.platform.member(heidi.account, peter.user)
    heidi.platform.right(domain, peter.user, "sale")
    answer = put(peter, {"nameservers": CHOSEN}, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")
    heidi.platform.right(domain, peter.user, "technical")
    assert put(peter, {"nameservers": CHOSEN}, path).json()["data"] is True


def test_the_change_is_logged(heidi: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    changes = heidi.call("PUT", "/2/domains/example.ch/nameservers?dry_run=1", {"nameservers": CHOSEN}).json()[
        "changes"
    ]
    assert changes == [
        {
            "event": "domain",
            "action": "updated",
            "object_id": domain.id,
            "before": {"nameservers": []},
            "after": {"nameservers": CHOSEN},
        }
    ]
