"""Workers that die, and others that go on where they stopped."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from alpage.storage.changes import NOBODY
from alpage.storage.database import connect
from alpage.storage.tables import Base
from alpage.tasks import keeper, queue
from alpage.tasks.keeper import Keeper
from alpage.tasks.mails import Mail
from alpage.tasks.presence import presence
from alpage.tasks.tasks import Task
from tests.faults.servers import open_folder, own_postgresql
from tests.tasks.conftest import NOW, ended, queued, shown, start, until, working
from tests.tasks.process import write_down

ITEMS = 100


@contextmanager
def worker(platform) -> Iterator[subprocess.Popen]:
    """A worker as a process of its own, killed in the end."""
    command = [sys.executable, "-m", "tests.tasks.process", platform.settings.data, address(platform.database)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        try:
            yield process
        finally:
            process.kill()


def address(database):
    return database.engine.url.render_as_string(hide_password=False)


def rows(database):
    with database.reading() as transaction:
        return Counter(int(number) for number in transaction.execute(select(Mail.recipient)).scalars())


def lines(platform, task):
    file = platform.settings.data / f"lines-{task.id}"
    return Counter(int(line) for line in file.read_text().splitlines()) if file.exists() else Counter()


def is_begun(data):
    return data["status"] == "running" and any(step["count"] > 2 for step in data["steps"])


def assert_all_is_done(person, task, deaths):
    data = ended(person, task)
    assert (data["status"], data["response"]) == ("executed", {"items": ITEMS})
    assert rows(person.platform.database) == Counter(range(ITEMS))  # each exactly once
    written = lines(person.platform, task)
    assert written.keys() == {*range(ITEMS)}  # each at least once, and more often only where it was cut off
    assert written.total() <= ITEMS + 5 * deaths


def test_a_living_worker_goes_on_where_a_killed_one_stopped(heidi):
    task = start(heidi, "test.write_down", items=ITEMS)
    with worker(heidi.platform) as first:
        until(lambda: shown(heidi, task), is_begun)
        with working(heidi.platform):
            first.kill()
            assert_all_is_done(heidi, task, deaths=1)


def test_a_worker_that_comes_later_goes_on(heidi):
    task = start(heidi, "test.write_down", items=ITEMS)
    with worker(heidi.platform) as first:
        until(lambda: shown(heidi, task), is_begun)
        first.kill()
        first.wait()
    with worker(heidi.platform):
        assert_all_is_done(heidi, task, deaths=1)


def test_a_worker_that_is_asked_to_end_hands_over(heidi):
    task = start(heidi, "test.write_down", items=ITEMS)
    with worker(heidi.platform) as first:
        until(lambda: shown(heidi, task), is_begun)
        first.terminate()
        assert first.wait(20) == 0
    assert [status for uuid, status, _ in queued(heidi.platform.database) if uuid.startswith(task.uuid)] == ["ENQUEUED"]
    with working(heidi.platform):
        assert_all_is_done(heidi, task, deaths=0)


def test_workers_that_are_killed_again_and_again(heidi):
    task = start(heidi, "test.write_down", items=ITEMS)
    chance = random.Random(4)  # noqa: S311 - when to kill is no secret
    deaths = 0
    while shown(heidi, task)["status"] != "executed" and deaths < 4:
        steps = sum(step["count"] for step in shown(heidi, task)["steps"])
        with worker(heidi.platform) as next_one:
            wanted = steps + chance.randint(1, 8)
            until(
                lambda: shown(heidi, task),
                lambda data: data["status"] == "executed" or sum(step["count"] for step in data["steps"]) >= wanted,  # noqa: B023 - called at once
            )
            next_one.kill()
            deaths += 1
    with working(heidi.platform):
        assert_all_is_done(heidi, task, deaths)


# who is gone


def take(database, task, worker_name):
    """Takes a task off the queue in the name of a worker, as one that is dead has left it."""
    table = "dbos.workflow_status" if database.engine.dialect.name == "postgresql" else "workflow_status"
    taken = text(f"UPDATE {table} SET status = 'PENDING', executor_id = :name WHERE workflow_uuid = :id")  # noqa: S608 - a constant
    with database.engine.begin() as connection:
        connection.execute(taken, {"name": worker_name, "id": f"{task.uuid}/0"})


def test_a_task_of_one_who_is_present_is_left_to_him(heidi, declare):
    task = start(heidi, declare(write_down), items=1)
    database = heidi.platform.database
    other = presence(heidi.platform.settings, database)
    assert other.take("other")
    take(database, task, "other")
    with working(heidi.platform):
        following = start(heidi, "test.write_down", items=0)
        assert ended(heidi, following)["status"] == "executed"
        assert shown(heidi, task)["status"] == "spooled"
        other.close()
        assert ended(heidi, task)["status"] == "executed"


def test_what_a_worker_took_and_never_began_goes_back(heidi, declare):
    task = start(heidi, declare(write_down), items=1)
    database = heidi.platform.database
    mine = Keeper(heidi.platform.settings, database, "me", lambda workflow: False)
    mine.appear()
    take(database, task, "me")
    mine.look_around()
    assert [row[1] for row in queued(database) if row[0] == f"{task.uuid}/0"] == ["PENDING"]  # it may begin any moment
    mine.look_around()
    assert [row[1] for row in queued(database) if row[0] == f"{task.uuid}/0"] == ["ENQUEUED"]
    mine.leave()


def test_the_queue_forgets_what_is_long_over(heidi, declare, monkeypatch):
    task = start(heidi, declare(write_down), items=1)
    with working(heidi.platform):
        ended(heidi, task)
        own = until(
            lambda: [row for row in queued(heidi.platform.database) if row[0] == f"{task.uuid}/0"],
            lambda found: found[0][1] == "SUCCESS",
        )
    mine = Keeper(heidi.platform.settings, heidi.platform.database, "me", lambda workflow: False)
    mine._next_forgetting = 0
    mine.look_around()
    assert own[0][0] in {row[0] for row in queued(heidi.platform.database)}
    monkeypatch.setattr(keeper, "KEPT_SECONDS", -60)
    mine._next_forgetting = 0
    mine.look_around()
    assert own[0][0] not in {row[0] for row in queued(heidi.platform.database)}
    assert shown(heidi, task)["status"] == "executed"
    mine.leave()


def test_a_name_is_held_by_one_at_a_time(settings, database):
    one, other = presence(settings, database), presence(settings, database)
    assert one.take("name")
    assert one.take("name")
    assert not other.take("name")
    assert other.take("another name")
    one.release("name")
    assert other.take("name")
    other.close()
    assert one.take("name")
    assert one.take("another name")
    one.close()


def test_a_lock_that_was_lost_is_taken_anew(settings, database):
    if database.engine.dialect.name == "sqlite":
        return  # a file stays locked
    mine = presence(settings, database)
    assert mine.take("name")
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    with pytest.raises(Exception, match="terminat"):
        mine.take("name")
    assert mine.take("name")
    mine.close()


# a database that goes away


def test_a_database_that_is_gone_for_a_while(settings):
    with open_folder() as folder, own_postgresql(folder) as server:
        platform = SimpleNamespace(settings=settings, database=connect(server.url))
        Base.metadata.create_all(platform.database.engine)
        queue.make_tables(platform.database)
        with platform.database.transaction(NOBODY) as transaction:
            task = queue.enqueue(transaction, "test.write_down", NOW, items=ITEMS)

        def look():
            with platform.database.reading() as transaction:
                return transaction.execute(select(Task.status).where(Task.id == task.id)).scalar()

        with worker(platform):
            until(lambda: len(rows(platform.database)), lambda count: count > 10)
            platform.database.close()
            server.stop()
            server.start()
            until(look, lambda status: status == "executed")
        assert rows(platform.database) == Counter(range(ITEMS))
        platform.database.close()
