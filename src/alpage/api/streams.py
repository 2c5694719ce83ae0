"""Streams: answers that go on as server-sent events (HTML, 9.2), for who would rather be told than ask again.

The handler of a route with `streams=True` answers an `EventStream` to whoever accepts `text/event-stream`. Its `read`
is called a few times a second in a worker thread, outside of any transaction, until it raises `EndedError`, the client
leaves, or the token is no longer good.
"""

from asyncio import Task, create_task, wait
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

import orjson

from alpage.api import logs
from alpage.api.errors import ApiError
from alpage.api.workers import Workers

HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))  # no proxy holds events back
READ_SECONDS = 0.25
RECHECK_SECONDS = 3.0  # how long a revoked token is still told, as long as it may call
KEEP_ALIVE_SECONDS = 15.0
LONGEST_SECONDS = 900.0  # then the client comes back by itself, with the id of the last event
MOST_OPEN = 20  # at once, for a user and a process
RETRY_SECONDS = 15
OPENING = b"retry: 1000\n\n"
KEEP_ALIVE = b": still here\n\n"

SendChunk = Callable[[bytes], Any]

log = logs.get("streams")


class EndedError(Exception):
    """Nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event: its data as JSON, the id a client resumes from, and a name where there are several kinds."""

    data: Any
    id: str = ""
    name: str = ""

    def encode(self) -> bytes:
        """The event on the wire."""
        head = (f"id: {self.id}\n" if self.id else "") + (f"event: {self.name}\n" if self.name else "")
        return head.encode() + b"data: " + orjson.dumps(self.data) + b"\n\n"


@dataclass(slots=True)
class EventStream:
    """An answer that goes on: `read` has the events since it was last called, and raises `EndedError` at the end."""

    read: Callable[[], Iterable[Event]]
    recheck: Callable[[], object] = lambda: None  # raises once the caller may not listen any more
    close: Callable[[], None] = lambda: None
    _next_check: float = 0.0

    async def run(self, workers: Workers, gone: Task[Any], send: SendChunk) -> None:
        """Sends events until the stream ends or the client is gone."""
        began = quiet_since = monotonic()
        await send(OPENING)
        is_over = False
        while not (is_over or gone.done() or monotonic() - began > LONGEST_SECONDS):
            chunk, is_over = await workers.run(EventStream.collect, self)
            if chunk or monotonic() - quiet_since > KEEP_ALIVE_SECONDS:
                await send(chunk or KEEP_ALIVE)
                quiet_since = monotonic()
            if not is_over:
                await wait([gone], timeout=READ_SECONDS)

    def collect(self) -> tuple[bytes, bool]:
        """What came since, as it goes over the wire, and whether that was all."""
        chunks: list[bytes] = []
        try:
            self._check()
            chunks.extend(event.encode() for event in self.read())
        except (EndedError, ApiError):
            return b"".join(chunks), True
        except Exception:
            log.exception("failed")
            return b"".join(chunks), True
        return b"".join(chunks), False

    def _check(self) -> None:
        if monotonic() >= self._next_check:
            self._next_check = monotonic() + RECHECK_SECONDS
            self.recheck()


class OpenStreams:
    """How many streams each user has open on this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def enter(self, who: str) -> Callable[[], None]:
        """Counts a stream; answers with what ends it. Raises `too_many_requests`."""
        with self._lock:
            if self._open[who] >= MOST_OPEN:
                raise ApiError(
                    "too_many_requests",
                    headers=[("Retry-After", str(RETRY_SECONDS))],
                    policy="streams",
                    limit=MOST_OPEN,
                    window=0,
                    retry_after=RETRY_SECONDS,
                )
            self._open[who] += 1
        return lambda: self._leave(who)

    def _leave(self, who: str) -> None:
        with self._lock:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]


def watch(receive: Callable[[], Any]) -> Task[None]:
    """Ends when the client has gone."""

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return create_task(until_gone())
