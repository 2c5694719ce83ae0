"""The e-mail addresses of the caller."""

import pytest

from alpage.identity.emails import UserEmail


@pytest.fixture
def reminded(heidi):
    """Heidi, with a second address she is reminded at."""
    assert heidi.call("PATCH", "/2/profile", {"reminder_email": "Alm@Example.org"}).status_code == 200
    return heidi


def addresses(person):
    return person.call("GET", "/2/profile/emails").json()["data"]


def test_the_own_address_and_another(reminded):
    own, other = addresses(reminded)
    assert (own["id"], own["email"], own["type"], own["reminder"]) == (
        reminded.user.id,
        "heidi@example.org",
        "personal",
        False,
    )
    assert set(other) == {"id", "email", "created_at", "reminder", "checked", "type"}
    assert (other["email"], other["type"], other["reminder"], other["checked"]) == (
        "alm@example.org",
        "other",
        True,
        False,
    )
    assert type(other["created_at"]) is int


def test_each_by_its_type_and_number(reminded):
    for shown in addresses(reminded):
        answer = reminded.call("GET", f"/2/profile/emails/{shown['type']}/{shown['id']}")
        assert answer.status_code == 200
        assert answer.json()["data"] == shown


def test_the_conventions_of_lists(reminded):
    found = reminded.call("GET", "/2/profile/emails?search=ALM").json()["data"]
    assert [row["email"] for row in found] == ["alm@example.org"]
    page = reminded.call("GET", "/2/profile/emails?order_by=email&per_page=1").json()
    assert [row["email"] for row in page["data"]] == ["alm@example.org"]
    assert (page["total"], page["pages"]) == (2, 2)


def test_only_one_address_reminds(reminded):
    reminded.call("PATCH", "/2/profile", {"reminder_email": "hut@example.org"})
    assert [(row["email"], row["reminder"]) for row in addresses(reminded)[1:]] == [
        ("alm@example.org", False),
        ("hut@example.org", True),
    ]
    reminded.call("PATCH", "/2/profile", {"reminder_email": "alm@example.org"})
    assert [(row["email"], row["reminder"]) for row in addresses(reminded)[1:]] == [
        ("alm@example.org", True),
        ("hut@example.org", False),
    ]


def test_deleting_another_address(reminded):
    other = addresses(reminded)[1]
    path = f"/2/profile/emails/other/{other['id']}"
    dry = reminded.call("DELETE", f"{path}?dry_run=1")
    assert (dry.status_code, dry.json()["data"]) == (200, True)
    assert len(addresses(reminded)) == 2
    answer = reminded.call("DELETE", path)
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert len(addresses(reminded)) == 1
    assert reminded.call("DELETE", path).status_code == 404


def test_the_own_address_cannot_be_deleted(heidi):
    answer = heidi.call("DELETE", f"/2/profile/emails/personal/{heidi.user.id}")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "state_conflict"
    assert answer.json()["error"]["context"] == {
        "model": "Email",
        "id": heidi.user.id,
        "state": "primary",
        "allowed_states": ["secondary"],
    }


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_addresses_of_others_are_not_there(reminded, peter, method):
    theirs = addresses(reminded)[1]["id"]
    for path in (f"other/{theirs}", f"personal/{reminded.user.id}", "other/999", f"professional/{theirs}"):
        answer = peter.call(method, f"/2/profile/emails/{path}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "object_not_found"
        assert answer.json()["error"]["context"]["model"] == "Email"
    assert len(addresses(reminded)) == 2


def test_professional_addresses_are_found_by_that_type(heidi):
    work = UserEmail(user_id=heidi.user.id, email="heidi@alm.example", type="professional", created_at=1)
    heidi.platform.add(work)
    answer = heidi.call("GET", f"/2/profile/emails/professional/{work.id}")
    assert answer.json()["data"]["email"] == "heidi@alm.example"
    assert heidi.call("GET", f"/2/profile/emails/other/{work.id}").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/other/1"), ("DELETE", "/other/1")])
def test_addresses_need_token_and_scope(client, heidi, method, path):
    assert client.request(method, f"/2/profile/emails{path}").status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns")
    assert heidi.call(method, f"/2/profile/emails{path}").json()["error"]["code"] == "all_scopes"
