"""Spellings of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.accounts.spellings import spellings

LABELS = st.text(st.sampled_from("abcxyzäöüéñ0123456789"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Example.ch", {"example.ch"}),
        ("bücher.ch", {"bücher.ch", "xn--bcher-kva.ch"}),
        ("xn--bcher-kva.ch", {"bücher.ch", "xn--bcher-kva.ch"}),
        ("BÜCHER.ch", {"bücher.ch", "xn--bcher-kva.ch"}),
        ("_acme-challenge.example.ch", {"_acme-challenge.example.ch"}),
        ("My files", {"my files"}),
        ("xn--\u0000", {"xn--\u0000"}),
        ("", {""}),
    ],
)
def test_spellings(name, found):
    assert spellings(name) == found


@given(LABELS)
def test_every_spelling_has_the_same_spellings(label):
    found = spellings(f"{label}.ch")
    assert all(spellings(name) == found for name in found)
