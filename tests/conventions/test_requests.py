"""The record of requests: who called what lately, for him to see, and nothing that only the call should know."""

from time import monotonic, perf_counter, sleep, time

import pytest
from sqlalchemy import insert, select

from alpage.api import edge, requests
from alpage.api.networks import Networks
from alpage.api.requests import COLUMNS, RecordedRequest, Recorder
from alpage.storage.changes import NOBODY
from alpage.tasks.tasks import Task
from tests.conftest import Person
from tests.conventions.routes import of_every_route, path_of

SCOPE = {"method": "GET", "path": "/", "query_string": b"", "headers": [], "client": ("192.0.2.1", 1)}
STEPS = ("read", "identify", "limit", "input", "load", "handler", "listing", "commit", "answer")
CANARY = "canary7canary7canary7"


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 0.01)


def through(person, *scopes, **limits):
    token = person.platform.token(person.user, *scopes, **limits)
    return Person(person.platform, person.user, person.account, token, person.client)


def listed(person, query="", until=1):
    """The requests on record, once there are so many."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        found = person.call("GET", f"/1/requests{query}").json()["data"]
        if len(found) >= until:
            return found
        sleep(0.02)
    raise AssertionError(f"{len(found)} requests are on record, not {until}")


def test_a_request_is_taken_down(heidi):
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}?with=tags")
    (line,) = listed(heidi, "?filter[route]=GET /1/accounts/{account_id}")
    assert line["id"] == answer.headers["x-request-id"]
    assert (line["method"], line["path"]) == ("GET", f"/1/accounts/{heidi.account.id}")
    assert (line["status"], line["cost"], line["token_id"], line["application_id"]) == (200, 1, 1, None)
    assert 0 <= line["ms"] < 10_000
    assert time() - line["created_at"] < 10
    in_full = heidi.call("GET", f"/1/requests/{line['id']}").json()["data"]
    assert {name: in_full[name] for name in line} == line


def in_full(person, answer):
    """What is on record of a request that was answered."""
    id = answer.headers["x-request-id"]
    deadline = monotonic() + 10
    while (found := person.call("GET", f"/1/requests/{id}")).status_code == 404 and monotonic() < deadline:
        sleep(0.02)
    return found.json()["data"]


def test_where_its_time_went(heidi):
    seen = in_full(heidi, heidi.call("GET", "/1/accounts"))
    names = [step["name"] for step in seen["steps"]]
    assert names == ["read", "identify", "limit", "input", "load", "handler", "listing", "commit", "answer"]
    assert all(step["ms"] >= 0 for step in seen["steps"])
    assert abs(sum(step["ms"] for step in seen["steps"]) - seen["ms"]) < 0.1
    assert (seen["api_version"], seen["ip"], seen["error"], seen["changes"]) == (1, "testclient", None, [])


def test_a_refusal_ends_at_the_step_that_refused(heidi):
    seen = in_full(heidi, heidi.call("PATCH", f"/1/accounts/{heidi.account.id}", {"name": "", "locale": "xx"}))
    assert [step["name"] for step in seen["steps"]] == ["read", "identify", "limit", "answer"]
    assert seen["error"]["code"] == "validation_failed"
    assert {fault["attribute"] for fault in seen["error"]["context"]["errors"]} == {"name", "locale"}
    missing = in_full(heidi, heidi.call("GET", "/1/accounts/999999"))
    assert missing["error"] == {"code": "object_not_found", "context": {"model": "Account", "id": 999999}}


def test_what_it_changed(heidi, peter):
    answer = heidi.call("PATCH", f"/1/accounts/{heidi.account.id}", {"name": "Edelweiss"})
    seen = in_full(heidi, answer)
    (change,) = seen["changes"]
    assert seen["changes_count"] == 1
    assert (change["event"], change["action"], change["object_id"]) == ("account", "updated", heidi.account.id)
    assert peter.call("GET", f"/1/requests/{seen['id']}").status_code == 404


def test_what_it_started(heidi):
    answer = heidi.call("GET", "/2/profile")
    task = Task(name="t", user_id=heidi.user.id, request_id=answer.headers["x-request-id"], created_at=1, updated_at=1)
    heidi.platform.add(task)
    assert in_full(heidi, answer)["tasks"] == [{"uuid": task.uuid, "name": "t", "status": "spooled"}]


def test_a_replay_says_so(heidi):
    headers = {"Idempotency-Key": "a1"}
    first, again = (
        heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "alps"}, headers=headers) for _ in range(2)
    )
    assert first.json() == again.json()
    assert [in_full(heidi, answer)["is_replayed"] for answer in (first, again)] == [False, True]
    assert in_full(heidi, again)["changes"] == []


def test_steps_of_many_parts_add_up():
    laps = [("", 0.0), ("load", 0.5), ("handler", 1.0), ("load", 1.25), ("handler", 2.0)]
    assert requests.steps_of(laps) == {"load": 750_000, "handler": 1_250_000}


def test_taking_the_time_takes_microseconds(heidi):
    request = edge.read_head({**SCOPE}, Networks(()))
    best = float("inf")
    for _ in range(50):
        started = perf_counter()
        for _ in range(1000):
            request.laps.clear()
            for step in STEPS:
                request.lap(step)
        best = min(best, (perf_counter() - started) / 1000)
    assert best < 20e-6


def test_what_is_free_costs_nothing(heidi):
    heidi.call("GET", "/1/limits")
    assert listed(heidi, "?filter[route]=GET /1/limits")[0]["cost"] == 0


def test_filters(heidi):
    other = through(heidi, "user_info")
    other.call("GET", "/2/profile")
    other.call("GET", "/1/accounts")
    heidi.call("GET", "/1/accounts/999999")
    heidi.call("PATCH", f"/1/accounts/{heidi.account.id}", {"name": ""})
    refused = listed(heidi, "?filter[status]=4xx", until=3)
    assert {(line["route"], line["status"]) for line in refused} == {
        ("GET /1/accounts", 403),
        ("GET /1/accounts/{account_id}", 404),
        ("PATCH /1/accounts/{account_id}", 422),
    }
    assert {line["route"] for line in listed(heidi, "?filter[token_id]=2", until=2)} == {
        "GET /2/profile",
        "GET /1/accounts",
    }
    assert listed(heidi, "?search=999999")[0]["status"] == 404
    newest = listed(heidi, "?order=desc&limit=1")[0]
    assert newest["route"] in ("GET /1/requests", "PATCH /1/accounts/{account_id}")
    assert heidi.call("GET", "/1/requests?filter[status]=9xx").status_code == 422


def test_pages_and_totals_are_of_now(heidi):
    for _ in range(3):
        heidi.call("GET", "/1/limits")
    listed(heidi, "?filter[route]=GET /1/limits", until=3)
    page = heidi.call("GET", "/1/requests?filter[route]=GET /1/limits&page=2&per_page=2").json()
    assert (page["total"], page["pages"], len(page["data"])) == (3, 2, 1)


def test_neither_query_nor_body_nor_secret_is_kept(heidi):
    link = "s3cretlink" * 4
    heidi.call("GET", "/2/profile?code=canary1")
    heidi.call("POST", "/1/tokens/leaked", {"token": "canary2"})
    heidi.call("POST", f"/1/invitations/{link}/accept", {})
    listed(heidi, "?filter[route]=POST /1/invitations/{key}/accept")
    with heidi.platform.database.reading() as transaction:
        kept = repr(transaction.execute(select(RecordedRequest.__table__)).all())
    for secret in ("canary1", "canary2", link, heidi.token):
        assert secret not in kept
    assert "/1/invitations/{key}/accept" in kept


def test_whose_requests_one_sees(heidi, peter):
    heidi.call("GET", "/2/profile")
    peter.call("GET", "/1/limits")
    listed(heidi)
    narrow, limited = through(heidi, "user_info"), through(heidi, "tokens", account_ids=[heidi.account.id])
    for own in (narrow, limited):
        own.call("GET", "/1/languages")
        found = listed(own, "?filter[route]=GET /1/languages")
        assert len(found) == 1
        assert "GET /2/profile" not in {line["route"] for line in listed(own)}
    (foreign,) = listed(peter, "?filter[route]=GET /1/limits")
    assert heidi.call("GET", f"/1/requests/{foreign['id']}").status_code == 404
    assert {line["token_id"] for line in listed(through(heidi, "tokens:read"), until=3)} >= {1, 3, 4}


def test_who_has_no_token_is_not_taken_down(client, heidi):
    client.get("/1/events")
    client.get("/2/profile")
    heidi.call("GET", "/1/limits")
    listed(heidi)
    with heidi.platform.database.reading() as transaction:
        assert {*transaction.execute(select(RecordedRequest.user_id)).scalars()} == {heidi.user.id}


def line(number, **values):
    given = {"id": f"{number:024x}", "user_id": 1, "grant_id": 1, "application_id": None, "method": "GET"}
    rest = {
        "route": "GET /1/limits",
        "path": "/1/limits",
        "status": 200,
        "ms": 0.1,
        "cost": 1,
        "created_at": int(time()),
        "ip": "192.0.2.1",
        "fault": None,
        "is_replayed": False,
        "error": None,
        "context": None,
        "steps": [("", 0.0), ("handler", 0.1)],
    }
    return {**given, **rest, **values}


def kept(platform):
    with platform.database.reading() as transaction:
        return [*transaction.execute(select(RecordedRequest.number).order_by(RecordedRequest.number)).scalars()]


def test_what_waits_is_written_at_the_end(platform, monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 1000)
    recorder = Recorder(platform.database)
    recorder.add(*(line(1)[name] for name in COLUMNS))
    recorder.stop()
    assert kept(platform) == [1]


@pytest.mark.parametrize(
    ("old", "most", "left"), [(3, 100, [4, 5]), (0, 2, [4, 5]), (0, 100, [1, 2, 3, 4, 5]), (5, 100, [])]
)
def test_a_day_and_a_number_bound_what_is_kept(platform, monkeypatch, old, most, left):
    monkeypatch.setattr(requests, "MOST_KEPT", most)
    day_ago = int(time()) - requests.KEPT_SECONDS - 1
    with platform.database.transaction(NOBODY) as transaction:
        lines = [line(number, **({"created_at": day_ago} if number <= old else {})) for number in range(1, 6)]
        transaction.execute(insert(RecordedRequest), lines)
    Recorder(platform.database)._prune(int(time()))
    assert kept(platform) == left


def test_a_flood_pushes_out_the_oldest(platform, monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 1000)
    monkeypatch.setattr(requests, "MOST_WAITING", 10)
    recorder = Recorder(platform.database)
    for number in range(25):
        recorder.add(*(line(number)[name] for name in COLUMNS))
    recorder.stop()
    with platform.database.reading() as transaction:
        ids = [*transaction.execute(select(RecordedRequest.id).order_by(RecordedRequest.number)).scalars()]
    assert ids == [f"{number:024x}" for number in range(15, 25)]


def test_a_database_that_is_away_costs_the_record_only(platform, monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 1000)
    recorder = Recorder(platform.database)
    recorder.add(*(line(1)[name] for name in COLUMNS))
    recorder.add(*(line(1)[name] for name in COLUMNS))  # the same number twice: the write fails as a whole
    recorder.stop()
    assert kept(platform) == []


def test_taking_down_takes_microseconds(platform, monkeypatch):
    monkeypatch.setattr(requests, "WRITE_SECONDS", 1000)
    recorder = Recorder(platform.database)
    values = [line(1)[name] for name in COLUMNS]
    best = float("inf")
    for _ in range(20):
        started = perf_counter()
        for _ in range(100):
            recorder.add(*values)
        best = min(best, (perf_counter() - started) / 100)
    recorder._waiting.clear()
    recorder.stop()
    assert best < 20e-6


@of_every_route(lambda route: any(parameter.is_secret for parameter in route.parameters))
def test_a_secret_of_a_path_is_hidden_in_every_route(route, heidi):
    secret = "s3cretlink" * 4
    path = f"/{route.version}{route.path}"
    for parameter in route.parameters:
        path = path.replace(f"{{{parameter.name}}}", secret)
    heidi.call(route.method, path, None if route.method == "GET" else {})
    assert secret not in repr(listed(heidi, f"?filter[route]={route.name}"))


@of_every_route(lambda route: route.method != "GET" and route.body is not None)
def test_nothing_of_a_body_is_kept_by_any_route(route, heidi):
    names = {*route.body.model_fields, "unknown"}
    for value in (CANARY, [CANARY], {CANARY: CANARY}):
        heidi.call(route.method, f"{path_of(route)}?token={CANARY}", dict.fromkeys(names, value))
    listed(heidi, f"?filter[route]={route.name}", until=3)
    with heidi.platform.database.reading() as transaction:
        assert CANARY not in repr(transaction.execute(select(RecordedRequest.__table__)).all())
