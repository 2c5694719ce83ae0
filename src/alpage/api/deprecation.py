"""Deprecation: routes that will go tell so with every answer, and who calls them is told which of his tokens do.

    @routes.get("/1/…", deprecated=Deprecation(since=date(…), sunset=date(…), successor="GET /2/…"), …)

The answers carry `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and links to what takes the route's place. Calls are
counted by token, route and day, by the thread that takes down requests (`requests.py`), and stay longer than those.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from email.utils import formatdate
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

from sqlalchemy import Select, UniqueConstraint, cast, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.calls import Call
from alpage.api.errors import ApiError
from alpage.api.routes import ANY_TOKEN, Deprecation, Expansion, Route, Routes, Shape
from alpage.storage.database import Transaction
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Deprecations")

DAY_SECONDS = 86_400
KEPT_DAYS = 90
DESCRIPTION = "/openapi.json"

# stored


class DeprecatedCalls(Base):
    """How often the tokens of a grant called a route that will go, on one day. It passes, and is no change."""

    __tablename__ = "deprecated_calls"
    __table_args__ = (UniqueConstraint("grant_id", "route", "day"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int]
    route: Mapped[str]
    day: Mapped[int] = mapped_column(index=True)  # its first second, in Greenwich
    user_id: Mapped[int] = mapped_column(index=True)
    application_id: Mapped[int | None]
    calls: Mapped[int]
    last_called_at: Mapped[int]


# on the wire


class DayOfCalls(Shape):
    """The calls of one day: `day` is its first second, in Greenwich."""

    day: int
    calls: int


class DeprecatedUse(Shape):
    """A route that will go, as one of the caller's tokens called it within 90 days.

    `first_day` is the first second of the day of its first call. `sunset_at` is null where no date is set yet, and it,
    `deprecated_at` and `successor` are null where the route is not deprecated any more.
    """

    token_id: int
    application_id: int | None
    route: str
    deprecated_at: int | None
    sunset_at: int | None
    successor: str | None
    calls: int
    first_day: int
    last_called_at: int
    days: tuple[DayOfCalls, ...] = ()

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The route with its dates, as it is declared now."""
        route = next((route for route in call.table.routes if route.name == row.route), None)
        ends = None if route is None else route.deprecated
        return {
            "token_id": row.token_id,
            "application_id": row.application_id,
            "route": row.route,
            "deprecated_at": None if ends is None else _moment(ends.since),
            "sunset_at": None if ends is None or ends.sunset is None else _moment(ends.sunset),
            "successor": None if ends is None else ends.successor,
            "calls": row.calls,
            "first_day": row.first_day,
            "last_called_at": row.last_called_at,
        }

    expansions: ClassVar[dict[str, Expansion]] = {}


# the verbs


class Called(NamedTuple):
    """One call of a route that will go."""

    user_id: int
    grant_id: int
    application_id: int | None
    route: str
    at: int


def pass_by(call: Call) -> None:
    """Takes note that a call goes to a route that will go.

    Raises `route_gone` for a caller whose clock was moved past its sunset: so he sees what will be. In earnest a route
    is there as long as the program has it.
    """
    ends = call.route.deprecated
    if ends is None:
        return
    call.request.deprecated.append(call.route.name)
    if ends.sunset is not None and call.ahead_seconds and call.now >= _moment(ends.sunset):
        raise ApiError(
            "route_gone",
            method=call.route.method,
            path=f"/{call.route.version}{call.route.path}",
            successor=ends.successor,
            sunset_at=_moment(ends.sunset),
        )


def headers(route: Route, public_url: str) -> Sequence[tuple[str, str]]:
    """What the answers of a route tell of its end."""
    return () if route.deprecated is None else _headers(route.deprecated, route.name, public_url)


@lru_cache
def _headers(ends: Deprecation, name: str, public_url: str) -> tuple[tuple[str, str], ...]:
    sunset = () if ends.sunset is None else (("Sunset", formatdate(_moment(ends.sunset), usegmt=True)),)
    links = (
        f'<{_described(name, public_url)}>; rel="deprecation"; type="application/json"',
        f'<{_described(ends.successor, public_url)}>; rel="successor-version"; type="application/json"',
    )
    return (("Deprecation", f"@{_moment(ends.since)}"), *sunset, ("Link", ", ".join(links)))


def _described(name: str, public_url: str) -> str:
    """Where the description of a route stands (RFC 6901)."""
    method, _, path = name.partition(" ")
    pointer = path.replace("~", "~0").replace("/", "~1")
    return f"{public_url}{DESCRIPTION}#/paths/{quote(pointer, safe='~')}/{method.lower()}"


def _moment(day: date) -> int:
    return int(datetime.combine(day, time.min, UTC).timestamp())


def count(transaction: Transaction, called: Iterable[Called]) -> None:
    """Adds calls to those of their days."""
    days: dict[tuple[int, str, int], list[Called]] = {}
    for one in called:
        days.setdefault((one.grant_id, one.route, one.at - one.at % DAY_SECONDS), []).append(one)
    if days:
        insert = postgresql.insert if transaction.is_on_postgresql else sqlite.insert
        statement = insert(DeprecatedCalls)
        added = {
            "calls": DeprecatedCalls.calls + statement.excluded.calls,
            "last_called_at": statement.excluded.last_called_at,
        }
        statement = statement.on_conflict_do_update(index_elements=["grant_id", "route", "day"], set_=added)
        transaction.execute(statement, [_row(day, calls) for (_, _, day), calls in days.items()])


def _row(day: int, called: Sequence[Called]) -> dict[str, Any]:
    last = called[-1]
    return {
        "grant_id": last.grant_id,
        "route": last.route,
        "day": day,
        "user_id": last.user_id,
        "application_id": last.application_id,
        "calls": len(called),
        "last_called_at": last.at,
    }


def prune(transaction: Transaction, now: int) -> None:
    """Lets go of days that are too long ago."""
    transaction.execute(delete(DeprecatedCalls).where(DeprecatedCalls.day < now - KEPT_DAYS * DAY_SECONDS))


def _add_days(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    days = select(DeprecatedCalls.__table__).where(
        DeprecatedCalls.user_id == call.caller.user_id, DeprecatedCalls.grant_id.in_({row.token_id for row in rows})
    )
    by_use: dict[tuple[int, str], list[dict[str, int]]] = {}
    for day in call.transaction.execute(days.order_by(DeprecatedCalls.day)):
        by_use.setdefault((day.grant_id, day.route), []).append({"day": day.day, "calls": day.calls})
    for shown in objects:
        shown["days"] = by_use[shown["token_id"], shown["route"]]


DeprecatedUse.expansions = {"days": _add_days}

# the routes

_USES = (
    select(
        DeprecatedCalls.user_id,
        DeprecatedCalls.grant_id.label("token_id"),
        DeprecatedCalls.application_id,
        DeprecatedCalls.route,
        cast(func.sum(DeprecatedCalls.calls), DeprecatedCalls.calls.type).label("calls"),
        func.min(DeprecatedCalls.id).label("number"),
        func.min(DeprecatedCalls.day).label("first_day"),
        func.max(DeprecatedCalls.last_called_at).label("last_called_at"),
    )
    .group_by(DeprecatedCalls.user_id, DeprecatedCalls.grant_id, DeprecatedCalls.application_id, DeprecatedCalls.route)
    .subquery()
)


@routes.get(
    "/1/profile/deprecations",
    scope=ANY_TOKEN,
    answer=list[DeprecatedUse],
    sort={
        "first_day": _USES.c.number,  # the order they were first called in, which no two share
        "last_called_at": _USES.c.last_called_at,
        "token_id": _USES.c.token_id,
        "route": _USES.c.route,
        "calls": _USES.c.calls,
    },
    recounts=True,
)
def list_deprecations(call: Call) -> Select[Any]:
    """List which of your tokens called routes that will go, within 90 days: what, how often, and when last.

    `successor` is the route that takes its place. A token without the scope `tokens:read`, or limited to accounts or
    products, sees its own calls only.
    """
    found = select(_USES).where(_USES.c.user_id == call.caller.user_id)
    return found if call.caller.sees_all_tokens else found.where(_USES.c.token_id == call.caller.grant_id)
