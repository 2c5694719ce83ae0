"""Clocks that are moved: who may, and what goes by them."""

from dataclasses import replace
from time import time

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from alpage import app
from alpage.api import clocks
from alpage.api.clocks import Clocks
from alpage.products.domains import domains
from alpage.storage.changes import NOBODY, Change
from tests.conftest import Person
from tests.sandbox.moving import DAY, clock_of, move

YEAR = 365 * DAY


def faults(answer):
    assert answer.status_code == 422
    return [(fault["code"], fault["context"]["attribute"]) for fault in answer.json()["error"]["errors"]]


def test_a_clock_shows_the_real_time_until_it_is_moved(heidi):
    shown = heidi.call("GET", clock_of(heidi)).json()["data"]
    assert shown["ahead_seconds"] == 0
    assert shown["now"] == shown["real_now"]
    assert abs(shown["real_now"] - time()) < 60


def test_it_goes_ahead_and_comes_back(heidi):
    moved = move(heidi, days=30)
    assert moved["ahead_seconds"] == 30 * DAY
    assert moved["now"] - moved["real_now"] == 30 * DAY
    further = move(heidi, now=moved["now"] + DAY)
    assert further["ahead_seconds"] in (31 * DAY, 31 * DAY - 1, 31 * DAY - 2)
    assert heidi.call("GET", clock_of(heidi)).json()["data"]["ahead_seconds"] == further["ahead_seconds"]
    back = heidi.call("DELETE", clock_of(heidi)).json()["data"]
    assert back["ahead_seconds"] == 0
    assert heidi.call("GET", clock_of(heidi)).json()["data"]["ahead_seconds"] == 0


def test_it_never_goes_back_and_not_too_far(heidi):
    now = move(heidi, days=30)["real_now"]
    path = clock_of(heidi)
    assert faults(heidi.call("PUT", path, {"ahead_seconds": 29 * DAY})) == [("attribute_min_value", "ahead_seconds")]
    assert faults(heidi.call("PUT", path, {"now": now + 29 * DAY})) == [("attribute_min_value", "now")]
    assert faults(heidi.call("PUT", path, {"now": now + 11 * YEAR})) == [("attribute_max_value", "now")]
    assert faults(heidi.call("PUT", path, {"ahead_seconds": 11 * YEAR})) == [("attribute_max_value", "ahead_seconds")]
    assert faults(heidi.call("PUT", path, {"ahead_seconds": -1})) == [("attribute_min_value", "ahead_seconds")]


def test_one_way_to_say_where(heidi):
    path = clock_of(heidi)
    assert faults(heidi.call("PUT", path, {})) == [("attribute_one_of_required", "now")]
    both = {"now": int(time()) + DAY, "ahead_seconds": DAY}
    assert faults(heidi.call("PUT", path, both)) == [("attribute_conflict", "ahead_seconds")]


def test_who_may(heidi, peter):
    member = heidi.platform.user("nils")
    heidi.platform.member(heidi.account, member)
    nils = replace(heidi, user=member, token=heidi.platform.token(member))
    for method, body in (("PUT", {"ahead_seconds": 1}), ("DELETE", None)):
        assert nils.call(method, clock_of(heidi), body).json()["error"]["code"] == "access_denied"
        assert peter.call(method, clock_of(heidi), body).status_code == 404
    assert nils.call("GET", clock_of(heidi)).status_code == 200
    assert peter.call("GET", clock_of(heidi)).status_code == 404


def test_where_there_is_no_sandbox(heidi, routes):
    move(heidi, days=30)
    plain = heidi.platform.settings.model_copy(update={"sandbox": False})
    with TestClient(app.build(plain, heidi.platform.database, routes)) as client:
        elsewhere = replace(heidi, client=client)
        for method, body in (("GET", None), ("PUT", {"ahead_seconds": DAY}), ("DELETE", None)):
            answer = elsewhere.call(method, clock_of(heidi), body)
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "sandbox_off"
        made = elsewhere.call("POST", f"/1/accounts/{heidi.account.id}/teams", {"name": "Guides"})
        assert made.json()["data"]["created_at"] - time() < DAY, "what was moved before counts for nothing"
        assert "x-sandbox-clock" not in made.headers


def test_it_is_on_record_by_the_real_time(heidi):
    move(heidi, days=30)
    with heidi.platform.database.reading() as transaction:
        made = transaction.execute(select(Change).where(Change.event == "sandbox.clock")).one()
    assert (made.action, made.account_id, made.user_id) == ("created", heidi.account.id, heidi.user.id)
    assert made.after["ahead_seconds"] == 30 * DAY
    assert abs(made.created_at - time()) < 60


def team(person, account):
    return person.call("POST", f"/1/accounts/{account.id}/teams", {"name": "Guides"})


class TestWhoseClock:
    def test_that_of_the_account_in_the_path(self, heidi):
        """Heidi works in no account in particular; one of her two has been moved."""
        other = heidi.platform.account(heidi.user, "Other")
        move(heidi, days=30)
        moved, real = team(heidi, heidi.account), team(heidi, other)
        assert moved.json()["data"]["created_at"] - time() > 29 * DAY
        assert abs(real.json()["data"]["created_at"] - time()) < 60
        assert moved.headers["x-sandbox-clock"] == str(moved.json()["data"]["created_at"])
        assert "x-sandbox-clock" not in real.headers

    def test_that_of_the_account_something_in_the_path_belongs_to(self, heidi, working):
        """She works in an account whose clock was moved, and changes a zone of another one's."""
        other = heidi.platform.account(heidi.user, "Other")
        names = {"moved.ch": heidi.account, "real.ch": other}
        with heidi.platform.database.transaction(NOBODY) as transaction:
            for name, account in names.items():
                domains.create(transaction.session, account.id, name, int(time()))
        for name in names:
            assert heidi.call("POST", f"/2/zones/{name}", {}).status_code == 200
        move(working, days=30)
        record = {"source": "www", "type": "A", "ttl": 300, "target": "192.0.2.7"}
        written = {
            name: heidi.call("POST", f"/2/zones/{name}/records", record).json()["data"]["updated_at"] for name in names
        }
        assert written["moved.ch"] - time() > 29 * DAY
        assert abs(written["real.ch"] - time()) < 60

    def test_else_that_of_the_account_its_caller_works_in(self, heidi, working, peter):
        move(working, days=30)
        body = {"name": "printer", "scopes": ["user_info"]}
        own = working.call("POST", "/1/tokens", body)
        assert own.json()["data"]["created_at"] - time() > 29 * DAY
        others = peter.call("POST", "/1/tokens", body)
        assert abs(others.json()["data"]["created_at"] - time()) < 60

    def test_each_request_of_a_batch_has_its_own(self, heidi):
        other = heidi.platform.account(heidi.user, "Other")
        move(heidi, days=30)
        paths = [f"/1/accounts/{account.id}/teams" for account in (heidi.account, other)]
        requests = [{"method": "POST", "path": path, "body": {"name": "Guides"}} for path in paths]
        answers = heidi.call("POST", "/1/batch", {"requests": requests}).json()["data"]
        moved, real = (answer["body"]["data"]["created_at"] for answer in answers)
        assert moved - time() > 29 * DAY
        assert abs(real - time()) < 60


def test_a_route_that_will_go_is_gone_for_who_has_moved_his_clock_there(heidi):
    path = f"/1/domain/account/{heidi.account.id}"
    assert heidi.call("GET", path).status_code == 200
    move(heidi, days=3 * 365)
    gone = heidi.call("GET", path)
    assert gone.status_code == 410
    assert gone.json()["error"]["code"] == "route_gone"
    assert gone.json()["error"]["context"]["successor"] == "GET /1/domains/account/{account}"
    assert "sunset" in gone.headers


class TestProcesses:
    def test_another_hears_of_it_soon(self, heidi, monkeypatch):
        monkeypatch.setattr(clocks, "KNOWN_SECONDS", 0.0)
        other = Clocks(heidi.platform.database, is_sandbox=True)
        assert other.ahead(heidi.account.id) == 0
        assert not other.any_moved
        move(heidi, days=30)
        assert other.ahead(heidi.account.id) == 30 * DAY
        assert other.any_moved
        assert other.ahead(None) == 0

    def test_it_asks_once_a_second_at_most(self, heidi, monkeypatch):
        asked = []
        reading = heidi.platform.database.reading
        monkeypatch.setattr(heidi.platform.database, "reading", lambda: asked.append(1) or reading())
        monkeypatch.setattr(clocks, "monotonic", lambda: 100.0)
        own = Clocks(heidi.platform.database, is_sandbox=True)
        for _ in range(100):
            own.ahead(1)
        assert len(asked) == 1
        own.forget()
        for _ in range(3):
            own.ahead(1)
        assert len(asked) == 4

    def test_it_asks_never_where_there_is_no_sandbox(self):
        real = Clocks(None, is_sandbox=False)
        assert real.ahead(1) == 0
        assert not real.any_moved


def test_a_person_in_two_accounts_is_no_way_into_a_strangers_clock(heidi, peter):
    """Who administers one account moves no other, though he is a member there."""
    peter.platform.member(peter.account, heidi.user, "normal")
    move(heidi, days=30)
    assert heidi.call("PUT", clock_of(peter), {"ahead_seconds": 1}).json()["error"]["code"] == "access_denied"
    owned: Person = peter
    assert owned.call("GET", clock_of(peter)).json()["data"]["ahead_seconds"] == 0


@pytest.mark.parametrize("body", [{"now": "soon"}, {"ahead_seconds": 1.5}, {"now": 2**41}])
def test_what_is_no_moment(heidi, body):
    assert heidi.call("PUT", clock_of(heidi), body).status_code == 422
