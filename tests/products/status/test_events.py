"""What goes on with the platform, as the public reads it."""

from time import time

import pytest
from sqlalchemy import event

from alpage.products.status import events
from alpage.products.status.events import Event, Said
from alpage.storage.changes import NOBODY

NOW = int(time())
HOUR = 3600


@pytest.fixture
def announce(platform):
    """Announces an event with a title, and answers with its number."""

    def announced(title="Work on the name servers", services=(), said=(), comments=(), **values):
        values = {"type": "public", "started_at": NOW - HOUR, "created_at": NOW - HOUR, **values}
        with platform.database.transaction(NOBODY) as transaction:
            session = transaction.session
            made = events.announce(
                session, Event(**values), Said(language="en", title=title, body="Soon done."), services
            )
            for language, translated in said:
                events.translate(session, made, Said(language=language, title=translated, body=""))
            for at, news in comments:
                events.comment_on(session, made, Said(language="en", title=news, body=""), at)
        return made.id

    return announced


def listed(client, query="", **headers):
    answer = client.get(f"/2/events{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_an_event_as_the_public_sees_it(client, platform, announce):
    number = announce(
        services=["dns", "mail"], said=[("de", "Arbeiten an den Nameservern")], comments=[(NOW, "Half done")]
    )
    (shown,) = client.get("/2/events").json()["data"]
    services = shown.pop("services")
    assert [service["name"] for service in services] == ["dns", "mail"]
    assert all(set(service) == {"id", "name"} for service in services)
    assert shown == {
        "id": number,
        "url": f"{platform.settings.public_url}/2/events/{number}",
        "type": "public",
        "status": "inprogress",
        "started_at": NOW - HOUR,
        "ended_at": None,
        "description": {
            "title": "Work on the name servers",
            "description": "Soon done.",
            "translations": [
                {"title": "Work on the name servers", "body": "Soon done.", "language": "en"},
                {"title": "Arbeiten an den Nameservern", "body": "", "language": "de"},
            ],
        },
        "comments": [
            {
                "title": "Half done",
                "body": "",
                "started_at": NOW,
                "translations": [{"title": "Half done", "body": "", "language": "en"}],
            }
        ],
    }
    one = client.get(f"/2/events/{number}")
    assert one.status_code == 200
    assert one.json()["data"] == {**shown, "services": services}
    assert client.get(f"/events/{number}").headers["api-version"] == "2"


@pytest.mark.parametrize(
    ("query", "accept", "title"),
    [
        ("", "en", "Attack"),
        ("", "de-CH", "Angriff"),
        ("", "it", "Attack"),
        ("?locale=de", "fr", "Angriff"),
        ("?locale=es", "de", "Attack"),
    ],
)
def test_the_reader_s_language(client, announce, query, accept, title):
    number = announce("Attack", said=[("de", "Angriff")])
    for path in ("/2/events", f"/2/events/{number}"):
        data = client.get(path + query, headers={"Accept-Language": accept}).json()["data"]
        shown = data[0] if isinstance(data, list) else data
        assert shown["description"]["title"] == title


def test_a_translation_is_replaced(client, announce):
    number = announce("Attack", said=[("de", "Angrif"), ("de", "Angriff")])
    translations = client.get(f"/2/events/{number}").json()["data"]["description"]["translations"]
    assert [(said["language"], said["title"]) for said in translations] == [("en", "Attack"), ("de", "Angriff")]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"started_at": NOW + HOUR}, "planned"),
        ({"started_at": NOW + HOUR, "ended_at": NOW + 2 * HOUR}, "planned"),
        ({"started_at": NOW - HOUR}, "inprogress"),
        ({"started_at": NOW - HOUR, "ended_at": NOW + HOUR}, "inprogress"),
        ({"started_at": NOW - HOUR, "ended_at": NOW - 60}, "terminated"),
        ({"started_at": NOW - HOUR, "ended_at": NOW - 60, "reviewed_at": NOW}, "reviewed"),
    ],
)
def test_the_stage_follows_from_the_times(client, announce, values, status):
    number = announce(**values)
    assert client.get(f"/2/events/{number}").json()["data"]["status"] == status
    for asked in ("planned", "inprogress", "terminated", "reviewed"):
        page = client.get(f"/2/events?status={asked}&page=1").json()
        assert page["total"] == len(page["data"]) == (asked == status)


def test_the_latest_comes_first_and_pages_have_totals(client, announce):
    numbers = [announce(started_at=NOW - age * HOUR) for age in (3, 1, 2)]
    assert listed(client) == [numbers[1], numbers[2], numbers[0]]
    assert listed(client, "?order_by=id") == numbers
    page = client.get("/2/events?page=2&per_page=2").json()
    assert [row["id"] for row in page["data"]] == [numbers[0]]
    assert (page["total"], page["pages"]) == (3, 2)
    assert client.get("/2/events?return=total").json()["data"] == 3


def test_types(client, announce):
    numbers = {kind: announce(type=kind) for kind in ("public", "server", "streaming")}
    assert listed(client, "?event_type=server") == [numbers["server"]]
    assert set(listed(client, "?event_types[]=server&event_types[]=streaming")) == {
        numbers["server"],
        numbers["streaming"],
    }
    assert listed(client, "?event_types=public") == [numbers["public"]]
    assert len(listed(client)) == 3


def test_internal_events_are_for_people_with_a_token(client, heidi, announce):
    number = announce(type="internal", services=["public_cloud"])
    assert listed(client) == []
    assert client.get(f"/2/events/{number}").status_code == 404
    assert client.get("/2/events/public-cloud-status").json()["data"]["status"] == "operational"
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    assert [row["id"] for row in heidi.call("GET", "/2/events?event_type=internal").json()["data"]] == [number]
    assert heidi.call("GET", f"/2/events/{number}").status_code == 200


def test_attacks(client, announce):
    attack, work = announce(is_cyberattack=True), announce()
    assert listed(client, "?is_cyberattack=1") == [attack]
    assert listed(client, "?is_cyberattack=false") == [work]


def test_what_programs_announce_is_shown_when_asked_for(client, announce):
    number = announce(is_automatic=True)
    assert listed(client) == []
    assert listed(client, "?show_auto=true") == [number]


def test_deleted_events(client, announce):
    number = announce(deleted_at=NOW)
    assert listed(client) == []
    assert listed(client, "?with_trashed=1") == [number]
    assert client.get(f"/2/events/{number}").status_code == 404


def test_who_announced_it(client, heidi, announce):
    number = announce(user_id=heidi.user.id)
    announce()
    assert listed(client, f"?user_id={heidi.user.id}") == [number]


@pytest.mark.parametrize(
    ("start", "end", "is_found"),
    [(-4, -3, False), (-4, -2, True), (-2, -1, True), (-1, 1, True), (1, 2, False), (-4, 2, True)],
)
def test_what_went_on_between_two_moments(client, announce, start, end, is_found):
    number = announce(started_at=NOW - 2 * HOUR - 60, ended_at=NOW + 60)
    found = listed(client, f"?date_from={NOW + start * HOUR}&date_to={NOW + end * HOUR}")
    assert found == ([number] if is_found else [])


def test_what_still_goes_on_has_no_end(client, announce):
    number = announce()
    assert listed(client, f"?date_from={NOW + HOUR}") == [number]


@pytest.mark.parametrize(
    ("query", "attribute", "code"),
    [
        ("status=over", "status", "attribute_in"),
        ("event_type=party", "event_type", "attribute_in"),
        ("event_types[]=party", "event_types.0", "attribute_in"),
        ("locale=rm", "locale", "attribute_in"),
        ("date_from=yesterday", "date_from", "attribute_type"),
        ("date_to=99999999999999999999", "date_to", "attribute_max_value"),
        ("user_id=-1", "user_id", "attribute_min_value"),
        ("is_cyberattack=perhaps", "is_cyberattack", "attribute_type"),
        ("order_by=title", "order_by", "attribute_order_by"),
    ],
)
def test_a_query_that_cannot_be_used(client, query, attribute, code):
    answer = client.get(f"/2/events?{query}")
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["context"]["attribute"], fault["code"]) == (attribute, code)


def test_an_unknown_event(client):
    answer = client.get("/2/events/1")
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "Event", "id": 1}


def test_a_token_that_is_none_is_refused_here_too(client):
    assert client.get("/2/events", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_how_the_public_cloud_is(client, announce):
    def state():
        answer = client.get("/2/events/public-cloud-status")
        assert answer.status_code == 200
        data = answer.json()["data"]
        return data["status"], [shown["id"] for shown in data["events"]]

    assert state() == ("operational", [])
    announce(services=["dns"])
    announce(services=["public_cloud"], ended_at=NOW - 60)
    assert state() == ("operational", [])
    planned = announce(services=["public_cloud"], started_at=NOW + HOUR)
    assert state() == ("operational", [planned])
    going_on = announce(services=["public_cloud", "dns"], said=[("fr", "Panne")])
    assert state() == ("disturbed", [planned, going_on])
    answer = client.get("/2/events/public-cloud-status", headers={"Accept-Language": "fr"})
    assert answer.json()["data"]["events"][1]["description"]["title"] == "Panne"
    assert answer.json()["data"]["events"][1]["comments"] == []


def test_events_are_read_in_few_statements_however_many(client, platform, announce):
    for _ in range(20):
        announce(services=["dns"], comments=[(NOW, "News")])
    seen = []
    event.listen(platform.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert len(listed(client)) == 20
    assert sum(statement.startswith("SELECT") for statement in seen) == 5
