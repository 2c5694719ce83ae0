"""The address a request comes from, looking through the proxies that are trusted."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network


class Networks:
    """The trusted proxies."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = [ip_network(network) for network in trusted]

    def client(self, peer: str, forwarded_for: str) -> str:
        """The address of the client: the last one in the chain that is not a trusted proxy."""
        if not self._trusted or not forwarded_for:
            return peer
        chain = [*(part.strip() for part in forwarded_for.split(",")), peer]
        while len(chain) > 1 and self._is_trusted(chain[-1]):
            chain.pop()
        return chain[-1]

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
