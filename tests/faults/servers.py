"""A PostgreSQL server that may be stopped, and folders that may be full."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.running import free_port
from tests.conftest import IN_CI

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = "postgres" if os.geteuid() == 0 else None  # PostgreSQL does not run as root


@dataclass
class PostgreSQL:
    """A server on a folder of its own."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER or os.environ['USER']}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._control("-m", mode, "stop")

    def run(self, *statements: str) -> None:
        for statement in statements:
            command = [
                BINARIES[-1] / "psql",
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-d",
                "postgres",
                "-c",
                statement,
            ]
            environment = {**os.environ, "PGOPTIONS": "-c default_transaction_read_only=off"}
            subprocess.run(command, user=OWNER, check=True, capture_output=True, env=environment)

    def _control(self, *arguments: str) -> None:
        command = [BINARIES[-1] / "pg_ctl", "-D", self.folder / "data", *arguments]
        subprocess.run(command, user=OWNER, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users reach, which the tests' own are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def own_postgresql(parent: Path) -> Iterator[PostgreSQL]:
    """A server that only one test has, below a folder that its user reaches."""
    folder = parent / "postgresql"
    if not BINARIES:
        (pytest.fail if IN_CI else pytest.skip)("NOT RUN: PostgreSQL is not installed")
    folder.mkdir(exist_ok=True)
    if OWNER:
        shutil.chown(folder, OWNER)
    initdb = [BINARIES[-1] / "initdb", "-D", folder / "data", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, user=OWNER, check=True, stdout=subprocess.DEVNULL)
    server = PostgreSQL(folder, free_port())
    server.start()
    try:
        yield server
    finally:
        subprocess.run(
            [BINARIES[-1] / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"],
            user=OWNER,
            check=False,
            capture_output=True,
        )


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system that is soon full."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        (pytest.fail if IN_CI else pytest.skip)("NOT RUN: file systems may be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
