"""Writing messages: sections with compressed names. `responder.py` writes answers with it, `transfer.py` zones."""

import struct

import dns.flags
import dns.rdatatype

from alpage.products.dns.server.encoding import ancestry
from alpage.products.dns.server.query import Edns

EDNS_PAYLOAD = 1232
"""Octets a datagram may have: what passes without fragments nearly everywhere."""

RESPONSE, AUTHORITATIVE, TRUNCATED = int(dns.flags.QR), int(dns.flags.AA), int(dns.flags.TC)
_REPEATED = int(dns.flags.RD) | int(dns.flags.CD) | 0x7800  # and the opcode

_HEADER = struct.Struct("!HHHHHH")
_RECORD_HEAD = struct.Struct("!HHIH")
_POINTER_REACH = 0x4000

_CNAME, _MX, _SOA = int(dns.rdatatype.CNAME), int(dns.rdatatype.MX), int(dns.rdatatype.SOA)
_NAMED_TYPES = frozenset((int(dns.rdatatype.NS), _CNAME, int(dns.rdatatype.PTR)))
# Only data of types as old as DNS itself may have compressed names in it (RFC 3597, section 4).
_COMPRESSED_TYPES = _NAMED_TYPES | {_MX, _SOA}


class Writer:
    """One message in the making; records are added section by section, in order."""

    __slots__ = ("_counts", "_flags", "_ident", "_positions", "buffer")

    def __init__(self, ident: int, request_flags: int, question: bytes, name: bytes = b"\0"):
        self._ident = ident
        self._flags = RESPONSE | request_flags & _REPEATED
        self._counts = [1 if question else 0, 0, 0, 0]
        self.buffer = bytearray(12) + question
        self._positions: dict[bytes, int] = {}
        if question:
            start = 12
            for ancestor in ancestry(name)[:-1]:
                self._positions[ancestor] = start
                start += ancestor[0] + 1

    def add(self, section: int, owner: bytes, rdtype: int, ttl: int, rdata: bytes) -> None:
        """Append a record to a section (1 answer, 2 authority, 3 additional)."""
        self._counts[section] += 1
        self._add_name(owner)
        if rdtype in _COMPRESSED_TYPES:
            self._add_compressed(rdtype, ttl, rdata)
        else:
            self.buffer += _RECORD_HEAD.pack(rdtype, 1, ttl, len(rdata))
            self.buffer += rdata

    def add_edns(self, edns: Edns, extended_rcode: int = 0) -> None:
        """Append the OPT record that answers a request's."""
        self._counts[3] += 1
        ttl = extended_rcode << 24 | (0x8000 if edns.dnssec_ok else 0)
        self.buffer += b"\0" + _RECORD_HEAD.pack(int(dns.rdatatype.OPT), EDNS_PAYLOAD, ttl, 0)

    def finish(self, rcode: int, flags: int = 0) -> bytes:
        """Fill in the header and hand over the message."""
        _HEADER.pack_into(self.buffer, 0, self._ident, self._flags | flags | rcode, *self._counts)
        return bytes(self.buffer)

    def _add_name(self, name: bytes) -> None:
        positions, buffer = self._positions, self.buffer
        start, position = len(buffer), 0
        while name[position]:
            rest = name[position:]
            known = positions.get(rest)
            if known is not None:
                buffer += name[:position]
                buffer += (0xC000 | known).to_bytes(2)
                return
            if start + position < _POINTER_REACH:
                positions[rest] = start + position
            position += name[position] + 1
        buffer += name

    def _add_compressed(self, rdtype: int, ttl: int, rdata: bytes) -> None:
        buffer = self.buffer
        buffer += _RECORD_HEAD.pack(rdtype, 1, ttl, 0)
        start = len(buffer)
        if rdtype in _NAMED_TYPES:
            self._add_name(rdata)
        elif rdtype == _MX:
            buffer += rdata[:2]
            self._add_name(rdata[2:])
        else:
            mname_end = _end_of_name(rdata, 0)
            rname_end = _end_of_name(rdata, mname_end)
            self._add_name(rdata[:mname_end])
            self._add_name(rdata[mname_end:rname_end])
            buffer += rdata[rname_end:]
        buffer[start - 2 : start] = (len(buffer) - start).to_bytes(2)


def header_only(wire: bytes, rcode: int) -> bytes:
    """Answer a message that cannot be read: its id and an error, nothing else."""
    flags = int.from_bytes(wire[2:4])
    return _HEADER.pack(int.from_bytes(wire[:2]), RESPONSE | flags & _REPEATED | rcode, 0, 0, 0, 0)


def _end_of_name(wire: bytes, position: int) -> int:
    while wire[position]:
        position += wire[position] + 1
    return position + 1
