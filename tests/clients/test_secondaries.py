"""The platform as the hidden primary of other people's name servers, which learn its zones from the catalog."""

import base64
import secrets
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.processes import HOST, free_port, run, started, until
from tests.clients.running import DOMAIN, RunningPlatform, ask, running_platform

CATALOG = "catalog.alpage.example"
KEY_NAME = "transfer.alpage.example"
SECRET = base64.b64encode(secrets.token_bytes(32)).decode()
PDNS_SCHEMAS = (
    "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
    "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The platform, and the port of the name server that follows it."""

    platform: RunningPlatform
    port: int

    def ask(self, name, kind):
        return ask(self.port, name, kind)


def knot(folder, primary, port):
    (folder / "database").mkdir()
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
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {SECRET}
remote:
  - id: platform
    address: {HOST}@{primary}
    key: {KEY_NAME}
acl:
  - id: notify
    address: {HOST}
    key: {KEY_NAME}
    action: notify
template:
  - id: default
    storage: {folder}
    master: platform
    acl: notify
  - id: member
    storage: {folder}
    master: platform
    acl: notify
zone:
  - domain: {CATALOG}
    catalog-role: interpret
    catalog-template: member
""")
    return ["knotd", "-c", folder / "knot.conf"]


def powerdns(folder, primary, port):
    schema = next(path for path in map(Path, PDNS_SCHEMAS) if path.exists())
    with closing(sqlite3.connect(folder / "pdns.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")  # its readers and writers do not wait for each other
        database.executescript(schema.read_text())
    (folder / "pdns.conf").write_text(f"""
launch=gsqlite3
gsqlite3-database={folder}/pdns.sqlite3
local-address={HOST}
local-port={port}
secondary=yes
domain-metadata-cache-ttl=0
retrieval-threads=1
xfr-cycle-interval=60
zone-cache-refresh-interval=1
socket-dir={folder}
""")
    for command in (["create-secondary-zone", CATALOG, f"{HOST}:{primary}"], ["set-kind", CATALOG, "consumer"]):
        run(["pdnsutil", f"--config-dir={folder}", *command], folder)
    return ["pdns_server", f"--config-dir={folder}"]


KEYS = {
    knot: f"{KEY_NAME}:hmac-sha256:{SECRET}",
    powerdns: "",  # it asks for zones of a catalog without the catalog's key: it is known by its address
}


@pytest.fixture
def pair(request, tmp_path):
    port, server = free_port(), request.param
    settings = {
        "ALPAGE_DNS_SECONDARIES": f"{HOST}:{port}",
        "ALPAGE_DNS_KEYS": KEYS[server],
        "ALPAGE_DNS_CATALOG": CATALOG,
    }
    with running_platform(tmp_path, settings) as platform:
        command = server(tmp_path, platform.dns_port, port)
        with started(server.__name__, command, tmp_path):
            yield Pair(platform, port)


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(knot, marks=pytest.mark.needs("knotd")),
        pytest.param(powerdns, marks=pytest.mark.needs("pdns_server", "pdnsutil")),
    ],
    ids=["knot", "powerdns"],
    indirect=True,
)
def test_zones_come_change_and_go(pair):
    until(lambda: pair.ask(DOMAIN, "SOA"), bool, seconds=30)

    zone = pair.platform.make_zone(f"followed.{DOMAIN}")
    record = pair.platform.make_record(zone, "www", "A", "192.0.2.1")
    until(lambda: pair.ask(f"www.{zone}", "A"), lambda found: found == ["192.0.2.1"], seconds=30)

    pair.platform.call("PUT", f"/2/zones/{zone}/records/{record}", {"target": "192.0.2.2", "ttl": 300})
    until(lambda: pair.ask(f"www.{zone}", "A"), lambda found: found == ["192.0.2.2"], seconds=30)
    assert pair.ask(zone, "SOA") == pair.platform.ask(zone, "SOA")

    pair.platform.call("DELETE", f"/2/zones/{zone}")
    until_lost(pair, zone)
    assert pair.ask(DOMAIN, "SOA")


def until_lost(pair, zone):
    """Waits until the secondary has a zone no more.

    PowerDNS on SQLite sometimes finds its database locked by itself, and takes the zone out with the next version of
    the catalog only: so there are a few.
    """
    for number in range(4):
        with suppress(AssertionError):
            return until(lambda: pair.ask(zone, "SOA"), lambda found: not found, seconds=8)
        pair.platform.make_zone(f"later{number}.{DOMAIN}")
    return until(lambda: pair.ask(zone, "SOA"), lambda found: not found, seconds=8)
