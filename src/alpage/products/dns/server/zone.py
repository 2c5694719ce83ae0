"""Zones as the name server holds them: what callers hand over, and the version that queries are answered from.

A `Zone` is one version and is not changed once it is served: a delta makes the next version from copies of its
dictionaries and replaces only the nodes it touches, so readers need no lock. `EmbeddedServer` makes versions;
`lookup.py` and `transfer.py` read them.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import dns.rdatatype

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server.encoding import name_to_wire, parent, rdata_to_wire

NS, SOA, DNAME = int(dns.rdatatype.NS), int(dns.rdatatype.SOA), int(dns.rdatatype.DNAME)


@dataclass(frozen=True, slots=True)
class ZoneSnapshot:
    """A whole zone at one serial; times are in seconds.

    The SOA record and the NS records of the apex are made from these fields; those among `records` are passed over.
    Without `mname` the first name server is the primary; without `rname` the mailbox is hostmaster at the zone.
    """

    fqdn: str
    serial: int
    nameservers: tuple[str, ...]
    records: Sequence[RecordData]
    refresh: int = 10_800
    retry: int = 3_600
    expire: int = 1_209_600
    minimum_ttl: int = 300
    authority_ttl: int = 3_600
    mname: str | None = None
    rname: str | None = None


@dataclass(frozen=True, slots=True)
class ZoneDelta:
    """What leads from one serial of a zone to a later one; the apex's SOA and NS records are passed over."""

    serial_from: int
    serial_to: int
    removed: Sequence[RecordData]
    added: Sequence[RecordData]


class RRset(NamedTuple):
    """All records of one type at one name, in canonical order; `ttl` is the smallest of their TTLs (RFC 2181, 5.2)."""

    ttl: int
    rdatas: tuple[bytes, ...]
    ttls: tuple[int, ...]


Node = dict[int, RRset]


class ResourceRecord(NamedTuple):
    """One record as a transfer carries it."""

    owner: bytes
    type: int
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A step of a zone's history, in the parts IXFR sends (RFC 1995, section 4)."""

    serial_from: int
    soa_before: ResourceRecord
    removed: tuple[ResourceRecord, ...]
    soa_after: ResourceRecord
    added: tuple[ResourceRecord, ...]

    @property
    def size(self) -> int:
        """How many records it carries."""
        return 2 + len(self.removed) + len(self.added)


class MisfitError(Exception):
    """A delta does not fit the version of the zone that is held."""


@dataclass(slots=True, eq=False)
class Zone:
    """One version of a zone; every name is absolute, lower case and in wire form."""

    apex: bytes
    serial: int
    soa_names: bytes
    soa_timers: bytes
    names: dict[bytes, Node]
    """Names that own records."""
    below: dict[bytes, int]
    """For a name with names under it, how many exist right below: its keys without records are empty non-terminals."""
    cuts: set[bytes]
    """Names from which the zone's own data ends: delegations, and owners of DNAME."""
    history: tuple[Change, ...] = ()
    """The changes that led here, oldest first, each starting where the one before ended."""
    current: bool = True
    """Whether this version is the one served; kept answers of another are void."""

    @property
    def soa(self) -> ResourceRecord:
        """The zone's SOA record."""
        rrset = self.names[self.apex][SOA]
        return ResourceRecord(self.apex, SOA, rrset.ttl, rrset.rdatas[0])

    @property
    def negative_soa(self) -> RRset:
        """The SOA as negative answers carry it, with the TTL of RFC 2308, section 5."""
        rrset = self.names[self.apex][SOA]
        return rrset._replace(ttl=min(rrset.ttl, int.from_bytes(self.soa_timers[-4:])))

    def exists(self, name: bytes) -> bool:
        """Tell whether the name owns records or has names below it."""
        return name in self.names or name in self.below

    def records(self) -> Iterator[ResourceRecord]:
        """List every record but the SOA."""
        for owner, node in self.names.items():
            for rdtype, rrset in node.items():
                if rdtype != SOA:
                    yield from _records(owner, rdtype, rrset)


def build(snapshot: ZoneSnapshot) -> Zone:
    """Make a zone from a snapshot; ValueError names the first record that does not parse."""
    apex = name_to_wire(snapshot.fqdn)
    if not snapshot.nameservers:
        raise ValueError(f"zone {snapshot.fqdn} has no name server")
    nameservers = [name_to_wire(host) for host in snapshot.nameservers]
    mname = name_to_wire(snapshot.mname) if snapshot.mname else nameservers[0]
    rname = name_to_wire(snapshot.rname) if snapshot.rname else b"\x0ahostmaster" + apex
    zone = Zone(
        apex=apex,
        serial=snapshot.serial,
        soa_names=mname + rname,
        soa_timers=struct.pack("!IIII", snapshot.refresh, snapshot.retry, snapshot.expire, snapshot.minimum_ttl),
        names={},
        below={},
        cuts=set(),
    )
    _put(zone, apex, NS, _rrset(dict.fromkeys(nameservers, snapshot.authority_ttl)))
    _put_soa(zone, snapshot.authority_ttl)
    for (owner, rdtype), contents in _grouped(apex, snapshot.records).items():
        _put(zone, owner, rdtype, _rrset(contents))
    return zone


def apply(zone: Zone, delta: ZoneDelta, steps_kept: int) -> Zone:
    """Make the version that a delta leads to, with its history (see `inherit`).

    MisfitError: the delta starts from another serial, removes what is not there, or adds what is.
    """
    if zone.serial != delta.serial_from or not is_newer(delta.serial_to, zone.serial):
        raise MisfitError
    following = replace(
        zone,
        serial=delta.serial_to,
        names=zone.names.copy(),
        below=zone.below.copy(),
        cuts=zone.cuts.copy(),
        current=True,
    )
    removed, added = _grouped(zone.apex, delta.removed), _grouped(zone.apex, delta.added)
    touched = removed.keys() | added.keys()
    for owner, rdtype in touched:
        contents = _contents(zone.names.get(owner, {}).get(rdtype))
        _take_out(contents, removed.get((owner, rdtype), {}))
        _put_in(contents, added.get((owner, rdtype), {}))
        _put(following, owner, rdtype, _rrset(contents))
    _put_soa(following, zone.soa.ttl)
    change = _change(zone, following, {owner for owner, _ in touched})
    following.history = _shortened((*zone.history, change), following, steps_kept)
    return following


def inherit(before: Zone, after: Zone, steps_kept: int) -> None:
    """Give a version that was built anew its history: that of the version before, and the step between the two.

    The oldest steps go when there are more than `steps_kept`, or when together they outgrow a full transfer.
    """
    if is_newer(after.serial, before.serial):
        change = _change(before, after, before.names.keys() | after.names.keys())
        after.history = _shortened((*before.history, change), after, steps_kept)


def _shortened(history: tuple[Change, ...], zone: Zone, steps_kept: int) -> tuple[Change, ...]:
    size = sum(change.size for change in history)
    affordable = max(len(zone.names), 1_000)
    while history and (len(history) > steps_kept or size > affordable):
        size -= history[0].size
        history = history[1:]
    return history


def is_newer(serial: int, than: int) -> bool:
    """Compare serials in their circle (RFC 1982)."""
    return 0 < (serial - than) % 2**32 < 2**31


def _grouped(apex: bytes, records: Iterable[RecordData]) -> dict[tuple[bytes, int], dict[bytes, int]]:
    """Encode records and sort them by name and type, each group a map from record data to TTL."""
    groups: dict[tuple[bytes, int], dict[bytes, int]] = defaultdict(dict)
    for record in records:
        try:
            rdtype = int(dns.rdatatype.from_text(record.type))
            owner = apex if record.source == "." else _owner(record.source, apex)
            if owner != apex or rdtype not in (SOA, NS):
                groups[owner, rdtype][rdata_to_wire(rdtype, record.target)] = record.ttl
        except (ValueError, dns.rdatatype.UnknownRdatatype) as error:
            raise ValueError(f"{record}: {error}") from error
    return groups


def _owner(source: str, apex: bytes) -> bytes:
    owner = name_to_wire(source)[:-1] + apex
    if len(owner) > 255:
        raise ValueError("the name is longer than 255 octets")
    return owner


def _rrset(contents: dict[bytes, int]) -> RRset | None:
    if not contents:
        return None
    if len(contents) == 1:
        ((rdata, ttl),) = contents.items()
        return RRset(ttl, (rdata,), (ttl,))
    rdatas = tuple(sorted(contents))
    return RRset(min(contents.values()), rdatas, tuple(contents[rdata] for rdata in rdatas))


def _contents(rrset: RRset | None) -> dict[bytes, int]:
    return dict(zip(rrset.rdatas, rrset.ttls, strict=True)) if rrset else {}


def _take_out(contents: dict[bytes, int], removed: dict[bytes, int]) -> None:
    for rdata in removed:
        if contents.pop(rdata, None) is None:
            raise MisfitError


def _put_in(contents: dict[bytes, int], added: dict[bytes, int]) -> None:
    if contents.keys() & added.keys():
        raise MisfitError
    contents.update(added)


def _put_soa(zone: Zone, ttl: int) -> None:
    rdata = zone.soa_names + zone.serial.to_bytes(4) + zone.soa_timers
    _put(zone, zone.apex, SOA, RRset(ttl, (rdata,), (ttl,)))


def _put(zone: Zone, owner: bytes, rdtype: int, rrset: RRset | None) -> None:
    """Set or take away one RRset of a version that is being made; nodes are replaced, for versions share them."""
    node = zone.names.get(owner, {}).copy()
    node.pop(rdtype, None)
    if rrset:
        node[rdtype] = rrset
    if node:
        if not zone.exists(owner):
            _appear(zone, owner)
        zone.names[owner] = node
    elif zone.names.pop(owner, None) and owner not in zone.below:
        _vanish(zone, owner)
    if DNAME in node or (NS in node and owner != zone.apex):
        zone.cuts.add(owner)
    else:
        zone.cuts.discard(owner)


def _appear(zone: Zone, name: bytes) -> None:
    """Count a new name below its parent, which comes to exist by it."""
    while name != zone.apex:
        above = parent(name)
        known = zone.exists(above)
        zone.below[above] = zone.below.get(above, 0) + 1
        if known:
            return
        name = above


def _vanish(zone: Zone, name: bytes) -> None:
    """Take a name off its parent's count; a parent left with nothing goes as well."""
    while name != zone.apex:
        name = parent(name)
        zone.below[name] -= 1
        if zone.below[name]:
            return
        del zone.below[name]
        if name in zone.names:
            return


def _change(before: Zone, after: Zone, owners: Iterable[bytes]) -> Change:
    removed: list[ResourceRecord] = []
    added: list[ResourceRecord] = []
    for owner, rdtype, old, new in _differences(before, after, owners):
        gone, come = set(_records(owner, rdtype, old)), set(_records(owner, rdtype, new))
        removed += gone - come
        added += come - gone
    return Change(before.serial, before.soa, tuple(sorted(removed)), after.soa, tuple(sorted(added)))


def _differences(
    before: Zone, after: Zone, owners: Iterable[bytes]
) -> Iterator[tuple[bytes, int, RRset | None, RRset | None]]:
    for owner in owners:
        old, new = before.names.get(owner, {}), after.names.get(owner, {})
        if old is not new and old != new:
            for rdtype in (old.keys() | new.keys()) - {SOA}:
                yield owner, rdtype, old.get(rdtype), new.get(rdtype)


def _records(owner: bytes, rdtype: int, rrset: RRset | None) -> Iterator[ResourceRecord]:
    if rrset:
        for rdata in rrset.rdatas:
            yield ResourceRecord(owner, rdtype, rrset.ttl, rdata)
