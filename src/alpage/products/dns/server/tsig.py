"""Transaction signatures (TSIG, RFC 8945): checks a request's and signs its answers. `responder.py` calls it."""

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
from dns.rdtypes.ANY.TSIG import TSIG

from alpage.products.dns.server.query import FormatError

FUDGE_SECONDS = 300

_RECORD_HEAD = struct.Struct("!HHIH")


@dataclass(slots=True)
class Signer:
    """Signs the answer to one request, or the messages of one transfer in their order."""

    request: TSIG
    key_name: dns.name.Name
    key: dns.tsig.Key | None
    """None: the answer tells why there is no signature (RFC 8945, section 5.2)."""
    error: int = 0
    """What is wrong with the request's signature, an extended response code."""
    _context: Any = field(default=None, init=False)

    @property
    def size(self) -> int:
        """Octets a signature takes, at most."""
        return len(self.key_name.to_digestable()) + len(self.request.algorithm.to_digestable()) + 96

    def sign(self, wire: bytes) -> bytes:
        """Append the TSIG record to a message."""
        record = self._record()
        if self.key:
            record, self._context = dns.tsig.sign(  # type: ignore[no-untyped-call]  # untyped in dnspython
                wire, self.key, record, record.time_signed, self.request.mac, self._context, multi=True
            )
        return _append(wire, self.key_name, record)

    def _record(self) -> TSIG:
        now = int(time.time())
        late = self.error == dns.rcode.BADTIME
        return TSIG(  # type: ignore[no-untyped-call]  # untyped in dnspython
            dns.rdataclass.ANY,
            dns.rdatatype.TSIG,
            self.request.algorithm,
            self.request.time_signed if late else now,
            FUDGE_SECONDS,
            b"",
            self.request.original_id,
            self.error,
            now.to_bytes(6) if late else b"",
        )


def verify(wire: bytes, start: int, keys: Mapping[dns.name.Name, dns.tsig.Key]) -> Signer:
    """Check the signature of a request whose TSIG record begins at `start`; the signer has the error, if any."""
    name, record = _read(wire, start)
    key = keys.get(name)
    if key is None:
        return Signer(record, name, None, dns.rcode.BADKEY)
    try:
        dns.tsig.validate(wire, key, name, record, int(time.time()), b"", start)  # type: ignore[no-untyped-call]  # untyped in dnspython
    except dns.tsig.BadTime:
        return Signer(record, name, key, dns.rcode.BADTIME)
    except (dns.tsig.BadKey, dns.tsig.BadAlgorithm):
        return Signer(record, name, None, dns.rcode.BADKEY)
    except (dns.tsig.BadSignature, dns.tsig.PeerError):
        return Signer(record, name, None, dns.rcode.BADSIG)
    return Signer(record, name, key)


def _read(wire: bytes, start: int) -> tuple[dns.name.Name, TSIG]:
    try:
        name, length = dns.name.from_wire(wire, start)
        rdtype, rdclass, _, size = _RECORD_HEAD.unpack_from(wire, start + length)
        data = start + length + _RECORD_HEAD.size
        record = dns.rdata.from_wire(rdclass, rdtype, wire, data, size)
    except dns.exception.DNSException as error:
        raise FormatError from error
    if not isinstance(record, TSIG):
        raise FormatError
    return name, record


def _append(wire: bytes, name: dns.name.Name, record: TSIG) -> bytes:
    data = record.to_wire() or b""
    head = _RECORD_HEAD.pack(dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(data))
    additional = int.from_bytes(wire[10:12]) + 1
    return wire[:10] + additional.to_bytes(2) + wire[12:] + name.to_digestable() + head + data
