"""The runner: has DBOS take tasks off the queue, and runs them in threads of this process."""

from threading import Event, Lock, Thread
from time import monotonic
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from alpage.api import logs
from alpage.settings import Settings
from alpage.storage.database import Database
from alpage.tasks import queue
from alpage.tasks.attempts import Attempt
from alpage.tasks.keeper import Keeper
from alpage.tasks.running import InterruptedRunError
from alpage.tasks.tasks import ENDED, Task

POLL_SECONDS = 0.5  # between two looks at the queue
KEEP_SECONDS = 1.0  # between two looks for the tasks of workers that are gone
PATIENCE_SECONDS = 3.0  # before another try to reach the database
GRACE_SECONDS = 10.0  # for the steps that are being done when the process is to end
NEVER_SECONDS = 1e9
VERSION = "1"  # always the same, so that a release takes up what the one before has left

log = logs.get("tasks")


class Runner:
    """Runs tasks in this process, as many at a time as the settings say."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._stopping = Event()
        self._running: set[str] = set()
        self._lock = Lock()
        self._thread = Thread(target=self._run, name="tasks", daemon=True)

    def start(self) -> None:
        """Begins to look for tasks."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the steps that are being done; the tasks go on elsewhere, or later."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._has_work():  # DBOS takes its memory only where there is something to run
            if self._stopping.wait(POLL_SECONDS):
                return
        name = str(uuid4())  # now that this process is the one that works: it may be one of several made alike
        keeper = Keeper(self._settings, self._database, name, self._is_running)
        while not self._launch(name, keeper):
            if self._stopping.wait(PATIENCE_SECONDS):
                return
        while not self._stopping.wait(KEEP_SECONDS):
            keeper.look_around()
        self._end(keeper)

    def _has_work(self) -> bool:
        try:
            with self._database.reading() as transaction:
                return transaction.execute(_UNFINISHED).first() is not None
        except SQLAlchemyError:
            log.exception("database out of reach")
            return False

    def _launch(self, name: str, keeper: Keeper) -> bool:
        """Has DBOS look for tasks. Answers False where the database was out of reach."""
        from dbos import DBOS, DBOSPortableJSONSerializer  # noqa: PLC0415 - with the first task

        logs.adopt("dbos", "warning")
        DBOS(
            config={
                "name": queue.APPLICATION,
                "system_database_url": queue.address_of(self._database),
                "executor_id": name,
                "application_version": VERSION,
                "run_migrations": False,
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": POLL_SECONDS,
                "scheduler_polling_interval_sec": NEVER_SECONDS,  # schedules are not its business
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
            }
        )

        @DBOS.workflow(name=queue.WORKFLOW, max_recovery_attempts=None)
        def run(uuid: str) -> None:
            self._run_task(uuid, DBOS.workflow_id or "")

        try:
            keeper.appear()
            DBOS.launch()
            DBOS.register_queue(
                queue.QUEUE, worker_concurrency=self._settings.task_concurrency, polling_interval_sec=POLL_SECONDS
            )
        except Exception:  # the database, in whatever way DBOS puts it
            log.exception("not started")
            DBOS.destroy(destroy_registry=True)
            return False
        return True

    def _end(self, keeper: Keeper) -> None:
        from dbos import DBOS  # noqa: PLC0415 - it is loaded

        deadline = monotonic() + GRACE_SECONDS
        while self._running and monotonic() < deadline:
            Event().wait(0.02)
        DBOS.destroy(destroy_registry=True)
        keeper.leave()

    def _is_running(self, workflow: str) -> bool:
        return workflow in self._running

    def _run_task(self, uuid: str, workflow: str) -> None:
        if self._stopping.is_set():
            raise InterruptedRunError
        with self._lock:
            self._running.add(workflow)
        try:
            while not Attempt(self._settings, self._database, uuid, self._stopping).make():
                if self._stopping.wait(PATIENCE_SECONDS):
                    raise InterruptedRunError
        finally:
            with self._lock:
                self._running.discard(workflow)


def worker(settings: Settings, database: Database) -> Runner:
    """The runner of a process."""
    return Runner(settings, database)


_UNFINISHED = select(Task.id).where(Task.status.not_in(ENDED)).limit(1)
