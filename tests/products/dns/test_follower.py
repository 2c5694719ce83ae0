"""The follower: what is in the database is what the name server has, whoever wrote it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from alpage import app
from alpage.products.dns import follower as following
from alpage.products.dns.follower import Follower
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, ZoneDelta, ZoneSnapshot
from alpage.settings import Settings
from alpage.storage.database import Database
from tests.conftest import Person
from tests.products.dns.conftest import FQDN, Editor, Register, record

PATIENCE_SECONDS = 20


class MemoryServer:
    """A name server that answers nobody, and tells how it was brought its zones."""

    def __init__(self) -> None:
        self.zones: dict[str, tuple[int, set[RecordData]]] = {}
        self.nameservers: dict[str, tuple[str, ...]] = {}
        self.calls: list[str] = []
        self.refuses = False

    def load(self, zone: ZoneSnapshot) -> None:
        self.calls.append("load")
        self.zones[zone.fqdn] = (zone.serial, set(zone.records))
        self.nameservers[zone.fqdn] = zone.nameservers

    def change(self, fqdn: str, delta: ZoneDelta) -> bool:
        self.calls.append("change")
        serial, records = self.zones[fqdn]
        if self.refuses or serial != delta.serial_from or not records.issuperset(delta.removed):
            return False
        self.zones[fqdn] = (delta.serial_to, records.difference(delta.removed).union(delta.added))
        return True

    def remove(self, fqdn: str) -> None:
        self.calls.append("remove")
        del self.zones[fqdn]

    def serial(self, fqdn: str) -> int | None:
        return self.zones[fqdn][0] if fqdn in self.zones else None

    def metrics(self) -> dict[str, dict[tuple[str, ...], int]]:
        return {}

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
def follower(database: Database, server: MemoryServer) -> Follower:
    return Follower(database, server)


def served(server: MemoryServer, fqdn: str = FQDN) -> list[str]:
    return sorted(f"{one.source} {one.type} {one.target}" for one in server.zones[fqdn][1])


def test_it_begins_with_all_zones(editor: Editor, server: MemoryServer, follower: Follower) -> None:
    editor.add("www A 192.0.2.1")
    editor.person.call("POST", "/2/zones/dev.example.ch", {})
    follower.catch_up()
    assert set(server.zones) == {FQDN, "dev.example.ch"}
    assert served(server) == editor.lines()
    assert server.serial(FQDN) == editor.serial()
    assert server.nameservers[FQDN] == editor.person.platform.settings.dns_nameservers


def test_a_change_is_handed_over_as_a_change(editor: Editor, server: MemoryServer, follower: Follower) -> None:
    follower.catch_up()
    server.calls.clear()
    made = editor.add("www A 192.0.2.1")
    editor.call("PUT", f"/records/{made['id']}", {"ttl": 600})
    follower.catch_up()
    assert server.calls == ["change", "change"]
    assert (served(server), server.serial(FQDN)) == (editor.lines(), editor.serial())
    follower.catch_up()
    assert server.calls == ["change", "change"]


def test_where_a_change_does_not_fit_the_zone_is_loaded(
    editor: Editor, server: MemoryServer, follower: Follower
) -> None:
    follower.catch_up()
    server.refuses = True
    editor.add("www A 192.0.2.1")
    follower.catch_up()
    assert server.calls == ["load", "change", "load"]
    assert (served(server), server.serial(FQDN)) == (editor.lines(), editor.serial())


def test_other_name_servers_need_the_whole_zone(editor: Editor, server: MemoryServer, follower: Follower) -> None:
    follower.catch_up()
    servers = ["ns1.elsewhere.example", "ns2.elsewhere.example"]
    editor.person.call("PUT", f"/2/domains/{FQDN}/nameservers", {"nameservers": servers})
    follower.catch_up()
    assert server.calls == ["load", "load"]
    assert server.nameservers[FQDN] == tuple(servers)
    assert server.serial(FQDN) == editor.serial()


def test_zones_come_and_go(editor: Editor, server: MemoryServer, follower: Follower) -> None:
    follower.catch_up()
    editor.person.call("POST", "/2/zones/dev.example.ch", {"skel": "www A 192.0.2.1"})
    follower.catch_up()
    assert served(server, "dev.example.ch") == ["www A 192.0.2.1"]
    editor.person.call("DELETE", "/2/zones/dev.example.ch")
    follower.catch_up()
    assert set(server.zones) == {FQDN}


def test_a_zone_that_went_and_came_back_is_the_new_one(
    editor: Editor, server: MemoryServer, follower: Follower
) -> None:
    editor.add("old A 192.0.2.1")
    follower.catch_up()
    editor.call("DELETE")
    editor.call("POST", body={"skel": "new A 192.0.2.2"})
    follower.catch_up()
    assert served(server) == ["new A 192.0.2.2"]


def test_a_zone_that_cannot_be_served_keeps_no_other_back(
    editor: Editor, server: MemoryServer, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower.catch_up()
    monkeypatch.setattr(following, "snapshot", _refusing("bad.example.ch", following.snapshot))
    for name in ("bad", "good"):
        editor.person.call("POST", f"/2/zones/{name}.example.ch", {})
    follower.catch_up()
    assert set(server.zones) == {FQDN, "good.example.ch"}


def _refusing(fqdn: str, snapshot: Callable[..., ZoneSnapshot]) -> Callable[..., ZoneSnapshot]:
    def refuse(transaction: object, zone: ZoneSnapshot) -> ZoneSnapshot:
        if zone.fqdn == fqdn:
            raise ValueError("a record does not parse")
        return snapshot(transaction, zone)

    return refuse


CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "bulk", "look"]), st.sampled_from(["a", "b", "c"])), max_size=10
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=CHANGES)
def test_whenever_it_looks_it_has_what_the_database_has(
    editor: Editor, database: Database, steps: list[tuple[str, str]]
) -> None:
    server = MemoryServer()
    follower = Follower(database, server)
    follower.catch_up()
    for step, source in steps:
        there = [one["id"] for one in editor.records(f"filter[source]={source}")]
        if step == "add":
            editor.call("POST", "/records", record(f"{source} A 192.0.2.{len(there) + 1}"))
        elif step == "delete":
            editor.change(delete=there)
        elif step == "bulk":
            editor.change(create=[record(f"{source} TXT {source}")], update=[{"id": id, "ttl": 900} for id in there])
        else:
            follower.catch_up()
    follower.catch_up()
    assert (served(server), server.serial(FQDN)) == (editor.lines(), editor.serial())
    assert server.calls.count("load") == 1


@contextmanager
def running(settings: Settings, database: Database) -> Iterator[tuple[str, int]]:
    """The platform's own name server as `alpage serve` runs it, on a free port."""
    engine = following.engine(settings.model_copy(update={"dns_port": 0}), database)
    assert engine is not None
    engine.start()
    try:
        yield engine._server.address
    finally:
        engine.stop()


def ask(address: tuple[str, int], name: str, rtype: str = "A") -> list[str]:
    answer = dns.query.tcp(dns.message.make_query(name, rtype), address[0], port=address[1], timeout=PATIENCE_SECONDS)
    return sorted(one.to_text() for rrset in answer.answer for one in rrset)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_the_world_sees_what_was_written(editor: Editor, database: Database) -> None:
    editor.add("www A 192.0.2.1")
    with running(editor.person.platform.settings, database) as address:
        assert ask(address, f"www.{FQDN}") == ["192.0.2.1"]
        assert ask(address, FQDN, "NS") == ["ns1.alpage.example.", "ns2.alpage.example."]
        authority = ask(address, FQDN, "SOA")[0].split()
        assert authority == ["ns1.alpage.example.", f"hostmaster.{FQDN}.", str(editor.serial()), *authority[3:]]
        editor.change(create=[record(f"h{number} A 192.0.2.7") for number in range(300)])
        until(lambda: ask(address, f"h299.{FQDN}") == ["192.0.2.7"])
        editor.call("DELETE")
        until(lambda: ask(address, f"www.{FQDN}") == [])


def test_a_record_is_checked_on_the_running_server(heidi: Person, register: Register, database: Database) -> None:
    editor = Editor(heidi, register(heidi))
    text = "www A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2\nsub DS 1 13 2 " + "ab" * 32
    editor.call("POST", body={"skel": text})
    with running(heidi.platform.settings, database) as address, asking(editor, address) as checked:
        assert [checked(one["id"]) for one in editor.records()] == [True] * 4


def test_a_record_that_one_server_lacks_is_not_published(editor: Editor, database: Database) -> None:
    made = editor.add("www A 192.0.2.1")["id"]
    stale = EmbeddedServer(("127.0.0.1", 0))
    stale.load(ZoneSnapshot(FQDN, 1, ("ns1.alpage.example",), []))
    stale.start()
    silent = "127.0.0.1:1"
    try:
        with running(editor.person.platform.settings, database) as address:
            with asking(editor, address, silent) as checked:
                assert checked(made) is True
            with asking(editor, address, silent, "{}:{}".format(*stale.address)) as checked:
                assert checked(made) is False
        with asking(editor, ("127.0.0.1", 1)) as checked:
            assert checked(made) is False
    finally:
        stale.stop()


@contextmanager
def asking(editor: Editor, own: tuple[str, int], *secondaries: str) -> Iterator[Callable[[int], bool]]:
    """The check of a record by a platform whose name servers are these."""
    platform = editor.person.platform
    changed = {"dns_host": own[0], "dns_port": own[1], "dns_secondaries": secondaries}
    settings = platform.settings.model_copy(update=changed)
    with TestClient(app.build(settings, platform.database, app.route_table())) as client:
        asker = Editor(replace(editor.person, client=client), editor.domain)
        yield lambda record_id: asker.call("GET", f"/records/{record_id}/check").json()["data"]


def test_secondaries_are_known_by_their_key(database: Database) -> None:
    settings = Settings(
        dns_port=0,
        dns_keys=("transfer.example:hmac-sha256:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",),
        dns_secondaries=("127.0.0.1:5399",),
        dns_catalog="catalog.example",
    )
    with running(settings, database) as address:
        query = dns.message.make_query("catalog.example", "AXFR")
        with pytest.raises(dns.exception.DNSException):
            dns.query.inbound_xfr(address[0], dns.zone.Zone("catalog.example"), query, address[1])
        query = dns.message.make_query("catalog.example", "AXFR")
        query.use_tsig(following.read_key(settings.dns_keys[0]))
        catalog = dns.zone.Zone("catalog.example")
        dns.query.inbound_xfr(address[0], catalog, query, address[1])
        assert catalog.get_rdataset("@", "SOA")


def test_no_server_runs_where_none_is_wanted(database: Database) -> None:
    assert following.engine(Settings(dns_enabled=False), database) is None
