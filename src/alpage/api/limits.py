"""Rate limits: 60 requests a minute for a user over all his tokens, and a larger measure for items of bulk routes.

Both are moving windows of the `limits` library, in memory (`windows.py`) or in Redis: exact, so that who waits
`Retry-After` gets through. What is left is told with every answer, in the words of the IETF draft (`RateLimit`,
`RateLimit-Policy`) and in the older ones (`X-RateLimit-…`).
"""

from dataclasses import dataclass
from math import ceil
from time import time
from typing import cast

from limits import RateLimitItem, parse
from limits.storage import MovingWindowSupport, storage_from_string

from alpage.api.calls import Call
from alpage.api.errors import ApiError
from alpage.api.routes import ANY_TOKEN, Routes, Shape
from alpage.api.windows import MemoryWindows

IN_MEMORY = "memory://"
REQUESTS = "requests"
ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Window:
    """A policy as it stands for somebody now; seconds until it is whole again."""

    policy: str
    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int

    def headers(self) -> list[tuple[str, str]]:
        """The headers that tell it."""
        return [
            ("RateLimit-Policy", f'"{self.policy}";q={self.limit};w={self.window_seconds}'),
            ("RateLimit", f'"{self.policy}";r={self.remaining};t={self.reset_seconds}'),
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(int(time()) + self.reset_seconds)),
        ]


class Limits:
    """The policies in force, and who has used how much of them."""

    def __init__(self, requests: str, items: str, store: str) -> None:
        # Windows are asked without the library's strategy, which makes the name of each twice a request.
        self._windows = (
            MemoryWindows() if store == IN_MEMORY else cast("MovingWindowSupport", storage_from_string(store))
        )
        self._policies = {REQUESTS: parse(requests), ITEMS: parse(items)}

    def take(self, who: str, policy: str = REQUESTS, cost: int = 1) -> Window:
        """Uses some of a policy and tells what is left. Raises `too_many_requests`.

        A call that costs more than the whole policy uses all of it, rather than never getting through.
        """
        item = self._item(policy)
        key = _key(policy, who)
        allowed = self._windows.acquire_entry(key, item.amount, item.get_expiry(), min(cost, item.amount))
        window = self._window(policy, item, key)
        if allowed:
            return window
        retry_after = max(1, window.reset_seconds)
        raise ApiError(
            "too_many_requests",
            headers=[*window.headers(), ("Retry-After", str(retry_after))],
            policy=policy,
            limit=window.limit,
            window=window.window_seconds,
            retry_after=retry_after,
        )

    def look(self, who: str, policy: str = REQUESTS) -> Window:
        """What is left of a policy."""
        return self._window(policy, self._item(policy), _key(policy, who))

    def _item(self, policy: str) -> RateLimitItem:
        item = self._policies.get(policy)
        if item is None:  # a route's own limit is its own policy: "5/minute"
            item = self._policies[policy] = parse(policy)
        return item

    def _window(self, policy: str, item: RateLimitItem, key: str) -> Window:
        seconds = item.get_expiry()
        began, used = self._windows.get_moving_window(key, item.amount, seconds)
        reset = max(0, ceil(began + seconds - time()))
        return Window(policy, item.amount, seconds, max(0, item.amount - used), reset)


def _key(policy: str, who: str) -> str:
    return f"{policy}/{who}"


routes = Routes("Limits")


class LimitShape(Shape):
    """A limit, and how much of it is left to the caller."""

    policy: str
    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int


@routes.get("/1/limits", scope=ANY_TOKEN, answer=list[LimitShape], free=True)
def list_limits(call: Call) -> list[Window]:
    """List the limits of the caller, and what is left of them.

    This call costs nothing.
    """
    return [call.limits.look(str(call.caller.user_id), policy) for policy in (REQUESTS, ITEMS)]
