"""Names: what clients write and what is kept."""

import pytest

from alpage.products.dns import names

ZONE = "example.com"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, "."),
        ("", "."),
        ("@", "."),
        (".", "."),
        ("example.com", "."),
        ("example.com.", "."),
        ("EXAMPLE.com", "."),
        ("www", "www"),
        (" www ", "www"),
        ("WWW", "www"),
        ("www.example.com", "www"),
        ("www.example.com.", "www"),
        ("WWW.Example.COM.", "www"),
        ("a.b", "a.b"),
        ("*", "*"),
        ("*.example.com", "*"),
        ("*.dev", "*.dev"),
        ("_dmarc", "_dmarc"),
        ("_443._tcp.www", "_443._tcp.www"),
        ("bücher", "xn--bcher-kva"),
        ("BÜCHER.example.com", "xn--bcher-kva"),
        ("XN--BCHER-KVA", "xn--bcher-kva"),
        ("faß", "xn--fa-hia"),
        ("notexample.com", "notexample.com"),
        ("example.com._report._dmarc", "example.com._report._dmarc"),
    ],
)
def test_an_owner_is_read_in_every_spelling(source: str | None, expected: str) -> None:
    assert names.relative(source, ZONE) == expected


def test_an_owner_is_read_in_an_internationalised_zone() -> None:
    zone = names.domain("exämple.ch")
    assert zone == "xn--exmple-cua.ch"
    for spelling in ("www", "www.exämple.ch", "www.xn--exmple-cua.ch.", "WWW.EXÄMPLE.CH"):
        assert names.relative(spelling, zone) == "www"
    assert names.relative("exämple.ch", zone) == "."


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("www.example.org.", "outside_zone"),
        ("www.example.com.example.com", "zone_twice"),
        ("example.com.example.com.", "zone_twice"),
        ("a..b", "empty_label"),
        (".a", "empty_label"),
        ("a" * 64, "label_too_long"),
        (".".join(["a" * 60] * 4), "name_too_long"),
        ("a" * 2000, "name_too_long"),
        ("a.*", "wildcard"),
        ("*.*", "wildcard"),
        ("a*", "wildcard"),
        ("-a", "hyphen"),
        ("a-", "hyphen"),
        ("ab--c", "hyphen"),
        ("a b", "character"),
        ("a/b", "character"),
        ("a\\b", "character"),
        ("\u2028a\u200e", "idn"),
        ("_ä", "idn"),
    ],
)
def test_an_owner_that_cannot_be_says_why(source: str, reason: str) -> None:
    with pytest.raises(names.InvalidNameError) as caught:
        names.relative(source, ZONE)
    assert caught.value.reason == reason
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa"),
    ],
)
def test_a_domain_is_read(text: str, expected: str) -> None:
    assert names.domain(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty_label"),
        ("com", "single_label"),
        ("_dmarc.example.com", "underscore"),
        ("*.example.com", "wildcard"),
        ("192.0.2.1", "numeric_ending"),
        ("xn--zzzzzzzzzz99999.com", "idn"),
        ("❤.example", "idn"),
    ],
)
def test_a_domain_that_cannot_be_says_why(text: str, reason: str) -> None:
    with pytest.raises(names.InvalidNameError) as caught:
        names.domain(text)
    assert caught.value.reason == reason


def test_only_aliases_may_have_underscores() -> None:
    assert names.alias("k1._domainkey.example.net.") == "k1._domainkey.example.net"
    with pytest.raises(names.InvalidNameError) as caught:
        names.host("k1._domainkey.example.net")
    assert caught.value.reason == "underscore"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "192.0.2.1."])
def test_an_address_is_no_host(address: str) -> None:
    with pytest.raises(names.InvalidNameError) as caught:
        names.host(address)
    assert caught.value.reason == "address_for_name"


def test_names_are_shown_in_full_and_in_unicode() -> None:
    assert names.display("www", "xn--exmple-cua.ch") == "www.exämple.ch"
    assert names.display(".", "xn--exmple-cua.ch") == "exämple.ch"
    assert names.absolute(".", ZONE) == ZONE
    assert names.absolute("a.b", ZONE) == "a.b.example.com"


def test_a_label_that_is_no_valid_idna_stays_as_it_is() -> None:
    emoji = "❤".encode("punycode").decode()
    assert names.to_unicode(f"xn--{emoji}.example") == f"xn--{emoji}.example"
    assert names.relative(f"xn--{emoji}", ZONE) == f"xn--{emoji}"


def test_ancestors_come_nearest_first() -> None:
    assert names.ancestors("a.b.c") == ["b.c", "c", "."]
    assert names.ancestors("a") == ["."]
    assert names.ancestors(".") == []


def test_a_message_never_carries_what_cannot_be_printed() -> None:
    with pytest.raises(names.InvalidNameError) as caught:
        names.relative("a\x00\n" * 100, ZONE)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


def test_a_name_and_those_above_it() -> None:
    assert names.with_parents("a.b.ch") == ["a.b.ch", "b.ch", "ch"]
