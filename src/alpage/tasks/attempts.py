"""One attempt at a task: its function is called, and what comes of that is written down.

The words of a task that does not come to its end: `PermanentError` fails it, as any error of the API does that is the
caller's; `TemporaryError` puts it off; what nobody has foreseen is tried again a few times, ever later.
"""

from collections.abc import Mapping
from threading import Event
from time import time
from typing import Any

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from alpage.api import logs
from alpage.api.errors import ApiError
from alpage.settings import Settings
from alpage.storage.changes import Author
from alpage.storage.database import Database
from alpage.tasks import queue
from alpage.tasks.declarations import TASKS, TemporaryError
from alpage.tasks.running import LostError, Running
from alpage.tasks.tasks import ENDED, Progress, Task

MOST_TRIES = 20  # without a step that is done, whether they were put off or cut off
DELAYS_SECONDS = (2, 10, 60, 300)  # after failures that nobody has foreseen
UNKNOWN_DELAY_SECONDS = 60  # for the next release, which has the task, to take over
SERVER_ERRORS = 500

log = logs.get("tasks")


class Attempt:
    """An attempt at a task."""

    def __init__(self, settings: Settings, database: Database, uuid: str, stopping: Event) -> None:
        self._settings = settings
        self._database = database
        self._uuid = uuid
        self._stopping = stopping

    def make(self) -> bool:
        """Makes it. Answers False where that was not possible, for the database above all, and is worth another try."""
        try:
            with self._database.reading() as transaction:
                task = transaction.execute(_TASK, {"uuid": self._uuid}).one_or_none()
            if task is not None and task.status not in ENDED:
                self._attempt(task)
        except LostError:
            log.info("somebody else's now", task=self._uuid)
        except Exception as error:
            if is_unreachable(error):
                log.warning("database out of reach", task=self._uuid, reason=type(error).__name__)
            else:
                log.exception("not to be run", task=self._uuid)
            return False
        return True

    def _attempt(self, task: Any) -> None:
        running = Running(self._settings, self._database, task, self._begin(task), self._stopping)
        if running.tries > MOST_TRIES:
            self._fail(running, "task_failed")
            return
        try:
            response = orjson.loads(orjson.dumps(_function(task)(running, **task.arguments) or {}))
        except TemporaryError as error:
            self._put_off(running, error.delay_seconds, "task_failed", error)
        except ApiError as error:
            if error.status >= SERVER_ERRORS:
                self._try_again(running, error)
            else:
                log.info("failed", task=self._uuid, step=running.current, code=error.code)
                self._fail(running, error.code, error.context)
        except Exception as error:
            if is_unreachable(error):
                raise
            self._try_again(running, error)
        else:
            self._end(running, status="executed", response=response)

    def _begin(self, task: Any) -> Any:
        """Takes the task from whatever run had it before. Answers the number of this run, and which try it is."""
        now = int(time())
        with self._database.transaction(Author(task.user_id, task.grant_id, task.request_id)) as transaction:
            begun: Any = transaction.execute(_BEGIN, {"begun": task.id}).one()
            current = transaction.session.get_one(Task, task.id, populate_existing=True)
            if current.status in ENDED:  # it was cancelled just now
                raise LostError
            if current.status == "spooled":
                current.status, current.executed_at, current.updated_at = "running", now, now
        return begun

    def _try_again(self, running: Running, error: Exception) -> None:
        """After a failure that nobody has foreseen."""
        log.exception("failed", task=self._uuid, name=running.name, step=running.current, tries=running.tries)
        delay = DELAYS_SECONDS[running.tries - 1] if running.tries <= len(DELAYS_SECONDS) else None
        self._put_off(running, delay, "unexpected_error", error)

    def _put_off(self, running: Running, delay_seconds: int | None, code: str, error: Exception) -> None:
        if delay_seconds is None or running.tries >= MOST_TRIES:
            self._fail(running, code)
            return
        log.info("put off", task=self._uuid, step=running.current, seconds=delay_seconds, reason=str(error))
        with running.transaction() as transaction:
            transaction.execute(_PUT_OFF, {"put_off": running.id, "until": int(time()) + delay_seconds})
            queue.put(transaction, self._uuid, running.number, delay_seconds)

    def _fail(self, running: Running, code: str, context: Mapping[str, Any] | None = None) -> None:
        place = {"task": running.name, "step": running.current}
        self._end(running, status="failed", error={"code": code, "context": {**place, **(context or {})}})

    def _end(self, running: Running, **values: Any) -> None:
        now = int(time())
        with running.transaction() as transaction:
            task = transaction.session.get_one(Task, running.id)
            for name, value in {**values, "finished_at": now, "updated_at": now}.items():
                setattr(task, name, value)


def _function(task: Any) -> Any:
    """What is to be called. Raises TemporaryError for a task that a newer release has started."""
    if task.name not in TASKS:
        raise TemporaryError(f"no task is called {task.name}", UNKNOWN_DELAY_SECONDS)
    return TASKS[task.name]


def is_unreachable(error: Exception) -> bool:
    """Whether the database is out of reach, or too busy to answer."""
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_lost or isinstance(error, OperationalError | NoConnectionError)


_TASK = select(Task.__table__).where(Task.uuid == bindparam("uuid"))
_BEGIN = (
    update(Progress)
    .where(Progress.task_id == bindparam("begun"))
    .values(run=Progress.run + 1, tries=Progress.tries + 1, due_at=None)
    .returning(Progress.run, Progress.tries)
    .execution_options(synchronize_session=False)
)
_PUT_OFF = (
    update(Progress)
    .where(Progress.task_id == bindparam("put_off"))
    .values(due_at=bindparam("until"))
    .execution_options(synchronize_session=False)
)
