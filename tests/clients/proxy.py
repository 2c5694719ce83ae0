"""A proxy for clients that know one API host only: calls for that host reach the platform, all others are refused.

A client asks it to CONNECT; it answers as that host, with a certificate of the tests' own authority, and hands the
bytes on to the platform as they are.
"""

import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import trustme

from tests.clients.processes import HOST

API_HOST = "api.infomaniak.com"  # what the clients under test have in their source
IDLE_SECONDS = 60


@contextmanager
def running_proxy(authority: trustme.CA, platform_port: int) -> Iterator[str]:
    """Runs a proxy to the platform on a port until the block ends; answers with its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(API_HOST).configure_cert(context)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, context, platform_port), daemon=True)
        thread.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _accept(listener: socket.socket, context: ssl.SSLContext, platform_port: int) -> None:
    with suppress(OSError):  # the listener was closed: no more tests
        while True:
            client, _ = listener.accept()
            client.settimeout(IDLE_SECONDS)
            threading.Thread(target=_serve, args=(client, context, platform_port), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, platform_port: int) -> None:
    with client, suppress(OSError):
        if not _read_head(client).startswith(f"CONNECT {API_HOST}:443 ".encode()):
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection((HOST, platform_port)) as platform,
        ):
            _hand_on(inside, platform)


def _read_head(client: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = client.recv(1)  # never a byte of the TLS that follows
        if not part:
            return b""
        head += part
    return head


def _hand_on(client: ssl.SSLSocket, platform: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, platform)
        selector.register(platform, selectors.EVENT_READ, client)
        while ready := selector.select(IDLE_SECONDS):
            for key, _ in ready:
                source: socket.socket = key.fileobj  # type: ignore[assignment]  # the selector knows sockets as files
                part = source.recv(65_536)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    part += source.recv(65_536)
                if not part:
                    return
                key.data.sendall(part)
