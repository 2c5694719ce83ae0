"""Taking changes back: what a reversal of changes needs, whatever they are of. `accounts/reverts.py` has the routes.

All reasons against it are found before anything is done, and it is done whole or not at all, through the unit of work:
what it does is in the change log, with the entries it takes back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, UniqueConstraint, and_, or_, select

from alpage.api.callers import require_scope
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault
from alpage.api.history import SUBJECTS, Reversal, Subject, Undo, Work
from alpage.storage.changes import HIDDEN, Change
from alpage.storage.tables import Base

Item = TypeVar("Item")

MOST_FAULTS = 100
KEYS_A_QUERY = 500

REFUSAL_CODES = ("change_not_revertible", "access_denied", "all_scopes", "object_not_found", "blast_radius_exceeded")


def read(changes: Iterable[Any]) -> list[Reversal]:
    """The reversals of entries of the log, one for each object: of several entries, what they did together."""
    found: dict[tuple[str, int], Reversal] = {}
    for change in changes:
        key = (change.event, change.object_id)
        earlier, one = found.pop(key, None), _reversal(change)
        together = one if earlier is None else _together(earlier, one)
        if together is not None:
            found[key] = together
    return [*found.values()]


def _reversal(change: Any) -> Reversal:
    return Reversal(
        change.id,
        SUBJECTS[change.event],
        change.action,
        change.object_id,
        change.account_id,
        change.product_id,
        change.before or {},
        change.after or {},
    )


def _together(earlier: Reversal, later: Reversal) -> Reversal | None:
    """Two changes of one object as one; what came and went is none."""
    if earlier.action == "created":
        if later.action == "deleted":
            return None
        later.action, later.before, later.after = "created", {}, {**earlier.after, **later.after}
    else:
        later.before = {**later.before, **earlier.before}
    return later


def with_parts(call: Call, change: Any) -> list[Any]:
    """An entry with those of the same request that go with it: a zone that was deleted goes with its records.

    Raises `change_not_revertible` for something deleted whose parts are not known.
    """
    subject = SUBJECTS[change.event]
    if change.action == "updated" or (change.action == "created" and subject.ends) or not _children(subject):
        return [change]
    if change.request_id is None:
        if change.action == "deleted":
            _refuse([_reversal(change).fault("revert_incomplete")])
        return [change]
    same = (Change.request_id == change.request_id, Change.action == change.action)
    others = call.transaction.execute(select(Change.__table__).where(*same).order_by(Change.id)).all()
    together = [change]
    for one in together:  # grows as it is read
        referring = {child.event: column for child, column in _children(SUBJECTS[one.event])}
        together += [other for other in others if _refers(other, referring, one.object_id)]
    return together


def _refers(change: Any, referring: Mapping[str, str], object_id: int) -> bool:
    column = referring.get(change.event)
    return column is not None and (change.before or change.after or {}).get(column) == object_id


def revert(call: Call, items: Sequence[Reversal], *, force: bool) -> None:
    """Takes changes back, all or none of them.

    Raises `change_not_revertible` with all reasons, and what the routes of the objects would raise of the caller.
    """
    faults = [item.fault(*reason) for item in items for reason in item.subject.refusals(*_content(item))]
    _refuse(faults)
    works = [Work(call, group, force, faults) for group in _by_subject(items)]
    for work in works:
        require_scope(call.caller, (_undo(work).writes,))
    for work in works:
        _undo(work).guard(work)
    for work in works:
        _load(work)
        faults += _moved_on(work)
    _refuse(faults)
    everything = {(item.event, item.object_id) for item in items if item.action != "updated"}
    for work in works:
        faults += [*_taken(work), *_orphans(work, everything), *_in_use(work, everything)]
        _undo(work).check(work)
    _refuse(faults)
    _apply(call, works)


def _content(item: Reversal) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    return item.action, item.before, item.after


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ApiError("change_not_revertible", faults=faults[:MOST_FAULTS], reasons=len(faults))


def _undo(work: Work) -> Undo:
    undo = work.items[0].subject.undo
    if undo is None:
        raise TypeError("what cannot be taken back is refused before")
    return undo


def _by_subject(items: Iterable[Reversal]) -> list[list[Reversal]]:
    """Reversals by the kind of object, parents before children."""
    groups: dict[str, list[Reversal]] = defaultdict(list)
    for item in items:
        groups[item.event].append(item)
    order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
    return sorted(groups.values(), key=lambda group: order[group[0].subject.model.__tablename__])


def _apply(call: Call, works: Sequence[Work]) -> None:
    """What is put back comes first, parents before children; then goes what is taken away, children before parents."""
    for work in works:
        is_whole = _undo(work).whole
        _do(work, [item for item in work.items if is_whole or item.action != "created"])
    for work in reversed(works):
        if not _undo(work).whole:
            _do(work, [item for item in work.items if item.action == "created"])
    reverts = call.transaction.changes.reverts
    reverts.update({(item.event, item.object_id): item.change_id for work in works for item in work.items})


def _do(work: Work, items: Sequence[Reversal]) -> None:
    if items:
        _undo(work).apply(replace(work, items=items))
        work.call.session.flush()


# what stands in the way


def _load(work: Work) -> None:
    model = work.items[0].subject.model
    by_id = {item.object_id: item for item in work.items}
    for ids in _portions(sorted(by_id)):
        query = select(model).where(model.__table__.c.id.in_(ids)).order_by(model.__table__.c.id).with_for_update()
        for row in work.call.session.scalars(query.execution_options(populate_existing=True)):
            by_id[row.id].row = row  # type: ignore[attr-defined]  # every logged table has an id


def _moved_on(work: Work) -> Iterator[Fault]:
    """What has become of the objects since: each field that is not as the change left it, and who has changed it."""
    for item in work.items:
        if item.action == "deleted":
            if item.row is not None:
                yield item.fault("revert_object_present", **_since(work.call, item))
        elif item.row is None:
            yield item.fault("revert_object_gone", **_since(work.call, item))
        else:
            names = item.changed if item.action == "updated" else [*item.after.keys() - item.subject.follows]
            for name in names:
                if item.after[name] not in (HIDDEN, getattr(item.row, name)):
                    yield item.fault("revert_field_changed", name, **_since(work.call, item, name))


def _since(call: Call, item: Reversal, name: str | None = None) -> dict[str, Any]:
    """The latest change of an object, or of one of its fields, since the one that is to be taken back."""
    query = (
        select(Change.id, Change.user_id, Change.created_at, Change.after)
        .where(Change.event == item.event, Change.object_id == item.object_id, Change.id > item.change_id)
        .order_by(Change.id.desc())
    )
    for later in call.transaction.execute(query):
        if name is None or name in (later.after or {}):
            return {"later_change_id": later.id, "changed_by": later.user_id, "changed_at": later.created_at}
    return {}


def _taken(work: Work) -> Iterator[Fault]:
    """The values that others have meanwhile, where no two may have the same."""
    subject = work.items[0].subject
    for names in _unique(subject):
        columns = [subject.columns[name] for name in names]
        wanted = {
            tuple(item.value(name) for name in names): item
            for item in work.items
            if item.action == "deleted" or (item.action == "updated" and set(names) & set(item.changed))
        }
        leaving = [item.object_id for item in work.items]
        for values in _portions(value for value in wanted if None not in value):
            same = or_(
                *(and_(*(column == one for column, one in zip(columns, value, strict=True))) for value in values)
            )
            others = subject.columns["id"].not_in(leaving)
            for row in work.call.transaction.execute(select(*columns).where(same, others)):
                yield wanted[tuple(row)].fault("revert_value_taken", names[-1])


@cache
def _unique(subject: Subject) -> tuple[tuple[str, ...], ...]:
    names = {column: name for name, column in subject.columns.items()}
    single = [(name,) for name, column in subject.columns.items() if column.unique]
    several = [
        tuple(names[column] for column in constraint.columns)
        for constraint in subject.model.__table__.constraints  # type: ignore[attr-defined]  # it is a table
        if isinstance(constraint, UniqueConstraint) and len(constraint.columns) > 1
    ]
    return (*single, *several)


def _orphans(work: Work, everything: set[tuple[str, int]]) -> Iterator[Fault]:
    """What refers to something that is no longer there, and does not come back with it."""
    for name, target, parent in _references(work.items[0].subject):
        coming = [item for item in work.items if item.action == "deleted" or name in item.changed]
        wanted = {item.value(name) for item in coming if item.action != "created"} - {None}
        if parent is not None:
            wanted -= {id for id in wanted if (parent.event, id) in everything}
        present: set[Any] = set()
        for ids in _portions(wanted):
            present.update(work.call.transaction.execute(select(target).where(target.in_(ids))).scalars())
        missing = wanted - present
        yield from (
            item.fault("revert_object_gone", name) for item in coming if missing and item.value(name) in missing
        )


def _in_use(work: Work, everything: set[tuple[str, int]]) -> Iterator[Fault]:
    """What other things have come to refer to, and that does not go with it."""
    if work.items[0].subject.ends:
        return
    leaving = {item.object_id: item for item in work.items if item.action == "created"}
    for child, name in _children(work.items[0].subject):
        column, id = child.columns[name], child.columns["id"]
        for ids in _portions(leaving):
            for row in work.call.transaction.execute(select(id, column.label("parent")).where(column.in_(ids))):
                if (child.event, row.id) not in everything:
                    yield leaving[row.parent].fault("revert_in_use", child=child.event, child_id=row.id)


@cache
def _references(subject: Subject) -> tuple[tuple[str, Column[Any], Subject | None], ...]:
    """The fields that refer to other tables, with the keys they refer to, and the kind of object if it is logged."""
    by_table = {one.model.__table__: one for one in SUBJECTS}
    return tuple(
        (name, key.column, by_table.get(key.column.table))
        for name, column in subject.columns.items()
        for key in column.foreign_keys
    )


@cache
def _children(subject: Subject) -> tuple[tuple[Subject, str], ...]:
    """The kinds of objects that refer to this one, but for those that come and go by themselves, by which field."""
    return tuple(
        (child, name)
        for child in SUBJECTS
        if not child.comes_by_itself
        for name, _, parent in _references(child)
        if parent is subject and child is not subject
    )


def _portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while portion := [*islice(remaining, KEYS_A_QUERY)]:
        yield portion
