"""DNSSEC of a domain, over the API."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.products.domains.conftest import Register
from tests.products.domains.test_dnssecdata import P256, SHA256

DS, OTHER_DS, KEY = f"2371 13 2 {SHA256}", f"1 13 2 {SHA256}", f"257 3 13 {P256}"


def enable(person: Person, *data: str, domain: str = "example.ch") -> Any:
    return person.call("POST", f"/2/domains/{domain}/dnssec/enable", {"dnssec_data": data})


def check(person: Person, domain: str = "example.ch") -> Any:
    return person.call("GET", f"/2/domains/{domain}/dnssec/check").json()["data"]


def test_a_domain_begins_without_dnssec(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    assert check(heidi) == {"has_dnssec": False, "dnssec_type": "dsdata", "dnssec_data": [], "ksk": {}}


def test_ds_records_are_kept(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    answer = enable(heidi, DS.upper(), OTHER_DS, DS)
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert check(heidi) == {
        "has_dnssec": True,
        "dnssec_type": "dsdata",
        "dnssec_data": [
            {"key": "2371", "algorithm": "13", "digest_type": "2", "digest": SHA256},
            {"key": "1", "algorithm": "13", "digest_type": "2", "digest": SHA256},
        ],
        "ksk": {},
    }


def test_dnskey_records_are_kept(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    assert enable(heidi, KEY).json()["data"] is True
    state = check(heidi)
    assert (state["has_dnssec"], state["dnssec_type"]) == (True, "keydata")
    assert state["dnssec_data"] == [{"flags": "257", "protocol": "3", "algorithm": "13", "public_key": P256}]
    assert state["ksk"] == {"algorithm": "13", "public_key": P256}


def test_new_data_replace_the_old(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    enable(heidi, DS)
    enable(heidi, OTHER_DS)
    assert [one["key"] for one in check(heidi)["dnssec_data"]] == ["1"]


def test_disabling_forgets_the_keys(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    enable(heidi, DS)
    for _ in range(2):
        answer = heidi.call("POST", "/2/domains/example.ch/dnssec/disable")
        assert (answer.status_code, answer.json()["data"]) == (200, True)
        assert check(heidi)["has_dnssec"] is False


def test_without_data_the_answer_says_who_has_the_keys(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    for body in ({}, {"dnssec_data": []}, None):
        answer = heidi.call("POST", "/2/domains/example.ch/dnssec/enable", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "dnssec_data_required")
        assert answer.json()["error"]["context"] == {"domain": "example.ch"}


def test_every_wrong_record_is_named_by_its_index(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    answer = enable(heidi, DS, "nonsense", KEY, f"256 3 13 {P256}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "dnssec_data_invalid")
    assert [(one["code"], one["context"]) for one in error["errors"]] == [
        ("attribute_dnssec_data", {"attribute": "dnssec_data.1", "reason": "syntax"}),
        ("attribute_dnssec_data", {"attribute": "dnssec_data.3", "reason": "flags"}),
    ]
    assert check(heidi)["has_dnssec"] is False


def test_ds_and_dnskey_do_not_mix(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    error = enable(heidi, DS, KEY).json()["error"]
    assert (error["code"], error["context"]["reason"]) == ("dnssec_data_invalid", "mixed_types")


@pytest.mark.parametrize(
    ("data", "code"), [([DS] * 11, "attribute_max_items"), ([1], "attribute_type"), ("DS", "attribute_type")]
)
def test_the_body_is_checked(heidi: Person, register: Register, data: Any, code: str) -> None:
    register(heidi, "example.ch")
    answer = heidi.call("POST", "/2/domains/example.ch/dnssec/enable", {"dnssec_data": data})
    assert (answer.status_code, answer.json()["error"]["errors"][0]["code"]) == (422, code)


def test_a_name_below_stands_for_its_domain(heidi: Person, register: Register) -> None:
    register(heidi, "bücher.ch")
    assert enable(heidi, DS, domain="_acme-challenge.www.bücher.ch").json()["data"] is True
    assert check(heidi, "xn--bcher-kva.ch")["has_dnssec"] is True


def test_a_strangers_domain_is_not_found(heidi: Person, peter: Person, register: Register) -> None:
    register(heidi, "example.ch")
    for method, action in (("GET", "check"), ("POST", "enable"), ("POST", "disable")):
        answer = peter.call(method, f"/2/domains/example.ch/dnssec/{action}", {"dnssec_data": [DS]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")


def test_who_may_only_look_may_not_change(heidi: Person, peter: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    heidi.platform.member(heidi.account, peter.user)
    heidi.platform.right(domain, peter.user, "statistic")
    assert check(peter)["has_dnssec"] is False
    for action in ("enable", "disable"):
        answer = peter.call("POST", f"/2/domains/example.ch/dnssec/{action}", {"dnssec_data": [DS]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")
        assert answer.json()["error"]["context"]["required_right"] == "technical"
