"""What records of one zone may stand together: checked for whole sets of changes, whose order does not matter.

The zone is judged as it will be after all changes, so a CNAME may take the place of an address in one set.
Only what the changes touch is looked at, and only what they add can be at fault: a zone that came in with old
faults can still be edited.

Three choices the standards leave to us:

- SOA and NS of the zone itself are made from the zone's list of name servers, so records never hold them, and
  writing them is refused.
- Records of one name and type with different times to live are taken; RFC 2181, 5.2 wants one time, and
  `with_one_ttl` gives the set the newest when it is served. Refusing would forbid changing the time of a set
  one record after the other.
- A DS without its NS, or addresses below a delegation that no NS names, are taken: they do no harm, and
  clients that write one record at a time must be free to begin with either.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from alpage.products.dns import names, rdata
from alpage.products.dns.recorddata import RecordData

_ADDRESSES = frozenset({"A", "AAAA"})
_AT_DELEGATION = _ADDRESSES | {"DS", "NS"}
_MAX_SET_OCTETS = 60_000  # an answer has 65,535, which must also hold the question and the rest
_RECORD_OVERHEAD_OCTETS = 12

EXCLUSION = "dns_record_mutual_exclusion"
DUPLICATE = "dns_record_already_exists"
INVALID = "invalid_dns_record"
UNSUPPORTED = "unsupported_dns_record_type"
NOT_FOUND = "object_not_found"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: a record goes, a record comes, or one takes the place of another."""

    removed: RecordData | None = None
    added: RecordData | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one change of a set cannot be: the API's error code, the rule that failed, and words for people.

    A mutual exclusion names the types that stand in the way.
    """

    index: int
    code: str
    reason: str
    message: str
    conflicting_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needed:
    """What of a zone `check` will ask for: owners, and owners whose whole subtree it needs."""

    names: frozenset[str]
    subtrees: frozenset[str]


class ZoneRecords(Protocol):
    """The records a zone has before the changes, asked for by owner."""

    def at(self, source: str) -> Sequence[RecordData]:
        """Give the records of one owner."""
        ...

    def below(self, source: str) -> Iterable[RecordData]:
        """Give the records of all owners under this one, without its own."""
        ...


class Snapshot:
    """Records held in memory: a whole zone, or at least what `needed` names."""

    def __init__(self, records: Iterable[RecordData]) -> None:
        self._by_name: dict[str, list[RecordData]] = defaultdict(list)
        for record in records:
            self._by_name[record.source].append(record)
        self._names_below: dict[str, list[str]] | None = None

    def at(self, source: str) -> Sequence[RecordData]:
        """Give the records of one owner."""
        return self._by_name.get(source, ())

    def below(self, source: str) -> Iterator[RecordData]:
        """Give the records of all owners under this one, without its own."""
        if self._names_below is None:
            self._names_below = _index_below(self._by_name)
        for name in self._names_below.get(source, ()):
            yield from self._by_name[name]


def needed(changes: Iterable[Change]) -> Needed:
    """Say which records `check` will look at, so that they can be fetched at once."""
    owners: set[str] = set()
    subtrees: set[str] = set()
    for change in changes:
        if change.removed:
            owners.add(change.removed.source)
        if change.added:
            owners.add(change.added.source)
            owners.update(names.ancestors(change.added.source))
            if change.added.type in {"DNAME", "NS"}:
                subtrees.add(change.added.source)
    return Needed(frozenset(owners), frozenset(subtrees))


def check(zone: str, changes: Sequence[Change], existing: ZoneRecords) -> list[Fault]:
    """Give all faults of a set of changes, in the order of the changes; none means that it may be written."""
    after = _After(changes, existing)
    faults = after.faults
    for index, record in after.added:
        for rule in _RULES:
            faults += [Fault(index, *broken) for broken in rule(record, after, zone)]
    return sorted(faults, key=lambda fault: fault.index)


def with_one_ttl(records: Iterable[RecordData]) -> list[RecordData]:
    """Give every set of records the time to live of its last record; the records come oldest edit first."""
    records = list(records)
    ttls = {(record.source, record.type): record.ttl for record in records}
    return [
        RecordData(record.source, record.type, ttls[record.source, record.type], record.target) for record in records
    ]


_Identity = tuple[str, str, str]


class _Node:
    """The records of one owner, summed up."""

    def __init__(self, records: Iterable[RecordData]) -> None:
        self.identities: set[_Identity] = set()
        self.count: Counter[str] = Counter()
        self.octets: Counter[str] = Counter()
        for record in records:
            self.add(record)

    def add(self, record: RecordData) -> None:
        self.identities.add(record.identity)
        self.count[record.type] += 1
        self.octets[record.type] += len(record.target) + _RECORD_OVERHEAD_OCTETS

    def remove(self, record: RecordData) -> None:
        self.identities.remove(record.identity)
        self.count[record.type] -= 1
        self.octets[record.type] -= len(record.target) + _RECORD_OVERHEAD_OCTETS

    def has(self, rtype: str) -> bool:
        return self.count[rtype] > 0

    def others(self, *types: str) -> list[str]:
        """Name the types that are here besides these."""
        return sorted(rtype for rtype, count in self.count.items() if count and rtype not in types)


class _After:
    """The zone as it will be: what exists, less what is removed, with what is added."""

    def __init__(self, changes: Sequence[Change], existing: ZoneRecords) -> None:
        self.faults: list[Fault] = []
        self.added: list[tuple[int, RecordData]] = []
        self._existing = existing
        self._nodes: dict[str, _Node] = {}
        self._gone: set[_Identity] = set()
        self._new: dict[str, list[RecordData]] = defaultdict(list)
        self._names_below: dict[str, list[str]] | None = None
        # All removals before any addition: the order of a set has no meaning.
        for index, change in enumerate(changes):
            if change.removed:
                self._remove(index, change.removed)
        for index, change in enumerate(changes):
            if change.added:
                self._add(index, change.added)

    def node(self, source: str) -> _Node:
        found = self._nodes.get(source)
        if found is None:
            found = self._nodes[source] = _Node(self._existing.at(source))
        return found

    def below(self, source: str) -> Iterator[RecordData]:
        if self._names_below is None:
            self._names_below = _index_below(self._new)
        yield from (record for record in self._existing.below(source) if record.identity not in self._gone)
        for name in self._names_below.get(source, ()):
            yield from self._new[name]

    def _remove(self, index: int, record: RecordData) -> None:
        node = self.node(record.source)
        if record.identity not in node.identities:
            self.faults.append(Fault(index, NOT_FOUND, "removed_is_absent", "The record to remove is not there."))
            return
        node.remove(record)
        self._gone.add(record.identity)

    def _add(self, index: int, record: RecordData) -> None:
        node = self.node(record.source)
        if record.identity in node.identities:
            message = f"This name has a {record.type} record with this target already."
            self.faults.append(Fault(index, DUPLICATE, "duplicate", message))
            return
        node.add(record)
        self._new[record.source].append(record)
        self.added.append((index, record))


def _index_below(owners: Iterable[str]) -> dict[str, list[str]]:
    """List under every name the owners below it."""
    below: dict[str, list[str]] = defaultdict(list)
    for owner in owners:
        for ancestor in names.ancestors(owner):
            below[ancestor].append(owner)
    return below


# The rules: each looks at one added record and yields (code, reason, message) of what is broken, and conflicting types.

_Broken = tuple[str, str, str] | tuple[str, str, str, tuple[str, ...]]


def _writable_type(record: RecordData, _after: _After, _zone: str) -> Iterator[_Broken]:
    if record.type not in rdata.WRITABLE:
        yield UNSUPPORTED, "type_read_only", f"{record.type} records cannot be written."


def _apex(record: RecordData, _after: _After, zone: str) -> Iterator[_Broken]:
    if record.source != names.APEX:
        return
    if record.type == "CNAME":
        message = f"{zone} itself has SOA and NS records, beside which a CNAME cannot stand."
        yield EXCLUSION, "cname_at_apex", message, ("NS", "SOA")
    if record.type == "NS":
        yield INVALID, "ns_at_apex", f"The name servers of {zone} itself are set on the domain, not as records."
    if record.type == "DS":
        yield INVALID, "ds_at_apex", f"The DS records of {zone} belong in the zone above it; the registry holds them."


def _wildcard(record: RecordData, _after: _After, _zone: str) -> Iterator[_Broken]:
    # RFC 4592, 4.2 and 4.4: what these would mean at a wildcard is undefined.
    if record.source.startswith("*") and record.type in {"NS", "DNAME", "DS"}:
        yield INVALID, "wildcard_type", f"A wildcard name cannot have {record.type} records."


def _alone(record: RecordData, after: _After, _zone: str) -> Iterator[_Broken]:
    node = after.node(record.source)
    if record.type == "CNAME":
        if others := node.others("CNAME"):
            message = f"A CNAME cannot stand beside the {_listed(others)} of its name."
            yield EXCLUSION, "cname_beside_others", message, tuple(others)
        if node.count["CNAME"] > 1:
            yield EXCLUSION, "cname_twice", "A name has one CNAME record at most.", ("CNAME",)
    elif node.has("CNAME"):
        message = f"This name has a CNAME, beside which a {record.type} cannot stand."
        yield EXCLUSION, "cname_beside_others", message, ("CNAME",)
    if record.type == "DNAME" and node.count["DNAME"] > 1:
        yield EXCLUSION, "dname_twice", "A name has one DNAME record at most.", ("DNAME",)


def _loop(record: RecordData, _after: _After, zone: str) -> Iterator[_Broken]:
    owner = names.absolute(record.source, zone)
    if record.type == "CNAME" and record.target == owner:
        yield INVALID, "alias_of_itself", "The CNAME points to its own name."
    if record.type == "DNAME" and f".{record.target}".endswith(f".{owner}"):
        yield INVALID, "alias_of_itself", "The DNAME points to its own name or below it."


def _above(record: RecordData, after: _After, _zone: str) -> Iterator[_Broken]:
    for ancestor in names.ancestors(record.source):
        node = after.node(ancestor)
        if node.has("DNAME"):
            yield EXCLUSION, "below_dname", f"“{ancestor}” has a DNAME, below which there are no names.", ("DNAME",)
        if ancestor != names.APEX and node.has("NS") and record.type not in _ADDRESSES:
            message = f"“{ancestor}” is delegated to other name servers; below it only their addresses can stand here."
            yield EXCLUSION, "below_delegation", message, ("NS",)


def _delegation(record: RecordData, after: _After, _zone: str) -> Iterator[_Broken]:
    node = after.node(record.source)
    if record.source == names.APEX or not node.has("NS"):
        return
    if record.type not in _AT_DELEGATION:
        message = f"This name is delegated to other name servers, beside which a {record.type} cannot stand."
        yield EXCLUSION, "at_delegation", message, ("NS",)
    if record.type == "NS":
        if others := node.others(*_AT_DELEGATION, "CNAME"):
            message = f"A delegation cannot stand beside the {_listed(others)} of its name."
            yield EXCLUSION, "at_delegation", message, tuple(others)
        if hidden := {below.type for below in after.below(record.source)} - _ADDRESSES:
            message = "There are records below this name that the delegation would hide."
            yield EXCLUSION, "below_delegation", message, tuple(sorted(hidden))


def _dname(record: RecordData, after: _After, _zone: str) -> Iterator[_Broken]:
    if record.type == "DNAME" and (hidden := {below.type for below in after.below(record.source)}):
        message = "There are records below this name that the DNAME would hide."
        yield EXCLUSION, "below_dname", message, tuple(sorted(hidden))


def _set_size(record: RecordData, after: _After, _zone: str) -> Iterator[_Broken]:
    if after.node(record.source).octets[record.type] > _MAX_SET_OCTETS:
        yield INVALID, "set_too_large", f"The {record.type} records of this name would not fit in one answer."


_RULES: tuple[Callable[[RecordData, _After, str], Iterator[_Broken]], ...] = (
    _writable_type,
    _apex,
    _wildcard,
    _alone,
    _loop,
    _above,
    _delegation,
    _dname,
    _set_size,
)


def _listed(types: Iterable[str]) -> str:
    return ", ".join(types)
