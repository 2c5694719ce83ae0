"""The keeper: sees to it that no task stays behind with a worker that is gone.

A worker is present as long as it holds the lock under its name (`presence.py`). Who finds a task that was taken by one
that is not present, twice in a row, puts it back on the queue; it begins again after its last step. A worker that was
cut off from the database may find that its task is another's by then, and lets go of it (`running.py`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from alpage.api import logs
from alpage.settings import Settings
from alpage.storage.database import Database
from alpage.tasks import queue
from alpage.tasks.presence import presence

if TYPE_CHECKING:
    from dbos import DBOSClient

TAKEN = "PENDING"
OVER = ["SUCCESS", "ERROR", "CANCELLED"]
KEPT_SECONDS = 24 * 3600  # how long the queue knows of what is over; our own table knows longer
FORGET_SECONDS = 600.0
FORGOTTEN_AT_ONCE = 500

log = logs.get("tasks")


class Keeper:
    """Looks after the tasks that were taken off the queue, for one worker."""

    def __init__(self, settings: Settings, database: Database, name: str, is_running: Callable[[str], bool]) -> None:
        self._database = database
        self._presence = presence(settings, database)
        self._name = name
        self._is_running = is_running
        self._suspected: set[tuple[str, str]] = set()  # the task and its worker
        self._next_forgetting = monotonic() + FORGET_SECONDS
        self._client: DBOSClient | None = None

    def appear(self) -> None:
        """Takes the lock under the worker's name, or sees that it still has it."""
        if not self._presence.take(self._name):
            log.warning("taken for dead")  # whoever holds the lock puts our tasks on the queue, and lets go of it

    def look_around(self) -> None:
        """Puts back what was taken by workers that are gone, or by this one without its coming to be run."""
        try:
            self.appear()
            abandoned = {taken for taken in self._taken() if self._is_abandoned(*taken)}
            for task, worker in abandoned & self._suspected:
                self._put_back(task, worker)
            self._suspected = abandoned - self._suspected
            if monotonic() >= self._next_forgetting:
                self._next_forgetting = monotonic() + FORGET_SECONDS
                self._forget()
        except Exception as error:  # the database, in whatever way DBOS puts it
            log.warning("database out of reach", reason=type(error).__name__)
            self._suspected.clear()

    def leave(self) -> None:
        """Puts back what this worker has taken and not ended, and goes."""
        try:
            for task, worker in self._taken():
                if worker == self._name and not self._is_running(task):
                    self._put_back(task, worker)
        except Exception as error:  # as above; then others do it
            log.warning("database out of reach", reason=type(error).__name__)
        self._presence.close()
        self._dbos.destroy()

    @property
    def _dbos(self) -> "DBOSClient":
        if self._client is None:
            from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415 - with the first task

            self._client = DBOSClient(
                system_database_url=queue.address_of(self._database),
                application_name=queue.APPLICATION,
                serializer=DBOSPortableJSONSerializer(),
                system_database_pool_size=1,
                retry_connection_errors=False,
                lazy=True,
            )
        return self._client

    def _taken(self) -> list[tuple[str, str]]:
        found: list[Any] = self._dbos.list_workflows(status=TAKEN, load_input=False, load_output=False)
        return [(taken.workflow_id, taken.executor_id or "") for taken in found]

    def _is_abandoned(self, task: str, worker: str) -> bool:
        if worker == self._name:
            return not self._is_running(task)
        if not self._presence.take(worker):
            return False
        self._presence.release(worker)
        return True

    def _put_back(self, task: str, worker: str) -> None:
        """Puts a task back on the queue, as long as its worker does not come to life: nobody else may do so then."""
        if worker != self._name and not self._presence.take(worker):
            return
        try:
            if (task, worker) in self._taken():
                self._dbos.resume_workflows([task], queue_name=queue.QUEUE)
                log.info("put back", workflow=task, worker=worker)
        finally:
            if worker != self._name:
                self._presence.release(worker)

    def _forget(self) -> None:
        """Has the queue forget what is long over."""
        until = datetime.fromtimestamp(time() - KEPT_SECONDS, UTC).isoformat()
        while over := self._dbos.list_workflows(
            status=OVER, completed_before=until, limit=FORGOTTEN_AT_ONCE, load_input=False, load_output=False
        ):
            self._dbos.delete_workflows([workflow.workflow_id for workflow in over])
