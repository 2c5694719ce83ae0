"""DNSSEC data: the DS and DNSKEY records by which a registry vouches for the keys of a zone.

Pure: read from the texts customers give, checked as registries check, described as the API shows them.
"""

from dns.exception import DNSException
from dns.rdata import from_text
from dns.rdataclass import IN
from dns.rdtypes.ANY import DNSKEY, DS

ZONE_KEY, ENTRY_POINT, REVOKED = 0x0100, 0x0001, 0x0080  # flags (RFC 4034, 2.1.1; RFC 5011, 7)
PROTOCOL = 3  # the only one (RFC 4034, 2.1.2)
DIGESTS = (2, 4)  # SHA-256, SHA-384; SHA-1 is no longer to be used (RFC 9905)
ALGORITHMS = (8, 10, 13, 14, 15, 16)  # RSA with SHA-2, ECDSA, Ed25519, Ed448 (RFC 8624, 3.1)
KEY_OCTETS = {13: 64, 14: 96, 15: 32, 16: 57}  # RFC 6605, 4; RFC 8080, 3
LEAST_RSA_OCTETS = 128 + 4  # a modulus of 1024 bits, an exponent of 3 octets and its length (RFC 3110, 2; RFC 5702, 2)


class InvalidDnssecDataError(ValueError):
    """A text that is no record a registry takes. `reason` is stable and for programs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read(text: str) -> str:
    """The stored spelling of a DS (`2371 13 2 <hex>`) or DNSKEY (`257 3 13 <base64>`).

    Raises InvalidDnssecDataError.
    """
    record = _parse(text)
    if record.algorithm not in ALGORITHMS:
        raise InvalidDnssecDataError("algorithm")
    if isinstance(record, DS.DS):
        _check_digest(record)
    else:
        _check_key(record)
    return record.to_text(chunksize=0)


def kind(stored: str) -> str:
    """What a stored text is: `dsdata` or `keydata`, as registries call the two (RFC 5910, 4)."""
    return "keydata" if _is_key(stored) else "dsdata"


def describe(stored: str) -> dict[str, str]:
    """The parts of a stored text, each under its name."""
    first, second, third, rest = stored.split(maxsplit=3)
    if _is_key(stored):
        return {"flags": first, "protocol": second, "algorithm": third, "public_key": rest}
    return {"key": first, "algorithm": second, "digest_type": third, "digest": rest}


def _is_key(text: str) -> bool:
    # The second field tells: the protocol of a key is always 3, and as an algorithm 3 (DSA) is not taken.
    return text.split()[1:2] == [str(PROTOCOL)]


def _parse(text: str) -> DNSKEY.DNSKEY | DS.DS:
    line = " ".join(text.split())
    try:
        record = from_text(IN, "DNSKEY" if _is_key(line) else "DS", line)
    except (DNSException, ValueError):
        raise InvalidDnssecDataError("syntax") from None
    if not isinstance(record, DNSKEY.DNSKEY | DS.DS):
        raise InvalidDnssecDataError("syntax")
    return record


def _check_digest(record: DS.DS) -> None:
    if record.digest_type not in DIGESTS:
        raise InvalidDnssecDataError("digest_type")


def _check_key(record: DNSKEY.DNSKEY) -> None:
    if not record.flags & ZONE_KEY or not record.flags & ENTRY_POINT or record.flags & REVOKED:
        raise InvalidDnssecDataError("flags")
    expected = KEY_OCTETS.get(record.algorithm)
    octets = len(record.key)
    if octets < LEAST_RSA_OCTETS if expected is None else octets != expected:
        raise InvalidDnssecDataError("public_key")
