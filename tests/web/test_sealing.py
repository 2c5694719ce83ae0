"""Sealed values: only we read them, for one purpose, until they end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.web import sealing

SECRET = b"of the goat farm"
VALUES = [None, 0, "ä", {"state": "abc", "list": [1, 2.5, None]}]


@pytest.mark.parametrize("value", VALUES)
def test_a_sealed_value_comes_back(value):
    assert sealing.unseal(SECRET, "flow", sealing.seal(SECRET, "flow", value, 60)) == value


def test_a_sealed_value_is_not_readable_and_never_the_same():
    first, second = (sealing.seal(SECRET, "flow", "heidi", 60) for _ in range(2))
    assert first != second
    assert "heidi" not in first


def test_it_opens_for_its_own_purpose_and_secret_only():
    sealed = sealing.seal(SECRET, "flow", "heidi", 60)
    assert sealing.unseal(SECRET, "session", sealed) is None
    assert sealing.unseal(b"of another farm", "flow", sealed) is None


def test_it_ends():
    assert sealing.unseal(SECRET, "flow", sealing.seal(SECRET, "flow", "heidi", 0)) is None


def test_not_a_character_of_it_may_change():
    sealed = sealing.seal(SECRET, "flow", "heidi", 60)
    for at, (old, following) in enumerate(pairwise(sealed)):
        if old != following and "." not in (old, following):
            swapped = sealed[:at] + following + old + sealed[at + 2 :]
            assert sealing.unseal(SECRET, "flow", swapped) is None, swapped


@given(st.text())
def test_garbage_is_nothing(text):
    assert sealing.unseal(SECRET, "flow", text) is None


@given(st.lists(st.text("abcdefghijklmnop"), min_size=5, max_size=5))
def test_garbage_of_the_right_shape_is_nothing(parts):
    header = sealing.seal(SECRET, "flow", 1, 60).partition(".")[0]
    assert sealing.unseal(SECRET, "flow", ".".join([header, *parts[1:]])) is None
    assert sealing.unseal(SECRET, "flow", ".".join(parts)) is None


def test_keys_differ_by_purpose():
    assert sealing.derive(SECRET, "a") != sealing.derive(SECRET, "b")
