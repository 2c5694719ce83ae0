"""`alpage event`: what the owner announces is what the public reads."""

from datetime import datetime
from time import time

import pytest

from alpage.cli import event
from alpage.cli.platform import Platform


@pytest.fixture
def opened(platform, monkeypatch):
    """The platform under test, as the commands open it."""
    opened = Platform(platform.settings, platform.database, platform.tokens)
    monkeypatch.setattr(event, "open_platform", lambda _data: opened)
    return opened


@pytest.fixture
def shown(opened, client):
    """Reads an event as the public does."""

    def read(number):
        return client.get(f"/2/events/{number}").json()["data"]

    return read


def create(capsys, title="Work", **options):
    event.create(title, **options)
    return int(capsys.readouterr().out)


def test_an_event_from_its_announcement_to_its_end(capsys, shown):
    number = create(capsys, "Work", body="All night.", service=["dns", "dns", "mail"])
    event.translate(number, "Arbeiten", language="de", body="Die ganze Nacht.")
    event.comment(number, "Half done", language="en")
    data = shown(number)
    assert data["status"] == "inprogress"
    assert [said["title"] for said in data["description"]["translations"]] == ["Work", "Arbeiten"]
    assert [news["title"] for news in data["comments"]] == ["Half done"]
    assert [service["name"] for service in data["services"]] == ["dns", "mail"]
    event.close(number)
    assert shown(number)["status"] == "terminated"
    ended = shown(number)["ended_at"]
    event.close(number, reviewed=True)
    assert (shown(number)["status"], shown(number)["ended_at"]) == ("reviewed", ended)


def test_a_planned_event(capsys, shown):
    number = create(capsys, start=datetime(2037, 1, 1, 2), end=datetime(2037, 1, 1, 4))  # noqa: DTZ001 - as typed
    data = shown(number)
    assert data["status"] == "planned"
    assert data["ended_at"] - data["started_at"] == 2 * 3600
    assert data["started_at"] == int(datetime.fromisoformat("2037-01-01T02:00+00:00").timestamp())
    event.close(number)
    assert shown(number)["ended_at"] <= time()


def test_flags(capsys, opened, client, heidi):
    number = create(capsys, type="server", cyberattack=True, automatic=True, user=heidi.user.email)
    query = f"show_auto=1&is_cyberattack=1&event_type=server&user_id={heidi.user.id}"
    assert [row["id"] for row in client.get(f"/2/events?{query}").json()["data"]] == [number]


def test_the_list(capsys, opened):
    first, second = create(capsys, "First", start=datetime(2020, 1, 1)), create(capsys, "Second")  # noqa: DTZ001 - as typed
    event.remove(create(capsys, "Third"))
    event.list_events()
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], line[1], line[4]) for line in lines] == [
        (str(second), "inprogress", "Second"),
        (str(first), "inprogress", "First"),
    ]
    assert lines[1][3] == "2020-01-01T00:00+00:00"


def test_a_removed_event_is_not_there(capsys, shown, client):
    number = create(capsys)
    event.remove(number)
    assert client.get(f"/2/events/{number}").status_code == 404


@pytest.mark.parametrize(
    "command",
    [
        lambda: event.close(7),
        lambda: event.remove(7),
        lambda: event.comment(7, "News"),
        lambda: event.translate(7, "Nouvelles", language="fr"),
        lambda: event.create("Work", user="nobody@example.org"),
        lambda: event.create("Work", end=datetime(2020, 1, 1)),  # noqa: DTZ001 - as typed
    ],
)
def test_what_cannot_be_done_is_said(capsys, opened, client, command):
    with pytest.raises(SystemExit) as stopped:
        command()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("alpage: ")
    assert client.get("/2/events").json()["data"] == []


def test_the_commands_as_they_are_typed(capsys, shown):
    event.app(["create", "Work", "--type", "streaming", "--service", "video"], result_action="return_value")
    number = int(capsys.readouterr().out)
    assert (shown(number)["type"], shown(number)["services"][0]["name"]) == ("streaming", "video")
