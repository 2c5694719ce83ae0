"""The zones of a domain: where its records are. The DNS product has them."""

from typing import Any

from alpage.api.calls import Call
from alpage.api.routes import Routes, Shape
from alpage.products.dns import contract as dns
from alpage.products.dns.contract import ZoneOfDomain
from alpage.products.domains import names
from alpage.products.domains.domains import Domain, find, find_above

READ = ("domain:read", "dns:read")  # programs that only set records begin here

routes = Routes("Zones of domains")


class DomainZoneDnssec(Shape):
    """Whether the registry vouches for the keys of a zone."""

    is_enabled: bool


class DomainZone(Shape):
    """A zone of a domain."""

    fqdn: str
    dnssec: DomainZoneDnssec
    nameservers: list[str]

    @classmethod
    def present(cls, row: ZoneOfDomain, call: Call) -> dict[str, Any]:
        """The zone; its name first, which is where a client that reads it as text expects it."""
        return {"fqdn": row.fqdn, "dnssec": {"is_enabled": row.dnssec_is_enabled}, "nameservers": list(row.nameservers)}


@routes.get("/2/domains/{domain}/zones", scope=READ, answer=list[DomainZone])
def list_zones_above(call: Call, domain: str) -> list[ZoneOfDomain]:
    """List the zones of the domain that a name belongs to; the one that holds the name comes first."""
    return _zones(call, find_above(call, domain), names.to_ascii(domain) or "")


@routes.get("/2/domains/domains/{domain}/zones", scope=READ, answer=list[DomainZone])
def list_zones(call: Call, domain: str) -> list[ZoneOfDomain]:
    """List the zones of a domain."""
    found = find(call, domain)
    return _zones(call, found, found.name)


def _zones(call: Call, domain: Domain, asked: str) -> list[ZoneOfDomain]:
    holding = names.with_parents(asked)  # the longest first

    def place(zone: ZoneOfDomain) -> tuple[int, str]:
        return (holding.index(zone.fqdn) if zone.fqdn in holding else len(holding)), zone.fqdn

    return sorted(dns.zones_of(call, domain.id), key=place)
