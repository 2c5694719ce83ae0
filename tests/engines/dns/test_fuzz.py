"""Nothing that comes from the network stops the server, and every answer is well formed."""

import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpage.products.dns.server import Secondary
from alpage.products.dns.server.metrics import Metrics
from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.zone import build

EDNS = "00 0029 04d0 00000000 0000"
TWICE_EDNS = f"0000 0100 0001 0000 0000 0002 00 0001 0001 {EDNS} {EDNS}"
TSIG_TYPE = b"\x00\xfa\x00\xff"
KEY = dns.tsig.Key("transfer.", b"0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="module")
def responder(make_snapshot):
    zone = build(make_snapshot())
    return Responder({zone.apex: zone}, [Secondary("127.0.0.1", key="transfer.")], {KEY.name: KEY}, Metrics())


def answers(responder, wire):
    """All answers over both transports; none may be the failure that stands for an error of ours."""
    replies = [responder.datagram(wire, "127.0.0.1"), *responder.stream(wire, "127.0.0.1"), responder.truncated(wire)]
    for reply in filter(None, replies):
        assert reply[:2] == wire[:2]
        assert reply[2] & 0x80
        assert reply[3] & 0xF != dns.rcode.SERVFAIL
        if TSIG_TYPE not in reply:
            dns.message.from_wire(reply)
    return [reply for reply in replies if reply]


def query_wires():
    names = st.sampled_from(["example.ch", "x.wild.example.ch", "a.signed.example.ch", "host.moved.example.ch", "com"])
    types = st.sampled_from(["A", "ANY", "TXT", "SOA", "AXFR", "IXFR", "DS", "OPT", "TSIG", "TKEY", "MAILB"])

    def make(name, rdtype, edns, sign):
        query = dns.message.make_query(name, rdtype if rdtype not in ("OPT", "TSIG") else "A", use_edns=edns)
        if sign:
            query.use_tsig(KEY)
        return query.to_wire()

    return st.builds(make, names, types, st.sampled_from([False, 0, 1]), st.booleans())


@given(st.binary(max_size=600))
@example(b"")
@example(b"\0" * 12)
@example(bytes.fromhex("000001000001000000000000") + b"\xc0\x0c\x00\x01\x00\x01")
@settings(max_examples=500)
def test_noise(responder, wire):
    answers(responder, wire)


@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=500)
def test_noise_behind_a_good_header(responder, body, answer, authority, additional):
    header = b"\x12\x34\x01\x00\0\1" + bytes([0, answer, 0, authority, 0, additional])
    answers(responder, header + body)


@given(query_wires(), st.data())
@settings(max_examples=800)
def test_queries_with_octets_changed_or_lost(responder, wire, data):
    damaged = bytearray(wire)
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(3, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    answers(responder, bytes(damaged[: cut or None]))


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        ("0000 0100 0000 0000 0000 0000", dns.rcode.FORMERR),
        ("0000 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001", dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0000 00 0001 0001 ff", dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0001 00 0001 0001", dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0000 c00c 0001 0001", dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0000 00 0029 0001", dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0000 00 00f9 0001", dns.rcode.NOTIMP),
        ("0000 2800 0001 0000 0000 0000 00 0001 0001", dns.rcode.NOTIMP),
        ("0000 2000 0001 0000 0000 0000 00 0006 0001", dns.rcode.NOTIMP),
        ("0000 0100 0001 0000 0000 0000 00 0010 0003", dns.rcode.REFUSED),
        (TWICE_EDNS, dns.rcode.FORMERR),
        ("0000 0100 0001 0000 0000 0001 00 0001 0001 00 0029 04d0 00000000 0003 000a00", dns.rcode.FORMERR),
    ],
)  # fmt: skip
def test_requests_that_are_wrong(responder, wire, rcode):
    (reply,) = responder.stream(bytes.fromhex(wire), "192.0.2.1")
    assert reply[3] & 0xF == rcode


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, bytes.fromhex("000081000001000000000000") + b"\0\0\1\0\1"])
def test_what_is_no_request_gets_no_answer(responder, wire):
    assert answers(responder, wire) == []
