"""The figures of the platform alone, in one list, with the target of those that have one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Bound(StrEnum):
    """On which side of its limit a figure has to be."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True)
class Target:
    """What a figure should be."""

    bound: Bound
    limit: float

    def __str__(self) -> str:
        return f"{self.bound} {self.limit:,g}"

    def is_met_by(self, value: float) -> bool:
        """Compare a measured value with the limit."""
        return value <= self.limit if self.bound is Bound.AT_MOST else value >= self.limit


@dataclass(frozen=True)
class Figure:
    """A measured value beside its target."""

    name: str
    measured: float
    unit: str
    target: Target | None = None

    def verdict(self) -> str:
        """Say in a word or two whether the target is met."""
        if self.target is None:
            return "-"
        return "met" if self.target.is_met_by(self.measured) else "NOT MET"


def page_depth(ratio: float) -> Figure:
    """A list stays as fast when it grows a thousandfold."""
    name = "first page of 1,000,000 records against one of 1,000: time for a request"
    return Figure(name, ratio, "times", Target(Bound.AT_MOST, 1.3))


def log_depth(ratio: float) -> Figure:
    """The change log stays as fast when it grows a thousandfold."""
    name = "page of a change log of 1,000,000 entries against one of 1,000, the slowest filter: time for a request"
    return Figure(name, ratio, "times", Target(Bound.AT_MOST, 1.3))


def bulk_change(seconds: float) -> Figure:
    """Ten thousand records are changed in one request."""
    return Figure("10,000 record changes in one PATCH", seconds, "s", Target(Bound.AT_MOST, 2))


def batch(ratio: float) -> Figure:
    """A thousand small writes go as one."""
    return Figure("a batch of 1,000 writes against 1,000 calls", ratio, "times faster", Target(Bound.AT_LEAST, 10))


def safety(measured: str, ratio: float) -> Figure:
    """A write is on record, and happens once however often it is sent."""
    name = f"a write with change log and idempotency key against one without: {measured}"
    return Figure(name, ratio, "times", Target(Bound.AT_MOST, 1.2))


def dns_delay(seconds: float) -> Figure:
    """The name server has what the API has said yes to."""
    return Figure("from that answer until the name server has them", seconds, "s", Target(Bound.AT_MOST, 1))


def idle_memory(mebibytes: float) -> Figure:
    """The whole platform rests in little memory."""
    return Figure("idle memory (PSS) of all its processes", mebibytes, "MiB", Target(Bound.AT_MOST, 150))


def first_answer(seconds: float) -> Figure:
    """The whole platform is there at once."""
    return Figure("from start to first answer", seconds, "s", Target(Bound.AT_MOST, 2))


def dns_answers(load: dict[str, Any]) -> Figure:
    """What the name server answers on one core, as `bench.dns` tells it."""
    names = "names that never come twice" if load["random"] else "names of one zone"
    return Figure(f"answers of the name server, {names}", load["answers_per_second"], "/s")


def webhook_delay(seconds: float) -> Figure:
    """A receiver hears of a change."""
    return Figure("from a change until its receiver has it, p50", seconds, "s", Target(Bound.AT_MOST, 1))


def webhook_late_delay(seconds: float) -> Figure:
    """The same of nearly all changes."""
    return Figure("the same, p99", seconds, "s")


def webhook_rate(messages: float) -> Figure:
    """Many changes reach one receiver on this machine."""
    return Figure("messages to one receiver, one at a time", messages, "/s")


def introspection(share: float) -> Figure:
    """A token is asked about."""
    return Figure("introspection: requests/s against node-oidc-provider", share, "times", Target(Bound.AT_LEAST, 0.6))


def client_credentials(safe_from: str, share: float) -> Figure:
    """A token is made, and on disk before it is answered: what it is safe from there depends on a setting."""
    name = f"client credentials ({safe_from} takes a token back): requests/s against node-oidc-provider"
    return Figure(name, share, "times", Target(Bound.AT_LEAST, 0.2))


def codes_for_tokens(per_second: float) -> Figure:
    """A code becomes an access token and an ID token signed with RS256."""
    return Figure("codes redeemed on one core, ID tokens by RS256", per_second, "/s", Target(Bound.AT_LEAST, 300))


def revocation(seconds: float) -> Figure:
    """A token may go on for as long as processes remember it, and no longer."""
    name = "from a token's revocation to the last call it was good for, two processes"
    return Figure(name, seconds, "s", Target(Bound.AT_MOST, 3))
