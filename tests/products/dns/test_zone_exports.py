"""Exports of all zones: a task, started with the request that wants it, and the archive it packs."""

import zipfile
from io import BytesIO

from sqlalchemy import func, select

from alpage.products.dns import tasks
from alpage.products.dns.tasks import forget_exports
from alpage.products.dns.zone_exports import KEPT_SECONDS, ZoneExport, ZoneExportFile
from alpage.tasks.tasks import Task
from tests.tasks.conftest import ended_at, queued, working


def start(person, account=None, query=""):
    return person.call("POST", f"/1/accounts/{account or person.account.id}/zones/exports{query}")


def count(person, *tables):
    with person.platform.database.reading() as transaction:
        return [transaction.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def archive(person, response):
    answer = person.call("GET", response["url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert len(answer.content) == response["size_bytes"]
    with zipfile.ZipFile(BytesIO(answer.content)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_all_zones_of_an_account_in_one_archive(heidi, editor, register, monkeypatch):
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    editor.add("www A 192.0.2.1")
    for number in range(4):
        register(heidi, f"more{number}.ch")
        heidi.call("POST", f"/2/zones/more{number}.ch", {})
    answer = start(heidi)
    assert answer.status_code == 202
    assert next(iter(answer.json())) == "result"
    assert answer.json()["result"] == "asynchronous"
    task = answer.json()["data"]
    assert (task["status"], task["name"], task["account_id"]) == ("spooled", "dns.zones.export", heidi.account.id)
    assert task["request_id"] == answer.headers["x-request-id"]
    with working(heidi.platform):
        done = ended_at(heidi, task["uuid"])
    assert (done["status"], done["percent"], done["done"], done["total"]) == ("executed", 100, 5, 5)
    assert [(step["name"], step["count"]) for step in done["steps"]] == [("zones", 3), ("archive", 1)]
    assert done["response"]["zones"] == 5
    files = archive(heidi, done["response"])
    assert sorted(files) == ["example.ch.zone", *(f"more{number}.ch.zone" for number in range(4))]
    assert files["example.ch.zone"] == editor.call("GET", "?with=skel").json()["data"]["skel"]
    assert count(heidi, ZoneExportFile) == [0]


def test_a_dry_run_and_a_batch_that_fails_start_nothing(heidi, editor):
    before = len(queued(heidi.platform.database))
    dry = start(heidi, query="?dry_run=1").json()
    assert (dry["result"], dry["dry_run"], dry["data"]["status"]) == ("asynchronous", True, "spooled")
    assert [change["event"] for change in dry["changes"]] == ["task"]
    path = f"/1/accounts/{heidi.account.id}/zones/exports"
    requests = [{"method": "POST", "path": path}, {"method": "GET", "path": "/2/zones/nothing.ch"}]
    assert heidi.call("POST", "/1/batch", {"atomic": True, "requests": requests}).status_code == 409
    assert count(heidi, Task, ZoneExport) == [0, 0]
    assert len(queued(heidi.platform.database)) == before
    answers = heidi.call("POST", "/1/batch", {"requests": requests}).json()["data"]
    assert (answers[0]["status"], answers[0]["body"]["result"]) == (202, "asynchronous")
    assert count(heidi, Task, ZoneExport) == [1, 1]
    assert len(queued(heidi.platform.database)) == before + 1


def test_a_key_starts_one_task(heidi, editor):
    headers = {"Idempotency-Key": "once"}
    path = f"/1/accounts/{heidi.account.id}/zones/exports"
    first, second = (heidi.call("POST", path, headers=headers).json() for _ in range(2))
    assert first["data"]["uuid"] == second["data"]["uuid"]
    assert count(heidi, Task) == [1]


def test_zones_that_are_not_seen_are_not_exported(heidi, peter, editor, register):
    register(peter, "goats.ch")
    peter.call("POST", "/2/zones/goats.ch", {})
    assert start(peter, heidi.account.id).status_code == 404
    heidi.platform.member(heidi.account, peter.user)
    task = start(peter, heidi.account.id).json()["data"]
    with working(heidi.platform):
        response = ended_at(peter, task["uuid"])["response"]
    assert response["zones"] == 0
    assert archive(peter, response) == {}
    assert heidi.call("GET", response["url"]).status_code == 404  # it is peter's


def test_an_archive_is_there_when_it_is_packed_and_for_a_week(heidi, editor):
    task = start(heidi).json()["data"]
    database = heidi.platform.database
    with database.reading() as transaction:
        export = transaction.execute(select(ZoneExport.id, ZoneExport.expires_at)).one()
    path = f"/1/accounts/{heidi.account.id}/zones/exports/{export.id}"
    assert heidi.call("GET", path).status_code == 404
    with working(heidi.platform):
        assert ended_at(heidi, task["uuid"])["response"]["expires_at"] == task["created_at"] + KEPT_SECONDS
    assert heidi.call("GET", path).status_code == 200
    forget_exports(heidi.platform.settings, database, export.expires_at)
    assert heidi.call("GET", path).status_code == 200
    forget_exports(heidi.platform.settings, database, export.expires_at + 1)
    assert heidi.call("GET", path).status_code == 404


def test_a_zone_that_is_gone_meanwhile_is_left_out(heidi, editor):
    task = start(heidi).json()["data"]
    editor.call("DELETE")
    with working(heidi.platform):
        assert ended_at(heidi, task["uuid"])["response"]["zones"] == 0


def test_it_takes_the_scope_to_read_zones(heidi, editor):
    heidi.token = heidi.platform.token(heidi.user, "accounts")
    answer = start(heidi)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all_scopes")
