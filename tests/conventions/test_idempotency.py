"""Idempotency keys: what is sent again is answered again, and done once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import func, select

from alpage.accounts.teams import Team
from alpage.api.idempotency import KEPT_SECONDS, KeptAnswer
from alpage.identity.janitor import tidy_up
from alpage.storage.changes import Change
from tests.conventions import probe
from tests.conventions.routes import of_every_route, path_of

KEY = {"Idempotency-Key": "a-key-of-my-own"}


def make_team(person, name="Guides", **headers):
    return person.call("POST", f"/1/accounts/{person.account.id}/teams", {"name": name}, headers=headers or KEY)


def count(person, table):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_same_request_is_answered_again_and_done_once(heidi):
    first, again = make_team(heidi), make_team(heidi)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert count(heidi, Team) == 1


def test_another_request_with_the_same_key_is_refused(heidi):
    make_team(heidi)
    refused = make_team(heidi, "Porters")
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "idempotency_key_reused"
    assert refused.json()["error"]["context"] == {"key": KEY["Idempotency-Key"]}
    assert count(heidi, Team) == 1
    assert make_team(heidi).headers["idempotency-replayed"] == "true"


def test_a_key_belongs_to_its_token(heidi):
    make_team(heidi)
    heidi.token = heidi.platform.token(heidi.user)
    assert "idempotency-replayed" not in make_team(heidi, "Porters").headers
    assert count(heidi, Team) == 2


def test_a_refusal_of_the_handler_is_answered_again(heidi):
    missing = f"/1/accounts/{heidi.account.id}/teams/999999"
    first = heidi.call("DELETE", missing, headers=KEY)
    again = heidi.call("DELETE", missing, headers=KEY)
    assert first.status_code == again.status_code == 404
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


def test_input_that_cannot_be_used_leaves_the_key_free(heidi):
    assert make_team(heidi, "").status_code == 422
    assert make_team(heidi, "Guides").status_code == 201


@pytest.mark.parametrize(("key", "code"), [("", "attribute_min_length"), ("k" * 256, "attribute_max_length")])
def test_a_key_has_1_to_255_characters(heidi, key, code):
    error = make_team(heidi, **{"Idempotency-Key": key}).json()["error"]["errors"][0]
    assert error["code"] == code
    assert error["context"]["attribute"] == "Idempotency-Key"


def test_a_failure_of_ours_is_tried_anew(prober, monkeypatch):
    monkeypatch.setattr(probe, "BROKEN", True)
    assert prober.call("POST", "/1/probe/mending", headers=KEY).status_code == 500
    monkeypatch.setattr(probe, "BROKEN", False)
    mended = prober.call("POST", "/1/probe/mending", headers=KEY)
    assert mended.status_code == 201
    assert "idempotency-replayed" not in mended.headers


def test_a_dry_run_uses_no_key_up(heidi):
    path = f"/1/accounts/{heidi.account.id}/teams?dry_run=1"
    assert heidi.call("POST", path, {"name": "Guides"}, headers=KEY).status_code == 201
    assert count(heidi, KeptAnswer) == 0


def test_reading_needs_no_key(heidi):
    assert heidi.call("GET", "/2/profile", headers=KEY).status_code == 200
    assert count(heidi, KeptAnswer) == 0


def test_while_the_first_is_running_the_second_is_told_to_wait(prober, monkeypatch):
    entered, leave = Event(), Event()
    monkeypatch.setattr(probe, "pause", lambda: (entered.set(), leave.wait()))
    with ThreadPoolExecutor() as pool:
        first = pool.submit(prober.call, "POST", "/1/probe/pausing", headers=KEY)
        entered.wait()
        second = prober.call("POST", "/1/probe/pausing", headers=KEY)
        leave.set()
        assert first.result().status_code == 201
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "idempotency_in_progress"
    assert second.headers["retry-after"] == "1"
    assert prober.call("POST", "/1/probe/pausing", headers=KEY).headers["idempotency-replayed"] == "true"


def test_many_at_once_do_it_once(heidi):
    together = Barrier(8)

    def make(_):
        together.wait()
        return make_team(heidi).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(make, range(8)))
    assert statuses <= {201, 409}
    assert count(heidi, Team) == 1
    assert make_team(heidi).status_code == 201


def test_an_answer_is_kept_with_what_it_tells(heidi):
    """One transaction: no answer without its change, no change without its answer."""
    make_team(heidi)
    with heidi.platform.database.reading() as transaction:
        assert transaction.execute(select(func.count()).select_from(KeptAnswer)).scalar_one() == 1
        teams = select(func.count()).select_from(Change).where(Change.event == Team.__event__)
        assert transaction.execute(teams).scalar_one() == 1


def test_a_secret_in_a_kept_answer_is_encrypted(heidi):
    body = {"name": "deploy", "scopes": ["user_info"]}
    answer = heidi.call("POST", "/1/tokens", body, headers=KEY)
    secret = answer.json()["data"]["token"]
    with heidi.platform.database.reading() as transaction:
        kept = transaction.execute(select(KeptAnswer)).one()
    assert secret.encode() not in kept.sealed
    assert KEY["Idempotency-Key"] not in str(kept)
    assert heidi.call("POST", "/1/tokens", body, headers=KEY).json()["data"]["token"] == secret


def test_answers_go_after_a_day(heidi):
    make_team(heidi)
    with heidi.platform.database.reading() as transaction:
        made_at = transaction.execute(select(KeptAnswer.created_at)).scalar_one()
    tidy_up(heidi.platform.settings, heidi.platform.database, made_at + KEPT_SECONDS)
    assert count(heidi, KeptAnswer) == 1
    tidy_up(heidi.platform.settings, heidi.platform.database, made_at + KEPT_SECONDS + 1)
    assert count(heidi, KeptAnswer) == 0


@of_every_route(lambda route: route.method != "GET")
def test_every_write_is_answered_alike_twice(heidi, route):
    first = heidi.call(route.method, path_of(route), {}, headers=KEY)
    again = heidi.call(route.method, path_of(route), {}, headers=KEY)
    assert again.status_code == first.status_code < 500
    if "idempotency-replayed" in again.headers:
        assert again.content == first.content
    else:
        assert first.status_code in (401, 403, 422, 429), "an answer of the handler was not kept"
