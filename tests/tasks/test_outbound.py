"""Addresses that customers name are called, and none that only this machine can reach (A25)."""

import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any

import httpcore
import pytest
import trustme

from alpage.tasks import outbound
from alpage.tasks.outbound import (
    MAX_ANSWER_BYTES,
    Outbound,
    RefusedAddressError,
    UndeliveredError,
    is_public,
    resolve,
    trouble_of,
)
from tests.tasks.receivers import Receiver, Reply, receiving

INSIDE = [
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "0.0.0.1", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.254", "127.0.0.1",
    "127.1.2.3", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "233.252.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::a00:1", "::ffff:0:127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:168.63.129.16", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1",
    "fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1", "223.255.255.254",
    "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:9.9.9.9", "64:ff9b::909:909",
]  # fmt: skip
REAL = socket.getaddrinfo


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def inside() -> Iterator[Outbound]:
    """Calls private addresses too."""
    made = Outbound(private=True)
    yield made
    made.close()


def name_stands_for(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Has each look-up of a name answered by the next addresses; answers with the names that were looked up."""
    asked: list[str] = []

    def look_up(host: str, port: Any, *args: Any, **options: Any) -> list[Any]:
        if not host.endswith(".example"):
            return [*REAL(host, port, *args, **options)]
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [entry for address in addresses for entry in REAL(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def connected_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has every connection refused; answers with the addresses somebody tried to connect to."""
    tried: list[str] = []

    def refuse(_self: Any, host: str, *_args: Any, **_options: Any) -> Any:
        tried.append(host)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", refuse)
    return tried


@pytest.mark.parametrize("address", INSIDE)
def test_a25_addresses_inside_are_told_from_others(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_a25_the_open_internet_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", [*INSIDE, "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "no-such-host.invalid"]
)
def test_a25_nothing_is_connected_to_inside(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    tried = connected_to(monkeypatch)
    url = f"https://[{host}]/" if ":" in host else f"https://{host}/"
    with pytest.raises(RefusedAddressError):
        Outbound(private=False).send("POST", url, {})
    with pytest.raises(RefusedAddressError):
        resolve(host, 443, private=False)
    assert tried == []


def test_private_addresses_are_called_where_that_is_allowed(inside: Outbound, receiver: Receiver) -> None:
    answer = inside.send("POST", receiver.url, {"X-Kind": "test"}, b"hello")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"thank you", "9")
    [heard] = receiver.heard
    assert (heard.path, heard.body, heard.headers["x-kind"]) == ("/hook", b"hello", "test")
    assert heard.headers["host"] == f"localhost:{receiver.server_port}"


def test_a25_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    name_stands_for(monkeypatch, ["9.9.9.9", "10.0.0.1"])
    tried = connected_to(monkeypatch)
    with pytest.raises(RefusedAddressError):
        Outbound(private=False).send("POST", "https://hook.example/", {})
    assert tried == []


def test_a25_a_name_that_changes_its_mind_is_connected_to_as_it_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = name_stands_for(monkeypatch, ["9.9.9.9"], ["127.0.0.1"])
    tried = connected_to(monkeypatch)
    calls = Outbound(private=False)
    with pytest.raises(UndeliveredError):
        calls.send("POST", "https://hook.example/", {})
    assert (asked, tried) == (["hook.example"], ["9.9.9.9"])
    with pytest.raises(RefusedAddressError):
        calls.send("POST", "https://hook.example/", {})
    assert tried == ["9.9.9.9"]


def test_the_next_address_of_a_name_is_tried(
    monkeypatch: pytest.MonkeyPatch, inside: Outbound, receiver: Receiver
) -> None:
    name_stands_for(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    url = f"http://hook.example:{receiver.server_port}/"
    assert inside.send("POST", url, {}).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a25_redirects_are_not_followed(inside: Outbound, receiver: Receiver, status: int) -> None:
    receiver.replies = [Reply(status, {"Location": receiver.url})]
    assert inside.send("POST", receiver.url, {}).status == status
    assert len(receiver.heard) == 1


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, inside: Outbound, receiver: Receiver) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert inside.send("POST", receiver.url, {}).status == 200


def test_a_long_answer_is_cut_off(inside: Outbound, receiver: Receiver) -> None:
    receiver.reply = Reply(body=b"x" * 1_000_000)
    assert len(inside.send("POST", receiver.url, {}).body) == MAX_ANSWER_BYTES
    receiver.reply = Reply()
    assert inside.send("POST", receiver.url, {}).body == b"thank you"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", b""])
def test_who_answers_byte_by_byte_does_not_hold_us(
    monkeypatch: pytest.MonkeyPatch, inside: Outbound, head: bytes
) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.6)
    done = Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(head)
            while not done.wait(0.1):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=drip, args=(listener,), daemon=True).start()
        with pytest.raises(UndeliveredError, match="no answer within"):
            inside.send("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", {})
        done.set()


def test_a_name_is_proved_by_its_certificate() -> None:
    authority = trustme.CA()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    for name, trouble in (("localhost", None), ("other.example", "CERTIFICATE_VERIFY_FAILED")):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(server)
        calls = Outbound(private=True, tls=trusted)
        with receiving(server) as receiver:
            if trouble is None:
                assert calls.send("POST", receiver.url, {}).status == 200
            else:
                with pytest.raises(UndeliveredError, match=trouble):
                    calls.send("POST", receiver.url, {})
                assert receiver.heard == []
        calls.close()


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("https://app.example/hook", ""),
        ("https://app.example:443/hook?x=1", ""),
        ("https://app.example:8443/", ""),
        ("https://9.9.9.9/", ""),
        ("https://[2606:4700:4700::1111]/", ""),
        ("http://app.example/", "scheme"),
        ("ftp://app.example/", "scheme"),
        ("javascript:alert(1)", "malformed"),
        ("//app.example/", "scheme"),
        ("https:///hook", "malformed"),
        ("https://app.example/a b", "malformed"),
        ("https://äpp.example/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://app.example:99999/", "malformed"),
        ("https://app.example:0/", "malformed"),
        ("https://heidi@app.example/", "userinfo"),
        ("https://heidi:secret@app.example/", "userinfo"),
        ("https://app.example/#top", "fragment"),
        ("https://app.example/#", "fragment"),
        ("https://app.example:22/", "port"),
        ("https://app.example:80/", "port"),
        ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:10.0.0.1]:8443/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
    ],
)
def test_an_address_is_looked_at_as_it_is_written(url: str, trouble: str) -> None:
    assert trouble_of(url, private=False) == trouble


def test_more_is_allowed_inside() -> None:
    for url in ("http://localhost:80/", "https://10.0.0.1:22/", "http://[::1]:8000/hook"):
        assert trouble_of(url, private=True) == ""
    assert trouble_of("ftp://localhost/", private=True) == "scheme"
