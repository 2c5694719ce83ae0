"""Load by wrk, one run at a time, and what its text says.

wrk keeps a fixed number of connections busy, each sending its next request when the last is answered, so the
requests a second are what the server can do and the latencies are those of a saturated server.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.cores import on_core
from bench.environment import HERE
from bench.servers import Form, Forms

CONNECTIONS = 16
SCRIPTS = HERE / "lua"
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """One run of wrk."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    text: str


def run_wrk(
    url: str,
    *,
    seconds: int,
    core: int | None,
    token: str = "",
    form: Form | Forms | None = None,
    connections: int = CONNECTIONS,
) -> Load:
    """Load one address for some seconds; raises RuntimeError unless every single answer was a success.

    Reads it with a token, posts one form over and over, or posts each line of a file once.
    """
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    script: list[str | Path]
    if isinstance(form, Forms):
        script = ["-s", SCRIPTS / "forms.lua", url, "--", form.file, form.authorization]
    elif form:
        script = ["-s", SCRIPTS / "form.lua", url, "--", form.body, form.authorization]
    else:
        script = ["-H", f"Authorization: Bearer {token}", url] if token else [url]
    run = subprocess.run(
        [*on_core(core), "wrk", *options, *script],
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
