"""Security events: what a user sees of what happened around his sign-in."""

from alpage.identity import security_events
from alpage.storage.changes import NOBODY

PATH = "/1/profile/security_events"


def note(person, *kinds, **values):
    with person.platform.database.transaction(NOBODY) as transaction:
        for number, kind in enumerate(kinds):
            security_events.note(transaction, kind, user_id=person.user.id, now=1_800_000_000 + number, **values)


def kinds(person, query=""):
    answer = person.call("GET", PATH + query)
    assert answer.status_code == 200, answer.text
    return [event["kind"] for event in answer.json()["data"]]


def test_a_user_sees_his_own(heidi, peter):
    note(heidi, "signed_in", ip="192.0.2.1", user_agent="curl/8", method="pwd")
    note(peter, "signed_out")
    (event,) = heidi.call("GET", PATH).json()["data"]
    assert event.pop("id") > 0
    assert event == {
        "kind": "signed_in",
        "ip": "192.0.2.1",
        "user_agent": "curl/8",
        "application_id": None,
        "grant_id": None,
        "context": {"method": "pwd"},
        "created_at": 1_800_000_000,
    }


def test_they_come_in_pages_the_latest_first(heidi):
    note(heidi, "signed_in", "sign_in_failed", "signed_out")
    assert kinds(heidi, "?order=desc&page=1&per_page=2") == ["signed_out", "sign_in_failed"]
    assert kinds(heidi, "?order=desc&page=2&per_page=2") == ["signed_in"]


def test_they_are_chosen_by_kind(heidi):
    note(heidi, "signed_in", "sign_in_failed", "signed_out")
    assert kinds(heidi, "?filter[kind]=signed_out") == ["signed_out"]
    assert kinds(heidi, "?filter[kind][]=signed_out&filter[kind][]=signed_in") == ["signed_in", "signed_out"]
    assert heidi.call("GET", f"{PATH}?filter[kind]=made_up").status_code == 422


def test_what_is_too_long_is_cut(heidi):
    note(heidi, "signed_in", ip="x" * 100, user_agent="y" * 1000)
    (event,) = heidi.call("GET", PATH).json()["data"]
    assert (len(event["ip"]), len(event["user_agent"])) == (45, 255)
