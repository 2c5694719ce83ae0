"""Response rate limiting: what keeps forged queries from turning the server into an amplifier. `udp.py` asks it."""

import enum
import socket
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many answers a second a client network (/24, or /56 for IPv6) gets over UDP; 0 is no limit.

    Of the queries over it every `slip`-th gets an empty, truncated answer, on which a real client comes again over
    TCP; the rest get none. 0 slips none, 1 all.
    """

    rate: int = 200
    slip: int = 2
    exempt_loopback: bool = True


class Verdict(enum.Enum):
    """What a query gets."""

    ANSWER = "answer"
    TRUNCATED = "truncated"
    DROPPED = "dropped"


class RateLimiter:
    """Counts answers by client network in windows of one second, so its memory is bounded by a second's traffic."""

    def __init__(
        self, limit: RateLimit, exempt: frozenset[str] = frozenset(), clock: Callable[[], float] = time.monotonic
    ):
        self._limit = limit
        self._exempt = exempt
        self._clock = clock
        self._window = 0
        self._counts: defaultdict[object, int] = defaultdict(int)
        self._over = 0

    def judge(self, host: str) -> Verdict:
        """Count a query from a numeric address and say what it gets."""
        window = int(self._clock())
        if window != self._window:
            self._window = window
            self._counts = defaultdict(int)
        network = _network(host)
        self._counts[network] += 1
        if self._counts[network] <= self._limit.rate or self._is_exempt(host):
            return Verdict.ANSWER
        self._over += 1
        slips = self._limit.slip and self._over % self._limit.slip == 0
        return Verdict.TRUNCATED if slips else Verdict.DROPPED

    def _is_exempt(self, host: str) -> bool:
        loopback = host.startswith("127.") or host == "::1"
        return host in self._exempt or (loopback and self._limit.exempt_loopback)


def _network(host: str) -> object:
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host)[:7]
    return host[: host.rindex(".")]
