"""TLDs: the endings a domain may have."""

import pytest

from alpage.products.domains import names, suffixes
from tests.conftest import Person


def test_tlds_are_listed_in_pages(heidi: Person) -> None:
    answer = heidi.call("GET", "/2/tld?page=1&per_page=5").json()
    assert answer["total"] == len(suffixes.listed()) > 1400
    assert answer["data"][0]["name"] < answer["data"][4]["name"]
    assert set(answer["data"][0]) == {"name", "name_idn", "kind"}


def test_tlds_are_searched_in_both_spellings(heidi: Person) -> None:
    for text in ("xn--p1ai", "рф"):
        found = heidi.call("GET", f"/2/tld?search={text}").json()["data"]
        assert {"name": "xn--p1ai", "name_idn": "рф", "kind": "icann"} in found


@pytest.mark.parametrize(
    ("asked", "name", "kind"),
    [
        ("ch", "ch", "icann"),
        ("CO.UK", "co.uk", "icann"),
        (".ch", "ch", "icann"),
        ("рф", "xn--p1ai", "icann"),
        ("xn--p1ai", "xn--p1ai", "icann"),
        ("co.ck", "co.ck", "icann"),  # by the rule *.ck
        ("*.ck", "*.ck", "icann"),
        ("example", "example", "reserved"),
    ],
)
def test_a_tld_is_shown_by_either_spelling(heidi: Person, asked: str, name: str, kind: str) -> None:
    expected = {"name": name, "name_idn": names.to_unicode(name), "kind": kind}
    assert heidi.call("GET", f"/2/tld/{asked}").json()["data"] == expected


@pytest.mark.parametrize("asked", ["nosuchtld", "example.ch", "www.ck", "github.io", "..", "%20"])
def test_what_is_no_tld_is_not_found(heidi: Person, asked: str) -> None:
    answer = heidi.call("GET", f"/2/tld/{asked.replace('..', '%2E%2E')}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")
    assert answer.json()["error"]["context"]["model"] == "Tld"


def test_every_listed_tld_can_be_shown(heidi: Person) -> None:
    listed = heidi.call("GET", "/2/tld?page=3&per_page=100").json()["data"]
    assert len(listed) == 100
    for tld in listed:
        assert heidi.call("GET", f"/2/tld/{tld['name']}").json()["data"] == tld


def test_every_ending_of_the_list_has_a_stored_spelling() -> None:
    assert [suffix for suffix in suffixes.listed() if names.to_ascii(suffix) is None] == []
    assert "ch" in suffixes.listed()
    assert "github.io" not in suffixes.listed()  # a company's, not a registry's
