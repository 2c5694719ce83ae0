"""Lists: order, offset, pages, totals and search, the same on every list; and lists that are walked by cursor.

A handler answers with a query (or, for what is not in the database, with objects); this module sorts, cuts and counts
it. A route with `cursor=` has no pages and no total, and stays as fast however long it grows: each answer says where
the next one begins.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from unicodedata import combining, normalize

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, or_

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault
from alpage.api.routes import Route
from alpage.api.validation import not_among

PER_PAGE = ("per_page", "items_per_page", "items")
ORDER = ("order", "order_dir")  # two names of one thing: a few lists have the other
PAGING = frozenset({"skip", "page", "return", *PER_PAGE})
CURSOR = "cursor"
PARAMETERS = frozenset({"order_by", *ORDER, "order_for", "limit", "search", *PAGING})
CURSOR_PARAMETERS = PARAMETERS - PAGING | {CURSOR}
DEFAULT_PER_PAGE = 100
MAX_PER_PAGE = 1000
DIRECTIONS = ["asc", "desc"]
LARGEST = 2**63 - 1
MAX_CURSOR = 500  # of one that is told back

Place: TypeAlias = tuple[Any, ...]  # of a row in a list: its values of the fields the list is sorted by


@dataclass(frozen=True, slots=True)
class Listing:
    """What a request asks of a list."""

    order: tuple[tuple[str, bool], ...]  # field, descending
    limit: int | None
    skip: int
    page: int | None
    only_total: bool
    search: str
    after: Place | None = None  # where a list that is walked goes on


EVERYTHING = Listing(order=(), limit=None, skip=0, page=None, only_total=False, search="")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a list that is walked: its rows, the place up to which was looked, and whether there is more."""

    rows: Sequence[Any]
    end: Place | None
    has_more: bool


Walk: TypeAlias = Callable[[Place | None, bool, int], Stretch]  # from a place, backwards or not, so many rows


def parameters(route: Route) -> frozenset[str]:
    """What a list reads of a query besides its filters."""
    return PARAMETERS if route.cursor is None else CURSOR_PARAMETERS


def read(route: Route, query: dict[str, Any], faults: list[Fault]) -> Listing:
    """The list parameters of a request, with their faults. Raises `invalid_cursor_error`."""
    if route.cursor is not None:
        return _read_walk(route, query, faults)
    if not query or not route.is_list:
        return EVERYTHING
    per_page_name = next((name for name in PER_PAGE if name in query), None)
    paginates = "page" in query or per_page_name is not None
    page = _number(query, "page", faults, default=1, least=1)
    per_page = _number(query, per_page_name or "per_page", faults, default=DEFAULT_PER_PAGE, least=1, most=MAX_PER_PAGE)
    limit = _number(query, "limit", faults, default=None, least=1, most=MAX_PER_PAGE)
    skip = _number(query, "skip", faults, default=0, least=0) or 0
    if paginates and ("limit" in query or "skip" in query):
        others = [name for name in ("page", per_page_name) if name in query]
        faults.append(Fault("attribute_conflict", "limit" if "limit" in query else "skip", {"others": others}))
    wanted = query.get("return")
    if wanted not in (None, "total"):
        faults.append(not_among("attribute_in", "return", str(wanted), ["total"]))
    return Listing(
        order=_order(route, query, faults),
        limit=per_page if paginates else limit,
        skip=(((page or 1) - 1) * (per_page or 1)) if paginates else skip,
        page=page if paginates else None,
        only_total=wanted == "total",
        search=str(query.get("search", "")),
    )


def _read_walk(route: Route, query: dict[str, Any], faults: list[Fault]) -> Listing:
    order = _order(route, query, faults)
    key = next(iter(route.sort))
    whole = order if any(name == key for name, _ in order) else (*order, (key, False))
    return Listing(
        order=whole,
        limit=_number(query, "limit", faults, default=DEFAULT_PER_PAGE, least=1, most=MAX_PER_PAGE),
        skip=0,
        page=None,
        only_total=False,
        search=str(query.get("search", "")),
        after=read_cursor(route, whole, query[CURSOR]) if query.get(CURSOR) else None,
    )


def read_cursor(route: Route, order: Sequence[tuple[str, bool]], cursor: Any) -> Place:
    """The place a cursor stands for. Raises `invalid_cursor_error` for what is none, or was made for another order."""
    try:
        names, values = orjson.loads(urlsafe_b64decode(str(cursor) + "=="))
        fits = names == [name for name, _ in order] and all(
            map(_is_value, (route.sort[name] for name in names), values)
        )
    except (ValueError, TypeError):
        fits = False
    if not fits or len(values) != len(order):
        raise ApiError("invalid_cursor_error", cursor=str(cursor)[:MAX_CURSOR])
    return tuple(values)


def write_cursor(order: Sequence[tuple[str, bool]], place: Place) -> str:
    """A place as a client gets it: opaque, good in either direction."""
    return urlsafe_b64encode(orjson.dumps([[name for name, _ in order], place])).rstrip(b"=").decode()


def _is_value(column: Any, value: Any) -> bool:
    kind = column.type.python_type
    return type(value) is kind and (kind is not int or abs(value) <= LARGEST)


def _number(
    query: dict[str, Any], name: str, faults: list[Fault], *, default: int | None, least: int, most: int = 2**31
) -> int | None:
    if name not in query:
        return default
    text = query[name]
    if not isinstance(text, str) or not text.removeprefix("-").isdecimal() or len(text) > 15:
        faults.append(Fault("attribute_type", name, {"expected": "integer", "actual": "string"}))
    elif int(text) < least:
        faults.append(Fault("attribute_min_value", name, {"min_value": least}))
    elif int(text) > most:
        faults.append(Fault("attribute_max_value", name, {"max_value": most}))
    else:
        return int(text)
    return default


def _order(route: Route, query: dict[str, Any], faults: list[Fault]) -> tuple[tuple[str, bool], ...]:
    given = query.get("order_by", [])
    fields = [name.strip() for part in (given if isinstance(given, list) else [given]) for name in str(part).split(",")]
    single = query.get("order_for", {})
    per_field = single if isinstance(single, dict) else {}
    order = next((name for name in ORDER if name in query), "order")
    for attribute, value in ((order, query.get(order, "asc")), *((f"order_for.{f}", d) for f, d in per_field.items())):
        if str(value).lower() not in DIRECTIONS:
            faults.append(not_among("attribute_in", attribute, str(value), DIRECTIONS))
    faults.extend(
        not_among("attribute_order_by", attribute, name, list(route.sort))
        for attribute, names in (("order_by", fields), ("order_for", per_field))
        for name in names
        if name and name not in route.sort
    )
    general = str(query.get(order, "asc")).lower()
    names = [name for name in fields if name] or [*per_field] or ([*route.sort][:1] if order in query else [])
    return tuple((name, str(per_field.get(name, general)).lower() == "desc") for name in names)


def run(call: Call, listing: Listing, source: Select[Any] | Sequence[Any] | Walk) -> Sequence[Any] | int:
    """The rows of one answer, or the number of all rows where only that was asked.

    Totals go into the envelope's root, and so does the cursor.
    """
    if call.route.cursor is not None:
        return _walk(call, listing, source)
    if callable(source):
        raise TypeError(f"{call.route.name} answers a walk, and has no cursor")
    found = _Query(call, listing, source) if isinstance(source, Select) else _Objects(call, listing, source)
    if listing.only_total:
        call.root["total"] = found.total()
        return found.total()
    cap = call.route.cap
    limit = listing.limit if listing.limit is not None else cap
    rows = found.rows(limit)
    if listing.page is not None:
        total, per_page = found.total(), listing.limit or 1
        call.root.update(total=total, page=listing.page, pages=-(-total // per_page), items_per_page=per_page)
    elif listing.limit is None and cap is not None and len(rows) == cap and (total := found.total()) > cap:
        call.root["total"] = total
    return rows


def _walk(call: Call, listing: Listing, source: Any) -> Sequence[Any]:
    walk: Walk = _Query(call, listing, source).walk if isinstance(source, Select) else source
    stretch = walk(listing.after, listing.order[-1][1], listing.limit or DEFAULT_PER_PAGE)
    end = stretch.end if stretch.end is not None else listing.after
    cursor = None if end is None else write_cursor(listing.order, end)
    call.root.update(cursor=cursor, has_more=stretch.has_more, response_at=call.real_now)
    return stretch.rows


class _Objects:
    """A list of what is not in the database: names of countries, say."""

    def __init__(self, call: Call, listing: Listing, objects: Sequence[Any]) -> None:
        needle = listing.search.casefold()
        kept = [row for row in objects if not needle or self._matches(row, call.route.search, needle)]
        for name, descending in reversed(listing.order):
            kept.sort(key=lambda row: _place(row[name]), reverse=descending)
        self._kept, self._skip = kept, listing.skip

    @staticmethod
    def _matches(row: Any, names: Sequence[str], needle: str) -> bool:
        return any(needle in str(row[name]).casefold() for name in names)

    def rows(self, limit: int | None) -> Sequence[Any]:
        return self._kept[self._skip : None if limit is None else self._skip + limit]

    def total(self) -> int:
        return len(self._kept)


def _place(value: Any) -> Any:
    """Where a value stands in the order: text as in a dictionary (Égypte among the E), what is missing last."""
    if isinstance(value, str):
        letters = normalize("NFKD", value.casefold())
        return False, "".join(letter for letter in letters if not combining(letter))
    return value is None, value or 0


class _Query:
    """A list that a query describes."""

    def __init__(self, call: Call, listing: Listing, query: Select[Any]) -> None:
        self._call, self._listing = call, listing
        if listing.search and call.route.search:
            query = query.where(
                or_(*(column.icontains(listing.search, autoescape=True) for column in call.route.search))
            )
        self._query = query

    def rows(self, limit: int | None) -> Sequence[Any]:
        query = self._query.order_by(*self._order())
        if limit is not None:
            query = query.limit(limit)
        if self._listing.skip:
            query = query.offset(self._listing.skip)
        return self._call.transaction.execute(query).all()

    def walk(self, after: Place | None, _backwards: bool, limit: int) -> Stretch:
        """A part of the list from a place on; every field it is sorted by must be among its columns, and not null."""
        query = self._query if after is None else self._query.where(self._beyond(after))
        rows = self._call.transaction.execute(query.order_by(*self._order()).limit(limit + 1)).all()
        shown = rows[:limit]
        return Stretch(shown, self._place(shown[-1]) if shown else None, len(rows) > limit)

    def _beyond(self, after: Place) -> ColumnElement[bool]:
        """What comes after a place: further in one field, and the same in all fields before that."""
        ways = []
        same: list[ColumnElement[bool]] = []
        for (name, descending), value in zip(self._listing.order, after, strict=True):
            column = self._call.route.sort[name]
            ways.append(and_(*same, column < value if descending else column > value))
            same.append(column == value)
        return or_(*ways)

    def _place(self, row: Row[Any]) -> Place:
        columns = [self._call.route.sort[name] for name, _ in self._listing.order]
        return tuple(getattr(row[0] if len(row) == 1 else row, column.key) for column in columns)

    def total(self) -> int:
        return self._call.totals.get(self._call, self._query)

    def _order(self) -> list[Any]:
        sort = self._call.route.sort
        key = next(iter(sort), None)
        order = [sort[name].desc() if descending else sort[name].asc() for name, descending in self._listing.order]
        if key is not None and all(name != key for name, _ in self._listing.order):
            order.append(sort[key].asc())
        return order
