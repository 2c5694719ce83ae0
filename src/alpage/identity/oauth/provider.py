"""The provider: what every part of the login's protocol stands on, made once for a process."""

from dataclasses import dataclass
from functools import cached_property

from alpage.api.clocks import Clocks
from alpage.identity.oauth.userinfo import Groups
from alpage.identity.signing_keys import SigningKeys
from alpage.settings import Settings


@dataclass(frozen=True)
class Provider:
    """The login as one process runs it."""

    settings: Settings
    pepper: bytes
    keys: SigningKeys
    clocks: Clocks
    groups: Groups

    @property
    def issuer(self) -> str:
        """The login's name in its tokens: its address."""
        return self.settings.issuer

    def address(self, path: str) -> str:
        """The address of one of its endpoints."""
        return self.settings.issuer + path

    @cached_property
    def audiences(self) -> tuple[str, ...]:
        """What a client's assertion may name as whom it is for (RFC 7523, 3)."""
        return self.issuer, self.address("/token")

    @cached_property
    def own_resources(self) -> frozenset[str]:
        """How our own API is called when access to it is asked for (RFC 8707)."""
        return frozenset({self.settings.public_url, self.settings.public_url + "/"})


def level_of(methods: list[str] | None) -> str:
    """How sure it is who the user is (`acr`): `2` with two factors or a passkey, else `1`."""
    return "2" if {"mfa", "hwk", "swk"} & {*(methods or ())} else "1"


LEVELS = ("1", "2")
