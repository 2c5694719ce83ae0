"""Tasks: long work a request has started, how far it has come, and its cancelling.

`queue.py` starts one, `running.py` is what its function works with, `runner.py` runs it. People read it here.
"""

from collections.abc import Callable, Iterable, Sequence
from time import time
from typing import Any, ClassVar, Literal
from uuid import uuid4

from pydantic import Field
from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import CATALOGUE, ApiError, not_found
from alpage.api.history import RECORD, Subject
from alpage.api.requests import RequestInFull
from alpage.api.routes import ANY_TOKEN, Filter, Routes, Shape
from alpage.api.streams import EndedError, Event, EventStream
from alpage.api.validation import Number
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Tasks")

Status = Literal["spooled", "running", "executed", "failed"]
ENDED = ("executed", "failed")
LONGEST_WAIT_SECONDS = 60

# stored


class Task(Base):
    """A piece of work that outlives the request it comes from. Its status is on record; how far it is, is not."""

    __tablename__ = "tasks"
    __table_args__ = (Index(None, "user_id", "id"), Index(None, "status", "finished_at"), STEADY_IDS)
    __event__ = "task"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid4()))
    name: Mapped[str] = mapped_column(String(100), default="")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # none: the platform's own
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    grant_id: Mapped[int | None] = mapped_column(default=None)
    request_id: Mapped[str | None] = mapped_column(String(24), default=None)
    status: Mapped[str] = mapped_column(String(8), default="spooled")
    response: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    created_at: Mapped[int]
    updated_at: Mapped[int]
    executed_at: Mapped[int | None] = mapped_column(default=None)
    finished_at: Mapped[int | None] = mapped_column(default=None)


class Progress(Base):
    """How far a task is, and which run of it may write: the one that has the number. No change of anything."""

    __tablename__ = "task_progress"

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    run: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)  # runs since a step was last done
    step: Mapped[str | None] = mapped_column(String(100), default=None)
    done: Mapped[int | None] = mapped_column(default=None)
    total: Mapped[int | None] = mapped_column(default=None)
    measured_at: Mapped[int | None] = mapped_column(default=None)  # since when, and from how much on, its pace
    measured_from: Mapped[int | None] = mapped_column(default=None)
    due_at: Mapped[int | None] = mapped_column(default=None)  # when it is to begin, or to be tried again


class TaskStep(Base):
    """A step of a task that is done, with its result: a run that comes later does not do it again."""

    __tablename__ = "task_steps"
    __table_args__ = (UniqueConstraint("task_id", "name", "number"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]  # of the steps of this name
    result: Mapped[str] = mapped_column(Text)  # JSON; what SQLite takes for JSON, it makes numbers of where it can
    started_at: Mapped[int]
    finished_at: Mapped[int]


subjects = [Subject(Task, never=RECORD)]

# on the wire


def add_progress(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds how far tasks are."""
    wanted = select(Progress.__table__).where(Progress.task_id.in_([row.id for row in rows]))
    found = {row.task_id: row for row in call.transaction.execute(wanted)}
    for row, shown in zip(rows, objects, strict=True):
        progress = found.get(row.id)
        shown["percent"] = _percent(row.status, progress)
        shown["eta_seconds"] = _eta_seconds(row.status, progress, int(time()))
        for name in ("done", "total", "step", "due_at"):
            shown[name] = getattr(progress, name, None)


def add_steps(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds the steps that are done, those of one name together, in their order."""
    for row, shown in zip(rows, objects, strict=True):
        shown["steps"] = [dict(step._mapping) for step in call.transaction.execute(_steps_of(row.id))]  # noqa: SLF001 - a public attribute in spite of its name


class TaskSteps(Shape):
    """What is done of a task: so many steps of this name."""

    name: str
    count: int
    started_at: int
    finished_at: int


class AsyncTask(Shape):
    """A task of the caller. `executed_at` and `finished_at` are null until it has begun, and ended.

    `percent`, `done`, `total` and `eta_seconds` are null where it cannot know. `due_at` says when a task that waits
    begins, or is tried again.
    """

    parts: ClassVar = {"percent": add_progress}

    uuid: str
    status: Status
    created_at: int
    updated_at: int
    executed_at: int | None
    finished_at: int | None
    response: dict[str, Any]
    error: dict[str, Any] | None = None
    name: str
    account_id: int | None
    request_id: str | None
    percent: int | None
    done: int | None = None
    total: int | None = None
    eta_seconds: int | None = None
    step: str | None = None
    due_at: int | None = None

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The task, with its error where it has one."""
        shown = super().present(row, call)
        return shown if row.error is None else {**shown, "error": _readable(row.error, call.language)}


class AsyncTaskDetails(AsyncTask):
    """A task of the caller, with the steps it has done."""

    parts: ClassVar = {**AsyncTask.parts, "steps": add_steps}

    steps: list[TaskSteps]


class TaskFilter(Filter):
    """Which tasks to list."""

    status: Status | None = None
    account_id: Number | None = None
    name: str | None = None


class TaskWait(Shape):
    """How long to wait for the end of a task."""

    wait: int = Field(default=0, ge=0, le=LONGEST_WAIT_SECONDS, description="Seconds to wait for the end of the task.")


def _percent(status: str, progress: Any) -> int | None:
    if status == "executed":
        return 100
    if progress is None or not progress.total:
        return 0 if status == "spooled" else None
    return int(min(99, progress.done * 100 // progress.total))


def _eta_seconds(status: str, progress: Any, now: int) -> int | None:
    if status in ENDED or progress is None:
        return None
    if status == "spooled":
        return None if progress.due_at is None else max(0, progress.due_at - now)
    if progress.measured_at is None or progress.done <= progress.measured_from:
        return None
    pace = (now - progress.measured_at) / (progress.done - progress.measured_from)
    return int((progress.total - progress.done) * pace)


def _steps_of(task_id: int) -> Any:
    first, last = func.min(TaskStep.started_at).label("started_at"), func.max(TaskStep.finished_at).label("finished_at")
    steps = select(TaskStep.name, func.count().label("count"), first, last).where(TaskStep.task_id == task_id)
    return steps.group_by(TaskStep.name).order_by(func.min(TaskStep.id))


def _readable(error: dict[str, Any], language: str) -> dict[str, Any]:
    """The error of a task with its sentence, where its code is one of today's."""
    code, context = error["code"], error.get("context", {})
    if code not in CATALOGUE.entries:
        return error
    return {"code": code, "description": CATALOGUE.describe(code, context, language), "context": context}


# who sees it


def visible(caller: Caller) -> Select[Task]:
    """The tasks of the caller, as far as his token reaches."""
    found = select(Task).where(Task.user_id == caller.user_id)
    if caller.account_ids is None:
        return found
    return found.where(or_(Task.account_id.is_(None), Task.account_id.in_(caller.account_ids)))


def find(call: Call, task_uuid: str) -> Any:
    """A task of the caller. Raises `object_not_found`."""
    task = call.transaction.find(visible(call.caller).where(Task.uuid == task_uuid))
    if task is None:
        raise not_found("AsyncTask", task_uuid)
    return task


def _add_to_requests(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds to a request the tasks it started."""
    for row, shown in zip(rows, objects, strict=True):
        started = visible(call.caller).where(Task.request_id == row.id).order_by(Task.id)
        shown["tasks"] = [
            {"uuid": task.uuid, "name": task.name, "status": task.status}
            for task in call.transaction.execute(started.with_only_columns(*Task.__table__.c))
        ]


RequestInFull.parts["tasks"] = _add_to_requests

# the routes


@routes.get(
    "/1/async/tasks",
    scope=ANY_TOKEN,
    answer=list[AsyncTask],
    sort={
        "id": Task.id,
        "uuid": Task.uuid,
        "name": Task.name,
        "status": Task.status,
        "created_at": Task.created_at,
        "updated_at": Task.updated_at,
        "executed_at": Task.executed_at,
        "finished_at": Task.finished_at,
    },
)
def list_tasks(call: Call, filter: TaskFilter) -> Select[Any]:
    """List the tasks of the caller, in the order they were made."""
    found = visible(call.caller)
    for column, value in ((Task.status, filter.status), (Task.account_id, filter.account_id), (Task.name, filter.name)):
        if value is not None:
            found = found.where(column == value)
    return found


@routes.get("/1/async/tasks/{task_uuid}", scope=ANY_TOKEN, answer=AsyncTaskDetails, streams=True)
def show_task(call: Call, task_uuid: str, query: TaskWait) -> Any:
    """Show a task. With `wait`, when it has ended, or after so many seconds.

    As server-sent events: the task now, and again whenever something of it has changed, until it has ended.
    """
    task = find(call, task_uuid)
    if call.wants_stream:
        return EventStream(_follow(call, task_uuid))
    if task.status not in ENDED:
        call.wait(query.wait)
    return task


@routes.post(
    "/1/async/tasks/{task_uuid}/cancel",
    scope=ANY_TOKEN,
    answer=AsyncTask,
    status=200,
    errors=("object_not_found", "task_not_cancellable"),
)
def cancel_task(call: Call, task_uuid: str) -> Any:
    """Cancel a task that has not ended.

    It is `failed` from now on, with `task_cancelled` as its error; what it has done stays. A step it is in the middle
    of may still come to its end.
    """
    task = find(call, task_uuid)
    step = call.transaction.execute(_TAKE_AWAY, {"cancelled": task.id}).scalar()  # what runs it may write no more
    call.session.refresh(task)
    if task.status in ENDED:
        raise ApiError("task_not_cancellable", task=task.name, step=step or "")
    task.status, task.error = "failed", {"code": "task_cancelled", "context": {"task": task.name}}
    task.finished_at = task.updated_at = call.real_now
    return task


def _follow(call: Call, task_uuid: str) -> Callable[[], Iterable[Event]]:
    """Reads what is new of a task."""
    seen: dict[str, Any] = {}

    def read() -> Iterable[Event]:
        shown = _look(call, task_uuid)
        state = {**shown, "eta_seconds": None}  # the time that is left changes by itself
        if state != seen:
            seen.update(state)
            yield Event(shown, name="task")
        if shown["status"] in ENDED:
            raise EndedError

    return read


def _look(call: Call, task_uuid: str) -> dict[str, Any]:
    """A task as it is now, in a snapshot of its own."""
    try:
        task = find(call, task_uuid)
        shown = AsyncTaskDetails.present(task, call)
        for add in AsyncTaskDetails.parts.values():
            add(call, [task], [shown])
        return shown
    finally:
        call.transaction.release()


_TAKE_AWAY = (
    update(Progress)
    .where(Progress.task_id == bindparam("cancelled"))
    .values(run=Progress.run + 1)
    .returning(Progress.step)
    .execution_options(synchronize_session=False)
)
