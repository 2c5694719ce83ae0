"""Webhooks: how soon a receiver hears of a change, and how fast many changes reach it.

The receiver is a small server on the second core, beside what makes the changes: it keeps when each message came.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from bench import figures
from bench.cores import Cores
from bench.figures import Figure
from bench.project import DOMAIN, UNLIMITED, install
from bench.servers import Server, free_port, request, serve

CHANGES = 200  # one after the other
PAUSE_SECONDS = 0.07  # no multiple of the time between two looks of the platform
AT_ONCE = 2_000
PATIENCE_SECONDS = 120
RECORDS = f"/2/zones/{DOMAIN}/records"


class Receiver(ThreadingHTTPServer):
    """A receiver that keeps when it first heard of each object."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.came: dict[int, float] = {}

    def await_all(self, ids: list[int]) -> None:
        """Wait until all objects were heard of; raises TimeoutError when they never are."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(one in self.came for one in ids):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Only {len(self.came)} messages arrived")
            time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    """Answers every message with 204."""

    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        came = time.perf_counter()
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.came.setdefault(event["data"]["object_id"], came)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    with Receiver() as receiver:
        Thread(target=receiver.serve_forever, daemon=True).start()
        yield receiver
        receiver.shutdown()


def measure_webhooks(scratch: Path, cores: Cores) -> list[Figure]:
    """Make changes one by one, then many at once, and see when the receiver has them."""
    installation = install(scratch, {})
    port = free_port()
    environment = {**UNLIMITED, "ALPAGE_PRIVATE_CALLBACKS": "true"}
    command = installation.command(port, "--no-dns")
    with (
        receiving() as receiver,
        serve(
            command,
            port=port,
            ready="/2/profile",
            environment=environment,
            directory=installation.directory,
            core=cores.server,
            token=installation.token,
        ) as server,
    ):
        register(server, installation.token, receiver)
        delays = sorted(change_and_hear(server, installation.token, receiver, number) for number in range(CHANGES))
        rate = change_at_once(server, installation.token, receiver)
    return [
        figures.webhook_delay(median(delays)),
        figures.webhook_late_delay(delays[int(len(delays) * 0.99)]),
        figures.webhook_rate(rate),
    ]


def register(server: Server, token: str, receiver: Receiver) -> None:
    """Have new records sent to the receiver."""
    account = request(server.port, "GET", "/1/accounts", token=token).body["data"][0]["id"]
    body = {"url": f"http://127.0.0.1:{receiver.server_port}/", "events": ["dns.record.created"]}
    made = request(server.port, "POST", f"/1/accounts/{account}/webhooks", token=token, body=body)
    if made.status != 201:
        raise RuntimeError(f"The webhook was refused: {made}")


def change_and_hear(server: Server, token: str, receiver: Receiver, number: int) -> float:
    """Make a record; give the seconds from the answer, by which it is committed, until the receiver has it."""
    body = {"source": f"host-{number}", "type": "A", "ttl": 3600, "target": "192.0.2.1"}
    made = request(server.port, "POST", RECORDS, token=token, body=body)
    answered = time.perf_counter()
    receiver.await_all([made.body["data"]["id"]])
    time.sleep(PAUSE_SECONDS)
    return max(0.0, receiver.came[made.body["data"]["id"]] - answered)


def change_at_once(server: Server, token: str, receiver: Receiver) -> float:
    """Make many records in one request; give how many messages a second reach the receiver."""
    known = {*receiver.came}
    records = [
        {"source": f"many-{number}", "type": "A", "ttl": 3600, "target": "192.0.2.1"} for number in range(AT_ONCE)
    ]
    answer = request(server.port, "PATCH", RECORDS, token=token, body={"create": records})
    if answer.status != 200:
        raise RuntimeError(f"The bulk change was refused: {answer}")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(receiver.came) < len(known) + AT_ONCE:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Only {len(receiver.came) - len(known)} messages arrived")
        time.sleep(0.01)
    came = [moment for one, moment in receiver.came.items() if one not in known]
    return AT_ONCE / (max(came) - min(came))
