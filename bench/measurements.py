"""What is measured of the platform alone: long lists, changes in bulk and when they resolve, start, idle memory."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from bench import figures
from bench.contenders import records_route
from bench.cores import Cores
from bench.figures import Figure
from bench.project import DOMAIN, UNLIMITED, Installation, as_contender, install
from bench.rounds import Run, run_rounds
from bench.servers import Server, free_port, request, serve

CHANGES = 10_000
DEPTH_SECONDS = 4
DNS_PATIENCE_SECONDS = 30
DNS_SECONDS = 8
MIB = 1024 * 1024


def measure_depth(scratch: Path, cores: Cores, *, rounds: int) -> tuple[list[Run], Figure]:
    """Load the first page of a short and of a very long zone, one after the other, in one server."""
    zones = {f"thousand.{DOMAIN}": 1_000, f"million.{DOMAIN}": 1_000_000}
    installation = install(scratch, zones)
    routes = [records_route(zone, records, name=f"records-of-{records}") for zone, records in zones.items()]
    runs, _ = run_rounds([as_contender(installation, *routes)], cores, rounds=rounds, seconds=DEPTH_SECONDS)
    short, long = (median_rate(runs, route.name) for route in routes)
    return runs, figures.page_depth(short / long)


def median_rate(runs: Sequence[Run], route: str) -> float:
    """Take the median of the requests a second over one route's runs."""
    return median(run.load.requests_per_second for run in runs if run.route == route)


def measure_bulk(scratch: Path, cores: Cores, *, rounds: int) -> list[Figure]:
    """Create 10,000 records in one request, then ask the name server until it has the last of them."""
    zones = [f"bulk-{number}.{DOMAIN}" for number in range(rounds)]
    installation = install(scratch, dict.fromkeys(zones, 0))
    dns_port = free_port()
    with serve_all(installation, dns_port, cores) as server:
        times = [change_and_resolve(server, installation, dns_port, zone) for zone in zones]
    return [
        figures.bulk_change(median(answered for answered, _ in times)),
        figures.dns_delay(median(resolved for _, resolved in times)),
    ]


def change_and_resolve(server: Server, installation: Installation, dns_port: int, zone: str) -> tuple[float, float]:
    """Send the 10,000 changes; give the seconds until the API answered, and from there until the name server did."""
    records = [
        {"source": f"host-{number}", "type": "A", "ttl": 3600, "target": f"192.0.2.{number % 256}"}
        for number in range(CHANGES)
    ]
    started = time.perf_counter()
    answer = request(
        server.port, "PATCH", f"/2/zones/{zone}/records", token=installation.token, body={"create": records}
    )
    answered = time.perf_counter()
    if answer.status != 200:
        raise RuntimeError(f"The bulk change was refused: {answer}")
    await_records(dns_port, [f"host-{number}.{zone}" for number in (0, CHANGES // 2, CHANGES - 1)])
    return answered - started, time.perf_counter() - answered


def await_records(dns_port: int, names: Sequence[str]) -> None:
    """Ask the name server for addresses until it has them all; raises TimeoutError when it never does."""
    deadline = time.monotonic() + DNS_PATIENCE_SECONDS
    while not all(resolves(dns_port, name) for name in names):
        if time.monotonic() > deadline:
            raise TimeoutError("The name server never answered the new records")
        time.sleep(0.005)


def resolves(dns_port: int, name: str) -> bool:
    """Ask the name server once for an address."""
    query = dns.message.make_query(name, dns.rdatatype.A)
    try:
        return bool(dns.query.udp(query, "127.0.0.1", timeout=1, port=dns_port).answer)
    except dns.exception.Timeout:
        return False


def measure_rest(scratch: Path, cores: Cores, *, rounds: int) -> list[Figure]:
    """Start the whole platform, API and name server, as often as there are rounds, and weigh it before it works."""
    installation = install(scratch, {})
    starts: list[tuple[float, float]] = []
    for _ in range(rounds):
        with serve_all(installation, free_port(), cores) as server:
            starts.append((server.start_seconds, server.idle_pss_bytes() / MIB))
    return [
        figures.first_answer(median(seconds for seconds, _ in starts)),
        figures.idle_memory(median(mebibytes for _, mebibytes in starts)),
    ]


def serve_all(installation: Installation, dns_port: int, cores: Cores) -> AbstractContextManager[Server]:
    """Run the platform with its name server until the block ends."""
    port = free_port()
    return serve(
        installation.command(port, "--dns-port", str(dns_port)),
        port=port,
        ready="/2/profile",
        environment=UNLIMITED,
        directory=installation.directory,
        core=cores.server,
        token=installation.token,
    )


def measure_name_server() -> list[dict[str, Any]]:
    """Load the name server by dnsperf: names it has answered before, then names that never come twice."""
    command = [sys.executable, "-m", "bench.dns", "--seconds", str(DNS_SECONDS)]
    outputs = [subprocess.check_output([*command, *more], text=True) for more in ([], ["--random"])]
    return [json.loads(output) for output in outputs]
