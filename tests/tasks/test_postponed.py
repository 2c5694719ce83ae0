"""Postponed requests: a write over a limit that is made later, where its sender asks for that."""

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from alpage import app
from alpage.accounts.teams import Team
from alpage.identity.grants import Grant
from alpage.storage.changes import NOBODY
from alpage.tasks import postponed
from alpage.tasks.postponed import PostponedRequest
from alpage.tasks.tasks import Progress
from tests.tasks.conftest import until, working

LATER = {"Prefer": "respond-async"}
WINDOW_SECONDS = 60


@pytest.fixture
def strict(heidi, routes):
    """Heidi, who has used her one request of this minute up."""
    settings = heidi.platform.settings.model_copy(update={"rate_limit": "1/minute"})
    with TestClient(app.build(settings, heidi.platform.database, routes)) as client:
        heidi.client = client
        heidi.platform.settings = heidi.platform.settings.model_copy(update={"rate_limit": "1000/minute"})
        assert heidi.call("GET", "/2/profile").status_code == 200
        yield heidi


def make_team(person, name="Guides", **headers):
    path = f"/1/accounts/{person.account.id}/teams"
    return person.call("POST", path, {"name": name}, headers={**LATER, **headers})


def make_due(person):
    """Has what waits for its time wait no longer."""
    schema = "dbos." if person.platform.database.engine.dialect.name == "postgresql" else ""
    with person.platform.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema}workflow_status SET delay_until_epoch_ms = 1")  # noqa: S608 - constants


def ended(person, uuid):
    """The task when it has ended, looked at past the limit."""
    make_due(person)
    person.client = TestClient(app.build(person.platform.settings, person.platform.database, app.route_table()))
    look = lambda: person.call("GET", f"/1/async/tasks/{uuid}").json()["data"]  # noqa: E731 - said once
    with working(person.platform):
        return until(look, lambda data: data["status"] in ("executed", "failed"))


def count(person, table):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_write_over_the_limit_becomes_a_task_with_a_time(strict):
    answer = make_team(strict)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.json()["result"] == "asynchronous"
    task = answer.json()["data"]
    assert task["status"] == "spooled"
    assert 0 < task["eta_seconds"] <= WINDOW_SECONDS
    assert count(strict, Team) == 0
    done = ended(strict, task["uuid"])
    assert done["status"] == "executed"
    assert done["response"]["status"] == 201
    assert done["response"]["body"]["data"]["name"] == "Guides"
    assert count(strict, Team) == 1
    assert count(strict, PostponedRequest) == 0


def test_who_does_not_ask_for_it_is_refused(strict):
    refused = strict.call("POST", f"/1/accounts/{strict.account.id}/teams", {"name": "Guides"})
    assert refused.status_code == 429
    assert strict.call("GET", "/2/profile", headers=LATER).status_code == 429
    path = f"/1/accounts/{strict.account.id}/teams?dry_run=1"
    assert strict.call("POST", path, {"name": "Guides"}, headers=LATER).status_code == 429


def test_they_are_made_one_window_after_the_other(strict):
    tasks = [make_team(strict, f"Team {number}").json()["data"] for number in range(3)]
    etas = [task["eta_seconds"] for task in tasks]
    assert etas[0] <= WINDOW_SECONDS < etas[1] <= 2 * WINDOW_SECONDS < etas[2]


def test_the_same_key_makes_it_once(strict):
    key = {"Idempotency-Key": "once"}
    uuids = [make_team(strict, **key).json()["data"]["uuid"] for _ in range(2)]
    answers = [ended(strict, uuid)["response"]["body"] for uuid in uuids]
    assert answers[0] == answers[1]
    assert count(strict, Team) == 1


def test_an_error_is_the_answer_of_the_request(strict):
    done = ended(strict, make_team(strict, "").json()["data"]["uuid"])
    assert done["response"]["status"] == 422
    assert done["response"]["body"]["error"]["errors"][0]["context"]["attribute"] == "name"


def test_a_method_that_was_overridden_is_overridden_again(strict):
    path = f"/1/accounts/{strict.account.id}/teams/999"
    sent = strict.call("POST", path, {"_method": "DELETE"}, headers=LATER)
    assert ended(strict, sent.json()["data"]["uuid"])["response"]["status"] == 404


def test_what_a_revoked_token_has_put_off_is_not_made(strict):
    task = make_team(strict).json()["data"]
    with strict.platform.database.transaction(NOBODY) as transaction:
        for grant in transaction.session.scalars(select(Grant)):
            grant.revoked_at = 1
    strict.token = strict.platform.token(strict.user)
    assert ended(strict, task["uuid"])["response"]["status"] == 401
    assert count(strict, Team) == 0


def test_what_waits_is_encrypted_and_bounded(strict, monkeypatch):
    monkeypatch.setattr(postponed, "MOST_WAITING", 2)
    assert [make_team(strict, "Guides").status_code for _ in range(3)] == [202, 202, 429]
    with strict.platform.database.reading() as transaction:
        sealed = transaction.execute(select(PostponedRequest.sealed)).scalars().all()
    assert all(b"Guides" not in one and strict.token.encode() not in one for one in sealed)
    assert count(strict, Progress) == 2
