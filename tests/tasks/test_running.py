"""Tasks in their runs: begun with the transaction that wants them, done step by step, ended one way or another."""

from threading import Event

import pytest
from sqlalchemy import select

from alpage.api.errors import ApiError
from alpage.storage.changes import NOBODY, Author, Change
from alpage.tasks import attempts, queue
from alpage.tasks.declarations import PermanentError, TemporaryError
from alpage.tasks.mails import Mail
from alpage.tasks.tasks import Progress, Task, TaskStep
from tests.tasks.conftest import NOW, ended, queued, shown, start, until, working


def add_up(task, up_to):
    total = 0
    for some in task.batches(range(up_to), 3):
        total += task.step("add", sum, list(some))
    return {"total": total}


def changes(person, task):
    with person.platform.database.reading() as transaction:
        found = select(Change.action, Change.user_id, Change.request_id, Change.after).where(Change.event == "task")
        return transaction.execute(found.where(Change.object_id == task.id).order_by(Change.id)).all()


# begun


def test_a_task_is_run_to_its_end(heidi, declare):
    task = start(heidi, declare(add_up), up_to=10)
    waiting = shown(heidi, task)
    assert (waiting["status"], waiting["percent"], waiting["steps"]) == ("spooled", 0, [])
    with working(heidi.platform):
        data = ended(heidi, task)
    assert (data["status"], data["response"], data["percent"]) == ("executed", {"total": 45}, 100)
    assert (data["name"], data["account_id"], data["request_id"]) == ("test.add_up", heidi.account.id, task.request_id)
    assert (data["done"], data["total"], data["step"], data["eta_seconds"]) == (10, 10, "add", None)
    assert [(step["name"], step["count"]) for step in data["steps"]] == [("add", 4)]
    assert data["created_at"] == NOW < data["executed_at"] <= data["finished_at"] == data["updated_at"]
    assert "error" not in data


def test_what_becomes_of_a_task_is_on_record_and_its_progress_is_not(heidi, declare):
    task = start(heidi, declare(add_up), up_to=30)
    with working(heidi.platform):
        ended(heidi, task)
    entries = changes(heidi, task)
    assert [(entry.action, entry.after["status"]) for entry in entries] == [
        ("created", "spooled"),
        ("updated", "running"),
        ("updated", "executed"),
    ]
    assert {(entry.user_id, entry.request_id) for entry in entries} == {(heidi.user.id, task.request_id)}


def test_a_transaction_that_leaves_nothing_starts_nothing(heidi, declare):
    name, database = declare(add_up), heidi.platform.database
    before = len(queued(database))
    undone = database.begin(Author(heidi.user.id), writes=True)
    queue.enqueue(undone, name, NOW, up_to=1)
    undone.close()
    with database.transaction(Author(heidi.user.id)) as transaction:
        with transaction.part(keep=False):
            queue.enqueue(transaction, name, NOW, up_to=2)
        kept = queue.enqueue(transaction, name, NOW, up_to=3)
    with database.reading() as transaction:
        assert [row.uuid for row in transaction.execute(select(Task.uuid))] == [kept.uuid]
        assert [row.task_id for row in transaction.execute(select(Progress.task_id))] == [kept.id]
    assert len(queued(database)) == before + 1


def test_a_task_that_was_not_declared_cannot_be_started(heidi):
    with pytest.raises(LookupError), heidi.platform.database.transaction(NOBODY) as transaction:
        queue.enqueue(transaction, "test.nothing", NOW)


def test_a_task_of_a_newer_release_waits_for_it(heidi, declare, monkeypatch):
    monkeypatch.setattr(attempts, "UNKNOWN_DELAY_SECONDS", 1)
    task = start(heidi, declare(add_up), up_to=3)
    newer = attempts.TASKS.pop("test.add_up")
    with working(heidi.platform):
        until(lambda: shown(heidi, task), lambda data: data["due_at"])
        attempts.TASKS["test.add_up"] = newer
        assert ended(heidi, task)["response"] == {"total": 3}


def test_a_task_that_is_to_begin_later(heidi, declare):
    task = start(heidi, declare(add_up), up_to=3, delay_seconds=2)
    assert shown(heidi, task)["due_at"] == NOW + 2
    with working(heidi.platform):
        assert ended(heidi, task)["status"] == "executed"


# step by step


def test_a_step_that_is_done_is_not_done_again(heidi, declare):
    done, obstacles = [], [OSError("no"), TemporaryError("not yet", 0)]

    def take(number):
        if number == 7 and obstacles:
            raise obstacles.pop()
        done.append(number)
        return number * 2

    def walk(task):
        return {"results": [task.step("take", take, number) for number in range(10)]}

    task = start(heidi, declare(walk))
    with working(heidi.platform):
        assert ended(heidi, task)["response"] == {"results": [number * 2 for number in range(10)]}
    assert done == [*range(10)]


def test_steps_are_told_apart_by_their_names_and_a_new_one_fits_in_between(heidi, declare):
    heads = []

    def first(task):
        heads.append(task.step("one", lambda: 1))
        if len(heads) == 1:
            raise OSError
        task.step("between", lambda: 0)
        return {"two": task.step("two", lambda: 2), "one": heads[-1]}

    task = start(heidi, declare(first))
    with working(heidi.platform):
        data = ended(heidi, task)
    assert data["response"] == {"two": 2, "one": 1}
    assert {step["name"] for step in data["steps"]} == {"one", "between", "two"}


def test_what_a_step_writes_in_its_transaction_is_there_once_or_not_at_all(heidi, declare):
    failures = [ZeroDivisionError()]

    def write_down(transaction, number):
        transaction.session.add(Mail(recipient=str(number), template="", language="en", content={}, created_at=1))
        transaction.session.flush()
        if number == 1 and failures:
            raise failures.pop()
        return {"number": number}

    def write_all(task):
        return {"written": [task.write("mail", write_down, number) for number in range(3)]}

    task = start(heidi, declare(write_all))
    with working(heidi.platform):
        assert ended(heidi, task)["response"] == {"written": [{"number": number} for number in range(3)]}
    with heidi.platform.database.reading() as transaction:
        assert [*transaction.execute(select(Mail.recipient).order_by(Mail.id)).scalars()] == ["0", "1", "2"]


def test_progress_and_the_time_that_is_left(heidi, declare):
    going_on = Event()

    def wait(task):
        for _ in task.batches([1, 2, 3, 4], 2):
            task.step("wait", going_on.wait, 20)
        task.progress(0, 1)

    task = start(heidi, declare(wait))
    with working(heidi.platform):
        data = until(lambda: shown(heidi, task), lambda data: data["total"])
        assert (data["status"], data["percent"], data["done"], data["total"]) == ("running", 0, 0, 4)
        with heidi.platform.database.transaction(NOBODY) as transaction:
            transaction.session.get_one(Progress, task.id).measured_from = -2  # as if two had been done before
        assert shown(heidi, task)["eta_seconds"] is not None
        going_on.set()
        assert ended(heidi, task)["percent"] == 100


# ended


@pytest.mark.parametrize(
    ("error", "code", "context"),
    [
        (PermanentError("object_not_found", model="Zone", id=7), "object_not_found", {"model": "Zone", "id": 7}),
        (ApiError("conflict"), "conflict", {}),
    ],
)
def test_an_error_for_good_ends_a_task_at_once(heidi, declare, error, code, context):
    tries = []

    def fail():
        tries.append(1)
        raise error

    def walk(task):
        task.step("stumble", fail)

    task = start(heidi, declare(walk))
    with working(heidi.platform):
        data = ended(heidi, task)
    assert (data["status"], data["error"]["code"], len(tries)) == ("failed", code, 1)
    assert data["error"]["context"] == {"task": "test.walk", "step": "stumble", **context}
    german = heidi.call("GET", f"/1/async/tasks/{task.uuid}", headers={"Accept-Language": "de"}).json()
    assert german["data"]["error"]["description"] != data["error"]["description"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("secret"), "unexpected_error"),
        (ApiError("upstream_unavailable"), "unexpected_error"),
        (TemporaryError("not yet", 0), "task_failed"),
    ],
)
def test_other_errors_end_a_task_after_some_tries(heidi, declare, monkeypatch, error, code):
    tries = []
    monkeypatch.setattr(attempts, "DELAYS_SECONDS", (0, 0))
    monkeypatch.setattr(attempts, "MOST_TRIES", 3)

    def fail(task):
        tries.append(1)
        raise error

    task = start(heidi, declare(fail))
    with working(heidi.platform):
        data = ended(heidi, task)
    assert (data["status"], data["error"]["code"], len(tries)) == ("failed", code, 3)
    assert "secret" not in str(data)


def test_a_step_that_is_done_gives_new_tries(heidi, declare):
    failures = [ZeroDivisionError() for _ in range(6)]

    def fail(number):
        if number == 4 and len(failures) > 3:
            raise failures.pop()
        if number == 5 and failures:
            raise failures.pop()

    def walk(task):
        for number in range(8):
            task.step("go", fail, number)

    task = start(heidi, declare(walk))
    with working(heidi.platform):
        assert ended(heidi, task)["status"] == "executed"
    assert failures == []


def test_a_response_that_is_no_json_is_a_failure_too(heidi, declare, monkeypatch):
    monkeypatch.setattr(attempts, "DELAYS_SECONDS", ())
    task = start(heidi, declare(lambda task: {"what": object()}))
    with working(heidi.platform):
        assert ended(heidi, task)["error"]["code"] == "unexpected_error"


# cancelled


def test_a_task_that_waits_is_cancelled(heidi, declare):
    runs = []
    task = start(heidi, declare(lambda task: runs.append(1)))
    answer = heidi.call("POST", f"/1/async/tasks/{task.uuid}/cancel")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["status"], data["error"]["code"], data["executed_at"]) == ("failed", "task_cancelled", None)
    with working(heidi.platform):
        ended(heidi, start(heidi, "test.<lambda>"))
        until(lambda: queued(heidi.platform.database), lambda rows: all(row[1] == "SUCCESS" for row in rows))
    assert len(runs) == 1
    assert shown(heidi, task)["status"] == "failed"


def test_a_task_that_runs_is_cancelled_and_writes_no_more(heidi, declare):
    begun, going_on, after = Event(), Event(), []

    def wait(transaction):
        begun.set()
        going_on.wait(20)

    def walk(task):
        task.step("wait", wait, None)
        after.append(1)

    task = start(heidi, declare(walk))
    with working(heidi.platform):
        assert begun.wait(20)
        assert heidi.call("POST", f"/1/async/tasks/{task.uuid}/cancel").json()["data"]["step"] == "wait"
        going_on.set()
        until(lambda: queued(heidi.platform.database), lambda rows: all(row[1] == "SUCCESS" for row in rows))
    data = shown(heidi, task)
    assert (data["status"], data["error"]["code"], data["steps"], after) == ("failed", "task_cancelled", [], [])


def test_what_has_ended_cannot_be_cancelled(heidi, declare):
    task = start(heidi, declare(add_up), up_to=3)
    with working(heidi.platform):
        ended(heidi, task)
    answer = heidi.call("POST", f"/1/async/tasks/{task.uuid}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "task_not_cancellable")
    assert answer.json()["error"]["context"] == {"task": "test.add_up", "step": "add"}
    assert shown(heidi, task)["status"] == "executed"


def test_others_cannot_cancel_it(heidi, peter, declare):
    task = start(heidi, declare(add_up), up_to=3)
    assert peter.call("POST", f"/1/async/tasks/{task.uuid}/cancel").status_code == 404
    dry = heidi.call("POST", f"/1/async/tasks/{task.uuid}/cancel?dry_run=1")
    assert dry.json()["data"]["status"] == "failed"
    assert shown(heidi, task)["status"] == "spooled"


# looked at


def test_tasks_by_status_account_and_name(heidi, declare):
    task = start(heidi, declare(add_up), up_to=3)
    for query, there in (
        ("filter[status]=spooled", True),
        ("filter[status]=failed", False),
        ("filter[name]=test.add_up", True),
        ("filter[name]=test.other", False),
        (f"filter[account_id]={heidi.account.id}", True),
        (f"filter[account_id]={heidi.account.id + 1}", False),
    ):
        found = heidi.call("GET", f"/1/async/tasks?{query}").json()["data"]
        assert [row["uuid"] for row in found] == ([task.uuid] if there else [])
    assert heidi.call("GET", "/1/async/tasks?filter[status]=bored").status_code == 422


def test_who_waits_is_answered_at_the_end(heidi, declare):
    task = start(heidi, declare(add_up), up_to=3)
    early = heidi.call("GET", f"/1/async/tasks/{task.uuid}?wait=0").json()["data"]
    assert early["status"] == "spooled"
    with working(heidi.platform):
        data = heidi.call("GET", f"/1/async/tasks/{task.uuid}?wait=30").json()["data"]
    assert data["status"] == "executed"
    assert heidi.call("GET", f"/1/async/tasks/{task.uuid}?wait=61").status_code == 422


def test_a_task_as_it_goes_on(heidi, declare):
    task = start(heidi, declare(add_up), up_to=9)
    headers = {"Authorization": f"Bearer {heidi.token}", "Accept": "text/event-stream"}
    with working(heidi.platform):
        answer = heidi.client.get(f"/1/async/tasks/{task.uuid}", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    assert '"status":"spooled"' in events[0]
    assert '"response":{"total":36}' in events[-1]
    assert answer.text.count("event: task\n") == len(events)


# kept


def test_a_run_that_is_another_s_leaves_no_step(heidi, declare):
    seen = []

    def take_away(transaction):
        with heidi.platform.database.reading() as reading:
            seen.append(reading.execute(select(Progress.run)).scalar())
        transaction.session.get_one(Progress, task.id).run += 1

    def walk(task):
        task.write("mine", take_away)
        task.write("too late", lambda transaction: None)

    task = start(heidi, declare(walk))
    with working(heidi.platform):
        until(lambda: queued(heidi.platform.database), lambda rows: all(row[1] == "SUCCESS" for row in rows))
    assert seen == [1]
    with heidi.platform.database.reading() as transaction:
        assert transaction.execute(select(TaskStep.name)).scalars().all() == []
    assert shown(heidi, task)["status"] == "running"
