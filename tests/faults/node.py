"""A platform that dies: started as a user starts it, killed at any moment, started again on the same port."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cli.running import free_port

ALPAGE = Path(sys.executable).parent / "alpage"
PATIENCE_SECONDS = 60
LIMITS = {"ALPAGE_RATE_LIMIT": "10000000/minute", "ALPAGE_ITEMS_LIMIT": "100000000/minute"}


@dataclass
class Node:
    """A platform on a data folder, with what it takes to call it."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("serve", "--demo", "--no-dns", "--workers", "2")
    under: tuple[str, ...] = ()  # a program it is started by
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        lines = (self.data / "demo.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)["ALPAGE_TOKEN"]

    def client(self, timeout: float = 30) -> httpx.Client:
        """A client with the demonstration's token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout)

    def start(self) -> None:
        """Starts it, in a process group of its own, and waits until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*self.under, ALPAGE, *self.command, "--data", self.data, "--port", str(self.port)],
                env={**os.environ, **LIMITS, **self.environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.await_health()

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def await_health(self) -> None:
        """Waits until it answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the platform does not answer:\n{self.log.read_text()[-4000:]}")

    def children(self) -> list[int]:
        """The processes it has started."""
        assert self.process is not None
        try:
            found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(pid) for pid in found.split()]

    def kill(self) -> None:
        """Kills every process of it at once, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ends whatever of it is there."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


def answer(client: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """The answer to a request, sent again with its key until there is one, as a careful client does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            response = client.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        if response.status_code not in (409, 503) or "retry-after" not in response.headers:
            return response
        time.sleep(0.05)
    raise AssertionError("no answer")
