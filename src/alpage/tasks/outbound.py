"""Outbound requests: how the platform calls addresses that its customers name.

Whoever may name an address must not reach with it what only this machine can reach (A25). So the addresses behind a
name are looked at when the connection is made, and the one that was looked at is the one connected to: a name that
changes its mind in between changes nothing. Redirects are not followed, no proxy is asked, the whole exchange has one
deadline, and an answer is cut off. Webhooks and logouts are sent through here.
"""

import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

CONNECT_SECONDS, TOTAL_SECONDS = 4.0, 10.0
MAX_ANSWER_BYTES = 16 * 2**10
MOST_CONNECTIONS = 200
IDLE_SECONDS = 15.0
MOST_ADDRESSES = 4  # of a name that are tried
USER_AGENT = "Alpage"

NAT64 = IPv6Network("64:ff9b::/96")  # IPv4 addresses as hosts without IPv4 write them (RFC 6052)
UNICAST = IPv6Network("2000::/3")  # what is given to networks of the Internet (RFC 4291, 2.4)
REFUSED = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # what a machine in Azure is told about itself
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4, which are no more (RFC 7526)
        "2002::/16",  # 6to4: an IPv4 address inside, and who knows who forwards it
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_VISIBLE = re.compile(r"[!-~]+")

Address = IPv4Address | IPv6Address


class RefusedAddressError(Exception):
    """An address nothing is sent to; the text says why."""


class UndeliveredError(Exception):
    """A request that got no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the body as far as it was read, the names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Sends requests from many threads; connections are kept for a while."""

    def __init__(self, *, private: bool, tls: ssl.SSLContext | None = None) -> None:
        self._private = private
        self._tls = tls

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """Sends a request. Raises RefusedAddressError and UndeliveredError."""
        if reason := trouble_of(url, private=self._private):
            raise RefusedAddressError(f"the address is refused: {reason}")
        deadline = _DEADLINE.set(monotonic() + TOTAL_SECONDS)
        try:
            sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
            with self._connections.stream(method, url, headers=[*sent.items()], content=content) as response:
                return Answer(response.status, _headers(response), _read(response))
        except httpcore.TimeoutException:
            raise UndeliveredError(f"no answer within {TOTAL_SECONDS:.0f} seconds") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise UndeliveredError(str(error) or type(error).__name__) from None
        finally:
            _DEADLINE.reset(deadline)

    def close(self) -> None:
        """Closes the connections."""
        self._connections.close()

    @cached_property
    def _connections(self) -> httpcore.ConnectionPool:  # made in the process that sends, not in the one that forks it
        return httpcore.ConnectionPool(
            ssl_context=self._tls or _trusted(),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Network(private=self._private),
        )


def trouble_of(url: str, *, private: bool) -> str:
    """Why nothing is ever sent to an address, as far as its text tells: a word, or nothing.

    `private`: whether addresses inside the network are allowed, and with them plain HTTP and every port.
    """
    parts = _split(url)
    if parts is None:
        return "malformed"
    if parts.scheme not in (("https", "http") if private else ("https",)):
        return "scheme"
    if "@" in parts.netloc:
        return "userinfo"
    if "#" in url:
        return "fragment"
    if not private and parts.port not in (None, 443) and (parts.port or 0) < 1024:
        return "port"  # what listens there speaks something else
    literal = _literal(parts.hostname or "")
    return "private" if literal and not (private or is_public(literal)) else ""


def is_public(address: Address) -> bool:
    """Whether an address is one of the open Internet. One that has an IPv4 address inside is taken for that one."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None)
        if inside is not None:
            return is_public(inside)
        if address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in REFUSED)


def resolve(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses behind a name. Raises RefusedAddressError if any of them is not one of the open Internet.

    All of them count: a name with one address outside and one inside would lead inside on the next try.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RefusedAddressError("the name has no address") from None
    addresses = [*dict.fromkeys(str(entry[4][0]) for entry in found)]
    if not private and not all(is_public(ip_address(address)) for address in addresses):
        raise RefusedAddressError("the address is a private one")
    return addresses[:MOST_ADDRESSES]


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that were looked at, within the deadline of the request."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port, private=self._private)
        for number, address in enumerate(addresses, start=1):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, min(CONNECT_SECONDS, _left()), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
            else:
                return _Stream(stream)
        raise httpcore.ConnectError("the name has no address")


class _Stream(httpcore.NetworkStream):
    """A connection each of whose steps has the time that is left; without it, who sends byte by byte has for ever."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline counts
        return self._stream.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the same
        self._stream.write(buffer, _left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


_DEADLINE: ContextVar[float] = ContextVar("deadline")


def _left() -> float:
    """The seconds that are left. Raises a time-out if none are."""
    left = _DEADLINE.get() - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def _trusted() -> ssl.SSLContext:
    import httpx  # noqa: PLC0415 - loaded once there is something to send: it takes 10 MB (measured)

    return httpx.create_ssl_context()


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url) if _VISIBLE.fullmatch(url) else None
        return parts if parts and parts.hostname and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}


def _read(response: httpcore.Response) -> bytes:
    """What little of an answer is read; one that is longer ends its connection."""
    body = b""
    for chunk in response.iter_stream():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return body[:MAX_ANSWER_BYTES]
