"""What the pages of the manager are given: where the API and the login are, and the way there."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias
from urllib.parse import urlsplit

import httpx

from alpage.web import visits
from alpage.web.manager.provider import Provider

CLIENT_ID = "alpage-manager"


@dataclass(frozen=True)
class Manager:
    """The manager, as its pages find it in `visit.surface`."""

    api_url: str
    issuer: str
    address: str  # its own
    transport: httpx.BaseTransport

    @cached_property
    def provider(self) -> Provider:
        """The login, as an application sees it."""
        return Provider(self.issuer, CLIENT_ID, f"{self.address}/callback", self.transport)


Visit: TypeAlias = visits.Visit[Manager]


def origin(address: str) -> str:
    """The origin of an address: scheme and host."""
    scheme, host, *_ = urlsplit(address)
    return f"{scheme}://{host}"
