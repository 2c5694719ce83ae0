"""Load by wrk, one run at a time, and what its text says.

wrk keeps a fixed number of connections busy, each sending its next request when the last is answered, so the
requests a second are what the server can do and the latencies are those of a saturated server.
"""

import re
import subprocess
from dataclasses import dataclass

from bench.cores import on_core

CONNECTIONS = 16
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """One run of wrk."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    text: str


def run_wrk(url: str, *, token: str, seconds: int, core: int | None, connections: int = CONNECTIONS) -> Load:
    """Load one address for some seconds; raises RuntimeError unless every single answer was a success."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    run = subprocess.run(
        [*on_core(core), "wrk", *options, *headers, url],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    )
    return read_wrk(run.stdout)


def read_wrk(text: str) -> Load:
    """Read wrk's report; raises RuntimeError when it tells of failures."""
    if failure := re.search(r"Non-2xx or 3xx responses: .*|Socket errors: .*", text):
        raise RuntimeError(f"Load with failures measures nothing: {failure[0]}\n{text}")
    return Load(
        requests=int(find(r"(\d+) requests in", text)),
        requests_per_second=float(find(r"Requests/sec:\s+([\d.]+)", text)),
        p50_ms=milliseconds(find(r"(?m)^\s+50%\s+(\S+)", text)),
        p99_ms=milliseconds(find(r"(?m)^\s+99%\s+(\S+)", text)),
        text=text,
    )


def find(pattern: str, text: str) -> str:
    """Find the one group of a pattern that has to be there."""
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk's report lacks {pattern!r}:\n{text}")
    return match[1]


def milliseconds(duration: str) -> float:
    """Read a duration as wrk writes it: 310.00us, 1.52ms, 2.01s."""
    number, unit = find(r"^([\d.]+)", duration), find(r"([a-z]+)$", duration)
    return float(number) * UNITS_MS[unit]
