"""Changes: the change log, as far as it is the caller's to see. `sight.py` says who sees what; undo: `reverts.py`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import func, select

from alpage.accounts.sight import ENTRIES, Asked, sight_of, stretch
from alpage.api import expansion, listing
from alpage.api.calls import Call
from alpage.api.errors import Fault, invalid, not_found
from alpage.api.history import SUBJECTS, Action
from alpage.api.listing import Place, Stretch, Walk
from alpage.api.routes import ANY_TOKEN, Expansion, Filter, Routes, Shape
from alpage.api.streams import Event, EventStream
from alpage.api.validation import Number, Several, not_among
from alpage.identity.applications import Application
from alpage.identity.users import User
from alpage.storage.changes import Change

routes = Routes("Changes")

ORDER = (("id", False),)
AT_ONCE = 100  # entries a listener is told in one go

# on the wire


class Actor(Shape):
    """The person who made a change."""

    id: int
    display_name: str
    avatar: str | None


class ActingApplication(Shape):
    """The application a change was made with."""

    id: int
    name: str


class ChangeDetails(Shape):
    """A change of one object: what it was before and after, the changed fields only where it was updated.

    `user_id` is who made it, null for the platform itself; `token_id` the number of the token, or of the access the
    application had. `reverts` is the change it took back. `is_revertible`: whether changes of its kind can be taken
    back at all; the dry run of doing so tells whether this one can.
    """

    id: int
    event: str
    action: Action
    object_id: int
    account_id: int | None
    product_id: int | None
    user_id: int | None
    token_id: int | None
    application_id: int | None
    request_id: str | None
    reverts: int | None
    is_revertible: bool
    created_at: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    user: Actor | None = None
    application: ActingApplication | None = None
    reverted_by: int | None = None

    expansions: ClassVar[dict[str, Expansion]] = {}

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The change, with what its kind allows."""
        return present(row)


class ChangeFilter(Filter):
    """Which changes to list."""

    account_id: Number | None = None
    product_id: Number | None = None
    event: Several[str] = Field(default=(), description="Kinds of objects: `dns.record`, or `dns.*` for all below it.")
    action: Several[Action] = ()
    object_id: Number | None = Field(default=None, description="One object; `event` says of which kind.")
    user_id: Number | None = Field(default=None, description="Who made them.")
    token_id: Number | None = Field(default=None, description="With which token they were made.")
    request_id: str | None = None
    since: Number | None = None
    until: Number | None = Field(default=None, description="The first moment that counts no more.")


# who sees it


def present(row: Any) -> dict[str, Any]:
    """A row of the entries as lists, events and webhooks show it."""
    refusals = SUBJECTS[row.event].refusals(row.action, row.before, row.after)
    return {
        "id": row.id,
        "event": row.event,
        "action": row.action,
        "object_id": row.object_id,
        "account_id": row.account_id,
        "product_id": row.product_id,
        "user_id": row.user_id,
        "token_id": row.token_id,
        "application_id": row.application_id,
        "request_id": row.request_id,
        "reverts": row.reverts,
        "is_revertible": next(iter(refusals), None) is None,
        "created_at": row.created_at,
        "before": row.before,
        "after": row.after,
    }


def find(call: Call, change_id: int) -> Any:
    """A change that the caller sees. Raises `object_not_found`."""
    sight = sight_of(call.transaction, call.caller)
    found = call.transaction.execute(ENTRIES.where(Change.id == change_id, sight.condition(Change))).one_or_none()
    if found is None:
        raise not_found("Change", change_id)
    return found


# the verbs


def asked_by(filter: ChangeFilter) -> Asked:
    """What a filter asks for. Raises all its faults."""
    faults = [
        not_among("attribute_in", f"filter.event.{index}", pattern, sorted(subject.event for subject in SUBJECTS))
        for index, pattern in enumerate(filter.event)
        if not SUBJECTS.matching([pattern])
    ]
    events = SUBJECTS.matching(filter.event or ["*"])
    if filter.object_id is not None and len(events) != 1:
        faults.append(Fault("attribute_required_with", "filter.event", {"others": ["filter.object_id"]}))
    if faults:
        raise invalid(*faults)
    return Asked(frozenset(events), filter.action, **filter.model_dump(exclude={"event", "action"}))


def _walk(call: Call, asked: Asked) -> Walk:
    def walk(after: Place | None, backwards: bool, limit: int) -> Stretch:
        sight = sight_of(call.transaction, call.caller)
        return stretch(call.transaction, sight, asked, after, backwards=backwards, limit=limit)

    return walk


def _listen(call: Call, asked: Asked) -> EventStream:
    """What comes after the event a listener has seen last, after a cursor, or from now on."""
    database = call.transaction.database
    place = _start(call)

    def read() -> Iterator[Event]:
        nonlocal place
        latest, has_more = database.pulse.latest(), True
        while has_more and latest > place[0]:
            with database.reading() as transaction:
                listener = replace(call)
                listener.transaction = transaction
                found = _walk(listener, asked)(place, False, AT_ONCE)
                shown = ChangeDetails.present_all(found.rows, listener)
                expansion.expand(listener, [*found.rows], shown)
            has_more = found.has_more
            for row, change in zip(found.rows, shown, strict=True):
                place = (row.id,)
                yield Event(change, listing.write_cursor(ORDER, place))
            place = max(place, found.end or place) if has_more else (max(latest, place[0]),)

    return EventStream(read)


def _start(call: Call) -> Place:
    cursor = call.last_event_id or call.query.get(listing.CURSOR)
    if cursor:
        return listing.read_cursor(call.route, ORDER, cursor)
    return (call.transaction.execute(select(func.max(Change.id))).scalar() or 0,)


def _add_users(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    query = select(User.id, User.display_name, User.avatar).where(User.id.in_({row.user_id for row in rows}))
    users = {user.id: Actor.present(user, call) for user in call.transaction.execute(query)}
    for row, shown in zip(rows, objects, strict=True):
        shown["user"] = users.get(row.user_id)


def _add_applications(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    wanted = Application.id.in_({row.application_id for row in rows})
    found = call.transaction.execute(select(Application.id, Application.name).where(wanted))
    applications = {application.id: ActingApplication.present(application, call) for application in found}
    for row, shown in zip(rows, objects, strict=True):
        shown["application"] = applications.get(row.application_id)


def _add_reversals(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    query = select(Change.reverts, Change.id).where(Change.reverts.in_([row.id for row in rows])).order_by(Change.id)
    found = {row.reverts: row.id for row in call.transaction.execute(query)}  # the latest of each
    for row, shown in zip(rows, objects, strict=True):
        shown["reverted_by"] = found.get(row.id)


ChangeDetails.expansions = {"user": _add_users, "application": _add_applications, "reverted_by": _add_reversals}

# the routes


@routes.get("/1/changes", scope=ANY_TOKEN, answer=list[ChangeDetails], cursor=Change.id, streams=True)
def list_changes(call: Call, filter: ChangeFilter) -> Walk | EventStream:
    """List the changes you may see, oldest first unless `order=desc` is given.

    Administrators of an account see all of its changes; other members those of the products they have a right on, and
    what they have done themselves; everybody those of his own profile, access and tasks. A token sees changes of what
    its scopes let it read, within its limits.

    An answer can have fewer changes than `limit`, or none, and still `has_more`: go on with `cursor` as long as it
    does. The `cursor` of the last answer shows later on what has come since. As server-sent events, the route tells of
    changes as they happen, after `Last-Event-ID` or `cursor`, or from now on; the id of each event is its cursor.
    """
    asked = asked_by(filter)
    return _listen(call, asked) if call.wants_stream else _walk(call, asked)


@routes.get("/1/changes/{change}", scope=ANY_TOKEN, answer=ChangeDetails)
def show_change(call: Call, change: int) -> Any:
    """Show a change."""
    return find(call, change)
