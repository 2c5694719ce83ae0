"""Dynamic DNS: the dyndns2 protocol."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.products.dns.conftest import Editor

LOOPBACK = "192.0.2.200"


def update(editor: Editor, query: str, login: str | None = None, password: str | None = None) -> Any:
    credentials = (login or editor.person.user.login, password or editor.person.token)
    return editor.person.client.get(f"/nic/update?{query}", auth=credentials)


@pytest.fixture
def home(editor: Editor) -> Editor:
    editor.add("home A 192.0.2.1")
    return editor


def test_a_changed_address_is_good(home: Editor) -> None:
    before = len(home.versions())
    answer = update(home, "hostname=home.example.ch&myip=198.51.100.7")
    assert (answer.status_code, answer.text) == (200, "good 198.51.100.7")
    assert answer.headers["content-type"].startswith("text/plain")
    assert home.lines() == ["home A 198.51.100.7"]
    version = home.versions()[before]
    assert (version["user_id"], version["added_count"]) == (home.person.user.id, 1)
    assert version["grant_id"] > 0


def test_an_address_that_did_not_change_makes_no_version(home: Editor) -> None:
    serial = home.serial()
    assert update(home, "hostname=home.example.ch&myip=192.0.2.1").text == "nochg 192.0.2.1"
    assert home.serial() == serial


def test_the_time_to_live_and_the_id_stay(home: Editor) -> None:
    before = home.records()[0]
    update(home, "hostname=home.example.ch&myip=198.51.100.7")
    after = home.records()[0]
    assert (after["id"], after["ttl"]) == (before["id"], before["ttl"])


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("myip=2001:DB8::7", ["home A 192.0.2.1", "home AAAA 2001:db8::7"]),
        ("myip=198.51.100.7,2001:db8::7", ["home A 198.51.100.7", "home AAAA 2001:db8::7"]),
        ("myip=198.51.100.7&myipv6=2001:db8::7", ["home A 198.51.100.7", "home AAAA 2001:db8::7"]),
        ("myip=::ffff:198.51.100.7", ["home A 198.51.100.7"]),
        ("offline=YES", ["home A 0.0.0.0"]),
        ("offline=NO&myip=198.51.100.7", ["home A 198.51.100.7"]),
    ],
)
def test_both_families_and_none(home: Editor, query: str, lines: list[str]) -> None:
    assert update(home, f"hostname=home.example.ch&{query}").text.startswith("good ")
    assert home.lines() == lines


@pytest.mark.parametrize("given", ["", "&myip=", "&myip=nonsense", "&myip=1.2.3"])
def test_without_an_address_it_is_the_one_of_the_request(home: Editor, given: str) -> None:
    client = home.person.client
    client._transport.client = (LOOPBACK, 4711)
    assert update(home, f"hostname=home.example.ch{given}").text == f"good {LOOPBACK}"
    assert home.lines() == [f"home A {LOOPBACK}"]


def test_many_hosts_have_a_line_each(home: Editor) -> None:
    home.add(". A 192.0.2.1")
    answer = update(home, "hostname=home.example.ch,example.ch,nothing.example.ch,home&myip=198.51.100.7")
    assert answer.text.split("\n") == ["good 198.51.100.7", "good 198.51.100.7", "nohost", "notfqdn"]


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("other.example.ch", "nohost"),
        ("home.elsewhere.example", "nohost"),
        ("many.example.ch", "nohost"),
        ("text.example.ch", "nohost"),
        ("a..b", "nohost"),
        ("home", "notfqdn"),
        ("", "notfqdn"),
        ("%C3%BC" * 300 + ".ch", "notfqdn"),
        (",".join(["home.example.ch"] * 21), "numhost"),
    ],
)
def test_what_is_no_dynamic_host(home: Editor, host: str, text: str) -> None:
    for line in ("many A 192.0.2.1", "many A 192.0.2.2", "text TXT x"):
        home.add(line)
    lines = home.lines()
    assert update(home, f"hostname={host}&myip=198.51.100.7").text == text
    assert home.lines() == lines


def test_a_name_in_unicode(editor: Editor) -> None:
    editor.add("bücher A 192.0.2.1")
    assert update(editor, "hostname=b%C3%BCcher.example.ch&myip=198.51.100.7").text == "good 198.51.100.7"


def test_an_application_password_signs_in(home: Editor) -> None:
    made = home.person.call("POST", "/2/profile/applications/passwords", {"name": "router"}).json()["data"]
    answer = update(home, "hostname=home.example.ch&myip=198.51.100.7", password=made["password"])
    assert answer.text == "good 198.51.100.7"
    home.person.call("DELETE", f"/2/profile/applications/passwords/{made['id']}")
    assert update(home, "hostname=home.example.ch&myip=192.0.2.9", password=made["password"]).text == "badauth"


def test_who_signs_in_wrongly_changes_nothing(home: Editor, peter: Person) -> None:
    platform, user = home.person.platform, home.person.user
    reader = platform.token(user, "dns:read")
    for login, password in (
        (user.login, "wrong"),
        (user.login, reader),
        (user.login, peter.token),
        (peter.user.login, home.person.token),
        ("", home.person.token),
    ):
        answer = home.person.client.get(
            "/nic/update?hostname=home.example.ch&myip=198.51.100.7", auth=(login, password)
        )
        assert (answer.status_code, answer.text) == (401, "badauth")
        assert answer.headers["www-authenticate"].startswith("Basic")
    for headers in ({}, {"Authorization": "Basic ???"}, {"Authorization": f"Bearer {home.person.token}"}):
        answer = home.person.client.get("/nic/update?hostname=home.example.ch&myip=198.51.100.7", headers=headers)
        assert (answer.status_code, answer.text) == (401, "badauth")
    assert home.lines() == ["home A 192.0.2.1"]


def test_a_strangers_host_is_no_host(home: Editor, peter: Person) -> None:
    answer = update(home, "hostname=home.example.ch&myip=198.51.100.7", peter.user.login, peter.token)
    assert answer.text == "nohost"
    assert home.lines() == ["home A 192.0.2.1"]


def test_seeing_a_zone_is_not_enough(home: Editor, peter: Person) -> None:
    platform = home.person.platform
    platform.member(home.person.account, peter.user)
    platform.right(home.domain, peter.user, "statistic")
    query = "hostname=home.example.ch&myip=198.51.100.7"
    assert update(home, query, peter.user.login, peter.token).text == "nohost"
    platform.right(home.domain, peter.user, "technical")
    assert update(home, query, peter.user.login, peter.token).text == "good 198.51.100.7"
