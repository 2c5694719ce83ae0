"""The name servers that copy our zones: who may, and where they are told of changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import dns.name


@dataclass(frozen=True, slots=True)
class Secondary:
    """A name server that transfers our zones.

    `host` is its numeric address, and `port` where it is sent NOTIFY. With a `key`, the name of a TSIG key, its
    transfers are known by the signature, from whatever address; without, by the address.
    """

    host: str
    port: int = 53
    key: str | None = None


def may_transfer(secondaries: Sequence[Secondary], host: str, key: dns.name.Name | None) -> bool:
    """Tell whether a client may transfer zones, from its address and the key whose signature was found to hold."""
    return any(
        secondary.host == host if secondary.key is None else dns.name.from_text(secondary.key) == key
        for secondary in secondaries
    )
