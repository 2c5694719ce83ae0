"""Server processes under measurement: start, pin, wait for the first answer, weigh, stop.

Everything listens on 127.0.0.1 at a port that was free a moment before.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cores import on_core

START_SECONDS = 30
STOP_SECONDS = 10
SETTLE_SECONDS = 1.0
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Answer:
    """What one request brought: its status and its decoded JSON (None where it had none)."""

    status: int
    body: Any


@dataclass(frozen=True)
class Form:
    """What is posted by a client of a login: the encoded form, and the header that says who sends it."""

    body: str
    authorization: str


@dataclass(frozen=True)
class Forms:
    """Many of them, each a line of a file and sent once."""

    file: Path
    authorization: str


@dataclass(frozen=True)
class Server:
    """A running server and its descendants."""

    process: subprocess.Popen[bytes]
    port: int
    start_seconds: float

    def idle_pss_bytes(self) -> int:
        """Weigh all its processes a moment after the last request: shared pages count in proportion."""
        time.sleep(SETTLE_SECONDS)
        return sum(pss_bytes(pid) for pid in family(self.process.pid))

    def peak_rss_bytes(self) -> int:
        """Add up the most memory each of its processes has ever held; shared pages count every time."""
        return sum(peak_rss_bytes(pid) for pid in family(self.process.pid))

    def cpu_seconds(self) -> float:
        """Say how much processor time all its processes have used since their start."""
        return sum(cpu_seconds(pid) for pid in family(self.process.pid))


@contextmanager
def serve(
    command: list[str | Path],
    *,
    port: int,
    ready: str,
    environment: Mapping[str, str],
    directory: Path,
    core: int | None,
    token: str = "",
) -> Iterator[Server]:
    """Run a server until the block ends, entered when `ready` (a path) first answers 200.

    Raises RuntimeError with what the server printed when it ends or stays silent instead.
    """
    log = directory / f"server-{port}.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*on_core(core), *command],
            cwd=directory,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await_answer(process, port, ready, token, log)
        yield Server(process, port, time.perf_counter() - started)
    finally:
        stop(process)


def await_answer(process: subprocess.Popen[bytes], port: int, path: str, token: str, log: Path) -> None:
    """Ask every few milliseconds until the path answers 200."""
    deadline = time.monotonic() + START_SECONDS
    last: object = "no connection"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = request(port, "GET", path, token=token)
        except OSError:
            time.sleep(0.005)
            continue
        if answer.status == 200:
            return
        last = answer
        time.sleep(0.05)
    raise RuntimeError(f"The server did not answer {path}: {last}\n{log.read_text(errors='replace')[-4000:]}")


def request(port: int, method: str, path: str, *, token: str = "", body: object = None, seconds: float = 60) -> Answer:
    """Send one request on a connection of its own."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return exchange(port, method, path, None if body is None else json.dumps(body), headers, seconds=seconds)


def post_form(port: int, path: str, form: Form) -> Answer:
    """Post a form on a connection of its own."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": form.authorization}
    return exchange(port, "POST", path, form.body, headers)


def exchange(
    port: int, method: str, path: str, content: str | None, headers: Mapping[str, str], *, seconds: float = 60
) -> Answer:
    """Send a request and read its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, content, dict(headers))
        response = connection.getresponse()
        answered = response.read()
    finally:
        connection.close()
    is_json = (response.getheader("Content-Type") or "").startswith("application/json")
    return Answer(response.status, json.loads(answered) if is_json else None)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started, by force when asking does not help."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        kill_group(process.pid)
        process.wait()


def kill_group(group: int) -> None:
    """Leave no process of the server's session behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    """Find a TCP port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """List a process and all its descendants."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in children_of(task)]
    return [pid, *(member for child in children for member in family(child))]


def children_of(task: Path) -> list[str]:
    """List the processes that one thread started; a thread that has just ended has none."""
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def pss_bytes(pid: int) -> int:
    """Read the proportional set size of one process."""
    return kernel_bytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss")


def peak_rss_bytes(pid: int) -> int:
    """Read the largest resident set size one process has had."""
    return kernel_bytes(Path(f"/proc/{pid}/status"), "VmHWM")


def kernel_bytes(page: Path, key: str) -> int:
    """Read a line `key: number kB` of a page of the kernel."""
    for line in page.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"{page} has no {key}")


def cpu_seconds(pid: int) -> float:
    """Read the user and system time of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
