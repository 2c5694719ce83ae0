"""Faults on request: in the sandbox, any call goes wrong as its caller wants it; elsewhere, none does."""

from collections import Counter

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from alpage import app
from alpage.api import faults
from alpage.api.errors import CATALOGUE
from alpage.storage.changes import Change
from tests.conftest import Person
from tests.conventions import world
from tests.conventions.routes import ROUTES, of_every_route, path_of

NOT_DONE = "drop=before"
DONE = "drop=after"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"sandbox": True})


@pytest.fixture
def plain(platform, routes):
    """Somebody where there is no sandbox."""
    settings = platform.settings.model_copy(update={"sandbox": False})
    with TestClient(app.build(settings, platform.database, routes)) as client:
        user = platform.user("ursli")
        yield Person(platform, user, platform.account(user), platform.token(user), client)


def faulty(person, fault, method="GET", path="/2/profile", body=None, **headers):
    return person.call(method, path, body, headers={"X-Sandbox-Fault": fault, **headers})


def changes(person):
    with person.platform.database.reading() as transaction:
        return [*transaction.execute(select(Change.id, Change.event, Change.action).order_by(Change.id))]


def test_an_answer_that_is_an_error(heidi):
    path, before = f"/1/accounts/{heidi.account.id}", changes(heidi)
    answer = faulty(heidi, "status=503", "PATCH", path, {"name": "Edelweiss"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["error"] == {
        "code": "service_unavailable",
        "description": CATALOGUE.describe("service_unavailable", {}, "en"),
        "context": {"header": "X-Sandbox-Fault", "retry_after": 1},
        "request_id": answer.headers["x-request-id"],
    }
    assert changes(heidi) == before
    assert heidi.call("GET", path).json()["data"]["name"] == heidi.account.name


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=401", "not_authorized"),
        ("status=403", "access_denied"),
        ("status=409", "conflict"),
        ("status=429", "too_many_requests"),
        ("status=500", "unexpected_error"),
        ("error=lock_error", "lock_error"),
        ("error=quota_exceeded_error", "quota_exceeded_error"),
        ("status=400, probability=1", "malformed_json"),
    ],
)
def test_any_error_of_the_catalogue(heidi, fault, code):
    answer = faulty(heidi, fault)
    assert answer.json()["error"]["code"] == code
    assert answer.status_code == CATALOGUE.status(code)


def test_a_limit_that_is_only_simulated_puts_nothing_off(heidi):
    path, body = f"/1/accounts/{heidi.account.id}/tags", {"name": "alps"}
    answer = faulty(heidi, "status=429", "POST", path, body, Prefer="respond-async")
    assert answer.status_code == 429
    assert answer.json()["error"]["context"]["policy"] == "sandbox"


def test_an_error_costs_as_a_call_does(heidi):
    answer = faulty(heidi, "status=500")
    assert {"ratelimit", "x-ratelimit-remaining", "api-version"} <= answer.headers.keys()


@pytest.mark.parametrize(
    ("fault", "part", "fix"),
    [
        ("status=200", "status=200", "status=503"),
        ("status=abc", "status=abc", "status=404"),
        ("status=503; latency=-1", "latency=-1", "latency=0…30000"),
        ("latency=30001", "latency=30001", "latency=0…30000"),
        ("drop=during", "drop=during", "drop=before"),
        ("error=no_such_code", "error=no_such_code", "error=lock_error"),
        ("probability=2", "probability=2", "probability=0…1"),
        ("probability=nan", "probability=nan", "probability=0…1"),
        ("stauts=503", "stauts=503", "status=…"),
        ("503", "503", "status=…"),
    ],
)
def test_a_fault_that_cannot_be_read_names_the_part_and_what_it_may_be(heidi, fault, part, fix):
    answer = faulty(heidi, fault)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "sandbox_fault_invalid"
    assert error["context"]["header"] == "X-Sandbox-Fault"
    assert error["context"]["part"] == part
    assert fix in error["context"]["allowed"]


def test_never_and_always(heidi):
    assert {faulty(heidi, "status=503; probability=0").status_code for _ in range(20)} == {200}
    assert {faulty(heidi, "status=503; probability=1").status_code for _ in range(20)} == {503}


def test_as_likely_as_asked(heidi, monkeypatch):
    monkeypatch.setattr(faults, "random", lambda: 0.25)
    assert faulty(heidi, "status=503; probability=0.3").status_code == 503
    assert faulty(heidi, "status=503; probability=0.2").status_code == 200


def test_a_fault_is_on_record(heidi):
    answer = faulty(heidi, "LATENCY=1; status=503;")
    path = f"/1/requests/{answer.headers['x-request-id']}"
    seen = world.eventually(lambda: heidi.call("GET", path).json().get("data"))
    assert (seen["fault"], seen["status"]) == ("error=service_unavailable; latency=1", 503)


def test_a_simulated_error_leaves_the_key_to_the_next_try(heidi):
    path, body, key = f"/1/accounts/{heidi.account.id}/tags", {"name": "alps"}, {"Idempotency-Key": "one"}
    assert faulty(heidi, "status=409", "POST", path, body, **key).status_code == 409
    made = heidi.call("POST", path, body, headers=key)
    assert made.status_code == 201
    assert "idempotency-replayed" not in made.headers


@of_every_route()
def test_every_route_answers_an_error_on_request(route, heidi):
    answer = faulty(heidi, "status=503; latency=1", route.method, path_of(route), {})
    may_refuse_before = () if route.fresh_seconds is None else (403, 401)
    assert answer.status_code in (503, *may_refuse_before)
    assert answer.json()["result"] == "error"


@of_every_route()
def test_every_route_loses_its_answer_on_request(route, heidi):
    for fault in (NOT_DONE, DONE):
        answer = faulty(heidi, fault, route.method, path_of(route), {})
        assert (answer.content, answer.headers["content-length"] > "0") == (b"", True)


@of_every_route()
def test_where_there_is_no_sandbox_no_route_has_faults(route, plain):
    for fault in ("status=503", NOT_DONE, "nonsense"):
        answer = faulty(plain, fault, route.method, path_of(route), {})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "sandbox_off"
        assert answer.json()["error"]["context"] == {"setting": "ALPAGE_SANDBOX"}


@of_every_route(lambda route: route.method != "GET")
def test_a_lost_answer_of_every_write_leaves_one_effect(route, heidi):
    """What a dry run plans is what is done when the answer is lost afterwards, and nothing when it is before."""
    made = world.make(heidi)

    def call(fault, **headers):
        options = {"params": made.query(route), "headers": {"X-Sandbox-Fault": fault, **headers}}
        return heidi.call(route.method, made.path(route), made.body(route), **options)

    planned = plan(made, route)
    wanted = Counter((change["event"], change["action"]) for change in planned.json().get("changes", ()))
    before, key = changes(heidi), {"Idempotency-Key": "one"}
    call(NOT_DONE, **key)
    assert changes(heidi) == before
    for fault in (DONE, DONE, "latency=1"):
        answer = call(fault, **key)
        done = Counter((change.event, change.action) for change in changes(heidi)[len(before) :])
        assert done == wanted
    assert answer.status_code == planned.status_code
    if wanted:
        assert answer.headers["idempotency-replayed"] == "true"


def plan(made, route):
    query = {**made.query(route), "dry_run": 1}
    return made.heidi.call(route.method, made.path(route), made.body(route), params=query)


def test_most_writes_have_an_effect_in_this_world(heidi):
    made = world.make(heidi)
    writes = [route for route in ROUTES if route.method != "GET"]
    effective = [route for route in writes if plan(made, route).json().get("changes")]
    assert len(effective) > len(writes) * 3 / 5
