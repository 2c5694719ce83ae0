"""Versions of a zone as differences: what name servers fetch (IXFR), people review and a revert takes back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NotRequired, TypedDict, cast

from alpage.products.dns.recorddata import RecordData, in_order


@dataclass(frozen=True, slots=True)
class Delta:
    """The records that go and those that come between two versions, in DNS order and without overlap."""

    removed: tuple[RecordData, ...] = ()
    added: tuple[RecordData, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


class DeltaMismatchError(ValueError):
    """A delta that was made for other records than it meets."""


class State(TypedDict):
    """A record's changeable half in a readable difference."""

    ttl: int
    target: str


class Difference(TypedDict):
    """One line of a readable difference."""

    change: Literal["added", "removed", "changed"]
    source: str
    type: str
    before: NotRequired[State]
    after: NotRequired[State]


def diff(old: Iterable[RecordData], new: Iterable[RecordData]) -> Delta:
    """Give what leads from the old records to the new."""
    before, after = set(old), set(new)
    return _delta(before - after, after - before)


def apply(records: Iterable[RecordData], delta: Delta) -> list[RecordData]:
    """Give the records after a delta, in DNS order; raises `DeltaMismatchError` where it does not fit."""
    present = set(records)
    if not present.issuperset(delta.removed):
        raise DeltaMismatchError("A record to remove is not there.")
    kept = present.difference(delta.removed)
    if not kept.isdisjoint(delta.added):
        raise DeltaMismatchError("A record to add is there already.")
    return in_order(kept.union(delta.added))


def invert(delta: Delta) -> Delta:
    """Give the delta that takes this one back."""
    return Delta(removed=delta.added, added=delta.removed)


def compose(deltas: Iterable[Delta]) -> Delta:
    """Give the one delta that does what several do in a row; what a later one takes back is in neither half."""
    removed: set[RecordData] = set()
    added: set[RecordData] = set()
    for delta in deltas:
        taken_back = added.intersection(delta.removed)
        put_back = removed.intersection(delta.added)
        added -= taken_back
        removed -= put_back
        removed.update(record for record in delta.removed if record not in taken_back)
        added.update(record for record in delta.added if record not in put_back)
    return _delta(removed, added)


def pairs(delta: Delta) -> Iterator[tuple[RecordData | None, RecordData | None]]:
    """Give what goes beside what takes its place, in DNS order.

    Within one name and type, records with the same target belong together first, then the others in order.
    """
    removed, added = _sets(delta.removed), _sets(delta.added)
    for key in dict.fromkeys((record.source, record.type) for record in in_order([*delta.removed, *delta.added])):
        leaving, coming = removed.get(key, []), {record.target: record for record in added.get(key, [])}
        kept = [(record, coming.pop(record.target)) for record in leaving if record.target in coming]
        rest = [record for record in leaving if record.target not in {old.target for old, _ in kept}]
        yield from kept
        yield from zip_longest(rest, coming.values())


def explain(delta: Delta) -> list[Difference]:
    """Give a delta as a person reads it: what takes the place of something is a change of it."""
    return [_explain(before, after) for before, after in pairs(delta)]


def _explain(before: RecordData | None, after: RecordData | None) -> Difference:
    if before and after:
        return Difference(
            change="changed", source=after.source, type=after.type, before=_state(before), after=_state(after)
        )
    if before:
        return Difference(change="removed", source=before.source, type=before.type, before=_state(before))
    record = cast("RecordData", after)
    return Difference(change="added", source=record.source, type=record.type, after=_state(record))


def _sets(records: Iterable[RecordData]) -> dict[tuple[str, str], list[RecordData]]:
    sets: dict[tuple[str, str], list[RecordData]] = {}
    for record in records:
        sets.setdefault((record.source, record.type), []).append(record)
    return sets


def _state(record: RecordData) -> State:
    return State(ttl=record.ttl, target=record.target)


def _delta(removed: Iterable[RecordData], added: Iterable[RecordData]) -> Delta:
    return Delta(removed=tuple(in_order(removed)), added=tuple(in_order(added)))
