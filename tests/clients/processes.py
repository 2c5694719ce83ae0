"""Programs the tests start: on free ports, their output kept for whoever has to read why a test failed."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

HOST = "127.0.0.1"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # where Debian keeps name servers
LOG_BYTES = 8_000

Found = TypeVar("Found")

running: dict[str, Path] = {}  # the logs of what runs now, by what it is called


@contextmanager
def started(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    is_spoken_to: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program until the block ends, in a folder and with a log there that a failing test shows.

    One that is spoken to has pipes for what it reads and says; only its complaints are logged.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(environment),
            stdin=subprocess.PIPE if is_spoken_to else subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_spoken_to else output,
            stderr=output,
        )
    running[f"{name} ({process.pid})"] = log
    try:
        yield process
    except BaseException as error:
        error.add_note(f"log of {name}:\n{_end_of(log)}")
        raise
    finally:
        _stop(process)
        del running[f"{name} ({process.pid})"]


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None, *, timeout: float = 60
) -> str:
    """Runs a program to its end and answers with what it printed; AssertionError with all of it if it failed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def free_port() -> int:
    """A port that neither TCP nor UDP uses now."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((HOST, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port


def until(look: Callable[[], Found], expected: Callable[[Found], bool], *, seconds: float = 10) -> Found:
    """What `look` finds once it is as expected; AssertionError with the last find if it never is."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if expected(found):
            return found
        assert time.monotonic() < end, f"after {seconds} seconds still: {found!r}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether something listens for TCP on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        return client.connect_ex((HOST, port)) == 0


def logs() -> Iterator[tuple[str, str]]:
    """The end of the log of everything that runs."""
    for name, path in running.items():
        yield name, _end_of(path)


def _environment(own: Mapping[str, str] | None) -> dict[str, str]:
    """What a program sees: not the settings of a platform the developer may run."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALPAGE_")}
    return {**inherited, "PATH": PATH, **(own or {})}


def _end_of(log: Path) -> str:
    return log.read_bytes()[-LOG_BYTES:].decode(errors="replace")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
