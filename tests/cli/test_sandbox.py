"""Faults on request, as a client on the other end of a real connection sees them."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from tests.cli.running import Running, running

THREADS = 2


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    settings = {"ALPAGE_SANDBOX": "true", "ALPAGE_THREADS": str(THREADS), "ALPAGE_RATE_LIMIT": "10000/minute"}
    with running(tmp_path_factory.mktemp("sandbox"), **settings) as platform:
        yield platform


def send(platform: Running, request: str, fault: str = "", **body: object) -> bytes:
    """Sends a request over a connection of its own and answers with all that comes back until that is closed."""
    content = json.dumps(body).encode() if body else b""
    head = [
        f"{request} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {platform.environment['ALPAGE_TOKEN']}",
        f"Content-Length: {len(content)}",
        "Content-Type: application/json",
        *([f"X-Sandbox-Fault: {fault}"] if fault else ["Connection: close"]),
    ]
    port = int(platform.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + content)
        came = b""
        while chunk := connection.recv(65536):
            came += chunk
    return came


def tags(platform: Running) -> list[str]:
    answer = send(platform, "GET /1/accounts/1/tags")
    return [tag["name"] for tag in json.loads(answer.partition(b"\r\n\r\n")[2])["data"]]


def test_a_dropped_answer_closes_the_connection_without_a_byte(platform):
    assert send(platform, "POST /1/accounts/1/tags", "drop=before", name="lost") == b""
    assert send(platform, "POST /1/accounts/1/tags", "drop=after", name="kept") == b""
    assert tags(platform) == ["kept"]


def test_a_drop_leaves_nothing_open(platform):
    before = open_files(platform)
    for _ in range(50):
        assert send(platform, "GET /2/profile", "drop=before") == b""
    assert open_files(platform) < before + 50


def open_files(platform: Running) -> int:
    """How many files the processes of the platform have open."""
    first = platform.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return sum(len([*Path(f"/proc/{child}/fd").iterdir()]) for child in children)


def test_an_answer_that_is_late_keeps_no_thread_from_its_work(platform):
    with ThreadPoolExecutor(THREADS * 4) as pool:
        late = [pool.submit(send, platform, "GET /2/profile", "latency=3000; drop=after") for _ in range(THREADS * 4)]
        in_time = send(platform, "GET /2/profile")
        assert in_time.startswith(b"HTTP/1.1 200")
        assert not any(answer.done() for answer in late)
        wait(late)
    assert {answer.result() for answer in late} == {b""}


def test_without_the_setting_there_are_no_faults(tmp_path):
    with running(tmp_path / "data", ALPAGE_SANDBOX="false") as platform:
        answer = send(platform, "GET /2/profile", "status=503, drop=after\r\nConnection: close")
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"sandbox_off" in answer
