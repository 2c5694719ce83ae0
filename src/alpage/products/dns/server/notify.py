"""Telling secondaries that a zone changed (NOTIFY, RFC 1996). `EmbeddedServer` calls it, inside its event loop."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig

from alpage.products.dns.server.metrics import Metrics
from alpage.products.dns.server.secondary import Secondary

GATHERING_SECONDS = 0.05
"""How long changes of a zone are gathered before they are told."""
ANSWER_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
ATTEMPTS_WHEN_REFUSED = 6
"""A secondary that answers, but does not (yet) know the zone, is told no more often."""
AT_ONCE = 32
"""Messages under way to one secondary."""


class Notifier:
    """Tells every secondary of each change until it acknowledges."""

    def __init__(self, secondaries: Sequence[Secondary], keys: Mapping[dns.name.Name, dns.tsig.Key], metrics: Metrics):
        self._keys = keys
        self._metrics = metrics
        self._slots = {secondary: asyncio.Semaphore(AT_ONCE) for secondary in secondaries}
        self._tasks: dict[tuple[Secondary, bytes], asyncio.Task[None]] = {}
        self._gathering: set[tuple[Secondary, bytes]] = set()

    def announce(self, apex: bytes) -> None:
        """Tell all secondaries of a zone; what was still being told of it is overtaken."""
        for secondary in self._slots:
            if (secondary, apex) not in self._gathering:
                self._start(secondary, apex)

    def drop(self, apex: bytes) -> None:
        """Tell no more of a zone that is gone."""
        for secondary in self._slots:
            if task := self._tasks.get((secondary, apex)):
                task.cancel()

    def _start(self, secondary: Secondary, apex: bytes) -> None:
        key = secondary, apex
        if before := self._tasks.get(key):
            before.cancel()
        task = asyncio.create_task(self._tell(secondary, apex))
        self._tasks[key] = task
        self._gathering.add(key)
        task.add_done_callback(lambda done: self._forget(key, done))

    def _forget(self, key: tuple[Secondary, bytes], task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
            self._gathering.discard(key)

    async def _tell(self, secondary: Secondary, apex: bytes) -> None:
        await asyncio.sleep(GATHERING_SECONDS)
        self._gathering.discard((secondary, apex))
        pause, refused = FIRST_PAUSE_SECONDS, 0
        while refused < ATTEMPTS_WHEN_REFUSED:
            outcome = await self._attempt(secondary, apex)
            self._metrics.notifies[(outcome,)] += 1
            if outcome == "acknowledged":
                return
            refused += outcome == "refused"
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, secondary: Secondary, apex: bytes) -> str:
        async with self._slots[secondary]:
            with suppress(dns.exception.DNSException, OSError):
                answer = await dns.asyncquery.udp(
                    self._message(secondary, apex), secondary.host, timeout=ANSWER_SECONDS, port=secondary.port
                )
                return "acknowledged" if answer.rcode() == dns.rcode.NOERROR else "refused"
        return "unanswered"

    def _message(self, secondary: Secondary, apex: bytes) -> dns.message.Message:
        message = dns.message.make_query(dns.name.from_wire(apex, 0)[0], dns.rdatatype.SOA, flags=dns.flags.AA)
        message.set_opcode(dns.opcode.NOTIFY)
        if secondary.key:
            message.use_tsig(self._keys[dns.name.from_text(secondary.key)])
        return message
