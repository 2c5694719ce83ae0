"""Numbers and moments as their readers write them."""

import pytest

from alpage.web.design import readable

NOON = 1_700_000_000  # 14 November 2023, 22:13:20 UTC
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("in_bytes", "written"),
    [
        (0, "0 byte"),
        (999, "999 byte"),
        (1000, "1 kB"),
        (1_536_000, "1.5 MB"),
        (999_600_000, "1 GB"),
        (2.5e15, "2.5 PB"),
    ],
)
def test_sizes_have_the_unit_that_suits_them(in_bytes, written):
    assert readable.size("en_GB", in_bytes) == written


def test_each_language_has_its_own_marks():
    assert readable.size("fr_CH", 1_536_000) == "1,5\N{NARROW NO-BREAK SPACE}Mo"
    assert readable.count("de_CH", 1234567.5) == "1’234’567.5"
    assert readable.money("de_CH", 1234.5, "CHF") == f"CHF{SPACE}1’234.50"
    assert readable.money("en_GB", 1234.5, "CHF") == f"CHF{SPACE}1,234.50"
    assert readable.percent("it_CH", 0.125) == "12%"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(42, "42 seconds"), (90, "90 seconds"), (5400, "90 minutes"), (86400, "24 hours"), (7 * 86400, "7 days")],
)
def test_durations(seconds, written):
    assert readable.duration("en_GB", seconds) == written


def test_a_moment_is_seen_from_now_and_exact_on_hover():
    seen = readable.ago("de_CH", NOON, "Europe/Zurich", now=NOON + 7200)
    assert seen.startswith('<time datetime="2023-11-14T22:13:20Z" title="14. November 2023')
    assert "23:13:20" in seen
    assert seen.endswith(">vor 2 Stunden</time>")


@pytest.mark.parametrize(
    ("name", "letters"), [("Heidi Zgraggen", "HZ"), ("Goat", "G"), ("a@b.org", "AO"), ("", "?"), ("von der Alp", "VA")]
)
def test_initials(name, letters):
    assert readable.initials(name) == letters
