"""Receivers: programs outside that the platform calls. Each listens on 127.0.0.1 and keeps what it was sent."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

import orjson

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Heard:
    """A request a receiver was sent."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def id(self) -> str:
        """The id of a webhook's message."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        """What a webhook's message says."""
        return orjson.loads(self.body)


@dataclass
class Reply:
    """What a receiver answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thank you"


class Receiver(ThreadingHTTPServer):
    """A receiver. `replies` are given one after the other, then `reply` always; `gate` holds answers back."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self.heard: list[Heard] = []
        self.replies: list[Reply] = []
        self.reply = Reply()
        self.gate = Event()
        self.gate.set()
        self._arrived = Condition()

    @property
    def url(self) -> str:
        return f"{self._scheme}://localhost:{self.server_port}/hook"

    @property
    def events(self) -> list[str]:
        return [heard.event["type"] for heard in self.heard]

    def take(self, heard: Heard) -> Reply:
        with self._arrived:
            self.heard.append(heard)
            self._arrived.notify_all()
            return self.replies.pop(0) if self.replies else self.reply

    def wait_for(self, count: int) -> list[Heard]:
        """What was heard, once there is so much of it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.heard) >= count, PATIENCE_SECONDS), self.heard
            return [*self.heard]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of who hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.take(Heard(self.path, headers, body))
        self.server.gate.wait(PATIENCE_SECONDS)
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    with Receiver(tls) as receiver:
        Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.gate.set()
            receiver.shutdown()
