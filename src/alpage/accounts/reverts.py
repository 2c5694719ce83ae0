"""Undo: takes a change back, or all that one request has changed; see `api/reverting.py` for how."""

from typing import Any

from pydantic import Field
from sqlalchemy import select

from alpage.accounts import changes
from alpage.accounts.sight import sight_of
from alpage.api import reverting
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.history import FOLLOWS, SUBJECTS, Reversal
from alpage.api.limits import ITEMS
from alpage.api.reverting import REFUSAL_CODES
from alpage.api.routes import ANY_TOKEN, Routes, Shape
from alpage.storage.changes import Change

routes = Routes("Changes")

# on the wire


class Reversion(Shape):
    """How to take a change back."""

    force: bool = Field(default=False, description="Change more than 30 % of a zone of more than 50 records.")


class RequestReversion(Reversion):
    """Which request to take back, and how."""

    request_id: str = Field(min_length=1, max_length=64)


class ObjectChange(Shape):
    """What became of one object."""

    event: str
    action: str
    object_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Reverted(Shape):
    """The changes that were taken back, by their ids, and all that this has changed."""

    reverts: list[int]
    changes: list[ObjectChange]


# the verbs


def _revert(call: Call, items: list[Reversal], *, force: bool) -> dict[str, Any]:
    call.items = len(items)
    call.limits.take(call.who, ITEMS, call.items)
    reverting.revert(call, items, force=force)
    done = call.transaction.changes.entries()
    return {"reverts": sorted(item.change_id for item in items), "changes": [entry.encode() for entry in done]}


def _of_request(call: Call, request_id: str) -> list[Reversal]:
    """What a request has changed, but for what followed from that. Raises `object_not_found` for another's request."""
    of_request = Change.request_id == request_id
    sight = sight_of(call.transaction, call.caller)
    seen = set(call.transaction.execute(select(Change.id).where(of_request, sight.condition(Change))).scalars())
    if not seen:
        raise not_found("Request", request_id)
    entries = call.transaction.execute(select(Change.__table__).where(of_request).order_by(Change.id)).all()
    items = reverting.read(entry for entry in entries if _counts(entry))
    meant = [item for item in items if item.action != "updated" or item.changed]
    faults = [item.fault("revert_incomplete") for item in meant if item.change_id not in seen]
    if not meant:
        faults = [item.fault(FOLLOWS) for item in items[:1]]
    if faults or not meant:
        raise ApiError("change_not_revertible", faults=faults, reasons=len(faults))
    return meant


def _counts(entry: Any) -> bool:
    return entry.event in SUBJECTS and not SUBJECTS[entry.event].comes_by_itself


# the routes


@routes.post("/1/changes/{change}/revert", scope=ANY_TOKEN, answer=Reverted, errors=REFUSAL_CODES)
def revert_change(call: Call, change: int, body: Reversion) -> dict[str, Any]:
    """Take a change back: delete what it created, put back what it deleted or updated.

    It is done by the rules, and with the scopes and rights, of the object's own routes, and is itself a change. What
    was deleted comes back under its id, with what went with it. Where that is not possible, the answer is
    `change_not_revertible` with every reason: fields that were changed since (by whom, and when), values that are
    secret, what needs somebody's consent. With `dry_run`, it is the plan.
    """
    found = changes.find(call, change)
    return _revert(call, reverting.read(reverting.with_parts(call, found)), force=body.force)


@routes.post("/1/changes/revert", scope=ANY_TOKEN, answer=Reverted, errors=REFUSAL_CODES)
def revert_request(call: Call, body: RequestReversion) -> dict[str, Any]:
    """Take back all that one request has changed, all of it or nothing.

    What followed from other changes, as the serial of a zone does, or only records what happened, is not put back, and
    is in nobody's way. The call counts as one request and as many items as it takes back.
    """
    return _revert(call, _of_request(call, body.request_id), force=body.force)
