"""What tests of tasks start from: a few tasks, and a worker in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import pytest

from alpage.storage.changes import Author
from alpage.tasks import attempts, queue, runner
from alpage.tasks.runner import Runner
from alpage.tasks.tasks import Task

PATIENCE_SECONDS = 20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are a twentieth of a second apart, and further tries a second."""
    for name in ("POLL_SECONDS", "KEEP_SECONDS", "PATIENCE_SECONDS"):
        monkeypatch.setattr(runner, name, 0.05)
    monkeypatch.setattr(attempts, "DELAYS_SECONDS", (1, 1, 1, 1))


@contextmanager
def working(platform: Any) -> Iterator[Runner]:
    """A worker in this process."""
    worker = Runner(platform.settings, platform.database)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def start(person: Any, name: str, **arguments: Any) -> Task:
    """Starts a task of a person."""
    with person.platform.database.transaction(Author(person.user.id)) as transaction:
        return queue.enqueue(transaction, name, 1_700_000_000, account_id=person.account.id, **arguments)


def shown(person: Any, task: Task) -> dict[str, Any]:
    """The task as the API shows it."""
    data: dict[str, Any] = person.call("GET", f"/1/async/tasks/{task.uuid}").json()["data"]
    return data


def ended(person: Any, task: Task) -> dict[str, Any]:
    """The task as the API shows it when it has ended."""
    return until(lambda: shown(person, task), lambda data: data["status"] in ("executed", "failed"))


def until(look: Callable[[], Any], is_reached: Callable[[Any], object]) -> Any:
    """What is seen once something is reached."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_reached(seen := look()):
        assert monotonic() < deadline, seen
        sleep(0.02)
    return seen
