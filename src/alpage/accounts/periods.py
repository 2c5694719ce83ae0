"""Periods: a year, month or day, written `2027`, `2027-03` or `2027-03-31`, as the filters of products take them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_WRITTEN = re.compile(r"([12]\d{3})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in Unix seconds, without its end."""

    start: int
    end: int


def read(text: str) -> Period:
    """The period of a text, in UTC. Raises ValueError when it is none."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"not a year, month or day: {text}")
    year, month, day = written.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    if day is not None:
        end = start + timedelta(days=1)
    elif month is not None:
        end = (start + timedelta(days=31)).replace(day=1)
    else:
        end = (start + timedelta(days=366)).replace(day=1, month=1)
    return Period(int(start.timestamp()), int(end.timestamp()))
