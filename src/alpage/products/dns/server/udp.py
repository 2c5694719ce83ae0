"""The UDP side: one thread that answers datagrams as they come. `EmbeddedServer` starts it.

A thread with plain system calls answered as many queries a second as uvloop, and four times as many as asyncio.
"""

import logging
import select
import socket
import threading

from alpage.products.dns.server.metrics import Metrics
from alpage.products.dns.server.rate_limit import RateLimiter, Verdict
from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.sockets import client_host

BATCH = 64
"""Datagrams read on one wake-up."""
LARGEST_DATAGRAM = 4_096
BUFFER_SIZE = 4 << 20

log = logging.getLogger(__name__)


class UdpListener:
    """Answers the datagrams of one bound socket."""

    def __init__(self, bound: socket.socket, responder: Responder, limiter: RateLimiter | None, metrics: Metrics):
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_SIZE)
        self._socket = bound
        self._responder = responder
        self._limiter = limiter
        self._metrics = metrics
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="dns-udp", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and close the socket."""
        self._wake_writer.send(b"\0")
        self._thread.join()
        for each in (self._socket, self._wake_reader, self._wake_writer):
            each.close()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        while all(descriptor != self._wake_reader.fileno() for descriptor, _ in poll.poll()):
            self._answer_batch()

    def _answer_batch(self) -> None:
        receive, send, answer = self._socket.recvfrom, self._socket.sendto, self._answer
        for _ in range(BATCH):
            try:
                wire, peer = receive(LARGEST_DATAGRAM)
            except OSError:  # nothing more, or an ICMP error about an earlier answer
                return
            reply = answer(wire, client_host(peer))
            if reply:
                try:
                    send(reply, peer)
                except OSError as error:  # a forged port, no route, a full buffer
                    log.debug("no way to answer %s: %s", peer, error)

    def _answer(self, wire: bytes, host: str) -> bytes | None:
        if self._limiter is None:
            return self._responder.datagram(wire, host)
        verdict = self._limiter.judge(host)
        if verdict is Verdict.ANSWER:
            return self._responder.datagram(wire, host)
        self._metrics.limited[verdict.value,] += 1
        return self._responder.truncated(wire) if verdict is Verdict.TRUNCATED else None
