"""Devices: what asks for access without a browser of its own, and waits for somebody to allow it (RFC 8628)."""

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.tables import Base

# stored


class DeviceAuthorization(Base):
    """A device that waits. What a person types and what the device polls with are kept as keyed hashes."""

    __tablename__ = "device_authorizations"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"))
    device_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    resources: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    ip: Mapped[str] = mapped_column(String(45))
    interval_seconds: Mapped[int]
    polled_at: Mapped[int | None] = mapped_column(default=None)
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("grants.id"), default=None)  # once somebody allowed it
    refused_at: Mapped[int | None] = mapped_column(default=None)
    consumed_at: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[int]
    expires_at: Mapped[int]
