"""When what did not arrive is tried again: the waits of the Standard Webhooks specification, with some chance added."""

from collections.abc import Mapping
from random import randrange

MINUTE, HOUR = 60, 3600
WAITS_SECONDS = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
MOST_TRIES = len(WAITS_SECONDS) + 1
LONGEST_ASKED_SECONDS = 24 * HOUR  # of what a receiver asks for in `Retry-After`
FAILURES_BEFORE_HOLD = 5
FIRST_HOLD_SECONDS, LONGEST_HOLD_SECONDS = 30, 15 * MINUTE

TOO_MANY, UNAVAILABLE = 429, 503


def wait_after(tries: int) -> int | None:
    """How long a message waits after so many tries; None: it is given up. A tenth at most is chance."""
    if tries >= MOST_TRIES:
        return None
    wait = WAITS_SECONDS[tries - 1]
    return wait + randrange(wait // 10 + 1)  # noqa: S311 - spreads load, hides nothing


def hold_after(failures: int) -> int:
    """How long an endpoint is left alone after so many failures in a row, whatever there is to be sent.

    An endpoint that is down is so asked now and then, and what happens meanwhile stays in the change log, in its order.
    """
    beyond = failures - FAILURES_BEFORE_HOLD
    return 0 if beyond < 0 else min(FIRST_HOLD_SECONDS << min(beyond, 16), LONGEST_HOLD_SECONDS)


def asked_for(status: int, headers: Mapping[str, str]) -> int:
    """How long a receiver asks to be left alone (RFC 9110, 10.2.3, in seconds); 0 if it does not."""
    text = headers.get("retry-after", "")
    if status not in (TOO_MANY, UNAVAILABLE) or not text.isdecimal() or len(text) > 9:
        return 0
    return min(int(text), LONGEST_ASKED_SECONDS)
