"""Passwords for programs that cannot sign in by OAuth."""

import pytest
from sqlalchemy import select

from alpage.identity import application_passwords
from alpage.identity.application_passwords import ApplicationPassword, ApplicationPasswordUse
from alpage.storage.changes import NOBODY, Change

PATH = "/2/profile/applications/passwords"


def create(person, name="Calendar"):
    answer = person.call("POST", PATH, {"name": name})
    assert answer.status_code == 201
    return answer.json()["data"]


def owner(person, login, password, now=1_700_000_000):
    platform = person.platform
    with platform.database.transaction(NOBODY) as transaction:
        return application_passwords.owner(transaction, platform.settings, login, password, now)


def test_a_password_is_shown_once(heidi):
    made = create(heidi)
    assert set(made) == {"id", "name", "last_used_at", "password"}
    assert (made["name"], made["last_used_at"]) == ("Calendar", None)
    shown = {"id": made["id"], "name": "Calendar", "last_used_at": None}
    assert heidi.call("GET", PATH).json()["data"] == [shown]
    assert heidi.call("GET", f"{PATH}/{made['id']}").json()["data"] == shown


def test_a_password_without_a_body_has_a_name(heidi):
    answer = heidi.call("POST", PATH)
    assert (answer.status_code, answer.json()["data"]["name"]) == (201, "Application")


def test_the_database_does_not_know_the_password(heidi):
    made = create(heidi)
    with heidi.platform.database.reading() as transaction:
        kept = transaction.execute(select(ApplicationPassword.__table__)).one()
        logged = transaction.execute(select(Change.__table__).where(Change.event == "user.application_password")).one()
    assert made["password"] not in repr(kept)
    assert made["password"] not in repr(logged)
    assert kept.hash not in repr(logged)


def test_who_has_the_password_is_its_owner(heidi, peter):
    made = create(heidi)
    assert owner(heidi, "Heidi@example.org", made["password"]) == heidi.user.id
    assert owner(heidi, peter.user.login, made["password"]) is None
    assert owner(heidi, heidi.user.login, made["password"][:-1] + "?") is None
    assert owner(heidi, heidi.user.login, heidi.token) is None


def test_the_last_use_is_told(heidi):
    made = create(heidi)
    owner(heidi, heidi.user.login, made["password"], now=1_700_000_000)
    owner(heidi, heidi.user.login, made["password"], now=1_700_000_060)
    assert heidi.call("GET", f"{PATH}/{made['id']}").json()["data"]["last_used_at"] == 1_700_000_060


def test_the_conventions_of_lists(heidi):
    for name in ("Mail", "Calendar", "Drive"):
        create(heidi, name)
    page = heidi.call("GET", f"{PATH}?order_by=name&page=1&per_page=2").json()
    assert [row["name"] for row in page["data"]] == ["Calendar", "Drive"]
    assert (page["total"], page["pages"], page["page"], page["items_per_page"]) == (3, 2, 1, 2)
    assert [row["name"] for row in heidi.call("GET", f"{PATH}?search=ai").json()["data"]] == ["Mail"]
    assert heidi.call("GET", f"{PATH}?return=total").json()["data"] == 3


def test_a_deleted_password_is_nobodys(heidi):
    made = create(heidi)
    owner(heidi, heidi.user.login, made["password"])
    path = f"{PATH}/{made['id']}"
    assert heidi.call("DELETE", f"{path}?dry_run=1").json()["data"] is True
    assert owner(heidi, heidi.user.login, made["password"]) == heidi.user.id
    answer = heidi.call("DELETE", path)
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert owner(heidi, heidi.user.login, made["password"]) is None
    assert heidi.call("GET", path).status_code == 404
    with heidi.platform.database.reading() as transaction:
        assert transaction.execute(select(ApplicationPasswordUse.__table__)).all() == []


def test_a_dry_run_makes_none(heidi):
    answer = heidi.call("POST", f"{PATH}?dry_run=1", {"name": "Mail"})
    assert answer.status_code == 201
    assert heidi.call("GET", PATH).json()["data"] == []
    assert owner(heidi, heidi.user.login, answer.json()["data"]["password"]) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 129])
def test_a_name_has_a_length(heidi, name):
    answer = heidi.call("POST", PATH, {"name": name})
    assert answer.status_code == 422
    assert answer.json()["error"]["errors"][0]["context"]["attribute"] == "name"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_passwords_of_others_are_not_there(heidi, peter, method):
    made = create(heidi)
    answer = peter.call(method, f"{PATH}/{made['id']}")
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "ApplicationPassword", "id": made["id"]}
    assert peter.call("GET", PATH).json()["data"] == []
    assert len(heidi.call("GET", PATH).json()["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", PATH), ("GET", f"{PATH}/1"), ("DELETE", f"{PATH}/1")]
)
def test_passwords_need_token_and_scope(client, heidi, method, path):
    assert client.request(method, path).status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns")
    assert heidi.call(method, path).json()["error"]["code"] == "all_scopes"
