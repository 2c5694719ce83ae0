"""A record as plain data, without the row that stores it: what rules, zone files, versions and templates work on."""

from collections.abc import Iterable
from dataclasses import dataclass

from alpage.products.dns import names, rdata

MIN_TTL_SECONDS = 60
MAX_TTL_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class RecordData:
    """One record: owner relative to its zone, type, time to live in seconds, target; all in stored form."""

    source: str
    type: str
    ttl: int
    target: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it this record and no other: two that differ only in time to live are one (RFC 2181, 5)."""
        return (self.source, self.type, self.target)


def read(source: str | None, rtype: str, ttl: int, target: str, zone: str) -> RecordData:
    """Make a record out of what a client sent; raises `rdata.InvalidRecordError`."""
    if not MIN_TTL_SECONDS <= ttl <= MAX_TTL_SECONDS:
        raise rdata.InvalidRecordError(
            "ttl_range",
            f"A time to live lies between {MIN_TTL_SECONDS} and {MAX_TTL_SECONDS} seconds, not at {ttl}.",
        )
    try:
        owner = names.relative(source, zone)
    except names.InvalidNameError as error:
        raise rdata.InvalidRecordError(error.reason, error.message) from error
    return RecordData(owner, rtype.upper(), ttl, rdata.parse(rtype, target, zone))


def in_order(records: Iterable[RecordData]) -> list[RecordData]:
    """Sort by name as the DNS does (RFC 4034, 6.1: last label first), then type and target."""
    return sorted(records, key=_order)


def _order(record: RecordData) -> tuple[list[str], str, str, int]:
    labels = [] if record.source == names.APEX else record.source.split(".")[::-1]
    return (labels, record.type, record.target, record.ttl)
