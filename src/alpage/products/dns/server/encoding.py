"""Names and record data in wire form, as `zone.py` stores them and `message.py` sends them.

Everything is in canonical form (RFC 4034, section 6.2): names are lower case, so comparing bytes compares names.
The common types have a short way that skips dnspython; its bytes are the same.
"""

import re
import socket
from collections.abc import Callable

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

LARGEST_RDATA = 65_000
"""Octets: a record must fit a TCP message together with its name and a signature."""

_LENGTH = [bytes((length,)) for length in range(256)]
_LABEL = r"[A-Za-z0-9_*-]{1,63}"
_PLAIN_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_PLAIN_MX = re.compile(r"([0-9]{1,5}) ([^ ]+)")
_PLAIN_STRING = r'"[ !#-\[\]-~]{0,255}"'
_PLAIN_STRINGS = re.compile(rf"{_PLAIN_STRING}(?: {_PLAIN_STRING})*")


def name_to_wire(text: str) -> bytes:
    """Encode an absolute name, with or without its last dot; ValueError if it is not one."""
    if _PLAIN_NAME.fullmatch(text):
        labels = text.removesuffix(".").lower().encode().split(b".")
        wire = b"".join([_LENGTH[len(label)] + label for label in labels]) + b"\0"
        if len(wire) <= 255:
            return wire
    try:
        return dns.name.from_text(text).to_digestable()
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from error


def name_to_text(name: bytes) -> str:
    """Show a name in wire form as text, without its last dot."""
    return dns.name.from_wire(name, 0)[0].to_text(omit_final_dot=True)


def parent(name: bytes) -> bytes:
    """Take the first label off a name."""
    return name[name[0] + 1 :]


def ancestry(name: bytes) -> list[bytes]:
    """List a name and every name above it, the root last."""
    names = [name]
    while name != b"\0":
        name = name[name[0] + 1 :]
        names.append(name)
    return names


def rdata_to_wire(rdtype: int, text: str) -> bytes:
    """Encode record data from presentation format; host names are absolute; ValueError if it does not parse."""
    short_way = _SHORT_WAYS.get(rdtype)
    wire = short_way(text) if short_way else None
    if wire is None:
        wire = _any_rdata(rdtype, text)
    if len(wire) > LARGEST_RDATA:
        raise ValueError(f"record data of {len(wire)} octets is too large to be transferred")
    return wire


def _any_rdata(rdtype: int, text: str) -> bytes:
    try:
        kind = dns.rdatatype.RdataType.make(rdtype)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root, relativize=False)
        return rdata.to_digestable()
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} does not parse: {error}") from error


def _a(text: str) -> bytes | None:
    return _address(socket.AF_INET, text)


def _aaaa(text: str) -> bytes | None:
    return _address(socket.AF_INET6, text)


def _address(family: int, text: str) -> bytes | None:
    try:
        return socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None


def _host(text: str) -> bytes | None:
    return name_to_wire(text) if _PLAIN_NAME.fullmatch(text) else None


def _mx(text: str) -> bytes | None:
    parts = _PLAIN_MX.fullmatch(text)
    if parts is None or int(parts[1]) > 0xFFFF:
        return None
    host = _host(parts[2])
    return None if host is None else int(parts[1]).to_bytes(2) + host


def _txt(text: str) -> bytes | None:
    if not _PLAIN_STRINGS.fullmatch(text):
        return None
    return b"".join([_LENGTH[len(string)] + string for string in text[1:-1].encode().split(b'" "')])


_SHORT_WAYS: dict[int, Callable[[str], bytes | None]] = {
    dns.rdatatype.A: _a,
    dns.rdatatype.AAAA: _aaaa,
    dns.rdatatype.CNAME: _host,
    dns.rdatatype.MX: _mx,
    dns.rdatatype.NS: _host,
    dns.rdatatype.PTR: _host,
    dns.rdatatype.TXT: _txt,
}
