"""Tasks: long work a request has started, and how far it has come. What runs them writes here; people read."""

from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import JSON, ForeignKey, Index, Select, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.history import RECORD, Subject
from alpage.api.routes import ANY_TOKEN, Routes, Shape
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Tasks")

Status = Literal["spooled", "running", "executed", "failed"]

# stored


class Task(Base):
    """A piece of work that outlives the request it comes from."""

    __tablename__ = "tasks"
    __table_args__ = (Index(None, "user_id", "id"), STEADY_IDS)
    __event__ = "task"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid4()))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    status: Mapped[str] = mapped_column(String(8), default="spooled")
    response: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    created_at: Mapped[int]
    updated_at: Mapped[int]
    executed_at: Mapped[int | None] = mapped_column(default=None)
    finished_at: Mapped[int | None] = mapped_column(default=None)


subjects = [Subject(Task, never=RECORD)]

# on the wire


class AsyncTask(Shape):
    """A task of the caller. `executed_at` and `finished_at` are null until it has begun, and ended."""

    uuid: str
    status: Status
    created_at: int
    updated_at: int
    executed_at: int | None
    finished_at: int | None
    response: dict[str, Any]
    error: dict[str, Any] | None = None

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The task, with its error where it has one."""
        shown = super().present(row, call)
        return shown if row.error is None else {**shown, "error": row.error}


# who sees it


def visible(caller: Caller) -> Select[Task]:
    """The tasks of the caller, as far as his token reaches."""
    found = select(Task).where(Task.user_id == caller.user_id)
    if caller.account_ids is None:
        return found
    return found.where(or_(Task.account_id.is_(None), Task.account_id.in_(caller.account_ids)))


# the routes


@routes.get(
    "/1/async/tasks",
    scope=ANY_TOKEN,
    answer=list[AsyncTask],
    sort={
        "id": Task.id,
        "uuid": Task.uuid,
        "status": Task.status,
        "created_at": Task.created_at,
        "updated_at": Task.updated_at,
        "executed_at": Task.executed_at,
        "finished_at": Task.finished_at,
    },
)
def list_tasks(call: Call) -> Select[Any]:
    """List the tasks of the caller, in the order they were made."""
    return visible(call.caller)


@routes.get("/1/async/tasks/{task_uuid}", scope=ANY_TOKEN, answer=AsyncTask)
def show_task(call: Call, task_uuid: str) -> Any:
    """Show a task."""
    task = call.transaction.find(visible(call.caller).where(Task.uuid == task_uuid))
    if task is None:
        raise not_found("AsyncTask", task_uuid)
    return task
