"""Events: changes of an account under their public names, which patterns choose among, and as they are sent."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, or_, true

from alpage.storage.changes import Change
from alpage.storage.tables import Base

EVERYTHING = "*"
ACTIONS = ("created", "updated", "deleted")
PING = "ping"


@cache
def names() -> tuple[str, ...]:
    """Every event an account can have, sorted."""
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    objects = {one.__event__ for one in classes if one.__event__ and one.__audience__ in ("account", "product")}
    return tuple(sorted(f"{name}.{action}" for name in objects for action in ACTIONS))


@cache
def patterns() -> frozenset[str]:
    """What may be asked for: each event, all of what a first part of their names stands for, or everything."""
    parts = [name.split(".") for name in names()]
    prefixes = {".".join(some[:length]) for some in parts for length in range(1, len(some))}
    return frozenset({EVERYTHING, *names(), *(f"{prefix}.*" for prefix in prefixes)})


def wanted(asked: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a change is one of those the patterns ask for."""
    return or_(*map(_matches, asked))


def _matches(pattern: str) -> ColumnElement[bool]:
    if pattern == EVERYTHING:
        return true()
    name, _, last = pattern.rpartition(".")
    if last == EVERYTHING:
        return or_(Change.event == name, Change.event.startswith(f"{name}.", autoescape=True))
    return and_(Change.event == name, Change.action == last)


def name_of(change: Any) -> str:
    """The name of what a change is: `dns.record.created`."""
    return f"{change.event}.{change.action}"


def present(change: Any) -> dict[str, Any]:
    """A change as an event shows it."""
    return {
        "id": change.id,
        "created_at": change.created_at,
        "event": change.event,
        "action": change.action,
        "object_id": change.object_id,
        "account_id": change.account_id,
        "user_id": change.user_id,
        "grant_id": change.grant_id,
        "request_id": change.request_id,
        "before": change.before,
        "after": change.after,
    }


def encode(name: str, moment: int, data: dict[str, Any]) -> bytes:
    """The body of a message: `type`, `timestamp` and `data`, as the specification recommends."""
    return orjson.dumps({"type": name, "timestamp": datetime.fromtimestamp(moment, UTC), "data": data}, option=_WRITTEN)


_WRITTEN = orjson.OPT_UTC_Z
