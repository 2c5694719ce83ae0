"""The figures that have a target, in one list: what may be at most, or must be at least, and whether it is."""

from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """On which side of its limit a figure has to be."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True)
class Target:
    """What a figure should be."""

    bound: Bound
    limit: float
    unit: str

    def text(self) -> str:
        """Write the target for a reader."""
        return f"{self.bound} {self.limit:,g} {self.unit}"

    def is_met_by(self, value: float) -> bool:
        """Compare a measured value with the limit."""
        return value <= self.limit if self.bound is Bound.AT_MOST else value >= self.limit


@dataclass(frozen=True)
class Figure:
    """A measured value beside its target."""

    name: str
    target: Target
    measured: float

    def verdict(self) -> str:
        """Say in a word or two whether the target is met."""
        return "met" if self.target.is_met_by(self.measured) else "NOT MET"


def page_depth(ratio: float) -> Figure:
    """A list stays as fast when it grows a thousandfold."""
    name = "first page of 1,000,000 records against one of 1,000: time for a request"
    return Figure(name, Target(Bound.AT_MOST, 1.3, "times"), ratio)


def bulk_change(seconds: float) -> Figure:
    """Ten thousand records are changed in one request."""
    return Figure("10,000 record changes in one PATCH", Target(Bound.AT_MOST, 2, "s"), seconds)


def dns_delay(seconds: float) -> Figure:
    """The name server has what the API has said yes to."""
    name = "10,000 changes answered by the name server after the PATCH's answer"
    return Figure(name, Target(Bound.AT_MOST, 1, "s"), seconds)


def idle_memory(mebibytes: float) -> Figure:
    """The whole platform rests in little memory."""
    return Figure("idle memory (PSS) of all its processes", Target(Bound.AT_MOST, 150, "MiB"), mebibytes)


def first_answer(seconds: float) -> Figure:
    """The whole platform is there at once."""
    return Figure("from start to first answer", Target(Bound.AT_MOST, 2, "s"), seconds)
