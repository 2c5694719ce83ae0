"""What the DNS product keeps: zones, their records, and the versions each zone went through.

`access.py` says who sees them; only `edits.py` writes them.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.soa import Soa
from alpage.products.dns.versions import Delta
from alpage.storage.changes import SECRET
from alpage.storage.tables import STEADY_IDS, Base, parent

Line = list[Any]  # a record as JSON: source, type, ttl, target


class Zone(Base):
    """A zone: the part of the DNS at and below one name, that we publish. Its domain's product carries the rights."""

    __tablename__ = "dns_zones"
    __event__ = "dns.zone"
    __audience__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    fqdn: Mapped[str] = mapped_column(String(255), unique=True)  # in A-labels, without a final dot
    serial: Mapped[int] = mapped_column(BigInteger)  # of 32 bits, without a sign
    nameservers: Mapped[list[str]] = mapped_column(JSON)
    dnssec_is_enabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int]
    updated_at: Mapped[int]


class Record(Base):
    """A record of a zone, its fields in stored form (see `names` and `rdata`)."""

    __tablename__ = "dns_records"
    __table_args__ = (Index(None, "zone_id", "id"), Index(None, "zone_id", "source"), STEADY_IDS)
    __event__ = "dns.record"
    __audience__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    zone_id: Mapped[int] = mapped_column(ForeignKey("dns_zones.id"))
    source: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(10))
    ttl: Mapped[int]
    target: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[int]

    @property
    def product_id(self) -> int:
        """The product of its zone."""
        return parent(self, Zone, self.zone_id).product_id

    @property
    def data(self) -> RecordData:
        """The record as it is now, as plain data."""
        return RecordData(self.source, self.type, self.ttl, self.target)


class ZoneVersion(Base):
    """What one transaction did to a zone. It lives as long as the zone."""

    __tablename__ = "dns_zone_versions"
    __table_args__ = (UniqueConstraint("zone_id", "serial"), Index(None, "zone_id", "id"), STEADY_IDS)
    __event__ = "dns.zone.version"
    __audience__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    zone_id: Mapped[int] = mapped_column(ForeignKey("dns_zones.id", ondelete="CASCADE"))
    serial: Mapped[int] = mapped_column(BigInteger)
    previous_serial: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int]
    user_id: Mapped[int | None]
    grant_id: Mapped[int | None]
    request_id: Mapped[str | None]
    removed_count: Mapped[int]
    added_count: Mapped[int]
    removed: Mapped[list[Line]] = mapped_column(JSON, info={SECRET: True})  # the log has each record already
    added: Mapped[list[Line]] = mapped_column(JSON, info={SECRET: True})

    @property
    def product_id(self) -> int:
        """The product of its zone."""
        return parent(self, Zone, self.zone_id).product_id


def start_of_authority(zone: Any) -> Soa:
    """The SOA of a zone, from its row."""
    return Soa(mname=zone.nameservers[0], rname=f"hostmaster.{zone.fqdn}", serial=zone.serial)


def lines(records: Iterable[RecordData]) -> list[Line]:
    """Records as a version keeps them."""
    return [[record.source, record.type, record.ttl, record.target] for record in records]


def delta_of(version: Any) -> Delta:
    """What a version did, from its row."""
    return Delta(removed=tuple(map(_record, version.removed)), added=tuple(map(_record, version.added)))


def _record(line: Line) -> RecordData:
    source, rtype, ttl, target = line
    return RecordData(source, rtype, ttl, target)
