"""The sockets of the server and the addresses it meets on them."""

import errno
import ipaddress
import socket

_ATTEMPTS = 16


def bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to the same port; port 0 picks one that is free for both."""
    for _ in range(_ATTEMPTS):
        udp = _bind(socket.SOCK_DGRAM, host, port)
        try:
            return udp, _bind(socket.SOCK_STREAM, host, udp.getsockname()[1])
        except OSError as error:
            udp.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free for both UDP and TCP")


def client_host(peer: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """Give a peer's address, without a zone index, and as IPv4 if it is only mapped into IPv6."""
    host = peer[0]
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    return str(address.ipv4_mapped or address)


def _bind(kind: socket.SocketKind, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, error.strerror, f"{host} port {port}") from error
    return bound
