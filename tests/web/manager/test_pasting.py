"""What is pasted is taken apart: lines of zone files, tables, and what is neither."""

import pytest

from alpage.web.manager import bulk, pasting
from alpage.web.manager.pasting import Line

ZONE = "alm.example"


def lines(text):
    return [(one.source, one.type, one.ttl, one.target) for one in pasting.read(text, ZONE).lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("www 300 IN A 192.0.2.1", ("www", "A", 300, "192.0.2.1")),
        ("www IN 300 A 192.0.2.1", ("www", "A", 300, "192.0.2.1")),
        ("www\tA\t192.0.2.1", ("www", "A", None, "192.0.2.1")),
        ("www 1h30m a 192.0.2.1", ("www", "A", 5400, "192.0.2.1")),
        ("$TTL 1d\nwww A 192.0.2.1", ("www", "A", 86_400, "192.0.2.1")),
        (
            "$ORIGIN shop.alm.example.\nwww CNAME host",
            ("www.shop.alm.example.", "CNAME", None, "host.shop.alm.example"),
        ),
        ("@ MX 10 mail", ("@", "MX", None, "10 mail.alm.example")),
        ("www CNAME other.example.", ("www", "CNAME", None, "other.example.")),
        ("www A 192.0.2.1 ; the web", ("www", "A", None, "192.0.2.1")),
        ('@ TXT "v=spf1; -all" ; not cut at the first', ("@", "TXT", None, '"v=spf1; -all"')),
        ('k TXT ( "a"\n  "b" )', ("k", "TXT", None, '"a"   "b"')),
        ("300 A 192.0.2.1", ("300", "A", None, "192.0.2.1")),
    ],
)
def test_lines_of_zone_files(text, expected):
    assert lines(text) == [expected]


def test_a_line_that_begins_with_a_space_belongs_to_the_name_above():
    assert [one[0] for one in lines("www A 192.0.2.1\n    AAAA 2001:db8::1")] == ["www", "www"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,type,ttl,value\nwww,A,300,192.0.2.1", ("www", "A", 300, "192.0.2.1")),
        ("Type\tHost\tContent\nA\twww\t192.0.2.1", ("www", "A", None, "192.0.2.1")),
        ("www;A;300;192.0.2.1", ("www", "A", 300, "192.0.2.1")),
        ('name,type,value\n@,TXT,"v=spf1, -all"', ("@", "TXT", None, "v=spf1, -all")),
        ("name,type,prio,value\n@,MX,10,mail.alm.example", ("@", "MX", None, "10 mail.alm.example")),
    ],
)
def test_tables(text, expected):
    assert lines(text) == [expected]


def test_what_cannot_be_read_is_named_by_its_line():
    reading = pasting.read("www A 192.0.2.1\n\nnonsense\nwww A\n$INCLUDE other", ZONE)
    assert [fault.number for fault in reading.faults] == [3, 4, 5]
    reading = pasting.read("name,type,ttl,value\nwww,A,soon,192.0.2.1\nwww,A,,\n", ZONE)
    assert [fault.number for fault in reading.faults] == [2, 3]


def test_what_the_platform_makes_itself_is_passed_over():
    reading = pasting.read("@ SOA a b 1 2 3 4 5\n@ NS ns1.alm.example.\nshop NS ns1.other.example.", ZONE)
    assert [note.number for note in reading.notes] == [1, 2]
    assert [one.source for one in reading.lines] == ["shop"]


def test_a_minus_deletes():
    reading = pasting.read("- www A 192.0.2.1\n- mail A\n-dash A 192.0.2.1", ZONE)
    assert [(one.source, one.target, one.goes) for one in reading.lines] == [
        ("www", "192.0.2.1", True),
        ("mail", "", True),
        ("-dash", "192.0.2.1", False),
    ]


def record(number, line):
    source, rtype, ttl, target = line.split(" ", 3)
    return {"id": number, "source": source, "type": rtype, "ttl": int(ttl), "target": target}


RECORDS = [
    record(1, ". A 3600 192.0.2.10"),
    record(2, "mail A 600 192.0.2.25"),
    record(3, "mail A 600 192.0.2.26"),
    record(4, ". MX 3600 10 mail.alm.example"),
    record(5, "xn--bcher-kva AAAA 3600 2001:db8::1"),
]


def draft(text, *, replaces=False):
    return bulk.draft(pasting.read(text, ZONE).lines, RECORDS, ZONE, replaces=replaces)


def test_a_new_record_of_a_set_takes_its_time_to_live():
    assert draft("mail A 192.0.2.27").create == [{"source": "mail", "type": "A", "ttl": 600, "target": "192.0.2.27"}]
    assert draft("ftp A 192.0.2.27").create[0]["ttl"] == 3600


@pytest.mark.parametrize(
    "line",
    ["@ A 192.0.2.10", "alm.example. MX 10 MAIL.alm.example.", "bücher AAAA 2001:0db8:0::1", "@ 3600 A 192.0.2.10"],
)
def test_what_is_there_in_another_spelling_is_there(line):
    made = draft(line)
    assert not made
    assert made.present == 1


def test_another_time_to_live_is_a_change():
    assert draft("@ 60 A 192.0.2.10").update == [{"id": 1, "ttl": 60}]


def test_replacing_keeps_what_it_can():
    made = draft("mail A 192.0.2.26\nmail A 192.0.2.30", replaces=True)
    assert made.body == {"create": [], "update": [{"id": 2, "ttl": 600, "target": "192.0.2.30"}], "delete": []}
    assert draft("mail A 192.0.2.26", replaces=True).body == {"create": [], "update": [], "delete": [2]}
    assert draft("@ A 192.0.2.10", replaces=True).delete == []


def test_deleting_by_name_and_type_or_by_the_whole_record():
    assert draft("- mail A").delete == [2, 3]
    assert draft("- mail A 192.0.2.26").delete == [3]
    assert [fault.number for fault in draft("- ftp A").faults] == [1]


def test_the_same_line_twice_counts_once():
    assert len(draft("ftp A 192.0.2.1\nftp A 192.0.2.1").create) == 1


def test_each_change_knows_its_line():
    made = draft("\nftp A 192.0.2.1\n- mail A 192.0.2.25\n@ 60 A 192.0.2.10")
    assert made.places == {"create.0": 2, "delete.0": 3, "update.0": 4}


def test_lines_are_left_out_by_number():
    given = [Line(1, "a", "A", None, "x"), Line(2, "b", "A", None, "x")]
    assert bulk.without(given, [1]) == given[1:]
