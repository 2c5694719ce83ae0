"""The kinds of change the platform records."""

from alpage.identity import actions
from alpage.storage.tables import Base


def test_every_table_that_is_logged_has_its_three_actions(heidi):
    data = heidi.call("GET", "/1/actions").json()["data"]
    events = {mapper.class_.__event__ for mapper in Base.registry.mappers} - {""}
    codes = [row["code"] for row in data]
    assert set(codes) == {f"{event}.{deed}" for event in events for deed in ("created", "updated", "deleted")}
    assert {"user.updated", "grant.created"} <= set(codes)
    assert {tuple(row) for row in data} == {("id", "code", "description")}
    assert len({row["id"] for row in data}) == len(data)
    assert all(0 < row["id"] < 2**31 for row in data)


def test_an_action_by_its_number(heidi):
    number = actions.number_of("user.application_password.created")
    assert heidi.call("GET", f"/1/actions/{number}").json()["data"] == {
        "id": number,
        "code": "user.application_password.created",
        "description": "The user application password was created.",
    }


def test_numbers_of_actions_never_change():
    assert actions.number_of("dns.zone.created") == 857436924


def test_search(heidi):
    data = heidi.call("GET", "/1/actions?search=user.email").json()["data"]
    assert sorted(row["code"] for row in data) == ["user.email.created", "user.email.deleted", "user.email.updated"]


def test_an_unknown_action(heidi):
    answer = heidi.call("GET", "/1/actions/1")
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "Action", "id": 1}


def test_any_token_will_do(client, heidi):
    assert client.get("/1/actions").status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    assert heidi.call("GET", "/1/actions").status_code == 200
