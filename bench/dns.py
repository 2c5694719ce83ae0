"""How many answers a second the embedded name server gives: one core for it, one for dnsperf.

Prints one line of JSON; answers per second of processor time tell what a busy machine hides. The questions are
mixed: every name of a zone with 10,000 records, each for two types, and some names that do not exist. `--random` asks
for names that never come twice, so that no answer is kept.
"""

import argparse
import json
import multiprocessing
import multiprocessing.synchronize
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, ZoneSnapshot

RECORDS = 10_000
ZONE = "bench.test"


def records() -> list[RecordData]:
    kinds = (
        ("A", "192.0.2.{}"),
        ("AAAA", "2001:db8::{:x}"),
        ("MX", "10 mail{}.example.ch"),
        ("TXT", '"text {}"'),
        ("CNAME", "host0.bench.test"),
    )
    return [
        RecordData(f"host{number}", kind, 300, target.format(number % 250))
        for number, (kind, target) in zip(range(RECORDS), kinds * (RECORDS // len(kinds)), strict=True)
    ]


def questions(zone: list[RecordData]) -> Iterator[str]:
    for number, record in enumerate(zone):
        yield f"{record.source}.{ZONE} {record.type}"
        yield f"{record.source}.{ZONE} A"
        if number % 10 == 0:
            yield f"missing{number}.{ZONE} A"


def questions_without_end(seconds: int) -> Iterator[str]:
    for number in range(seconds * 60_000):
        yield f"random{number}.{ZONE} A"


def serve(core: int, parent: Connection, done: multiprocessing.synchronize.Event) -> None:
    os.sched_setaffinity(0, {core})
    server = EmbeddedServer(("127.0.0.1", 0))
    server.load(ZoneSnapshot(ZONE, 1, ("ns1.example.ch", "ns2.example.ch"), records()))
    server.start()
    before = time.process_time()
    parent.send(server.address[1])
    done.wait()
    parent.send(time.process_time() - before)
    server.stop()


def measure(port: int, core: int, lines: list[str], seconds: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".queries") as file:
        file.write("\n".join(lines))
        file.flush()
        command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", file.name, "-l", str(seconds)]
        output = subprocess.check_output(["taskset", "-c", str(core), *command], text=True, stderr=subprocess.DEVNULL)
    return {
        "answers": figure(output, r"Queries completed:\s+(\d+)"),
        "answers_per_second": figure(output, r"Queries per second:\s+([\d.]+)"),
        "lost_percent": figure(output, r"Queries lost:\s+\d+ \(([\d.]+)%\)"),
        "latency_mean_ms": 1000 * figure(output, r"Average Latency \(s\):\s+([\d.]+)"),
        "latency_max_ms": 1000 * figure(output, r"max ([\d.]+)\)"),
    }


def figure(output: str, pattern: str) -> float:
    found = re.search(pattern, output)
    assert found, output
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--random", action="store_true")
    options = parser.parse_args()
    lines = list(questions_without_end(options.seconds) if options.random else questions(records()))
    random.shuffle(lines)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    done = multiprocessing.Event()
    server = multiprocessing.Process(target=serve, args=(0, sender, done))
    server.start()
    try:
        figures = measure(receiver.recv(), 1, lines, options.seconds)
    finally:
        done.set()
    figures["answers_per_cpu_second"] = figures.pop("answers") / receiver.recv()
    server.join()
    print(json.dumps({"name": "dns", "random": options.random, **figures}))


if __name__ == "__main__":
    main()
