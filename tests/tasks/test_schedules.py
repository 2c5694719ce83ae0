"""What is done time and again: once each time, whoever does it, and again where that one dies over it."""

from threading import Barrier, Thread

import pytest
from croniter import croniter
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from alpage.storage.changes import NOBODY
from alpage.tasks import retention, schedules
from alpage.tasks.declarations import SCHEDULES, TASKS, Schedule, declare, every
from alpage.tasks.retention import KEPT_SECONDS
from alpage.tasks.schedules import CLAIM_SECONDS, Scheduler, following
from alpage.tasks.tasks import Progress, Task, TaskStep
from tests.tasks.conftest import until

NOON = 1_700_049_600  # 2023-11-15 12:00 UTC


@pytest.fixture
def calls():
    return []


def hourly(calls, name="test.hourly", error=None):
    def function(settings, database, now):
        calls.append(now)
        if error is not None:
            raise error

    return {name: Schedule(name, "0 * * * *", function)}


def test_the_times_of_a_crontab_are_those_of_utc():
    assert following("0 * * * *", NOON) == NOON + 3600
    assert following("*/10 * * * *", NOON + 1) == NOON + 600
    assert following("30 6 * * 1", NOON) == NOON + 5 * 86_400 - 5 * 3600 - 1800  # the next Monday


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_has_times(name):
    assert croniter.is_valid(SCHEDULES[name].crontab)


def test_it_is_done_when_it_is_due(settings, database, calls):
    scheduler = Scheduler(settings, database, hourly(calls))
    for now in (NOON + 1, NOON + 3599, NOON + 3600, NOON + 3601, NOON + 9000, NOON + 10_801):
        scheduler.do_what_is_due(now)
    assert calls == [NOON + 3600, NOON + 9000, NOON + 10_801]


def test_one_of_two_workers_does_it(settings, database, calls):
    workers = [Scheduler(settings, database, hourly(calls)) for _ in range(2)]
    for worker in workers:
        worker.do_what_is_due(NOON)
    for hour in range(1, 6):
        together = Barrier(2)

        def work(worker, now=NOON + hour * 3600, together=together):
            together.wait(20)
            worker.do_what_is_due(now)

        threads = [Thread(target=work, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert calls == [NOON + hour * 3600 for hour in range(1, 6)]


def test_a_worker_that_is_started_anew_knows_when(settings, database, calls):
    Scheduler(settings, database, hourly(calls)).do_what_is_due(NOON)
    Scheduler(settings, database, hourly(calls)).do_what_is_due(NOON + 4000)
    assert calls == [NOON + 4000]


def test_what_somebody_died_over_is_done_by_another(settings, database, calls):
    dying = Scheduler(settings, database, hourly(calls, error=SystemExit()))
    dying.do_what_is_due(NOON)
    with pytest.raises(SystemExit):
        dying.do_what_is_due(NOON + 3600)
    other = Scheduler(settings, database, hourly(calls))
    other.do_what_is_due(NOON + 3601)
    other.do_what_is_due(NOON + 3600 + CLAIM_SECONDS)
    other.do_what_is_due(NOON + 3601 + CLAIM_SECONDS)
    assert calls == [NOON + 3600, NOON + 3600 + CLAIM_SECONDS]


def test_what_fails_is_done_the_next_time_and_keeps_nothing_else_from_being_done(settings, database, calls):
    others = []
    both = hourly(calls, error=ZeroDivisionError()) | hourly(others, "test.other")
    scheduler = Scheduler(settings, database, both)
    for now in (NOON, NOON + 3600, NOON + 3600 + CLAIM_SECONDS, NOON + 7200):
        scheduler.do_what_is_due(now)
    assert calls == others == [NOON + 3600, NOON + 7200]


def test_what_the_database_kept_from_being_done_is_done_soon(settings, database, calls):
    scheduler = Scheduler(settings, database, hourly(calls, error=OperationalError("", {}, Exception())))
    for now in (NOON, NOON + 3600, NOON + 3600 + CLAIM_SECONDS):
        scheduler.do_what_is_due(now)
    assert calls == [NOON + 3600, NOON + 3600 + CLAIM_SECONDS]


def test_the_worker_looks_by_itself(settings, database, calls, monkeypatch):
    monkeypatch.setattr(schedules, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(schedules, "following", lambda crontab, now: now)
    scheduler = Scheduler(settings, database, hourly(calls))
    scheduler.start()
    until(lambda: len(calls), lambda count: count > 1)
    scheduler.stop()


def test_a_name_is_given_once():
    try:
        declare("test.once")(lambda task: None)
        with pytest.raises(ValueError, match=r"test\.once is declared twice"):
            declare("test.once")(lambda task: None)
        with pytest.raises(ValueError, match=r"identity\.tidy_up is declared twice"):
            every("0 0 * * *", "identity.tidy_up")(lambda settings, database, now: None)
    finally:
        del TASKS["test.once"]


def test_tasks_are_forgotten_a_month_after_their_end(settings, database, platform, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    heidi = platform.user()

    def task(status, finished_at):
        return Task(user_id=heidi.id, status=status, created_at=1, updated_at=1, finished_at=finished_at)

    old = [task("executed", NOON - KEPT_SECONDS - 1) for _ in range(5)]
    kept = [task("failed", NOON - KEPT_SECONDS), task("running", None)]
    platform.add(*old, *kept)
    with database.transaction(NOBODY) as transaction:
        transaction.session.add(Progress(task_id=old[0].id))
        step = {"task_id": old[0].id, "name": "a", "number": 1, "result": "1", "started_at": 1, "finished_at": 1}
        transaction.session.add(TaskStep(**step))
    retention.forget(settings, database, NOON)
    with database.reading() as transaction:
        assert {*transaction.execute(select(Task.id)).scalars()} == {task.id for task in kept}
        assert transaction.execute(select(TaskStep.name)).first() is None
