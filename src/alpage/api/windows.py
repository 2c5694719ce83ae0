"""The moving windows of the rate limits in the memory of one process; a storage for the `limits` library.

The library's own memory starts a thread every hundredth of a second under load, and copies every window there is in it.
"""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from time import time

from limits.storage import MovingWindowSupport, Storage

SWEEP_SECONDS = 60


@dataclass(slots=True)
class Window:
    """When somebody used a limit, oldest first, and how long that counts."""

    seconds: int
    uses: deque[float] = field(default_factory=deque)

    def forget_before(self, moment: float) -> None:
        """Lets go of what counts no longer."""
        while self.uses and self.uses[0] <= moment:
            self.uses.popleft()


class MemoryWindows(Storage, MovingWindowSupport):
    """Moving windows by key. It counts nothing else: the library's other strategies want another storage."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__("memory")
        self._windows: dict[str, Window] = {}
        self._lock = Lock()
        self._next_sweep = 0.0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Uses a window so many times, if it has room for all of them."""
        now = time()
        with self._lock:
            self._sweep(now)
            window = self._windows.setdefault(key, Window(expiry))
            window.forget_before(now - expiry)
            if len(window.uses) + amount > limit:
                return False
            window.uses.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - the library's
        """When the oldest use that counts was, and how many count."""
        now = time()
        with self._lock:
            window = self._windows.get(key)
            if window is None:
                return now, 0
            window.forget_before(now - expiry)
            return (window.uses[0] if window.uses else now), len(window.uses)

    def _sweep(self, now: float) -> None:
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for key, window in list(self._windows.items()):
            window.forget_before(now - window.seconds)
            if not window.uses:
                del self._windows[key]

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong: nothing of its own."""
        return ValueError

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def clear(self, key: str) -> None:
        """Forgets one window."""
        self._windows.pop(key, None)

    def reset(self) -> int | None:
        """Forgets every window."""
        self._windows.clear()
        return None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts of fixed windows are not kept here."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Counts of fixed windows are not kept here."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Counts of fixed windows are not kept here."""
        raise NotImplementedError
