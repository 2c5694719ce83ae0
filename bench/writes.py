"""Writes: a thousand calls against one batch of a thousand, and what the change log and the keys cost a write.

A write creates one record. The calls go one after the other over one connection, as a script that does them makes them.
"""

import http.client
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from bench import figures
from bench.cores import Cores
from bench.environment import HERE
from bench.figures import Figure
from bench.project import ALPAGE, DOMAIN, UNLIMITED, Installation, install
from bench.servers import Server, free_port, serve

WRITES = 1_000
WARM_UP = 200
RECORDS = f"/2/zones/{DOMAIN}/records"
SAFE = {"logged, with keys": [ALPAGE], "neither": [sys.executable, HERE / "peers" / "unlogged.py"]}


@dataclass(frozen=True)
class Took:
    """What a thousand writes took: time, and processor time of the server."""

    seconds: float
    cpu_seconds: float


def measure_writes(scratch: Path, cores: Cores, *, rounds: int) -> list[Figure]:
    """Write in both ways, with and without what makes a write safe, in each round; the medians count."""
    installation = install(scratch, {})
    calls: dict[str, list[Took]] = {name: [] for name in SAFE}
    batches: list[Took] = []
    for _ in range(rounds):
        for name, program in SAFE.items():
            with serving(installation, program, cores) as server:
                writer = Writer(server, installation.token, with_keys=name != "neither")
                writer.call_one_by_one(WARM_UP)
                calls[name].append(writer.call_one_by_one(WRITES))
                if name != "neither":
                    writer.call_at_once(WARM_UP)
                    batches.append(writer.call_at_once(WRITES))
    safe, bare = calls.values()
    return [
        figures.batch(median(one.seconds for one in safe) / median(one.seconds for one in batches)),
        figures.safety("time", median(one.seconds for one in safe) / median(one.seconds for one in bare)),
        figures.safety("CPU", median(one.cpu_seconds for one in safe) / median(one.cpu_seconds for one in bare)),
    ]


@contextmanager
def serving(installation: Installation, program: list[str | Path], cores: Cores) -> Iterator[Server]:
    """Run the platform by one of the two programs."""
    port = free_port()
    with serve(
        [*program, *installation.command(port, "--no-dns")[1:]],
        port=port,
        ready="/2/profile",
        environment=UNLIMITED,
        directory=installation.directory,
        core=cores.server,
        token=installation.token,
    ) as server:
        yield server


class Writer:
    """A script that creates records, over one connection."""

    def __init__(self, server: Server, token: str, *, with_keys: bool) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._with_keys = with_keys

    def call_one_by_one(self, number: int) -> Took:
        """Create each by a call of its own."""
        return self._timed([("POST", RECORDS, record) for record in new_records(number)])

    def call_at_once(self, number: int) -> Took:
        """Create all of them by a batch, all or none."""
        requests = [{"method": "POST", "path": RECORDS, "body": record} for record in new_records(number)]
        return self._timed([("POST", "/1/batch", {"atomic": True, "requests": requests})])

    def _timed(self, calls: list[tuple[str, str, Any]]) -> Took:
        bodies = [(method, path, json.dumps(body)) for method, path, body in calls]
        with closing(http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)) as connection:
            before, started = self._server.cpu_seconds(), time.perf_counter()
            for method, path, body in bodies:
                connection.request(method, path, body, self._keyed())
                response = connection.getresponse()
                answered = response.read()
                if response.status not in (200, 201):
                    raise RuntimeError(f"A write was refused: {answered[:500]!r}")
            return Took(time.perf_counter() - started, self._server.cpu_seconds() - before)

    def _keyed(self) -> Mapping[str, str]:
        return {**self._headers, "Idempotency-Key": uuid4().hex} if self._with_keys else self._headers


def new_records(number: int) -> list[dict[str, Any]]:
    """Records nobody has made before."""
    name = uuid4().hex
    return [{"source": f"{name}-{one}", "type": "A", "ttl": 3600, "target": "192.0.2.1"} for one in range(number)]
