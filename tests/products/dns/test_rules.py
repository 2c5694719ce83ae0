"""What may stand together in a zone."""

import pytest

from alpage.products.dns import recorddata, rules
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.rules import Change, Snapshot

ZONE = "example.com"


def record(line: str) -> RecordData:
    source, rtype, target = line.split(None, 2)
    return recorddata.read(source, rtype, 300, target, ZONE)


def add(*lines: str) -> list[Change]:
    return [Change(added=record(line)) for line in lines]


def broken(changes: list[Change], *existing: str) -> list[tuple[int, str]]:
    faults = rules.check(ZONE, changes, Snapshot(map(record, existing)))
    return [(fault.index, fault.reason) for fault in faults]


@pytest.mark.parametrize(
    ("existing", "added"),
    [
        (["www A 192.0.2.1"], "www A 192.0.2.2"),
        (["www A 192.0.2.1"], "www AAAA 2001:db8::1"),
        (["www A 192.0.2.1"], "mail CNAME www.example.com"),
        ([], ". DNAME example.net"),
        (["sub NS ns.example.net"], "sub DS 1 13 2 " + "ab" * 32),
        (["sub NS ns.sub.example.com"], "ns.sub A 192.0.2.1"),
        (["sub NS sub.example.com"], "sub A 192.0.2.1"),
        (["ns.sub A 192.0.2.1"], "sub NS ns.sub.example.com"),
        (["sub NS ns.example.net"], "sub NS ns2.example.net"),
        (["old DNAME example.net"], "old A 192.0.2.1"),
        ([], "sub DS 1 13 2 " + "ab" * 32),
        (["* A 192.0.2.1"], "www CNAME example.net"),
    ],
)
def test_what_may_stand_together(existing: list[str], added: str) -> None:
    assert broken(add(added), *existing) == []


@pytest.mark.parametrize(
    ("existing", "added", "reason", "code"),
    [
        (["www A 192.0.2.1"], "www A 192.0.2.1", "duplicate", rules.DUPLICATE),
        (["www A 192.0.2.1"], "www CNAME example.net", "cname_beside_others", rules.EXCLUSION),
        (["www CNAME example.net"], "www A 192.0.2.1", "cname_beside_others", rules.EXCLUSION),
        (["www CNAME example.net"], "www CNAME example.org", "cname_twice", rules.EXCLUSION),
        (["www DNAME example.net"], "www DNAME example.org", "dname_twice", rules.EXCLUSION),
        ([], ". CNAME example.net", "cname_at_apex", rules.EXCLUSION),
        ([], ". NS ns.example.net", "ns_at_apex", rules.INVALID),
        ([], ". DS 1 13 2 " + "ab" * 32, "ds_at_apex", rules.INVALID),
        ([], "*.sub NS ns.example.net", "wildcard_type", rules.INVALID),
        ([], "www CNAME www.example.com", "alias_of_itself", rules.INVALID),
        ([], "old DNAME new.old.example.com", "alias_of_itself", rules.INVALID),
        (["old DNAME example.net"], "a.b.old A 192.0.2.1", "below_dname", rules.EXCLUSION),
        (["a.b.old A 192.0.2.1"], "old DNAME example.net", "below_dname", rules.EXCLUSION),
        (["www A 192.0.2.1"], ". DNAME example.net", "below_dname", rules.EXCLUSION),
        (["sub NS ns.example.net"], "www.sub TXT hello", "below_delegation", rules.EXCLUSION),
        (["sub NS ns.example.net"], "deep.sub NS ns.example.net", "below_delegation", rules.EXCLUSION),
        (["www.sub TXT hello"], "sub NS ns.example.net", "below_delegation", rules.EXCLUSION),
        (["sub NS ns.example.net"], "sub TXT hello", "at_delegation", rules.EXCLUSION),
        (["sub TXT hello"], "sub NS ns.example.net", "at_delegation", rules.EXCLUSION),
    ],
)
def test_what_may_not_stand_together(existing: list[str], added: str, reason: str, code: str) -> None:
    faults = rules.check(ZONE, add(added), Snapshot(map(record, existing)))
    assert [(fault.index, fault.code, fault.reason) for fault in faults] == [(0, code, reason)]
    assert faults[0].message.endswith(".")


def test_types_that_are_only_read_are_refused() -> None:
    soa = RecordData("www", "PTR", 300, "example.net")
    assert broken([Change(added=soa)]) == [(0, "type_read_only")]


def test_the_order_of_a_set_has_no_meaning() -> None:
    swap = [*add("www CNAME example.net"), Change(removed=record("www A 192.0.2.1"))]
    assert broken(swap, "www A 192.0.2.1") == []
    assert broken(swap[::-1], "www A 192.0.2.1") == []


def test_a_record_may_take_the_place_of_another() -> None:
    change = Change(removed=record("www CNAME example.net"), added=record("www CNAME example.org"))
    assert broken([change], "www CNAME example.net") == []


def test_a_change_of_the_time_to_live_alone_is_no_duplicate() -> None:
    slower = RecordData("www", "A", 600, "192.0.2.1")
    assert broken([Change(removed=record("www A 192.0.2.1"), added=slower)], "www A 192.0.2.1") == []
    assert broken([Change(added=slower)], "www A 192.0.2.1") == [(0, "duplicate")]


def test_all_faults_come_with_the_index_of_their_change() -> None:
    changes = [
        *add("ok A 192.0.2.1", "twice A 192.0.2.1", "twice A 192.0.2.1", ". CNAME example.net"),
        Change(removed=record("gone A 192.0.2.1")),
        *add("mixed CNAME example.net", "mixed TXT hello"),
    ]
    assert broken(changes) == [
        (2, "duplicate"),
        (3, "cname_at_apex"),
        (4, "removed_is_absent"),
        (5, "cname_beside_others"),
        (6, "cname_beside_others"),
    ]


def test_a_record_is_removed_once() -> None:
    gone = Change(removed=record("www A 192.0.2.1"))
    assert broken([gone, gone], "www A 192.0.2.1") == [(1, "removed_is_absent")]


def test_a_set_that_loses_its_delegation_takes_other_records() -> None:
    changes = [Change(removed=record("sub NS ns.example.net")), *add("sub TXT hello", "www.sub TXT hello")]
    assert broken(changes, "sub NS ns.example.net") == []


def test_records_that_are_removed_do_not_stand_below_a_new_dname() -> None:
    changes = [Change(removed=record("a.old A 192.0.2.1")), *add("old DNAME example.net")]
    assert broken(changes, "a.old A 192.0.2.1") == []


def test_old_faults_do_not_stop_other_edits() -> None:
    existing = ["www CNAME example.net", "www A 192.0.2.1"]
    assert broken([Change(removed=record("www A 192.0.2.1"))], *existing) == []
    assert broken(add("ftp A 192.0.2.1"), *existing) == []


def test_a_set_must_fit_in_an_answer() -> None:
    texts = [f"big TXT {number:04}{'x' * 250}" for number in range(300)]
    reasons = {reason for _, reason in broken(add(*texts))}
    assert reasons == {"set_too_large"}
    assert broken(add(*texts[:200])) == []


def test_only_what_is_needed_is_asked_for() -> None:
    changes = [
        *add("a.b A 192.0.2.1", "sub NS ns.example.net"),
        Change(removed=record("x.y TXT hello")),
    ]
    needed = rules.needed(changes)
    assert needed.names == {"a.b", "b", ".", "sub", "x.y"}
    assert needed.subtrees == {"sub"}


def test_a_check_stays_within_what_it_said_it_needs() -> None:
    changes = add("a.b A 192.0.2.1", "sub NS ns.example.net", "old DNAME example.net", ". TXT hello")
    needed = rules.needed(changes)

    class Watched(Snapshot):
        def at(self, source: str) -> list[RecordData]:
            assert source in needed.names
            return list(super().at(source))

        def below(self, source: str):  # type: ignore[no-untyped-def]  # a twin of the method above
            assert source in needed.subtrees
            return super().below(source)

    assert rules.check(ZONE, changes, Watched([])) == []


def test_a_set_is_served_with_the_newest_time_to_live() -> None:
    old, new = RecordData("www", "A", 300, "192.0.2.1"), RecordData("www", "A", 600, "192.0.2.2")
    other = RecordData("www", "TXT", 60, '"a"')
    served = rules.with_one_ttl([old, other, new])
    assert served == [RecordData("www", "A", 600, "192.0.2.1"), other, new]
