"""Events: the changes of an account under their public names, which patterns choose among, and as they are sent.

An event is a kind of object, as the change log names it, with what was done to it: `dns.record.created`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, or_

from alpage.api.history import ACTIONS, SUBJECTS
from alpage.storage.changes import Change

EVERYTHING = "*"
PING = "ping"


@dataclass(frozen=True, slots=True)
class Log:
    """The change log as it is shown: a query of its entries, and what makes of one what is shown."""

    entries: Select[Any]
    present: Callable[[Any], dict[str, Any]]

    def encode(self, change: Any) -> bytes:
        """The body of the message about a change."""
        return encode(name_of(change), change.created_at, self.present(change))


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of objects an account has, sorted."""
    return tuple(sorted(one.event for one in SUBJECTS if one.model.__audience__ in ("account", "product")))


@cache
def names() -> tuple[str, ...]:
    """Every event an account can have, sorted."""
    return tuple(sorted(f"{kind}.{action}" for kind in kinds() for action in ACTIONS))


@cache
def patterns() -> tuple[str, ...]:
    """What may be asked for: an event, a kind of object, all whose names begin alike (`dns.*`), or everything."""
    parts = [name.split(".") for name in names()]
    beginnings = {".".join(some[:length]) for some in parts for length in range(1, len(some))}
    return (EVERYTHING, *sorted({*names(), *kinds(), *(f"{beginning}.*" for beginning in beginnings)}))


def wanted(asked: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a change is one of those the patterns ask for."""
    whole = [kind for kind in kinds() if any(_has_all(pattern, kind) for pattern in asked)]
    single = [pattern.rpartition(".") for pattern in asked if pattern in names()]
    return or_(
        Change.event.in_(whole), *(and_(Change.event == kind, Change.action == action) for kind, _, action in single)
    )


def kinds_of(asked: Iterable[str]) -> set[str]:
    """The kinds of objects of which something is asked for."""
    single = {pattern.rpartition(".")[0] for pattern in asked if pattern in names()}
    return {kind for kind in kinds() if kind in single or any(_has_all(pattern, kind) for pattern in asked)}


def _has_all(pattern: str, kind: str) -> bool:
    """Whether a pattern asks for whatever is done to a kind of object."""
    return pattern in (EVERYTHING, kind) or (
        pattern.endswith(".*") and f"{kind}.".startswith(pattern.removesuffix(EVERYTHING))
    )


def name_of(change: Any) -> str:
    """The name of what a change is."""
    return f"{change.event}.{change.action}"


def encode(name: str, moment: int, data: dict[str, Any]) -> bytes:
    """The body of a message: `type`, `timestamp` and `data`, as the specification recommends."""
    written = {"type": name, "timestamp": datetime.fromtimestamp(moment, UTC), "data": data}
    return orjson.dumps(written, option=orjson.OPT_UTC_Z)
