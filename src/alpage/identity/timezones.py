"""Time zones: those of the tz database, under numbers that outlive its releases. Users refer to them by name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import PUBLIC, Routes, Shape

routes = Routes("Timezones")

PLACEHOLDER = "Factory"  # what the database calls a clock nobody has set
QUARTER_SECONDS = 900  # offsets change on a quarter of an hour

# on the wire


class Timezone(Shape):
    """A time zone."""

    id: int
    name: str
    gmt: str


# the verbs


def number_of(name: str) -> int:
    """The number of a time zone: 31 bits of a hash of its name, since a place in a list would shift with new names."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) >> 1


@cache
def names() -> Mapping[int, str]:
    """The name of every time zone by its number, in the order of the names."""
    listed = (files("tzdata") / "zones").read_text(encoding="ascii").split()
    return {number_of(name): name for name in sorted(listed) if name != PLACEHOLDER}


def describe(name: str, now: int) -> dict[str, Any]:
    """A time zone with its distance from Greenwich at a moment."""
    minutes = round(_offset_seconds(name, now) / 60)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return {"id": number_of(name), "name": name, "gmt": f"GMT{sign}{hours:02}:{rest:02}"}


def _offset_seconds(name: str, now: int) -> float:
    offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(name)).utcoffset()
    return offset.total_seconds() if offset is not None else 0


@lru_cache(maxsize=1)
def _all_at(quarter: int) -> tuple[dict[str, Any], ...]:
    return tuple(describe(name, quarter * QUARTER_SECONDS) for name in names().values())


# the routes


@routes.get(
    "/1/timezones", scope=PUBLIC, answer=list[Timezone], sort=dict.fromkeys(Timezone.model_fields), search=("name",)
)
def list_timezones(call: Call) -> tuple[dict[str, Any], ...]:
    """List the time zones of the world.

    `gmt` is what their clocks show now, summer time included.
    """
    return _all_at(call.now // QUARTER_SECONDS)


@routes.get("/1/timezones/{timezone_id}", scope=PUBLIC, answer=Timezone)
def show_timezone(call: Call, timezone_id: int) -> dict[str, Any]:
    """Show a time zone."""
    name = names().get(timezone_id)
    if name is None:
        raise not_found("Timezone", timezone_id)
    return describe(name, call.now)
