"""Expansion: `with=a,b.c` loads the optional fields a route offers."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from alpage.api.calls import Call
from alpage.api.errors import Fault
from alpage.api.routes import Expansion, Route
from alpage.api.validation import not_among

PARAMETER = "with"
EVERYTHING = "*"


def read(route: Route, query: dict[str, Any], faults: list[Fault]) -> frozenset[str]:
    """The expansions a request asks for. An unknown one is a fault that lists those there are."""
    given = query.get(PARAMETER)
    if not given or route.shape is None:
        return frozenset()
    known = list(route.shape.expansions)
    parts = given if isinstance(given, list) else [str(given)]
    names = {name.strip() for part in parts for name in str(part).split(",") if name.strip()}
    if EVERYTHING in names:
        return frozenset(known)
    faults.extend(
        not_among("attribute_with", PARAMETER, name, known)
        for name in sorted(names)
        if name not in route.shape.expansions
    )
    return frozenset(names)


def expand(call: Call, rows: list[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the fields that stand elsewhere: those every object has, and those that were asked for."""
    shape = call.route.shape
    if shape is None:
        return
    for load in shape.parts.values():
        load(call, rows, objects)
    if call.wanted:
        for name, load in shape.expansions.items():
            if name in call.wanted:
                load(call, rows, objects)


def computed(name: str, value: Callable[[Any], Any]) -> Expansion:
    """The expansion that adds what a function makes of the row. One that has no value leaves the field out."""

    def add(_call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        for row, shown in zip(rows, objects, strict=True):
            if (found := value(row)) is not None:
                shown[name] = found

    return add


def attribute(name: str) -> Expansion:
    """The expansion that adds a plain attribute of the row. One that has no value leaves the field out."""
    return computed(name, attrgetter(name))
