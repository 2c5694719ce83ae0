"""Periods: years, months and days."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.accounts import periods

FULL_WIDTH = "\uff12\uff10\uff12\uff17"


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)))
def test_a_day_lies_in_its_month_and_its_year(day):
    text = day.isoformat()
    noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    stretches = [periods.read(part) for part in (text, text[:7], text[:4])]
    assert stretches[0].end - stretches[0].start == 86_400
    assert all(one.start <= noon < one.end for one in stretches)
    assert all(outer.start <= inner.start and inner.end <= outer.end for inner, outer in pairwise(stretches))


@pytest.mark.parametrize(
    ("text", "days"), [("2028-02", 29), ("2027-02", 28), ("2028", 366), ("2027", 365), ("2027-12", 31)]
)
def test_lengths_of_months_and_years(text, days):
    period = periods.read(text)
    assert period.end - period.start == days * 86_400


@pytest.mark.parametrize(
    "text", ["", "27", "2027-", "2027-13", "2027-02-30", "0000", "9999", "2027-03-31T00:00", FULL_WIDTH]
)
def test_what_is_no_period(text):
    with pytest.raises(ValueError, match=r"year|month|day"):
        periods.read(text)
