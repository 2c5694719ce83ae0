"""NOTIFY to a secondary that is slow to answer, played by a socket."""

import socket
from contextlib import suppress

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, Secondary, ZoneDelta, notify

HOST = "127.0.0.1"
KEY = dns.tsig.Key("transfer.example", b"0123456789abcdef0123456789abcdef")


class PlayedSecondary:
    """Receives NOTIFY and answers as the test says."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]

    def receive(self):
        wire, peer = self.socket.recvfrom(4096)
        return dns.message.from_wire(wire, keyring={KEY.name: KEY}), peer

    def answer(self, message, peer, rcode=dns.rcode.NOERROR):
        reply = dns.message.make_response(message)
        reply.set_rcode(rcode)
        self.socket.sendto(reply.to_wire(), peer)


@pytest.fixture
def played(monkeypatch):
    monkeypatch.setattr(notify, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(notify, "FIRST_PAUSE_SECONDS", 0.01)
    played = PlayedSecondary()
    yield played
    played.socket.close()


@pytest.fixture
def primary(played, make_snapshot):
    server = EmbeddedServer((HOST, 0), secondaries=[Secondary(HOST, played.port, "transfer.example")], keys=[KEY])
    server.load(make_snapshot())
    server.start()
    yield server
    server.stop()


def outcomes(server):
    return {outcome: count for (outcome,), count in server.metrics()["notifies"].items()}


def test_a_notify_is_signed_and_names_the_zone(primary, played):
    message, _ = played.receive()
    assert message.opcode() == dns.opcode.NOTIFY
    assert message.flags & dns.flags.AA
    assert message.had_tsig
    (question,) = message.question
    assert (question.name.to_text(), question.rdtype) == ("example.ch.", dns.rdatatype.SOA)


def test_it_is_repeated_until_it_is_acknowledged(primary, played, wait_for):
    for _ in range(3):
        played.receive()
    played.answer(*played.receive())
    wait_for(lambda: outcomes(primary).get("acknowledged") == 1)
    assert outcomes(primary)["unanswered"] == 3


def test_each_change_is_told(primary, played, wait_for):
    played.answer(*played.receive())
    wait_for(lambda: outcomes(primary) == {"acknowledged": 1})
    assert primary.change("example.ch", ZoneDelta(1, 2, [], [RecordData("new", "A", 60, "192.0.2.1")]))
    played.answer(*played.receive())
    wait_for(lambda: outcomes(primary) == {"acknowledged": 2})


def test_a_secondary_that_refuses_is_not_told_forever(primary, played, wait_for):
    for _ in range(notify.ATTEMPTS_WHEN_REFUSED):
        played.answer(*played.receive(), rcode=dns.rcode.NOTAUTH)
    wait_for(lambda: outcomes(primary) == {"refused": notify.ATTEMPTS_WHEN_REFUSED})
    played.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        played.receive()


def test_a_zone_that_is_gone_is_told_of_no_more(primary, played, wait_for):
    played.receive()
    primary.remove("example.ch")
    wait_for(lambda: primary.serial("example.ch") is None)
    played.socket.settimeout(1)
    later = 0
    with suppress(TimeoutError):
        for later in range(20):  # noqa: B007  # counts what was still under way
            played.receive()
    assert later < 5
