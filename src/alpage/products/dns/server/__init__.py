"""The DNS product's own name server: answers for our zones, and feeds secondaries by zone transfer.

It knows neither the database nor HTTP. Tasks of the product hand it zones through `NameServer`.
"""

from typing import Protocol

from alpage.products.dns.server.embedded import EmbeddedServer
from alpage.products.dns.server.metrics import Labels
from alpage.products.dns.server.rate_limit import RateLimit
from alpage.products.dns.server.secondary import Secondary
from alpage.products.dns.server.zone import ZoneDelta, ZoneSnapshot

__all__ = ["EmbeddedServer", "NameServer", "RateLimit", "Secondary", "ZoneDelta", "ZoneSnapshot"]


class NameServer(Protocol):
    """What publishes zones to the world; every method may be called from any thread."""

    def load(self, zone: ZoneSnapshot) -> None:
        """Add a zone, or replace it."""

    def change(self, fqdn: str, delta: ZoneDelta) -> bool:
        """Change a zone; False if the delta does not fit, upon which the caller loads the whole zone."""

    def remove(self, fqdn: str) -> None:
        """Serve a zone no longer."""

    def serial(self, fqdn: str) -> int | None:
        """Tell the serial of a zone; None if it is not served."""

    def metrics(self) -> dict[str, dict[Labels, int]]:
        """Tell what was counted so far: name, then labels, then the count."""

    def start(self) -> None:
        """Begin to answer."""

    def stop(self) -> None:
        """Answer no longer."""
