"""What tests of tasks start from: tasks to start, and a worker in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import pytest

from alpage.storage.changes import Author
from alpage.tasks import attempts, queue, runner, running
from alpage.tasks.declarations import TASKS
from alpage.tasks.runner import Runner
from alpage.tasks.tasks import Task

PATIENCE_SECONDS = 60
NOW = 1_700_000_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are a twentieth of a second apart, and further tries a second at most."""
    for name in ("POLL_SECONDS", "KEEP_SECONDS", "PATIENCE_SECONDS"):
        monkeypatch.setattr(runner, name, 0.05)
    monkeypatch.setattr(attempts, "DELAYS_SECONDS", (0, 0, 0, 1))
    monkeypatch.setattr(running, "NOTED_SECONDS", 0.0)


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], str]:
    """Declares a function as a task for one test; answers the task's name."""

    def declare(function: Callable[..., Any]) -> str:
        name = f"test.{function.__name__}"
        monkeypatch.setitem(TASKS, name, function)
        return name

    return declare


@contextmanager
def working(platform: Any) -> Iterator[Runner]:
    """A worker in this process."""
    worker = Runner(platform.settings, platform.database)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def start(person: Any, name: str, *, delay_seconds: int = 0, **arguments: Any) -> Task:
    """Starts a task of a person."""
    author = Author(person.user.id, None, "0123456789abcdef01234567")
    with person.platform.database.transaction(author) as transaction:
        return queue.enqueue(
            transaction, name, NOW, account_id=person.account.id, delay_seconds=delay_seconds, **arguments
        )


def shown(person: Any, task: Task) -> dict[str, Any]:
    """The task as the API shows it."""
    return shown_at(person, task.uuid)


def ended(person: Any, task: Task) -> dict[str, Any]:
    """The task as the API shows it when it has ended."""
    return ended_at(person, task.uuid)


def shown_at(person: Any, uuid: str) -> dict[str, Any]:
    """The task of this id as the API shows it."""
    data: dict[str, Any] = person.call("GET", f"/1/async/tasks/{uuid}").json()["data"]
    return data


def ended_at(person: Any, uuid: str) -> dict[str, Any]:
    """The task of this id as the API shows it when it has ended."""
    return until(lambda: shown_at(person, uuid), lambda data: data["status"] in ("executed", "failed"))


def until(look: Callable[[], Any], is_reached: Callable[[Any], object]) -> Any:
    """What is seen once something is reached."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_reached(seen := look()):
        assert monotonic() < deadline, seen
        sleep(0.02)
    return seen


def queued(database: Any, columns: str = "workflow_uuid, status, executor_id") -> list[tuple[Any, ...]]:
    """What the queue knows, as DBOS keeps it."""
    table = "dbos.workflow_status" if database.engine.dialect.name == "postgresql" else "workflow_status"
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {table}")]  # noqa: S608 - constants
