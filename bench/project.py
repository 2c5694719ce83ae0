"""The platform itself as a contender: its data, its command line, its routes.

It runs as its users run it, by the `alpage` command, with its default settings; only the limits on requests are raised
out of the way. Zones are made by its API; the mass of records is written straight into its table.
"""

import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import RECORDS, Contender, Route, profile_route, records_route
from bench.servers import free_port, request, serve

ALPAGE = Path(sys.executable).with_name("alpage")
DOMAIN = "demo.example"
UNLIMITED = {"ALPAGE_RATE_LIMIT": "1000000000/minute", "ALPAGE_ITEMS_LIMIT": "1000000000/minute"}


@dataclass(frozen=True)
class Installation:
    """A data folder of the platform with its demonstration data, and the token to it."""

    directory: Path
    token: str

    def command(self, port: int, *options: str) -> list[str | Path]:
        """Write the command that serves it."""
        return [ALPAGE, "serve", "--data", self.directory, "--port", str(port), *options]


def prepare_alpage(directory: Path) -> Contender:
    """The platform with one zone of 100,000 records, the name server off."""
    zone = f"large.{DOMAIN}"
    installation = install(directory, {zone: RECORDS})
    return as_contender(installation, profile_route(), records_route(zone, RECORDS))


def as_contender(installation: Installation, *routes: Route) -> Contender:
    """The platform's API alone, ready to be compared."""
    return Contender(
        name="alpage",
        command=lambda port: installation.command(port, "--no-dns"),
        directory=installation.directory,
        environment=UNLIMITED,
        routes=routes,
        token=installation.token,
    )


def install(directory: Path, zones: Mapping[str, int]) -> Installation:
    """Make a data folder whose zones have as many records as asked for."""
    port = free_port()
    command = Installation(directory, "").command(port, "--no-dns", "--demo")
    with serve(command, port=port, ready="/health", environment=UNLIMITED, directory=directory, core=None):
        token = read_token(directory)
        for zone in zones:
            create_zone(port, token, zone)
    for zone, records in zones.items():
        fill_zone(directory, zone, records)
    return Installation(directory, token)


def read_token(directory: Path) -> str:
    """Read the token the demonstration data came with."""
    return next(
        line.removeprefix("ALPAGE_TOKEN=")
        for line in (directory / "demo.env").read_text().splitlines()
        if line.startswith("ALPAGE_TOKEN=")
    )


def create_zone(port: int, token: str, zone: str) -> None:
    """Create a zone below the demonstration domain; raises RuntimeError when the platform refuses."""
    answer = request(port, "POST", f"/2/zones/{zone}", token=token, body={})
    if answer.body["result"] != "success":
        raise RuntimeError(f"The zone {zone} could not be created: {answer}")


def fill_zone(directory: Path, zone: str, records: int) -> None:
    """Bring a zone to an exact number of records, in its table, while no server runs."""
    with sqlite3.connect(directory / "alpage.db") as connection:
        connection.execute(FILL, {"zone": zone, "records": records})
    connection.close()


FILL = """
INSERT INTO dns_records (account_id, zone_id, source, type, ttl, target, updated_at)
WITH RECURSIVE
    zone AS (SELECT id, account_id FROM dns_zones WHERE fqdn = :zone),
    missing AS (SELECT :records - count(*) AS number FROM dns_records WHERE zone_id = (SELECT id FROM zone)),
    numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < (SELECT number FROM missing))
SELECT zone.account_id, zone.id, 'host-' || n, 'A', 3600, '192.0.2.' || (n % 256), 1700000000 + n
FROM numbers, zone
WHERE n <= (SELECT number FROM missing)
"""
