"""A database that is full, read-only or gone: a clear 503, nothing half done, and all is well again by itself."""

import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import IN_CI
from tests.faults.node import Node
from tests.faults.servers import open_folder, own_postgresql, small_disk

GONE_SECONDS = 30 if IN_CI else 3
ZONE = "/2/zones/demo.example/records"
BOUND = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")  # by modes


@pytest.fixture
def trouble():
    with ExitStack() as stack:
        yield stack


def started(trouble, node):
    """A platform that runs until the test ends."""
    node.data.mkdir()
    trouble.callback(node.stop)
    node.start()
    return node


def write(client, source, text="x"):
    return client.post(ZONE, json={"source": source, "type": "TXT", "target": text, "ttl": 300})


def assert_unavailable(response):
    assert response.status_code == 503, response.text
    assert response.json()["error"]["code"] == "service_unavailable"
    assert int(response.headers["retry-after"]) == response.json()["error"]["context"]["retry_after"]


def assert_all_there(client, answered):
    """What was answered is there, what was refused is not."""
    found = {one["source"] for one in client.get(ZONE).json()["data"] if one["type"] == "TXT" and one["source"] != "."}
    assert found == set(answered)


def fill(folder: Path) -> Path:
    """Takes all that is left of a disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 2**6, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def write_until_refused(client, answered):
    for number in range(400):
        refused = write(client, f"full-{number}", "x" * 200)
        if refused.status_code != 201:
            return refused
        answered.append(f"full-{number}")
    raise AssertionError("the disk was not full")


def test_a_full_disk(trouble, tmp_path):
    """SQLite: its folder is on the disk that is full."""
    disk = trouble.enter_context(small_disk(tmp_path / "disk", 24))
    node = started(trouble, Node(disk / "data"))
    answered: list[str] = []
    with node.client() as client:
        assert write(client, "before").status_code == 201
        ballast = fill(disk)
        assert_unavailable(write_until_refused(client, answered))
        assert client.get("/2/profile").status_code == 200
        assert_all_there(client, ["before", *answered])
        ballast.unlink()
        assert write(client, "after").status_code == 201
        assert_all_there(client, ["before", *answered, "after"])
    assert sqlite3.connect(node.data / "alpage.db").execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_under_postgresql(trouble, tmp_path):
    disk = trouble.enter_context(small_disk(trouble.enter_context(open_folder()), 160))
    server = trouble.enter_context(own_postgresql(disk))
    node = started(trouble, Node(tmp_path / "data", {"ALPAGE_DATABASE": server.url}))
    answered: list[str] = []
    with node.client() as client:
        assert write(client, "before").status_code == 201
        ballast = fill(disk)
        assert_unavailable(write_until_refused(client, answered))
        ballast.unlink()
        node.await_health()  # PostgreSQL starts anew where it could not write its log
        until_written(client, "after")
        assert_all_there(client, ["before", *answered, "after"])


def until_written(client, source):
    """Writes as soon as it is possible again, without a restart of the platform."""
    deadline = time.monotonic() + 30
    while (last := write(client, source)).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert last.status_code == 201, last.text


def test_a_read_only_database(trouble, tmp_path):
    """SQLite: its files may be read only by the servers that start after a while."""
    node = started(trouble, Node(tmp_path / "data", under=BOUND))
    with node.client() as client:
        assert write(client, "before").status_code == 201
        files = [node.data / name for name in ("alpage.db", "alpage.db-wal", "alpage.db-shm")]
        set_mode(node, files, 0o444)
        assert_unavailable(write(client, "refused"))
        assert client.get("/2/profile").status_code == 200
        assert_all_there(client, ["before"])
        for file in files:
            file.chmod(0o644)
        until_written(client, "after")
        assert_all_there(client, ["before", "after"])


def set_mode(node, files, mode):
    """Changes what may be done with the files, and has every server open them anew."""
    for file in files:
        file.chmod(mode)
    for child in node.children():
        if b"engines" not in Path(f"/proc/{child}/comm").read_bytes():
            os.kill(child, signal.SIGKILL)
    time.sleep(0.5)
    node.await_health()


def test_a_read_only_database_under_postgresql(trouble, tmp_path):
    server = trouble.enter_context(own_postgresql(trouble.enter_context(open_folder())))
    node = started(trouble, Node(tmp_path / "data", {"ALPAGE_DATABASE": server.url}))
    with node.client() as client:
        assert write(client, "before").status_code == 201
        server.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        time.sleep(0.5)
        assert_unavailable(write(client, "refused"))
        assert client.get("/2/profile").status_code == 200
        server.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
        until_written(client, "after")
        assert_all_there(client, ["before", "after"])


def test_a_database_that_is_locked_for_a_while(trouble, tmp_path):
    """SQLite: somebody else holds its only pen. Reading goes on."""
    node = started(trouble, Node(tmp_path / "data"))
    other = sqlite3.connect(node.data / "alpage.db", isolation_level=None)
    with node.client(timeout=60) as client, ThreadPoolExecutor() as pool:
        other.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(write, client, "refused")
        assert client.get("/2/profile").status_code == 200
        assert_unavailable(waiting.result())
        other.execute("ROLLBACK")
        assert write(client, "after").status_code == 201
        assert_all_there(client, ["after"])


def test_a_database_that_is_gone_for_a_while(trouble, tmp_path):
    server = trouble.enter_context(own_postgresql(trouble.enter_context(open_folder())))
    node = started(trouble, Node(tmp_path / "data", {"ALPAGE_DATABASE": server.url}))
    with node.client() as client:
        assert write(client, "before").status_code == 201
        server.stop()
        back_at = time.monotonic() + GONE_SECONDS
        while time.monotonic() < back_at:
            assert_unavailable(write(client, "refused"))
            assert_unavailable(client.get("/2/profile"))
            time.sleep(0.2)
        server.start()
        until_written(client, "after")
        assert_all_there(client, ["before", "after"])
        assert node.process.poll() is None
