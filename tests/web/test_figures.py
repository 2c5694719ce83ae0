"""Figures over time."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.web.design.figures import DAY, HOUR, Figure, Series, draw, table, value_ticks

SIZE = {"width": 720, "height": 240, "name": "figure-wide"}
START = 1_700_000_000


def figure(values, pace=HOUR, **options):
    moments = [START + at * pace for at in range(len(values))]
    return Figure("Requests <b>", moments, [Series("now", values)], **options)


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (1690, [0, 500, 1000, 1500, 2000]),
        (100, [0, 25, 50, 75, 100]),
        (101, [0, 50, 100, 150]),
    ],
)
def test_an_axis_counts_in_steps_one_can_count_in(largest, ticks):
    assert value_ticks(largest, "count") == ticks


@given(st.floats(0, 1e15))
def test_an_axis_reaches_its_largest_value(largest):
    ticks = value_ticks(largest, "size")
    assert ticks[-1] >= largest
    assert 2 <= len(ticks) <= 6


@given(st.lists(st.floats(0, 1e15), min_size=1, max_size=40), st.sampled_from(["line", "bars"]))
def test_everything_is_drawn_inside(values, kind):
    drawn = ElementTree.fromstring(draw(figure(values, kind=kind), "en", "UTC", **SIZE))  # noqa: S314  # our own
    for mark in drawn.iter():
        for name, limit in (("x", 720), ("y", 240)):
            assert 0 <= float(mark.get(name, 0)) <= limit
    for x, y in re.findall(r"([\d.e-]+),([\d.e-]+)", " ".join(mark.get("points", "") for mark in drawn.iter())):
        assert 0 <= float(x) <= 720
        assert 0 <= float(y) <= 240


def test_what_it_says_is_escaped_and_in_the_readers_language():
    drawn = draw(figure([1, 2, 3], pace=DAY), "de", "UTC", **SIZE)
    assert "Requests &lt;b&gt;" in drawn
    assert "14. Nov." in drawn


def test_the_table_behind_has_every_value():
    assert table(figure([1200, 3]), "en", "UTC") == [["22:13", "1,200"], ["23:13", "3"]]
