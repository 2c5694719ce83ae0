"""The running server: sockets, programs that ask it, and zones that change meanwhile."""

import socket
import struct
import subprocess
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, RateLimit, ZoneDelta

HOST = "127.0.0.1"


def udp(server, name, rdtype="A", **options):
    return dns.query.udp(dns.message.make_query(name, rdtype, **options), HOST, port=server.address[1], timeout=10)


def tcp(server, name, rdtype="A"):
    return dns.query.tcp(dns.message.make_query(name, rdtype), HOST, port=server.address[1], timeout=10)


def addresses(answer):
    return [data.address for rrset in answer.answer for data in rrset]


def receive(connection):
    (size,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
    return dns.message.from_wire(connection.recv(size, socket.MSG_WAITALL))


def framed(query):
    wire = query.to_wire()
    return struct.pack("!H", len(wire)) + wire


@pytest.mark.needs("dig")
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dig(server, transport):
    command = ["dig", f"@{HOST}", "-p", str(server.address[1]), transport, "www.example.ch", "A", "+short"]
    assert subprocess.check_output(command, text=True).splitlines() == ["example.ch.", "192.0.2.1"]


@pytest.mark.needs("dig")
def test_dig_comes_again_over_tcp_for_what_is_too_long(server):
    command = ["dig", f"@{HOST}", "-p", str(server.address[1]), "big.example.ch", "TXT"]
    output = subprocess.check_output(command, text=True)
    assert "Truncated, retrying in TCP mode." in output
    assert output.count("\tIN\tTXT\t") == 10


def test_without_edns_512_octets_are_the_limit(server, make_snapshot):
    records = [RecordData("some", "TXT", 60, f'"{letter * 200}"') for letter in "abc"]
    server.load(make_snapshot(2, records))
    assert udp(server, "some.example.ch", "TXT").flags & dns.flags.TC
    assert udp(server, "some.example.ch", "TXT", use_edns=0, payload=512).flags & dns.flags.TC
    answer = udp(server, "some.example.ch", "TXT", use_edns=0, payload=4096)
    assert not answer.flags & dns.flags.TC
    assert len(answer.answer[0]) == 3


def test_no_datagram_is_longer_than_what_passes_everywhere(server):
    answer = udp(server, "big.example.ch", "TXT", use_edns=0, payload=65535)
    assert answer.flags & dns.flags.TC
    assert answer.payload == 1232


def test_edns(server):
    answer = udp(server, "example.ch", want_dnssec=True)
    assert answer.edns == 0
    assert answer.ednsflags & dns.flags.DO
    assert udp(server, "example.ch").edns == -1


def test_another_version_of_edns(server):
    answer = udp(server, "example.ch", use_edns=1)
    assert answer.rcode() == dns.rcode.BADVERS
    assert answer.edns == 0
    assert not answer.answer


@pytest.mark.parametrize("name", ["eXaMpLe.Ch", "X.wILd.EXAMPLE.ch"])
def test_the_case_of_the_question_is_kept(server, name):
    answer = udp(server, name, "MX")
    assert answer.question[0].name.to_text() == f"{name}."
    assert answer.answer[0].name.to_text() == f"{name}."


def test_the_version_is_not_told(server):
    query = dns.message.make_query("version.bind", "TXT", "CH")
    assert dns.query.udp(query, HOST, port=server.address[1], timeout=10).rcode() == dns.rcode.REFUSED


def test_answers_over_tcp_keep_the_order_of_the_queries(server):
    names = ["www.example.ch", "big.example.ch", "nothing.example.ch", "mail.example.ch"] * 20
    queries = [dns.message.make_query(name, "TXT") for name in names]
    with socket.create_connection((HOST, server.address[1]), timeout=10) as connection:
        connection.sendall(b"".join(map(framed, queries)))
        for query in queries:
            assert query.is_response(receive(connection))


def test_a_query_over_tcp_may_come_in_pieces(server):
    query = dns.message.make_query("example.ch", "A")
    with socket.create_connection((HOST, server.address[1]), timeout=10) as connection:
        for octet in framed(query):
            connection.send(bytes([octet]))
        assert addresses(receive(connection)) == ["192.0.2.1"]


def test_idle_connections_are_closed_and_no_more_than_the_cap_are_open(make_snapshot):
    server = EmbeddedServer((HOST, 0), tcp_connections=2, tcp_idle_seconds=1)
    server.load(make_snapshot())
    server.start()
    try:
        held = [socket.create_connection((HOST, server.address[1]), timeout=10) for _ in range(2)]
        for connection in held:
            connection.sendall(framed(dns.message.make_query("example.ch", "A")))
            assert addresses(receive(connection)) == ["192.0.2.1"]
        with socket.create_connection((HOST, server.address[1]), timeout=10) as third:
            assert third.recv(1) == b""
        for connection in held:
            assert connection.recv(1) == b""
            connection.close()
        assert addresses(tcp(server, "example.ch")) == ["192.0.2.1"]
    finally:
        server.stop()


def test_kept_answers_go_with_the_version_they_come_from(server, make_snapshot):
    change = ZoneDelta(1, 2, [RecordData("mail", "A", 300, "192.0.2.25")], [RecordData("mail", "A", 300, "192.0.2.26")])
    assert addresses(udp(server, "mail.example.ch")) == ["192.0.2.25"]
    assert server.change("example.ch", change)
    assert addresses(udp(server, "mail.example.ch")) == ["192.0.2.26"]
    assert not server.change("example.ch", change)
    server.load(make_snapshot(3))
    assert addresses(udp(server, "mail.example.ch")) == ["192.0.2.25"]
    server.remove("example.ch")
    assert udp(server, "mail.example.ch").rcode() == dns.rcode.REFUSED


def test_a_zone_that_appears_below_another_takes_over_its_names(server, make_snapshot):
    assert addresses(udp(server, "mail.example.ch")) == ["192.0.2.25"]
    server.load(make_snapshot(1, [RecordData(".", "A", 60, "198.51.100.9")], fqdn="mail.example.ch"))
    assert addresses(udp(server, "mail.example.ch")) == ["198.51.100.9"]
    server.remove("mail.example.ch")
    assert addresses(udp(server, "mail.example.ch")) == ["192.0.2.25"]


def test_serials(server, make_snapshot):
    assert server.serial("example.ch") == server.serial("EXAMPLE.CH.") == 1
    assert server.serial("example.org") is None
    assert not server.change("example.org", ZoneDelta(1, 2, [], []))
    server.remove("example.org")


def test_a_large_zone_changes_while_queries_go_on(server, make_snapshot):
    """Every answer is that of one version, and no version is answered from again after a later one."""
    half = [RecordData(f"h{number}", "A", 60, "192.0.2.1") for number in range(2_000)]
    rest = [RecordData(f"r{number}", "A", 60, "192.0.2.1") for number in range(20_000)]
    marks = [RecordData("mark", "TXT", 60, f'"{serial}"') for serial in range(41)]
    server.load(make_snapshot(1, [*rest, marks[1]], fqdn="large.test"))
    took = []

    def change():
        for serial in range(1, 40):
            removed, added = ([], half) if serial % 2 else (half, [])
            delta = ZoneDelta(serial, serial + 1, [*removed, marks[serial]], [*added, marks[serial + 1]])
            took.append(server.change("large.test", delta))

    thread = threading.Thread(target=change)
    thread.start()
    seen = []
    while thread.is_alive() or not seen:
        (rrset,) = udp(server, "mark.large.test", "TXT").answer
        (data,) = rrset
        seen.append(int(data.strings[0]))
    assert took == [True] * 39
    assert seen == sorted(seen)
    assert server.serial("large.test") == 40


def test_the_zones_outlive_a_stop(make_snapshot):
    server = EmbeddedServer((HOST, 0))
    server.load(make_snapshot())
    server.start()
    address = server.address
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=10)
    server.start()
    assert server.address == address
    assert addresses(udp(server, "example.ch")) == ["192.0.2.1"]
    server.stop()


def test_an_address_that_is_taken(server):
    with pytest.raises(OSError, match="in use"):
        EmbeddedServer(server.address).start()


def test_over_ipv6(make_snapshot):
    server = EmbeddedServer(("::1", 0))
    server.load(make_snapshot())
    server.start()
    query = dns.message.make_query("example.ch", "A")
    assert addresses(dns.query.udp(query, "::1", port=server.address[1], timeout=10)) == ["192.0.2.1"]
    assert addresses(dns.query.tcp(query, "::1", port=server.address[1], timeout=10)) == ["192.0.2.1"]
    server.stop()


def test_over_the_rate_limit_clients_are_sent_to_tcp(make_snapshot):
    server = EmbeddedServer((HOST, 0), rate_limit=RateLimit(rate=1, slip=1, exempt_loopback=False))
    server.load(make_snapshot())
    server.start()
    answers = [udp(server, "example.ch") for _ in range(10)]
    truncated = [answer for answer in answers if answer.flags & dns.flags.TC]
    assert truncated
    assert not any(answer.answer for answer in truncated)
    assert addresses(tcp(server, "example.ch")) == ["192.0.2.1"]
    server.stop()
    assert server.metrics()["limited"] == {("truncated",): len(truncated)}


def test_figures(server):
    udp(server, "example.ch")
    udp(server, "example.ch")
    udp(server, "nothing.example.ch", "TXT")
    tcp(server, "example.ch", "MX")
    udp(server, "example.ch", "TYPE65000")
    assert server.metrics()["queries"] == {
        ("udp", "A", "NOERROR"): 2,
        ("udp", "TXT", "NXDOMAIN"): 1,
        ("tcp", "MX", "NOERROR"): 1,
        ("udp", "other", "NOERROR"): 1,
    }
