"""The address a request comes from, looking through the proxies that are trusted."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


class Networks:
    """The trusted proxies."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = [ip_network(network) for network in trusted]

    def client(self, peer: str, forwarded_for: str) -> str:
        """The address of the client: the last one in the chain that is not a trusted proxy.

        What a proxy names that is no address counts for nothing: then it is the proxy's own.
        """
        if not self._trusted or not forwarded_for:
            return peer
        client = peer
        for named in reversed(forwarded_for.split(",")):
            if not self._is_trusted(client) or _parsed(named.strip()) is None:
                break
            client = named.strip()
        return client

    def _is_trusted(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in address else ip_address(address)  # a zone of an IPv6 address means nothing elsewhere
    except ValueError:
        return None
