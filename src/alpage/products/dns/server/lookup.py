"""What a question's answer is: RFC 1034, section 4.3.2, with RFC 2308, 4592, 6672 and 8482. `responder.py` calls it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import dns.rcode
import dns.rdatatype

from alpage.products.dns.server.encoding import ancestry, parent
from alpage.products.dns.server.zone import DNAME, NS, SOA, Node, RRset, Zone

CNAME, ANY, DS = int(dns.rdatatype.CNAME), int(dns.rdatatype.ANY), int(dns.rdatatype.DS)
_ADDRESSES = (int(dns.rdatatype.A), int(dns.rdatatype.AAAA))
LONGEST_CHAIN = 16
"""Aliases followed in one answer; resolvers give up earlier."""


class Entry(NamedTuple):
    """An RRset under the name it is answered for."""

    owner: bytes
    type: int
    rrset: RRset


@dataclass(slots=True)
class Answer:
    """The sections of an answer; `glue` is what a referral may not lack (RFC 9471), `optional_glue` what it may."""

    rcode: int = dns.rcode.NOERROR
    authoritative: bool = False
    zones: list[Zone] = field(default_factory=list)
    """The versions it was made from; none when the question is not for any zone served."""
    answer: list[Entry] = field(default_factory=list)
    authority: list[Entry] = field(default_factory=list)
    glue: list[Entry] = field(default_factory=list)
    optional_glue: list[Entry] = field(default_factory=list)


def resolve(zones: Mapping[bytes, Zone], name: bytes, rdtype: int) -> Answer:
    """Answer a question from the zones served, following aliases as far as these reach."""
    answer = Answer()
    seen: set[bytes] = set()
    next_name: bytes | None = name
    while next_name:
        zone = _zone_for(zones, next_name, rdtype)
        if zone is None:
            break
        if next_name in seen or len(seen) == LONGEST_CHAIN:
            answer.rcode = dns.rcode.SERVFAIL
            break
        seen.add(next_name)
        if zone not in answer.zones:
            answer.zones.append(zone)
        next_name = _look_up(zone, next_name, rdtype, answer)
    if not answer.zones:
        answer.rcode = dns.rcode.REFUSED
    return answer


def _zone_for(zones: Mapping[bytes, Zone], name: bytes, rdtype: int) -> Zone | None:
    zone = _nearest(zones, name)
    if rdtype == DS and zone and zone.apex == name and name != b"\0":
        return _nearest(zones, parent(name)) or zone  # a DS record is the parent's (RFC 4035, section 3.1.4.1)
    return zone


def _nearest(zones: Mapping[bytes, Zone], name: bytes) -> Zone | None:
    for ancestor in ancestry(name):
        if zone := zones.get(ancestor):
            return zone
    return None


def _look_up(zone: Zone, name: bytes, rdtype: int, answer: Answer) -> bytes | None:
    """Add what one zone says to the answer, and tell the name at which to go on, if any."""
    cut = _first_cut(zone, name, rdtype) if zone.cuts else None
    if cut is not None:
        return _leave(zone, cut, name, rdtype, answer)
    answer.authoritative = True
    node = _node_for(zone, name)
    if node is None:
        answer.rcode = dns.rcode.NXDOMAIN
        answer.authority.append(Entry(zone.apex, SOA, zone.negative_soa))
        return None
    return _select(zone, node, name, rdtype, answer)


def _first_cut(zone: Zone, name: bytes, rdtype: int) -> bytes | None:
    """Find the highest name at which the zone's own data ends above this question."""
    path = ancestry(name)
    for ancestor in reversed(path[: path.index(zone.apex) + 1]):
        if ancestor in zone.cuts and _stops(zone, ancestor, name, rdtype):
            return ancestor
    return None


def _stops(zone: Zone, cut: bytes, name: bytes, rdtype: int) -> bool:
    if NS in zone.names[cut] and cut != zone.apex:
        return cut != name or rdtype != DS
    return cut != name and DNAME in zone.names[cut]


def _node_for(zone: Zone, name: bytes) -> Node | None:
    """Find the records of a name, its own or a wildcard's; None if the name does not exist."""
    node = zone.names.get(name)
    if node is not None:
        return node
    encloser = name
    while not zone.exists(encloser):
        encloser = parent(encloser)
    if encloser == name:
        return {}
    wildcard = b"\x01*" + encloser
    return zone.names.get(wildcard, {}) if zone.exists(wildcard) else None


def _select(zone: Zone, node: Node, name: bytes, rdtype: int, answer: Answer) -> bytes | None:
    if rdtype == ANY and node:
        rdtype = min(node)  # one RRset is answer enough (RFC 8482, section 4.1)
    if rdtype in node:
        answer.answer.append(Entry(name, rdtype, node[rdtype]))
        if rdtype == NS:
            answer.optional_glue += _addresses(zone, node[NS].rdatas)
        return None
    if CNAME in node:
        answer.answer.append(Entry(name, CNAME, node[CNAME]))
        return node[CNAME].rdatas[0]
    answer.authority.append(Entry(zone.apex, SOA, zone.negative_soa))
    return None


def _leave(zone: Zone, cut: bytes, name: bytes, rdtype: int, answer: Answer) -> bytes | None:
    node = zone.names[cut]
    if NS in node and cut != zone.apex:
        _refer(zone, cut, node[NS], answer)
        return None
    return _redirect(cut, node[DNAME], name, rdtype, answer)


def _redirect(owner: bytes, dname: RRset, name: bytes, rdtype: int, answer: Answer) -> bytes | None:
    """Move a name from below a DNAME's owner to below its target (RFC 6672, section 3.2)."""
    answer.authoritative = True
    answer.answer.append(Entry(owner, DNAME, dname))
    target = name[: -len(owner)] + dname.rdatas[0]
    if len(target) > 255:
        answer.rcode = dns.rcode.YXDOMAIN
        return None
    answer.answer.append(Entry(name, CNAME, RRset(dname.ttl, (target,), (dname.ttl,))))
    return None if rdtype in (CNAME, ANY) else target


def _refer(zone: Zone, cut: bytes, nameservers: RRset, answer: Answer) -> None:
    answer.authority.append(Entry(cut, NS, nameservers))
    within = [host for host in nameservers.rdatas if cut in ancestry(host)]
    beside = [host for host in nameservers.rdatas if cut not in ancestry(host)]
    answer.glue += _addresses(zone, within)
    answer.optional_glue += _addresses(zone, beside)


def _addresses(zone: Zone, hosts: Iterable[bytes]) -> list[Entry]:
    nodes = [(host, zone.names.get(host, {})) for host in hosts]
    return [Entry(host, rdtype, node[rdtype]) for host, node in nodes for rdtype in _ADDRESSES if rdtype in node]
