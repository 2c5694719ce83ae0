"""History: what the change log holds about each kind of object, who may read it, and how a change of it is taken back.

A resource file says, beside its routes,

    subjects = [Subject(Tag, reads=(READ,), undo=Undo(writes=WRITE, guard=_administer, fields=TagChanges.model_fields))]

`accounts/changes.py` shows the log by it, `reverting.py` takes changes back.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, Literal, TypeAlias

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import Fault
from alpage.discovery import modules
from alpage.storage.changes import HIDDEN
from alpage.storage.tables import Base

Action: TypeAlias = Literal["created", "updated", "deleted"]
ACTIONS: tuple[Action, ...] = ("created", "updated", "deleted")

# Why a change is not taken back: the codes of the errors that say so.
NOT_OFFERED = "revert_not_offered"
CREDENTIAL = "revert_credential"
CONSENT = "revert_needs_consent"
RECORD = "revert_record"
SECRET_VALUE = "revert_secret"  # noqa: S105 - a code of an error
GONE = "revert_object_gone"
TAKEN = "revert_value_taken"
FOLLOWS = "revert_follows"
BY_THEMSELVES = (FOLLOWS, RECORD)  # what makes no reversal of other changes incomplete


@dataclass(slots=True)
class Reversal:
    """One object's change that is to be taken back, and the object as it is now, if it is there."""

    change_id: int
    subject: "Subject"
    action: Action
    object_id: int
    account_id: int | None
    product_id: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    row: Any = None

    @property
    def event(self) -> str:
        """The kind of object."""
        return self.subject.event

    @property
    def changed(self) -> list[str]:
        """The fields an update has changed, without those that follow from others."""
        return [name for name in self.after if name not in self.subject.follows]

    def value(self, name: str) -> Any:
        """What a field will be again; of what is deleted again, what it was."""
        if self.action == "created":
            return self.after.get(name)
        return self.before[name] if name in self.before else getattr(self.row, name, None)

    def fault(self, code: str, attribute: str = "", **context: Any) -> Fault:
        """A reason why it cannot be taken back."""
        told = {"change_id": self.change_id, "event": self.event, "object_id": self.object_id, **context}
        return Fault(code, attribute or "object_id", {name: value for name, value in told.items() if value is not None})


@dataclass(slots=True)
class Work:
    """The changes of one kind of object that one call takes back."""

    call: Call
    items: Sequence[Reversal]
    force: bool = False
    faults: list[Fault] = field(default_factory=list)


Hook: TypeAlias = Callable[[Work], None]


def put_back(work: Work) -> None:
    """Takes changes back row by row."""
    session = work.call.session
    for item in work.items:
        if item.action == "created":
            session.delete(item.row)
        elif item.action == "deleted":
            session.add(item.subject.model(**item.before))
        else:
            for name in item.changed:
                setattr(item.row, name, item.before[name])
            if "updated_at" in item.subject.follows:
                item.row.updated_at = work.call.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """How changes of a kind of object are taken back: as far as the caller could do the same by its routes.

    `guard` raises what those would raise of him, and takes the locks they take. `check` adds what else stands in the
    way. `apply` does it. `whole`: all changes together, whatever they are; otherwise what is put back comes before what
    is taken away. `ends`: what was created is ended, not deleted, so that what refers to it stays.
    """

    writes: str
    guard: Hook
    apply: Hook = put_back
    check: Hook = lambda work: None  # noqa: ARG005 - nothing stands in the way
    actions: tuple[Action, ...] = ACTIONS
    fields: Collection[str] | None = None  # those its routes change; None: all
    otherwise: str = NOT_OFFERED  # why not the other actions and fields
    whole: bool = False
    ends: bool = False


@dataclass(frozen=True, eq=False)
class Subject:
    """A kind of object in the log. One of the scopes `reads` shows its changes; any token does where there are none."""

    model: type[Base]
    reads: tuple[str, ...] = ()
    undo: Undo | None = None
    never: str = NOT_OFFERED  # why not, where there is no undo
    follows: frozenset[str] = frozenset()  # fields that follow from other changes

    @property
    def event(self) -> str:
        """Its name in the log."""
        return self.model.__event__

    @property
    def comes_by_itself(self) -> bool:
        """Whether it follows from other changes, or records them, and is passed over where those are taken back."""
        return self.undo is None and self.never in BY_THEMSELVES

    @property
    def ends(self) -> bool:
        """Whether one that was created is ended where that is taken back, and not deleted."""
        return self.undo is not None and self.undo.ends

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The columns of its table, by the names the log has them under."""
        return {attribute.key: attribute.columns[0] for attribute in self.model.__mapper__.column_attrs}

    def refusals(self, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Any]:
        """Why a change of it could never be taken back, as pairs of code and attribute; nothing if it could be."""
        if self.undo is None:
            yield self.never, ""
            return
        if action not in self.undo.actions:
            yield self.undo.otherwise, ""
            return
        before, after = before or {}, after or {}
        if action == "updated":
            changed = after.keys() - self.follows
            if not changed:
                yield FOLLOWS, ""
            if self.undo.fields is not None:
                yield from ((self.undo.otherwise, name) for name in sorted(changed - set(self.undo.fields)))
        yield from ((SECRET_VALUE, name) for name, value in before.items() if value == HIDDEN)


class Subjects:
    """The kinds of objects in the log, by event."""

    def __init__(self) -> None:
        self._by_event: dict[str, Subject] = {}

    def collect(self, package: ModuleType) -> None:
        """Takes in what the modules of a package have as `subjects`."""
        for module in modules(package):
            for subject in getattr(module, "subjects", ()):
                self._by_event[subject.event] = subject

    def __contains__(self, event: str) -> bool:
        return event in self._by_event

    def __getitem__(self, event: str) -> Subject:
        return self._by_event[event]

    def __iter__(self) -> Iterator[Subject]:
        return iter(self._by_event.values())

    def matching(self, patterns: Iterable[str]) -> set[str]:
        """The events of these names; `dns.*` names all that begin with `dns.`, and `*` all there are."""
        asked = [*patterns]
        starts = tuple(pattern.removesuffix("*") for pattern in asked if pattern.endswith("*"))
        return {event for event in self._by_event if event in asked or (starts and event.startswith(starts))}

    def readable(self, caller: Caller) -> set[str]:
        """The events whose objects a token's scopes let it read."""
        return {
            subject.event
            for subject in self
            if subject.model.__audience__ != "platform"
            and (not subject.reads or any(map(caller.has_scope, subject.reads)))
        }


SUBJECTS = Subjects()
