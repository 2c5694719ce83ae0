"""What the platform does outside of requests, declared once beside what it belongs to.

A room's `tasks.py` says

    @declare("dns.zones.export")
    def export_zones(task: Running, product_ids: list[int]) -> dict[str, Any]:
        ...

and a handler starts it in its transaction: `queue.enqueue(call.transaction, "dns.zones.export", call.real_now, …)`.
What is done time and again is declared with `every` and the times of a crontab, in UTC:

    @every("*/10 * * * *", "identity.tidy_up")
    def tidy_up(settings: Settings, database: Database, now: int) -> None:
        ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from alpage.api.errors import ApiError
from alpage.settings import Settings
from alpage.storage.database import Database

TaskFunction = Callable[..., dict[str, Any] | None]
ScheduledFunction = Callable[[Settings, Database, int], None]

Function = TypeVar("Function", bound=Callable[..., Any])


class PermanentError(ApiError):
    """Ends a task for good: another try would end alike. It becomes the task's error."""


class TemporaryError(Exception):
    """Puts a task off: what is in the way will be gone after a while."""

    def __init__(self, reason: str, delay_seconds: int) -> None:
        super().__init__(reason)
        self.delay_seconds = delay_seconds


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done time and again."""

    name: str
    crontab: str
    function: ScheduledFunction


TASKS: dict[str, TaskFunction] = {}
SCHEDULES: dict[str, Schedule] = {}


def declare(name: str) -> Callable[[Function], Function]:
    """Declares a task. Its function gets the run and the arguments it was started with, and answers its response.

    It may run twice, and from any point on: what it does outside of its steps, it does again.
    """

    def decorate(function: Function) -> Function:
        _add(TASKS, name, function)
        return function

    return decorate


def every(crontab: str, name: str) -> Callable[[Function], Function]:
    """Declares what is done time and again, each time by one of all workers: `minute hour day month weekday`.

    It is short, and does no harm where it is done twice: who dies over it has another do it again. What takes long, it
    starts as a task.
    """

    def decorate(function: Function) -> Function:
        _add(SCHEDULES, name, Schedule(name, crontab, function))
        return function

    return decorate


def _add(known: dict[str, Any], name: str, value: Any) -> None:
    if known.setdefault(name, value) is not value:
        raise ValueError(f"{name} is declared twice")
