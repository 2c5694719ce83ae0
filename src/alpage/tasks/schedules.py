"""Schedules: what is done time and again, each time by one of all workers.

When each is due stands in a table. A worker claims one for a while before it does it, so that one does it; if that one
dies over it, it is due again when the while is over.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event, Thread
from time import time

from croniter import croniter
from sqlalchemy import String, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import logs
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.storage.tables import Base
from alpage.tasks.declarations import SCHEDULES, Schedule

PAUSE_SECONDS = 1.0
CLAIM_SECONDS = 600

log = logs.get("schedules")

# stored


class DueSchedule(Base):
    """When a schedule is due."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    due_at: Mapped[int]


# the verbs


class Scheduler:
    """Does what is due, one after the other."""

    def __init__(self, settings: Settings, database: Database, schedules: Mapping[str, Schedule] = SCHEDULES) -> None:
        self._settings = settings
        self._database = database
        self._schedules = schedules
        self._due: dict[str, int] = {}  # as the table had it when it was last looked at
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Begins to look for what is due."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after what is being done."""
        self._stopping.set()
        self._thread.join()

    def do_what_is_due(self, now: int) -> None:
        """Does all that is due and that nobody else has claimed."""
        for schedule in self._schedules.values():
            if not self._stopping.is_set() and self._is_due(schedule, now) and self._claim(schedule, now):
                self._do(schedule, now)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.do_what_is_due(int(time()))
            except SQLAlchemyError:
                log.exception("database out of reach")

    def _is_due(self, schedule: Schedule, now: int) -> bool:
        if schedule.name not in self._due:
            self._due[schedule.name] = self._first(schedule, now)
        return self._due[schedule.name] <= now

    def _first(self, schedule: Schedule, now: int) -> int:
        """When a schedule is due for the first time this process knows of."""
        due_at = self._look(schedule)
        if due_at is None:
            try:
                with self._database.transaction(NOBODY) as transaction:
                    first = {"name": schedule.name, "due_at": following(schedule.crontab, now)}
                    transaction.execute(insert(DueSchedule), first)
            except IntegrityError:
                log.debug("another worker was quicker", schedule=schedule.name)
        return due_at or self._look(schedule) or now

    def _look(self, schedule: Schedule) -> int | None:
        with self._database.reading() as transaction:
            return transaction.execute(_LOOK, {"name": schedule.name}).scalar()

    def _claim(self, schedule: Schedule, now: int) -> bool:
        """Takes a schedule for a while; where somebody else has it, takes note of when it will be due."""
        if self._move(schedule, now + CLAIM_SECONDS):
            return True
        self._due[schedule.name] = self._look(schedule) or now
        return False

    def _do(self, schedule: Schedule, now: int) -> None:
        try:
            schedule.function(self._settings, self._database, now)
        except SQLAlchemyError:
            log.exception("failed", schedule=schedule.name)  # it is due again when the claim is over
            return
        except Exception:
            log.exception("failed", schedule=schedule.name)
        self._move(schedule, following(schedule.crontab, now))

    def _move(self, schedule: Schedule, due_at: int) -> bool:
        """Puts a schedule off, unless somebody else has."""
        values = {"moved": schedule.name, "seen": self._due[schedule.name], "until": due_at}
        with self._database.transaction(NOBODY) as transaction:
            is_moved = transaction.execute(_MOVE, values).first() is not None
        if is_moved:
            self._due[schedule.name] = due_at
        return is_moved


def following(crontab: str, now: int) -> int:
    """The next time of a crontab, after now."""
    return int(croniter(crontab, datetime.fromtimestamp(now, UTC)).get_next(float))


def worker(settings: Settings, database: Database) -> Scheduler:
    """The scheduler of a process."""
    return Scheduler(settings, database)


_LOOK = select(DueSchedule.due_at).where(DueSchedule.name == bindparam("name"))
_MOVE = (
    update(DueSchedule)
    .where(DueSchedule.name == bindparam("moved"), DueSchedule.due_at == bindparam("seen"))
    .values(due_at=bindparam("until"))
    .returning(DueSchedule.name)
    .execution_options(synchronize_session=False)
)
