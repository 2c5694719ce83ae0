"""Reading requests: header, question, EDNS, and what transfers and signatures need. `responder.py` calls it.

Written by hand because it runs for every answer that is not kept: building a message object costs ten times as much.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

import dns.rdatatype

from alpage.products.dns.server.zone import SOA

OPT, TSIG, IXFR = int(dns.rdatatype.OPT), int(dns.rdatatype.TSIG), int(dns.rdatatype.IXFR)
AUTHORITY, ADDITIONAL = 2, 3

_HEADER = struct.Struct("!HHHHHH")
_QUESTION_TAIL = struct.Struct("!HH")
_RECORD_HEAD = struct.Struct("!HHIH")


class FormatError(Exception):
    """The message is not a well-formed query with exactly one question."""


class Edns(NamedTuple):
    """What the OPT record of a request says (RFC 6891)."""

    payload: int
    version: int
    dnssec_ok: bool
    has_options: bool


@dataclass(slots=True)
class Query:
    """A request with one question."""

    ident: int
    flags: int
    question: bytes
    """The question section as it came, so that the answer repeats its letters' case."""
    name: bytes
    """Lower case, in wire form."""
    type: int
    rdclass: int
    edns: Edns | None = None
    serial: int | None = None
    """The serial a secondary says it has, in the authority section of an IXFR request."""
    signature_start: int | None = None
    """Where the TSIG record begins."""


def parse(wire: bytes) -> Query:
    """Read a request of at least twelve octets."""
    try:
        return _parse(wire)
    except (IndexError, struct.error) as error:
        raise FormatError from error


def _parse(wire: bytes) -> Query:
    ident, flags, questions, *further = _HEADER.unpack_from(wire)
    if questions != 1:
        raise FormatError
    end = _end_of_question_name(wire)
    rdtype, rdclass = _QUESTION_TAIL.unpack_from(wire, end)
    # Octets of length are at most 63, below every letter, so this changes letters only.
    query = Query(ident, flags, wire[12 : end + 4], wire[12:end].lower(), rdtype, rdclass)
    position = end + 4
    for section, count in enumerate(further, start=1):
        for _ in range(count):
            position = _read_record(wire, position, section, query)
    if position != len(wire):
        raise FormatError
    return query


def _end_of_question_name(wire: bytes) -> int:
    position = 12
    while length := wire[position]:
        if length > 63:  # nothing stands before the first name that a pointer could mean
            raise FormatError
        position += length + 1
    if position - 12 > 254:
        raise FormatError
    return position + 1


def _read_record(wire: bytes, start: int, section: int, query: Query) -> int:
    if query.signature_start is not None:  # a signature is the last record (RFC 8945, section 5.1)
        raise FormatError
    position = _skip_name(wire, start)
    rdtype, rdclass, ttl, length = _RECORD_HEAD.unpack_from(wire, position)
    position += 10
    end: int = position + length
    if end > len(wire):
        raise FormatError
    if rdtype == OPT:
        if section != ADDITIONAL or query.edns or wire[start]:
            raise FormatError
        _check_options(wire, position, end)
        query.edns = Edns(rdclass, ttl >> 16 & 0xFF, bool(ttl & 0x8000), length > 0)
    elif rdtype == TSIG:
        if section != ADDITIONAL:
            raise FormatError
        query.signature_start = start
    elif rdtype == SOA and section == AUTHORITY and query.type == IXFR:
        (query.serial,) = struct.unpack_from("!I", wire, _skip_name(wire, _skip_name(wire, position)))
    return end


def _skip_name(wire: bytes, position: int) -> int:
    while length := wire[position]:
        if length >= 0xC0:
            return position + 2
        if length > 63:
            raise FormatError
        position += length + 1
    return position + 1


def _check_options(wire: bytes, position: int, end: int) -> None:
    while position < end:
        (length,) = struct.unpack_from("!H", wire, position + 2)
        position += 4 + length
    if position != end:
        raise FormatError
