"""Totals of lists: counted once, and again only when the change log has news of the tables they were counted on.

Counting 100,000 rows takes longer than everything else about a page of 50; asking the log for the last change of four
tables is four index look-ups, and right in every process, because each writer leaves its entry in the log.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy import Select, Table, func, select, union_all
from sqlalchemy.sql import visitors

from alpage.api.calls import Call
from alpage.api.routes import Shape
from alpage.storage.changes import Change
from alpage.storage.tables import Base

KEPT = 10_000
DECIDING = ("search", "filter")  # parameters that change which rows there are, besides those a route declares


class Totals:
    """The totals one process has counted, each with the number of the last change it took in."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, tuple[int, int]] = OrderedDict()
        self._lock = Lock()
        # By route and given parameters, which decide on the tables: the query for the last change of these.
        self._latest: dict[tuple[str, frozenset[str]], Select[Any]] = {}

    def get(self, call: Call, query: Select[Any]) -> int:
        """The number of rows of a list's query."""
        if call.route.recounts:
            return int(call.transaction.execute(_counted(query)).scalar_one())
        deciding = repr([call.query.get(name) for name in (*DECIDING, *_declared(call.route.query))])
        key = (call.route.name, call.request.path, call.caller, deciding)
        latest = call.transaction.execute(self._latest_change(call, query)).scalar() or 0
        with self._lock:
            seen, total = self._kept.get(key, (-1, 0))
        return total if seen == latest else self._count(call, query, key, latest)

    def _count(self, call: Call, query: Select[Any], key: Any, latest: int) -> int:
        total = int(call.transaction.execute(_counted(query)).scalar_one())
        with self._lock:
            self._kept[key] = (latest, total)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return total

    def _latest_change(self, call: Call, query: Select[Any]) -> Select[Any]:
        key = (call.route.name, _given(call))
        statement = self._latest.get(key)
        if statement is None:
            events = _events(_counted(query))
            each = [select(func.max(Change.id).label("id")).where(Change.event == event) for event in events]
            statement = self._latest[key] = select(func.max(union_all(*each).subquery().c.id))
        return statement


def _declared(shape: type[Shape] | None) -> list[str]:
    return [*shape.model_fields] if shape else []


def _given(call: Call) -> frozenset[str]:
    """The declared parameters a request has, of the query and of the filter."""
    filtered = call.query.get("filter", ())
    given = [name for name in _declared(call.route.query) if name in call.query]
    return frozenset([*given, *(f"filter.{name}" for name in _declared(call.route.filter) if name in filtered)])


def _counted(query: Select[Any]) -> Select[Any]:
    return query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)


def _events(query: Select[Any]) -> list[str]:
    where = query.whereclause
    deciding = [*query.get_final_froms(), *([] if where is None else [where])]  # the columns decide on no row
    tables = {element for part in deciding for element in visitors.iterate(part) if isinstance(element, Table)}
    events = {mapper.local_table: mapper.class_.__event__ for mapper in Base.registry.mappers}
    unlogged = [table.name for table in tables if not events.get(table)]
    if unlogged:
        raise RuntimeError(f"no total can be kept on tables the change log does not watch: {', '.join(unlogged)}")
    return sorted(events[table] for table in tables)
