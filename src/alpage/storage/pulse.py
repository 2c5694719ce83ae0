"""The pulse of the change log: its newest number, for all in a process who wait for something to happen.

However many listen, the database is asked ten times a second at most.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic

LOOK_SECONDS = 0.1


class Pulse:
    """The number of the newest entry, as of a moment ago."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._lock = Lock()
        self._next_look = 0.0
        self._latest = 0

    def latest(self) -> int:
        """The number of the newest entry, a tenth of a second old at most."""
        if monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._latest = self._look()
                self._next_look = monotonic() + LOOK_SECONDS
            finally:
                self._lock.release()
        return self._latest
