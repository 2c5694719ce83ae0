"""Actions: the kinds of change the platform records, read off the tables whose changes it records."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from zlib import crc32

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import ANY_TOKEN, Routes, Shape
from alpage.storage.tables import Base

routes = Routes("Actions")

DEEDS = ("created", "updated", "deleted")

# on the wire


class Action(Shape):
    """A kind of change."""

    id: int
    code: str
    description: str


# the verbs


@cache
def actions() -> Mapping[int, dict[str, Any]]:
    """Every action by its number, in the order of the codes. Every table must be known when this is first called."""
    events = sorted({mapper.class_.__event__ for mapper in Base.registry.mappers} - {""})
    return {number_of(f"{event}.{deed}"): _describe(event, deed) for event in events for deed in DEEDS}


def number_of(code: str) -> int:
    """The number of an action: 31 bits of a hash of its code, since a place in a list would shift with new products."""
    return crc32(code.encode()) >> 1


def _describe(event: str, deed: str) -> dict[str, Any]:
    code = f"{event}.{deed}"
    words = event.replace(".", " ").replace("_", " ")
    return {"id": number_of(code), "code": code, "description": f"The {words} was {deed}."}


# the routes


@routes.get(
    "/1/actions",
    scope=ANY_TOKEN,
    answer=list[Action],
    sort=dict.fromkeys(Action.model_fields),
    search=("code", "description"),
)
def list_actions(call: Call) -> list[dict[str, Any]]:
    """List the kinds of change the platform records."""
    return [*actions().values()]


@routes.get("/1/actions/{action_id}", scope=ANY_TOKEN, answer=Action)
def show_action(call: Call, action_id: int) -> dict[str, Any]:
    """Show a kind of change."""
    action = actions().get(action_id)
    if action is None:
        raise not_found("Action", action_id)
    return action
