"""Names of domains, in any spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.products.domains import names
from alpage.products.domains.names import NotRegistrableError


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Example.CH", "example.ch"),
        ("example.ch.", "example.ch"),
        (" example.ch ", "example.ch"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え.test", "xn--r8jz45g.test"),
        ("_acme-challenge.bücher.example", "_acme-challenge.xn--bcher-kva.example"),
    ],
)
def test_a_name_is_stored_in_lower_case_a_labels(text: str, stored: str) -> None:
    assert names.to_ascii(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "a" * 254,
        "\u200b.ch",
        "bü‥cher.ch",
        "ü" * 64 + ".ch",
        ".ch",
        "a..ch",
        "a\0.ch",
        "a b.ch",
        "a/b.ch",
        "é" * 250 + ".ch",
    ],
)
def test_what_cannot_be_a_name_is_none(text: str) -> None:
    assert names.to_ascii(text) is None


@given(st.text(max_size=300))
def test_no_text_is_too_strange_to_be_looked_at(text: str) -> None:
    stored = names.to_ascii(text)
    assert stored is None or names.to_ascii(stored) in (stored, None)
    assert names.host(text) in (stored, None)


@pytest.mark.parametrize("name", ["example.ch", "bücher.example", "例え.test", "пример.рф"])
def test_people_read_what_they_wrote(name: str) -> None:
    stored = names.to_ascii(name)
    assert stored is not None
    assert names.to_unicode(stored) == name


def test_a_broken_a_label_is_shown_as_it_is() -> None:
    assert names.to_unicode("xn--0.example") == "xn--0.example"


def test_parents_come_after_the_name_itself() -> None:
    assert names.with_parents("a.b.ch") == ["a.b.ch", "b.ch", "ch"]


@pytest.mark.parametrize("text", ["ns1.example.ch", "NS1.Bücher.example.", "1.2.3.example"])
def test_a_host_has_labels_of_letters_digits_and_hyphens(text: str) -> None:
    assert names.host(text) == names.to_ascii(text)


@pytest.mark.parametrize(
    "text",
    ["ns1", "192.0.2.1", "2001:db8::1", "_dmarc.example.ch", "-a.example.ch", "a-.example.ch", "a..ch", "a b.ch",
     "xn--0.example", "ab--c.example", "*.example.ch", "a" * 64 + ".ch", "é" * 250 + ".ch"],
)  # fmt: skip
def test_what_is_no_host_is_none(text: str) -> None:
    assert names.host(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "example.ch",
        "example.co.uk",
        "BÜCHER.ch",
        "пример.рф",
        "www.ck",
        "github.io",
        "demo.example",
        "my.test",
        "my.localhost",
    ],
)
def test_a_registry_gives_out_one_label_below_its_ending(text: str) -> None:
    assert names.registrable(text) == names.to_ascii(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ch", "invalid"),
        ("exa mple.ch", "invalid"),
        ("_x.ch", "invalid"),
        ("co.uk", "suffix"),
        ("anything.ck", "suffix"),
        ("www.example.ch", "below_a_domain"),
        ("www.demo.example", "below_a_domain"),
        ("example.nosuchtld", "unknown_tld"),
        ("example.invalid", "unknown_tld"),
    ],
)
def test_other_names_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(NotRegistrableError) as refusal:
        names.registrable(text)
    assert refusal.value.reason == reason
    assert f"“{text}”" in str(refusal.value)
