"""The phone numbers of the caller."""

import pytest

from alpage.identity import phones


@pytest.fixture
def reminded(heidi):
    """Heidi, with a number she is reminded at, given as one dials it in Switzerland."""
    assert heidi.call("PATCH", "/2/profile", {"reminder_phone": "079 123 45 67"}).status_code == 200
    return heidi


def numbers(person):
    return person.call("GET", "/2/profile/phones").json()["data"]


def test_a_number_as_the_world_dials_it(reminded):
    (shown,) = numbers(reminded)
    assert set(shown) == {"id", "phone", "created_at", "reminder", "checked", "type"}
    assert (shown["phone"], shown["type"]) == ("+41791234567", "mobile")
    assert (shown["reminder"], shown["checked"]) == (True, False)
    assert reminded.call("GET", f"/2/profile/phones/{shown['id']}").json()["data"] == shown
    assert reminded.call("GET", "/2/profile?with=phones").json()["data"]["phones"] == [shown]


def test_the_country_decides_how_a_number_is_read(heidi):
    change = {"reminder_phone": "030 901820", "country_id": 276}
    assert heidi.call("PATCH", "/2/profile", change).status_code == 200
    assert numbers(heidi)[0]["phone"] == "+4930901820"


def test_only_one_number_reminds(reminded):
    reminded.call("PATCH", "/2/profile", {"reminder_phone": "+41446681800"})
    assert [(row["phone"], row["type"], row["reminder"]) for row in numbers(reminded)] == [
        ("+41791234567", "mobile", False),
        ("+41446681800", "fixed", True),
    ]
    reminded.call("PATCH", "/2/profile", {"reminder_phone": "+41791234567"})
    assert [row["reminder"] for row in numbers(reminded)] == [True, False]


def test_the_conventions_of_lists(reminded):
    reminded.call("PATCH", "/2/profile", {"reminder_phone": "+41446681800"})
    page = reminded.call("GET", "/2/profile/phones?order_by=phone&per_page=1").json()
    assert [row["phone"] for row in page["data"]] == ["+41446681800"]
    assert page["total"] == 2
    assert reminded.call("GET", "/2/profile/phones?return=total").json()["data"] == 2
    assert len(reminded.call("GET", "/2/profile/phones?search=446").json()["data"]) == 1


def test_deleting_a_number(reminded):
    path = f"/2/profile/phones/{numbers(reminded)[0]['id']}"
    assert reminded.call("DELETE", f"{path}?dry_run=1").json()["data"] is True
    assert len(numbers(reminded)) == 1
    answer = reminded.call("DELETE", path)
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert numbers(reminded) == []
    assert reminded.call("GET", path).json()["error"]["context"]["model"] == "Phone"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_numbers_of_others_are_not_there(reminded, peter, method):
    answer = peter.call(method, f"/2/profile/phones/{numbers(reminded)[0]['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")
    assert numbers(peter) == []
    assert len(numbers(reminded)) == 1


@pytest.mark.parametrize("number", [999, 2**31, 10**17, 10**40, "one", "-1"])
def test_numbers_that_are_none(heidi, number):
    answer = heidi.call("GET", f"/2/profile/phones/{number}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/1"), ("DELETE", "/1")])
def test_numbers_need_token_and_scope(client, heidi, method, path):
    assert client.request(method, f"/2/profile/phones{path}").status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns")
    assert heidi.call(method, f"/2/profile/phones{path}").json()["error"]["code"] == "all_scopes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("044 668 18 00", ("+41446681800", "fixed")),
        ("+41 79 123 45 67", ("+41791234567", "mobile")),
        ("0800 000 000", ("+41800000000", "other")),
        ("+1 650 253 0000", ("+16502530000", "mobile")),
        ("112", None),
        ("", None),
    ],
)
def test_normalising(text, expected):
    assert phones.normalise(text, "CH") == expected
