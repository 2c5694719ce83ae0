"""Zone versions: a delta leads to what building the zone anew would give, and its history replays."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import ZoneDelta, ZoneSnapshot
from alpage.products.dns.server.transfer import full, incremental
from alpage.products.dns.server.zone import MisfitError, apply, build, inherit, is_newer

source = st.lists(st.sampled_from(["a", "b", "c", "*"]), min_size=1, max_size=3).map(".".join)
record = st.one_of(
    st.builds(
        RecordData, source, st.just("A"), st.sampled_from([60, 300]), st.sampled_from(["192.0.2.1", "192.0.2.2"])
    ),
    st.builds(RecordData, source, st.sampled_from(["NS", "DNAME"]), st.just(60), st.just("host.example.org")),
)
records = st.lists(record, max_size=12, unique_by=lambda record: record.identity)


def zone_of(serial, held):
    return build(ZoneSnapshot("example.ch", serial, ("ns.alpage.test",), list(held)))


def delta(serial, old, new):
    return ZoneDelta(
        serial, serial + 1, [each for each in old if each not in new], [each for each in new if each not in old]
    )


def shape(zone):
    return zone.serial, zone.names, zone.below, zone.cuts


@given(records, records)
def test_a_delta_leads_to_the_zone_that_a_snapshot_gives(old, new):
    before = zone_of(1, old)
    kept = before.names.copy(), before.below.copy(), before.cuts.copy()
    assert shape(apply(before, delta(1, old, new), 10)) == shape(zone_of(2, new))
    assert kept == (before.names, before.below, before.cuts)


@given(st.lists(records, min_size=2, max_size=6), st.integers(0, 4))
def test_the_history_replays(states, start):
    start = min(start, len(states) - 1)
    zone = zone_of(1, states[0])
    seen = [zone]
    for serial, (old, new) in enumerate(itertools.pairwise(states), start=1):
        zone = apply(zone, delta(serial, old, new), 10)
        seen.append(zone)
    assert replay(seen[start], zone) == set(full(zone))


@given(records, records)
def test_a_snapshot_gets_the_same_history_as_a_delta(old, new):
    before, after = zone_of(1, old), zone_of(2, new)
    inherit(before, after, 10)
    assert after.history == apply(before, delta(1, old, new), 10).history


def replay(old, new):
    """What a secondary that has one version holds after the incremental transfer (RFC 1995, section 4)."""
    stream = list(incremental(new, old.serial))
    assert stream[0] == stream[-1] == new.soa
    held, removing = set(full(old)), False
    for record in stream[1:-1] if len(stream) > 1 else []:
        if record.type == new.soa.type:
            removing = not removing
        if removing:
            held.remove(record)
        else:
            assert record not in held
            held.add(record)
    return held


@pytest.mark.parametrize(
    "misfit",
    [
        ZoneDelta(2, 3, [], []),
        ZoneDelta(1, 1, [], []),
        ZoneDelta(1, 0, [], []),
        ZoneDelta(1, 2, [RecordData("a", "A", 60, "192.0.2.9")], []),
        ZoneDelta(1, 2, [], [RecordData("a", "A", 300, "192.0.2.1")]),
    ],
)
def test_a_delta_that_does_not_fit(misfit):
    with pytest.raises(MisfitError):
        apply(zone_of(1, [RecordData("a", "A", 60, "192.0.2.1")]), misfit, 10)


def test_the_history_is_bounded_in_steps_and_in_records():
    zone = zone_of(1, [])
    for serial in range(1, 6):
        zone = apply(zone, ZoneDelta(serial, serial + 1, [], [RecordData(f"h{serial}", "A", 60, "192.0.2.1")]), 3)
    assert [change.serial_from for change in zone.history] == [3, 4, 5]
    assert incremental(zone, 2) is None
    many = [RecordData(f"m{number}", "A", 60, "192.0.2.1") for number in range(2000)]
    zone = apply(zone, ZoneDelta(6, 7, [], many), 3)
    zone = apply(zone, ZoneDelta(7, 8, many, []), 3)
    assert zone.history == ()


def test_serials_live_in_a_circle():
    assert is_newer(2, 1)
    assert is_newer(0, 2**32 - 1)
    assert not is_newer(1, 1)
    assert not is_newer(2**31 + 1, 1)


@pytest.mark.parametrize(
    "broken",
    [
        RecordData("a", "A", 60, "not an address"),
        RecordData("a", "NONSENSE", 60, "x"),
        RecordData("a..b", "A", 60, "192.0.2.1"),
        RecordData(".".join(["x" * 60] * 4), "A", 60, "192.0.2.1"),
    ],
)
def test_a_record_that_does_not_parse_is_named(broken):
    with pytest.raises(ValueError, match=r"RecordData\("):
        zone_of(1, [broken])


def test_a_zone_needs_a_name_server():
    with pytest.raises(ValueError, match="no name server"):
        build(ZoneSnapshot("example.ch", 1, (), []))
