"""Zone files, read and written."""

import subprocess
from pathlib import Path

import dns.name
import dns.zone
import pytest

from alpage.products.dns import recorddata, zonefile
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.soa import Soa

ZONE = "example.com"
SOA = Soa("ns1.example.net", "hostmaster.example.net", 2026112301)

FOREIGN = r"""
; exported elsewhere
$ORIGIN example.com.
$TTL 1h
@       IN SOA ns1.other.net. admin.other.net. (
            2026010101 ; serial
            3600 900 1209600 300 )
        IN NS  ns1.other.net.
@       300 IN A 192.0.2.1
www     CNAME @
mail 600 IN A 192.0.2.2
        AAAA 2001:db8::2
@       MX 10 mail
key._domainkey TXT ( "v=DKIM1; k=rsa; p=AAAA" ; half a key
                     "BBBB" )
full.example.com. TXT "a;b(c"
$ORIGIN sub.example.com.
deep    A 192.0.2.3
"""


def test_a_foreign_file_is_read() -> None:
    reading = zonefile.read(FOREIGN, ZONE)
    assert reading.faults == []
    assert reading.records == [
        RecordData(".", "A", 300, "192.0.2.1"),
        RecordData("www", "CNAME", 3600, "example.com"),
        RecordData("mail", "A", 600, "192.0.2.2"),
        RecordData("mail", "AAAA", 3600, "2001:db8::2"),
        RecordData(".", "MX", 3600, "10 mail.example.com"),
        RecordData("key._domainkey", "TXT", 3600, '"v=DKIM1; k=rsa; p=AAAA" "BBBB"'),
        RecordData("full", "TXT", 3600, '"a;b(c"'),
        RecordData("deep.sub", "A", 3600, "192.0.2.3"),
    ]
    assert reading.lines == [9, 10, 11, 12, 13, 14, 16, 18]


def test_the_soa_and_name_servers_of_the_file_are_passed_over_and_noted() -> None:
    notes = zonefile.read(FOREIGN, ZONE).notes
    assert [(note.line, note.reason) for note in notes] == [(5, "own_record"), (8, "own_record")]


def test_reading_goes_on_after_faults_and_gives_their_lines() -> None:
    text = "\n".join(
        [
            "good 300 A 192.0.2.1",
            "bad 300 A 999.0.2.1",
            "other.example.org. 300 A 192.0.2.1",
            "$INCLUDE /etc/passwd",
            "$UNICODE 2003",
            "loc 300 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
            "m 300 MX 10 192.0.2.1.",
            'open 300 TXT "never closed',
            "ch 300 CH TXT hello",
            "under- 300 A 192.0.2.1",
            "last 300 A 192.0.2.9",
        ]
    )
    reading = zonefile.read(text, ZONE)
    assert [record.source for record in reading.records] == ["good", "last"]
    assert reading.lines == [1, 11]
    assert [(fault.line, fault.reason) for fault in reading.faults] == [
        (2, "syntax"),
        (3, "outside_zone"),
        (4, "include"),
        (5, "syntax"),
        (6, "type_unknown"),
        (7, "address_for_name"),
        (8, "syntax"),
        (9, "syntax"),
        (10, "hyphen"),
    ]


def test_times_to_live_are_brought_within_bounds() -> None:
    reading = zonefile.read("a 0 A 192.0.2.1\nb 1w A 192.0.2.1\nc 1d A 192.0.2.1", ZONE)
    assert [record.ttl for record in reading.records] == [60, 86400, 86400]
    assert [(note.line, note.reason) for note in reading.notes] == [(1, "ttl_bounded"), (2, "ttl_bounded")]


def test_a_file_without_any_time_to_live_gets_the_default() -> None:
    assert zonefile.read("www A 192.0.2.1", ZONE).records == [RecordData("www", "A", 3600, "192.0.2.1")]


def test_a_record_written_twice_is_taken_once() -> None:
    reading = zonefile.read("www 300 A 192.0.2.1\nWWW.example.com. 600 A 192.0.2.1", ZONE)
    assert len(reading.records) == 1
    assert [(note.line, note.reason) for note in reading.notes] == [(2, "duplicate")]


def test_records_are_generated_within_a_cap() -> None:
    reading = zonefile.read("$GENERATE 1-3 host$ 300 A 192.0.2.$", ZONE)
    assert [(record.source, record.target) for record in reading.records] == [
        ("host1", "192.0.2.1"),
        ("host2", "192.0.2.2"),
        ("host3", "192.0.2.3"),
    ]
    reading = zonefile.read("$GENERATE 1-9000 a$ A 192.0.2.1\n$GENERATE 1-9000 b$ A 192.0.2.1", ZONE)
    assert len(reading.records) == 9000
    assert [(fault.line, fault.reason) for fault in reading.faults] == [(2, "generate_too_much")]
    assert zonefile.read("$GENERATE 1-999999999999 a$ A 192.0.2.1", ZONE).faults[0].reason == "generate_too_much"
    assert zonefile.read("$GENERATE x a$ A 192.0.2.1", ZONE).faults[0].reason == "syntax"


def test_one_bad_generated_record_does_not_stop_the_file() -> None:
    reading = zonefile.read("$GENERATE 254-257 h$ 300 A 192.0.2.$\nwww 300 A 192.0.2.1", ZONE)
    assert [record.source for record in reading.records] == ["h254", "h255", "www"]
    assert [fault.line for fault in reading.faults] == [1]


def test_internationalised_names_and_texts_are_read() -> None:
    reading = zonefile.read('bücher 300 TXT "grüezi"\n_dmarc.bücher 300 CNAME straße.example.', ZONE)
    assert reading.faults == []
    assert reading.records == [
        RecordData("xn--bcher-kva", "TXT", 300, '"grüezi"'),
        RecordData("_dmarc.xn--bcher-kva", "CNAME", 300, "xn--strae-oqa.example"),
    ]


def test_an_open_parenthesis_is_a_fault_at_its_line() -> None:
    reading = zonefile.read("www 300 A 192.0.2.1\nmail 300 MX ( 10 mail\n\n", ZONE)
    assert [record.source for record in reading.records] == ["www"]
    assert [fault.line for fault in reading.faults] == [2]


def test_windows_line_ends_are_read() -> None:
    assert len(zonefile.read("a 300 A 192.0.2.1\r\nb 300 A 192.0.2.1\r\n", ZONE).records) == 2


def test_a_zone_is_written_in_columns_and_in_the_order_of_the_dns() -> None:
    lines = ["b A 192.0.2.2", "a.b A 192.0.2.3", ". MX 10 mail.example.com", "a TXT hello"]
    fields = [line.split(None, 2) for line in lines]
    records = [recorddata.read(source, rtype, 300, target, ZONE) for source, rtype, target in fields]
    text = zonefile.write(ZONE, SOA, ["ns2.example.net", "ns1.example.net"], records)
    assert text.splitlines() == [
        "$ORIGIN example.com.",
        "$TTL 3600",
        "@    3600 IN SOA    ns1.example.net. hostmaster.example.net. 2026112301 86400 7200 3600000 3600",
        "@    3600 IN NS     ns1.example.net.",
        "@    3600 IN NS     ns2.example.net.",
        "@     300 IN MX     10 mail.example.com.",
        'a     300 IN TXT    "hello"',
        "b     300 IN A      192.0.2.2",
        "a.b   300 IN A      192.0.2.3",
    ]
    assert text == zonefile.write(ZONE, SOA, ["ns1.example.net", "ns2.example.net"], records[::-1])


def test_what_is_written_is_a_zone_to_others() -> None:
    text = zonefile.write(ZONE, SOA, ["ns1.example.net"], [RecordData("www", "CNAME", 300, "example.net")])
    zone = dns.zone.from_text(text)
    assert str(zone.origin) == "example.com."
    assert zone["www"].to_text(dns.name.from_text("www", None)) == "www 300 IN CNAME example.net."


EVERY_TYPE = [
    ". A 192.0.2.1",
    "* AAAA 2001:db8::1",
    '. CAA 0 issue ";"',
    "alias CNAME _x.example.net",
    "tree DNAME bücher.example",
    "sub NS ns.sub.example.com",
    "sub DS 1 13 2 " + "ab" * 32,
    "ns.sub A 192.0.2.4",
    "nomail MX 0 .",
    "smime SMIMEA 3 1 1 " + "ab" * 32,
    "_sip._tcp SRV 1 2 3 sip.example.net.",
    "host SSHFP 4 2 " + "ab" * 32,
    "_25._tcp TLSA 3 1 1 " + "ab" * 32,
    'text TXT grüezi "q" \\ ; (x',
    r'bytes TXT "\000\255" "b"',
    "long TXT " + "x" * 700,
]


@pytest.mark.needs("named-checkzone")
def test_bind_takes_what_is_written_and_gives_back_the_same(tmp_path: Path) -> None:
    fields = [line.split(None, 2) for line in EVERY_TYPE]
    records = [recorddata.read(source, rtype, 300, target, ZONE) for source, rtype, target in fields]
    file, dump = tmp_path / "zone", tmp_path / "dump"
    file.write_text(zonefile.write(ZONE, SOA, ["ns1.example.net"], records))
    subprocess.run(["named-checkzone", "-q", "-i", "none", "-o", dump, ZONE, file], check=True)
    reading = zonefile.read(dump.read_text(), ZONE)
    assert reading.faults == []
    assert recorddata.in_order(reading.records) == recorddata.in_order(records)
