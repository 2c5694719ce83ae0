"""A task in its run: what its function works with.

    @declare("dns.zones.export")
    def export_zones(task: Running, account_id: int) -> dict[str, Any]:
        zones = task.step("list", list_zones, account_id)
        for some in task.batches(zones, 50):
            task.step("write", write_files, some)
        return task.write("store", store)

A step that is done is kept with its result and not done again, however often the task is begun anew. `step` keeps the
result after the function has answered: a step that is cut off in between is done twice. `write` gives the function the
transaction in which the result is kept: what it writes there, it writes exactly once.

Only one run of a task may write: whoever begins a new one, or cancels the task, takes the right from the one before.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from time import monotonic, time
from typing import Any, TypeVar

import orjson
from sqlalchemy import bindparam, insert, select, update

from alpage.settings import Settings
from alpage.storage.changes import Author
from alpage.storage.database import Database, Transaction
from alpage.tasks.tasks import Progress, TaskStep

Item = TypeVar("Item")

NOTED_SECONDS = 0.5  # how old the progress that others see may be


class LostError(BaseException):
    """The task is not this run's any more. No function of a task shall catch it, hence the base."""


class InterruptedRunError(BaseException):
    """The process ends: the task goes on elsewhere, from its last step on."""


class Running:
    """One run of a task."""

    def __init__(self, settings: Settings, database: Database, task: Any, begun: Any, stopping: Event) -> None:
        self.settings = settings
        self.database = database
        self.id = task.id
        self.uuid = task.uuid
        self.name = task.name
        self.account_id = task.account_id
        self.user_id = task.user_id
        self.author = Author(task.user_id, task.grant_id, task.request_id)
        self.number = begun.run
        self.tries = begun.tries  # runs since a step was last done, this one among them
        self.current = ""  # the step that is being done
        self._stopping = stopping
        self._begun: Counter[str] = Counter()
        self._done: int | None = None
        self._total: int | None = None
        self._measured: tuple[int, int] | None = None
        self._noted_at = 0.0
        with database.reading() as transaction:
            rows = transaction.execute(_STEPS, {"of": task.id}).all()
        self._results = {(row.name, row.number): orjson.loads(row.result) for row in rows}

    def step(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Does a step: the result of the function, as JSON has it. Where the run is cut off, it may be done twice."""
        number = self._begin(name)
        if (name, number) in self._results:
            return self._results[name, number]
        started_at = int(time())
        result = orjson.dumps(function(*arguments))
        with self.transaction() as transaction:
            self._keep(transaction, name, number, result, started_at)
        return orjson.loads(result)

    def write(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Does a step within one transaction, which the function is given first: it is done exactly once."""
        number = self._begin(name)
        if (name, number) in self._results:
            return self._results[name, number]
        started_at = int(time())
        with self.transaction() as transaction:
            result = orjson.dumps(function(transaction, *arguments))
            self._keep(transaction, name, number, result, started_at)
        return orjson.loads(result)

    def batches(self, items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
        """The items, so many at a time, and says how far it is. What is done with each batch is a step, or several."""
        for start in range(0, len(items), size):
            self.progress(start, len(items))
            yield items[start : start + size]
        self.progress(len(items), len(items))

    def progress(self, done: int, total: int) -> None:
        """Says how far the task is. Raises what ends the run, where it is to end."""
        if total != self._total or done < (self._done or 0) or self._measured is None:
            self._measured = (int(time()), done)
        self._done, self._total = done, total
        self._check()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction of the task's author, which commits only as long as the task is this run's."""
        with self.database.transaction(self.author) as transaction:
            self._note(transaction, {})
            yield transaction

    def _begin(self, name: str) -> int:
        self._begun[name] += 1
        if name != self.current:
            self.current, self._noted_at = name, 0.0
        if (name, self._begun[name]) not in self._results:
            self._check()
        return self._begun[name]

    def _check(self) -> None:
        """Ends the run where it is to end, and lets others see its progress now and then."""
        if self._stopping.is_set():
            raise InterruptedRunError
        if monotonic() - self._noted_at >= NOTED_SECONDS:
            with self.transaction():
                self._noted_at = monotonic()

    def _keep(self, transaction: Transaction, name: str, number: int, result: bytes, started_at: int) -> None:
        kept = {"task_id": self.id, "name": name, "number": number, "result": result.decode()}
        transaction.execute(insert(TaskStep), kept | {"started_at": started_at, "finished_at": int(time())})
        self.tries = 1
        self._note(transaction, {"tries": self.tries})

    def _note(self, transaction: Transaction, values: dict[str, Any]) -> None:
        """Writes down how far the run is. Raises LostError where the task is not its any more."""
        measured_at, measured_from = self._measured or (None, None)
        progress = {
            "step": self.current or None,
            "done": self._done,
            "total": self._total,
            "measured_at": measured_at,
            "measured_from": measured_from,
        }
        noted = update(Progress).where(Progress.task_id == self.id, Progress.run == self.number)
        noted = noted.values(**progress, **values).execution_options(synchronize_session=False)
        if transaction.execute(noted.returning(Progress.task_id)).first() is None:
            raise LostError


_STEPS = select(TaskStep.name, TaskStep.number, TaskStep.result).where(TaskStep.task_id == bindparam("of"))
