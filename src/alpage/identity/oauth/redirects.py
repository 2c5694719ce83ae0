"""Redirect URIs: whether one that was asked for is one that was registered, and how answers are put into it.

They are compared byte by byte (RFC 9700, 2.1); only the port of an address of the machine itself is left open, since a
program there takes what port it gets (RFC 8252, 7.3).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?((?:[/?][!-~]*)?)")
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application is told: an address the browser goes to, or a form it sends there."""

    url: str
    fields: dict[str, str] | None = None


def answer(uri: str, mode: str, told: dict[str, str]) -> Answer:
    """The answer that tells an application something, in the response mode it asked for."""
    if mode == "form_post":
        return Answer(uri, told)
    return Answer(with_parameters(uri, told))


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether the URI is one of those registered."""
    return any(uri == known or _is_same_but_for_port(uri, known) for known in registered)


def is_web(uri: str) -> bool:
    """Whether a browser can send a form there."""
    return uri.startswith(_WEB)


def with_parameters(uri: str, parameters: Mapping[str, str]) -> str:
    """The URI with more in its query; what stands there already is left as it is."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"


def _is_same_but_for_port(uri: str, known: str) -> bool:
    asked, registered = _LOOPBACK.fullmatch(uri), _LOOPBACK.fullmatch(known)
    if asked is None or registered is None:
        return False
    port = asked[2]
    if port is not None and (port != str(int(port)) or not 0 < int(port) < 65536):
        return False
    return (asked[1], asked[3]) == (registered[1], registered[3])
