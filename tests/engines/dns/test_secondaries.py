"""Name servers that other people wrote copy our zones: Knot, PowerDNS, NSD and BIND, unprivileged, on free ports.

Each has a primary of its own. It transfers with TSIG, is told of changes by NOTIFY, and fetches them by IXFR. Knot and
PowerDNS learn which zones there are from the catalog; NSD and BIND are told one.
"""

import base64
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, Secondary, ZoneDelta, ZoneSnapshot

HOST = "127.0.0.1"
KEY = dns.tsig.Key("transfer.example", os.urandom(32))
SECRET = base64.b64encode(KEY.secret).decode()
SEARCH_PATH = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
PDNS_SCHEMAS = (
    "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
    "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
)


def ask(port: int, name: str, rdtype: str) -> dns.message.Message:
    """Ask as resolvers do: again if a datagram got lost, over TCP if it was cut."""
    query = dns.message.make_query(name, rdtype)
    for _ in range(3):
        with suppress(dns.exception.Timeout):
            return dns.query.udp_with_fallback(query, HOST, port=port, timeout=2)[0]
    raise TimeoutError


@dataclass
class Pair:
    """A primary and the secondary that follows it."""

    primary: EmbeddedServer
    port: int
    folder: Path

    def ask(self, name: str, rdtype: str = "A") -> dns.message.Message:
        return ask(self.port, name, rdtype)

    def serial(self, fqdn: str) -> int | None:
        """Tell the serial the secondary has of a zone."""
        answer = self.ask(fqdn, "SOA").answer
        return answer[0][0].serial if answer else None

    def has(self, name: str, rdtype: str, *expected: str) -> bool:
        """Tell whether the secondary answers just this."""
        try:
            answer = self.ask(name, rdtype)
        except OSError:
            return False
        return {data.to_text() for rrset in answer.answer for data in rrset} == set(expected)

    def refuses(self, name: str) -> bool:
        return self.ask(name, "SOA").rcode() == dns.rcode.REFUSED


Snapshot = Callable[..., ZoneSnapshot]
Program = Callable[[Path, int, int], Sequence[str | Path]]


@contextmanager
def following(
    folder: Path, port: int, snapshot: Snapshot, program: Program, key: str | None = KEY.name.to_text()
) -> Iterator[Pair]:
    """Run a primary with a zone, and a secondary that `program` configures and names the command of."""
    primary = EmbeddedServer((HOST, 0), secondaries=[Secondary(HOST, port, key)], keys=[KEY], catalog="catalog.test")
    primary.load(snapshot())
    primary.start()
    command = program(folder, primary.address[1], port)
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=SEARCH_PATH, cwd=folder)
        try:
            yield Pair(primary, port, folder)
        finally:
            process.terminate()
            process.wait()
            primary.stop()


def knot(folder: Path, primary: int, port: int, signing: str = "off") -> Sequence[str | Path]:
    for name in ("zones", "database"):
        (folder / name).mkdir()
    (folder / "knot.conf").write_text(f"""
server:
    listen: {HOST}@{port}
    rundir: {folder}
log:
  - target: stderr
    any: info
database:
    storage: {folder}/database
key:
  - id: {KEY.name}
    algorithm: hmac-sha256
    secret: {SECRET}
remote:
  - id: primary
    address: {HOST}@{primary}
    key: {KEY.name}
acl:
  - id: notify
    address: {HOST}
    key: {KEY.name}
    action: notify
template:
  - id: default
    storage: {folder}/zones
    master: primary
    acl: notify
  - id: member
    storage: {folder}/zones
    master: primary
    acl: notify
    dnssec-signing: {signing}
zone:
  - domain: catalog.test
    catalog-role: interpret
    catalog-template: member
""")
    return ["knotd", "-c", folder / "knot.conf"]


def powerdns(folder: Path, primary: int, port: int) -> Sequence[str | Path]:
    schema = next(path for path in map(Path, PDNS_SCHEMAS) if path.exists())
    with sqlite3.connect(folder / "pdns.sqlite3") as database:
        database.execute("PRAGMA journal_mode=WAL")  # its readers and writers do not wait for each other
        database.executescript(schema.read_text())
    database.close()
    (folder / "pdns.conf").write_text(f"""
launch=gsqlite3
gsqlite3-database={folder}/pdns.sqlite3
local-address={HOST}
local-port={port}
secondary=yes
domain-metadata-cache-ttl=0
retrieval-threads=1
xfr-cycle-interval=2
zone-cache-refresh-interval=1
socket-dir={folder}
""")
    for command in (
        ["import-tsig-key", KEY.name.to_text(), "hmac-sha256", SECRET],
        ["create-secondary-zone", "catalog.test", f"{HOST}:{primary}"],
        ["set-kind", "catalog.test", "consumer"],
        ["activate-tsig-key", "catalog.test", KEY.name.to_text(), "secondary"],
    ):
        pdnsutil(folder, *command)
    return ["pdns_server", f"--config-dir={folder}"]


def pdnsutil(folder: Path, *command: str) -> None:
    subprocess.run(["pdnsutil", f"--config-dir={folder}", *command], check=True, env=SEARCH_PATH, capture_output=True)


def nsd(folder: Path, primary: int, port: int) -> Sequence[str | Path]:
    (folder / "nsd.conf").write_text(f"""
server:
    ip-address: {HOST}@{port}
    username: ""
    zonesdir: {folder}
    database: ""
    pidfile: {folder}/nsd.pid
    zonelistfile: {folder}/zone.list
    xfrdfile: {folder}/xfrd.state
    xfrdir: {folder}
remote-control:
    control-enable: no
key:
    name: {KEY.name}
    algorithm: hmac-sha256
    secret: "{SECRET}"
zone:
    name: example.ch
    request-xfr: {HOST}@{primary} {KEY.name}
    allow-notify: {HOST} {KEY.name}
""")
    return ["nsd", "-d", "-c", folder / "nsd.conf"]


def bind(folder: Path, primary: int, port: int) -> Sequence[str | Path]:
    (folder / "named.conf").write_text(f"""
options {{
    directory "{folder}"; listen-on port {port} {{ {HOST}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; notify no; pid-file none; session-keyfile "{folder}/session.key";
}};
controls {{}};
key {KEY.name} {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone example.ch {{
    type secondary; file "example.ch";
    primaries {{ {HOST} port {primary} key {KEY.name}; }};
    allow-notify {{ key {KEY.name}; }};
}};
""")
    return ["named", "-g", "-c", folder / "named.conf"]


def fixture_for(program: Program, key: str | None = KEY.name.to_text()):
    """Make the fixture of a secondary and its primary."""

    @pytest.fixture(scope="module")
    def pair(tmp_path_factory, make_snapshot, pick_port):
        with following(tmp_path_factory.mktemp("secondary"), pick_port(), make_snapshot, program, key) as running:
            yield running

    return pair


knot_pair = fixture_for(knot)
signing_knot_pair = fixture_for(partial(knot, signing="on"))
powerdns_pair = fixture_for(powerdns, key=None)  # its zones from a catalog do not get the catalog's key
nsd_pair = fixture_for(nsd)
bind_pair = fixture_for(bind)

CHANGED = RecordData("mail", "A", 300, "192.0.2.26")
OWN_DATA = [
    *[(f"{name}.example.ch", "A") for name in ("here.wild", "deep.below.wild", "x.*.odd", "host.new", "mail", "new")],
    *[("example.ch", rdtype) for rdtype in ("SOA", "NS", "A", "AAAA", "MX", "TXT", "CAA")],
    *[("anything.wild.example.ch", rdtype) for rdtype in ("TXT", "MX")],
    *[("big.example.ch", "TXT"), ("_sip._tcp.example.ch", "SRV"), ("mail.example.ch", "SSHFP")],
    *[("www.example.ch", "CNAME"), ("signed.example.ch", "DS"), ("moved.example.ch", "DNAME")],
]
STEPS = [
    ZoneDelta(1, 2, [RecordData("mail", "A", 300, "192.0.2.25")], [CHANGED]),
    ZoneDelta(2, 3, [RecordData("a.b.c", "A", 300, "192.0.2.10")], [RecordData("new", "TXT", 60, '"new"')]),
    ZoneDelta(3, 4, [], [RecordData("mail", "A", 60, "192.0.2.27")]),
]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("knot_pair", marks=pytest.mark.needs("knotd")),
        pytest.param("nsd_pair", marks=pytest.mark.needs("nsd")),
        pytest.param("bind_pair", marks=pytest.mark.needs("named")),
    ],
)
def test_a_secondary_follows_every_change(name, request, wait_for):
    follow_changes(request.getfixturevalue(name), wait_for)


@pytest.mark.needs("pdns_server")
def test_powerdns_follows_every_change(powerdns_pair, wait_for):
    wait_for(lambda: powerdns_pair.has("mail.example.ch", "A", "192.0.2.25"))
    settle(powerdns_pair, wait_for)
    pdnsutil(powerdns_pair.folder, "set-meta", "example.ch", "IXFR", "1")
    pdnsutil(powerdns_pair.folder, "activate-tsig-key", "example.ch", KEY.name.to_text(), "secondary")
    follow_changes(powerdns_pair, wait_for)


def settle(pair: Pair, wait_for) -> None:
    """Wait until the secondary has no more to ask: PowerDNS on SQLite fails when it stores two zones at a time."""
    seen = []

    def quiet() -> bool:
        time.sleep(1.5)
        seen.append(pair.primary.metrics())
        return len(seen) > 1 and seen[-1] == seen[-2]

    wait_for(quiet)


def follow_changes(pair: Pair, wait_for) -> None:
    wait_for(lambda: pair.has("deep.below.wild.example.ch", "A", "192.0.2.8"))
    same_answers(pair)
    before = figures(pair)
    for step in STEPS:
        assert pair.primary.change("example.ch", step)
        wait_for(lambda serial=step.serial_to: pair.serial("example.ch") == serial)
    wait_for(lambda: pair.has("mail.example.ch", "A", "192.0.2.26", "192.0.2.27"))
    assert pair.has("new.example.ch", "TXT", '"new"')
    assert not pair.ask("a.b.c.example.ch").answer
    same_answers(pair)
    incremental, full, acknowledged = (after - start for start, after in zip(before, figures(pair), strict=True))
    assert incremental == len(STEPS)
    assert full == 0
    assert acknowledged >= len(STEPS)


def figures(pair: Pair) -> tuple[int, int, int]:
    """Count the incremental transfers so far, the full ones, and the notifications acknowledged."""
    transfers, notifies = pair.primary.metrics()["transfers"], pair.primary.metrics()["notifies"]
    incremental = transfers.get(("tcp", "IXFR", "IXFR"), 0)
    full = sum(count for (_, _, sent), count in transfers.items() if sent == "AXFR")
    return incremental, full, notifies.get(("acknowledged",), 0)


def same_answers(pair: Pair) -> None:
    """The primary and the secondary answer alike for what is the zone's own."""
    for name, rdtype in OWN_DATA:
        ours, theirs = ask(pair.primary.address[1], name, rdtype), pair.ask(name, rdtype)
        assert lines(ours) == lines(theirs)
        assert ours.rcode() == theirs.rcode()


def lines(answer: dns.message.Message) -> list[str]:
    return sorted(line for rrset in answer.answer for line in rrset.to_text().lower().split("\n"))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("knot_pair", marks=pytest.mark.needs("knotd")),
        pytest.param("powerdns_pair", marks=pytest.mark.needs("pdns_server")),
    ],
)
def test_a_secondary_follows_the_catalog(name, request, wait_for, make_snapshot):
    pair = request.getfixturevalue(name)
    wait_for(lambda: pair.has("here.wild.example.ch", "A", "192.0.2.7"))
    assert pair.refuses("new.test")
    for serial in (1, 2):  # a zone may come again
        pair.primary.load(make_snapshot(serial, fqdn="new.test"))
        wait_for(lambda: pair.has("mail.new.test", "A", "192.0.2.25"))
        pair.primary.remove("new.test")
        wait_for(lambda: pair.refuses("new.test"))
    assert pair.serial("example.ch")


@pytest.mark.needs("knotd", "dig")
def test_knot_signs_what_it_transfers(signing_knot_pair, wait_for):
    pair = signing_knot_pair
    wait_for(lambda: pair.has("mail.example.ch", "A", "192.0.2.25"))
    command = ["dig", f"@{HOST}", "-p", str(pair.port), "+dnssec", "+noall", "+answer", "mail.example.ch", "A"]
    wait_for(lambda: "\tRRSIG\tA " in subprocess.check_output(command, text=True))
    assert pair.primary.change("example.ch", STEPS[0])
    wait_for(lambda: "192.0.2.26" in subprocess.check_output(command, text=True))
    assert "\tRRSIG\tA " in subprocess.check_output(command, text=True)
    assert pair.primary.metrics()["transfers"]["tcp", "IXFR", "IXFR"] == 1
