"""HTTP/1.1 as bytes on a socket: what a client library would refuse to send, and many requests one after the other."""

import errno
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE_SECONDS = 60
CHUNK_BYTES = 65_536
WITHOUT_BODY = (204, 304)
ENDED = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as bytes.

    `is_whole`: it keeps the rules of the protocol and is not too long, so that it must be answered.
    `may_end`: the connection need not last.
    """

    data: bytes
    is_whole: bool = True
    may_end: bool = False

    @property
    def is_head(self) -> bool:
        """Whether the answer has no body, whatever length it names."""
        return self.data.startswith(b"HEAD ")


class BrokenProtocolError(Exception):
    """The server ended a connection, or answered, as the protocol does not let it."""


class Wire:
    """A connection that is opened again whenever it had to end."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._buffer = bytearray()

    def close(self) -> None:
        """Ends the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer.clear()

    def exchange(self, requests: Sequence[Sent]) -> list[int]:
        """The statuses of the answers to requests that are whole, sent together. Raises BrokenProtocolError."""
        connection = self._open()
        connection.sendall(b"".join(request.data for request in requests))
        statuses = []
        for request in requests:
            head = self._read_head(connection)
            while head.startswith(b"HTTP/1.1 1"):  # on its way
                head = self._read_head(connection)
            status = _status(head)
            self._skip_body(connection, head, status, is_head=request.is_head)
            if b"\r\nconnection: close" in head and not request.may_end:
                raise BrokenProtocolError(f"the connection was given up with {bytes(head)!r}")
            statuses.append(status)
        if any(request.may_end for request in requests):
            self.close()
        return statuses

    def provoke(self, request: Sent) -> list[int]:
        """The statuses of what is answered to a request that breaks the rules, if anything is, until the end."""
        connection = self._open()
        try:
            connection.sendall(request.data)
            connection.shutdown(socket.SHUT_WR)
            while received := connection.recv(CHUNK_BYTES):
                self._buffer += received
        except OSError as error:
            if error.errno not in ENDED:  # it is free to end it
                raise
        answer = bytes(self._buffer)
        self.close()
        return [int(status) for status in STATUS_LINE.findall(answer)]

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read_head(self, connection: socket.socket) -> bytearray:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._receive(connection)
        head = self._buffer[: end + 2]
        del self._buffer[: end + 4]
        return head

    def _skip_body(self, connection: socket.socket, head: bytearray, status: int, *, is_head: bool) -> None:
        if is_head or status in WITHOUT_BODY:
            return
        _, named, rest = head.partition(b"\r\ncontent-length: ")
        if not named:
            raise BrokenProtocolError(f"an answer without a length: {bytes(head)!r}")
        length = int(rest[: rest.index(b"\r\n")])
        while len(self._buffer) < length:
            self._receive(connection)
        del self._buffer[:length]

    def _receive(self, connection: socket.socket) -> None:
        received = connection.recv(CHUNK_BYTES)
        if not received:
            raise BrokenProtocolError(f"the connection was ended, after {bytes(self._buffer[-200:])!r}")
        self._buffer += received


def _status(head: bytes | bytearray) -> int:
    try:
        return int(head[9:12])
    except ValueError:
        raise BrokenProtocolError(f"no answer of HTTP: {bytes(head[:200])!r}") from None
