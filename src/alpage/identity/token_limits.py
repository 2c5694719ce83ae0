"""Limits of tokens: what a new one may be given by the one that makes it. Pure logic, which answers with faults."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from alpage.api.errors import Fault


def beyond(attribute: str, wanted: Sequence[int] | None, own: frozenset[int] | None) -> list[Fault]:
    """The faults of numbers that are not among others; None: there is no limit."""
    if own is None:
        return []
    return [
        Fault("attribute_in", f"{attribute}.{index}", {"values": sorted(own)})
        for index, one in enumerate(wanted or ())
        if one not in own
    ]


def outside(wanted: Sequence[str] | None, own: Sequence[str] | None) -> list[Fault]:
    """The faults of networks that are not part of one of others."""
    if own is None:
        return []
    return [
        Fault("attribute_in", f"ip_ranges.{index}", {"values": [*own]})
        for index, one in enumerate(wanted or ())
        if not any(_is_part(one, other) for other in own)
    ]


def _is_part(text: str, of: str) -> bool:
    network, other = ip_network(text), ip_network(of, strict=False)
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return network.subnet_of(other)
    return isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and network.subnet_of(other)


def out_of_time(wanted: int | None, first: int, last: int | None) -> Iterable[Fault]:
    """The faults of an end that is not after one moment, or is after another; None: there is no limit."""
    if wanted is not None and wanted <= first:
        yield Fault("attribute_after", "expires_at", {"date": first})
    if wanted is not None and last is not None and wanted > last:
        yield Fault("attribute_before", "expires_at", {"date": last})
