"""The tasks of the caller."""

from uuid import UUID

import pytest

from alpage.tasks.tasks import Task


def spool(person, *, account=None, at=1_700_000_000, **values):
    task = Task(
        user_id=person.user.id, account_id=account and account.id, name="test", created_at=at, updated_at=at, **values
    )
    person.platform.add(task)
    return task


def test_a_task_that_waits(heidi):
    task = spool(heidi)
    answer = heidi.call("GET", f"/1/async/tasks/{task.uuid}")
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "uuid": str(UUID(task.uuid)),
        "status": "spooled",
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000,
        "executed_at": None,
        "finished_at": None,
        "response": {},
        "name": "test",
        "account_id": None,
        "request_id": None,
        "percent": 0,
        "eta_seconds": None,
        "done": None,
        "total": None,
        "step": None,
        "due_at": None,
        "steps": [],
    }


def test_a_task_that_failed_says_why(heidi):
    task = spool(heidi, status="failed", executed_at=1, finished_at=2, error={"code": "unexpected_error"})
    data = heidi.call("GET", f"/1/async/tasks/{task.uuid}").json()["data"]
    assert (data["error"]["code"], data["error"]["context"]) == ("unexpected_error", {})
    assert data["error"]["description"]
    assert (data["status"], data["executed_at"], data["finished_at"]) == ("failed", 1, 2)


def test_tasks_in_pages_and_order(heidi):
    made = [spool(heidi, at=1_700_000_000 - number, response={"number": number}) for number in range(5)]
    everything = heidi.call("GET", "/1/async/tasks").json()["data"]
    assert [row["uuid"] for row in everything] == [task.uuid for task in made]
    page = heidi.call("GET", "/1/async/tasks?page=2&per_page=2&order_by=created_at").json()
    assert [row["response"]["number"] for row in page["data"]] == [2, 1]
    assert (page["total"], page["page"], page["pages"], page["items_per_page"]) == (5, 2, 3, 2)
    assert heidi.call("GET", "/1/async/tasks?return=total").json()["data"] == 5
    part = heidi.call("GET", "/1/async/tasks?limit=2&skip=1&order_for[id]=desc").json()["data"]
    assert [row["response"]["number"] for row in part] == [3, 2]
    assert heidi.call("GET", "/1/async/tasks?order_by=price").status_code == 422


def test_the_total_follows_the_tasks(heidi):
    spool(heidi)
    assert heidi.call("GET", "/1/async/tasks?return=total").json()["data"] == 1
    spool(heidi)
    assert heidi.call("GET", "/1/async/tasks?return=total").json()["data"] == 2


def test_tasks_of_others_are_not_there(heidi, peter):
    task = spool(heidi, account=heidi.account)
    heidi.platform.member(heidi.account, peter.user, "admin")
    answer = peter.call("GET", f"/1/async/tasks/{task.uuid}")
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "AsyncTask", "id": task.uuid}
    assert peter.call("GET", "/1/async/tasks").json()["data"] == []


def test_a_token_sees_no_further_than_its_accounts(heidi):
    other = heidi.platform.account(heidi.user, "Second")
    inside, outside, own = spool(heidi, account=other), spool(heidi, account=heidi.account), spool(heidi)
    heidi.token = heidi.platform.token(heidi.user, account_ids=[other.id])
    seen = [row["uuid"] for row in heidi.call("GET", "/1/async/tasks").json()["data"]]
    assert seen == [inside.uuid, own.uuid]
    assert heidi.call("GET", f"/1/async/tasks/{outside.uuid}").status_code == 404


@pytest.mark.parametrize("path", ["0", "not-a-uuid", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_task(heidi, path):
    answer = heidi.call("GET", f"/1/async/tasks/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")


def test_tasks_need_a_token_of_any_scope(client, heidi):
    assert client.get("/1/async/tasks").status_code == 401
    assert client.get("/1/async/tasks/x").status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    assert heidi.call("GET", "/1/async/tasks").status_code == 200
