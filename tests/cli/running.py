"""The platform as a program of its own, as a user starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ALPAGE = Path(sys.executable).parent / "alpage"
PATIENCE_SECONDS = 60


@dataclass
class Running:
    """A started platform."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """What `demo.env` says."""
        return dict(line.split("=", 1) for line in (self.data / "demo.env").read_text().splitlines())

    def answers(self) -> bool:
        """Whether the API answers."""
        try:
            urllib.request.urlopen(f"{self.url}/health").close()
        except OSError:
            return False
        return True

    def metrics(self) -> str:
        """The metrics as Prometheus reads them."""
        with urllib.request.urlopen(f"{self.url}/metrics") as answer:
            text: str = answer.read().decode()
        return text

    def stop(self) -> int:
        """Asks the platform to end, and answers with its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def free_port() -> int:
    """A port nobody listens on, for UDP and TCP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        return port


@contextmanager
def running(
    data: Path, *, command: Sequence[str | Path] = (ALPAGE, "serve", "--demo"), **environment: str
) -> Iterator[Running]:
    """Starts the platform and waits until it answers."""
    port, dns_port = free_port(), free_port()
    data.mkdir(parents=True, exist_ok=True)
    log = data / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--data", data, "--port", str(port), "--dns-port", str(dns_port)],
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    platform = Running(process, data, f"http://127.0.0.1:{port}", log)
    try:
        _wait(platform)
        yield platform
    finally:
        if process.poll() is None:
            platform.stop()  # not killed: its server processes are children, and would stay


def _wait(platform: Running) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and platform.process.poll() is None:
        if platform.answers():
            return
        time.sleep(0.05)
    raise AssertionError(f"the platform did not start:\n{platform.log.read_text()}")
