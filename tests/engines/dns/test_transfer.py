"""Zone transfers, signatures, and the catalog, asked for by dnspython; `test_secondaries.py` has name servers ask."""

import socket
import time

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import EmbeddedServer, Secondary, ZoneDelta

HOST = "127.0.0.1"
KEY = dns.tsig.Key("transfer.example", b"0123456789abcdef0123456789abcdef")
FORGED = dns.tsig.Key("transfer.example", b"fedcba9876543210fedcba9876543210")
UNKNOWN = dns.tsig.Key("stranger.example", b"0123456789abcdef0123456789abcdef")


@pytest.fixture
def primary(make_snapshot):
    """A server that gives its zones to who has the key."""
    server = EmbeddedServer(
        (HOST, 0), secondaries=[Secondary("192.0.2.200", key="transfer.example")], keys=[KEY], catalog="catalog.test"
    )
    server.load(make_snapshot())
    server.start()
    yield server
    server.stop()


def transferred(server, origin="example.ch", key=KEY, serial=None, before=None):
    """A secondary's zone after the transfer."""
    zone = before or dns.zone.Zone(origin)
    query, _ = dns.xfr.make_query(zone, serial=serial, keyring=key)
    dns.query.inbound_xfr(HOST, zone, query, port=server.address[1], timeout=10, lifetime=30)
    return zone


def refusal(server, rdtype="AXFR", key=None, transport=dns.query.tcp, origin="example.ch"):
    query = dns.message.make_query(origin, rdtype)
    if key:
        query.use_tsig(key)
    return transport(query, HOST, port=server.address[1], timeout=10, ignore_trailing=True).rcode()


def test_axfr_with_a_signature(primary):
    zone = transferred(primary)
    assert zone.get_soa().serial == 1
    assert zone.get_rdataset("deep.below.wild", "A").to_text() == "300 IN A 192.0.2.8"
    assert len(zone.get_rdataset("big", "TXT")) == 10
    assert primary.metrics()["transfers"] == {("tcp", "AXFR", "AXFR"): 1}


def test_axfr_of_a_large_zone(primary, make_snapshot):
    records = [RecordData(f"h{number}", "TXT", 60, f'"{number}"') for number in range(20_000)]
    primary.load(make_snapshot(7, records, fqdn="large.test"))
    zone = transferred(primary, "large.test")
    assert len(zone.nodes) == 20_001
    assert zone.get_rdataset("h19999", "TXT").to_text() == '60 IN TXT "19999"'


def test_axfr_is_refused_without_the_key_and_over_udp(primary):
    assert refusal(primary) == dns.rcode.REFUSED
    assert refusal(primary, "IXFR") == dns.rcode.REFUSED
    assert refusal(primary, origin="not.ours.test") == dns.rcode.REFUSED
    assert refusal(primary, key=KEY, origin="not.ours.test") == dns.rcode.NOTAUTH
    assert refusal(primary, key=KEY, transport=dns.query.udp) == dns.rcode.FORMERR
    assert refusal(primary, "IXFR", key=KEY) == dns.rcode.FORMERR
    assert primary.metrics()["transfers"] == {}


@pytest.mark.parametrize(("key", "error"), [(FORGED, dns.tsig.PeerBadSignature), (UNKNOWN, dns.tsig.PeerBadKey)])
def test_a_signature_that_does_not_hold(primary, key, error):
    with pytest.raises(error):
        transferred(primary, key=key)
    with pytest.raises(error):
        refusal(primary, "SOA", key=key, transport=dns.query.udp)


def test_a_signature_that_is_too_old(primary, monkeypatch):
    query = dns.message.make_query("example.ch", "SOA")
    query.use_tsig(KEY)
    an_hour_ago = time.time() - 3600
    with monkeypatch.context() as past:
        past.setattr(time, "time", lambda: an_hour_ago)
        wire = query.to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(wire, primary.address)
        reply = client.recv(4096)
    with pytest.raises(dns.tsig.PeerBadTime):
        dns.message.from_wire(reply, keyring={KEY.name: KEY}, request_mac=query.mac)


def test_an_address_may_be_enough(make_snapshot):
    server = EmbeddedServer((HOST, 0), secondaries=[Secondary(HOST, port=9)])
    server.load(make_snapshot())
    server.start()
    assert transferred(server, key=None).get_soa().serial == 1
    server.stop()


def test_ixfr_sends_the_steps_since(primary, make_snapshot):
    zone = transferred(primary)
    first = RecordData("mail", "A", 300, "192.0.2.25")
    second = RecordData("mail", "A", 300, "192.0.2.26")
    assert primary.change("example.ch", ZoneDelta(1, 2, [first], [second]))
    assert primary.change("example.ch", ZoneDelta(2, 3, [], [RecordData("x.y", "A", 60, "192.0.2.27")]))
    zone = transferred(primary, serial=1, before=zone)
    assert zone.get_soa().serial == 3
    assert zone.get_rdataset("mail", "A").to_text() == "300 IN A 192.0.2.26"
    assert zone.get_rdataset("x.y", "A").to_text() == "60 IN A 192.0.2.27"
    assert primary.metrics()["transfers"]["tcp", "IXFR", "IXFR"] == 1
    primary.load(make_snapshot(4))
    assert transferred(primary, serial=3, before=zone) == transferred(primary)
    assert primary.metrics()["transfers"]["tcp", "IXFR", "IXFR"] == 2


def test_ixfr_sends_a_change_of_ttl_as_the_whole_set(primary):
    zone = transferred(primary)
    added = RecordData("mail", "A", 60, "192.0.2.26")
    assert primary.change("example.ch", ZoneDelta(1, 2, [], [added]))
    zone = transferred(primary, serial=1, before=zone)
    assert zone == transferred(primary)
    assert zone.get_rdataset("mail", "A").ttl == 60


def test_ixfr_from_an_unknown_serial_is_a_full_transfer(primary):
    zone = transferred(primary, serial=4_000_000_000)
    assert zone == transferred(primary)
    assert primary.metrics()["transfers"]["tcp", "IXFR", "AXFR"] == 1


def test_ixfr_from_the_current_serial_is_the_soa_alone(primary):
    zone = transferred(primary)
    assert transferred(primary, serial=1, before=zone).get_soa().serial == 1
    assert primary.metrics()["transfers"]["tcp", "IXFR", "SOA"] == 1


def test_ixfr_over_udp_is_the_soa_alone(primary):
    query, _ = dns.xfr.make_query(dns.zone.Zone("example.ch"), serial=4_000_000_000, keyring=KEY)
    answer = dns.query.udp(query, HOST, port=primary.address[1], timeout=10)
    (rrset,) = answer.answer
    assert rrset.rdtype == dns.rdatatype.SOA


def members(server):
    zone = transferred(server, "catalog.test")
    return {data.target.to_text(): name.to_text() for name, _, data in zone.iterate_rdatas("PTR")}


def test_the_catalog_lists_the_zones(primary, make_snapshot, wait_for):
    before = members(primary)
    assert list(before) == ["example.ch."]
    catalog = transferred(primary, "catalog.test")
    assert catalog.get_rdataset("version", "TXT").to_text() == '0 IN TXT "2"'
    serial = catalog.get_soa().serial
    primary.load(make_snapshot(fqdn="new.test"))
    wait_for(lambda: primary.serial("catalog.test") > serial)
    assert set(members(primary)) == {"example.ch.", "new.test."}
    serial = primary.serial("catalog.test")
    primary.remove("new.test")
    wait_for(lambda: primary.serial("catalog.test") > serial)
    assert members(primary) == before
    zone = transferred(primary, "catalog.test", serial=catalog.get_soa().serial, before=catalog)
    assert zone == transferred(primary, "catalog.test")


def test_the_catalog_follows_what_happened_during_a_stop(primary, make_snapshot):
    primary.stop()
    primary.load(make_snapshot(fqdn="new.test"))
    primary.remove("example.ch")
    primary.start()
    assert list(members(primary)) == ["new.test."]


def test_the_catalog_is_not_for_others_to_change(primary, make_snapshot):
    with pytest.raises(ValueError, match="catalog"):
        primary.load(make_snapshot(fqdn="catalog.test"))
    with pytest.raises(ValueError, match="catalog"):
        primary.remove("catalog.test")


def test_a_secondary_with_a_key_that_is_not_given():
    with pytest.raises(ValueError, match="not given"):
        EmbeddedServer(secondaries=[Secondary(HOST, key="missing.example")])
