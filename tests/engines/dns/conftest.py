"""A zone with something of everything, and ways to ask for it."""

import time
from collections.abc import Callable, Iterator, Sequence

import dns.message
import dns.name
import dns.query
import dns.rdatatype
import pytest

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, ZoneSnapshot
from alpage.products.dns.server.metrics import Metrics
from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.sockets import bind_both
from alpage.products.dns.server.zone import build

NAMESERVERS = ("ns1.alpage.test", "ns2.alpage.test")

VARIED = [
    RecordData(".", "A", 300, "192.0.2.1"),
    RecordData(".", "AAAA", 300, "2001:db8::1"),
    RecordData(".", "MX", 300, "10 mail.example.ch"),
    RecordData(".", "TXT", 300, '"v=spf1 -all"'),
    RecordData("www", "CNAME", 300, "example.ch"),
    RecordData("chain", "CNAME", 300, "www.example.ch"),
    RecordData("dangling", "CNAME", 300, "nothing.example.ch"),
    RecordData("abroad", "CNAME", 300, "host.elsewhere.test"),
    RecordData("loop1", "CNAME", 300, "loop2.example.ch"),
    RecordData("loop2", "CNAME", 300, "loop1.example.ch"),
    RecordData("*.wild", "TXT", 300, '"from the wildcard"'),
    RecordData("*.wild", "MX", 300, "10 mail.example.ch"),
    RecordData("here.wild", "A", 300, "192.0.2.7"),
    RecordData("deep.below.wild", "A", 300, "192.0.2.8"),
    RecordData("*.alias", "CNAME", 300, "www.example.ch"),
    RecordData("x.*.odd", "A", 300, "192.0.2.9"),
    RecordData("a.b.c", "A", 300, "192.0.2.10"),
    RecordData("signed", "NS", 3600, "ns.signed.example.ch"),
    RecordData("signed", "NS", 3600, "ns.elsewhere.test"),
    RecordData("signed", "NS", 3600, "ns.sibling.example.ch"),
    RecordData("signed", "DS", 3600, "12345 13 2 " + "ab" * 32),
    RecordData("ns.signed", "A", 3600, "192.0.2.53"),
    RecordData("ns.signed", "AAAA", 3600, "2001:db8::53"),
    RecordData("hidden.signed", "TXT", 3600, '"occluded"'),
    RecordData("sibling", "NS", 3600, "ns.sibling.example.ch"),
    RecordData("ns.sibling", "A", 3600, "192.0.2.54"),
    RecordData("to-cut", "CNAME", 300, "x.signed.example.ch"),
    RecordData("moved", "DNAME", 300, "new.example.ch"),
    RecordData("moved", "TXT", 300, '"beside the DNAME"'),
    RecordData("host.new", "A", 300, "192.0.2.11"),
    RecordData("away", "DNAME", 300, "elsewhere.test"),
    RecordData("_sip._tcp", "SRV", 300, "0 5 5060 mail.example.ch"),
    RecordData(".", "CAA", 300, '0 issue "letsencrypt.org"'),
    RecordData("mail", "A", 300, "192.0.2.25"),
    RecordData("mail", "SSHFP", 300, "4 2 " + "cd" * 32),
    *[RecordData("big", "TXT", 300, f'"{letter * 200}"') for letter in "abcdefghij"],
]


def snapshot(
    serial: int = 1, records: Sequence[RecordData] = VARIED, fqdn: str = "example.ch", **more: int
) -> ZoneSnapshot:
    return ZoneSnapshot(fqdn, serial, NAMESERVERS, records, **more)


@pytest.fixture(scope="session")
def make_snapshot() -> Callable[..., ZoneSnapshot]:
    """Makes a snapshot: the varied one, or with other fields."""
    return snapshot


Ask = Callable[..., dns.message.Message]


@pytest.fixture
def ask() -> Ask:
    """Asks a responder that serves the varied zone, without sockets; `zones` names other zones."""

    def asker(
        name: str, rdtype: str = "A", zones: list[ZoneSnapshot] | None = None, **options: object
    ) -> dns.message.Message:
        built = [build(zone) for zone in zones or [snapshot()]]
        responder = Responder({zone.apex: zone for zone in built}, (), {}, Metrics())
        query = dns.message.make_query(name, rdtype, **options)
        wire = responder.datagram(query.to_wire(), "127.0.0.1")
        assert wire is not None
        answer = dns.message.from_wire(wire)
        assert query.is_response(answer)
        return answer

    return asker


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A running server with the varied zone."""
    server = EmbeddedServer(("127.0.0.1", 0))
    server.load(snapshot())
    server.start()
    yield server
    server.stop()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """Waits until a condition holds, and fails if it does not come to."""
    return wait_until


def a_free_port() -> int:
    udp, tcp = bind_both("127.0.0.1", 0)
    with udp, tcp:
        port: int = udp.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def pick_port() -> Callable[[], int]:
    """Picks a port that nobody listens on, neither over UDP nor TCP."""
    return a_free_port
