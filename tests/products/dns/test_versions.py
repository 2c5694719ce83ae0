"""Differences between versions of a zone."""

import pytest

from alpage.products.dns import versions
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.versions import Delta

A1 = RecordData("www", "A", 300, "192.0.2.1")
A1_SLOWER = RecordData("www", "A", 600, "192.0.2.1")
A2 = RecordData("www", "A", 300, "192.0.2.2")
A3 = RecordData("www", "A", 300, "192.0.2.3")
TEXT = RecordData("a", "TXT", 300, '"hello"')


def test_a_difference_holds_what_goes_and_what_comes() -> None:
    assert versions.diff([A1, TEXT], [A2, TEXT]) == Delta(removed=(A1,), added=(A2,))
    assert not versions.diff([A1, TEXT], [TEXT, A1])
    assert versions.diff([A1], [A1_SLOWER])


def test_a_difference_leads_there_and_back() -> None:
    delta = versions.diff([A1, TEXT], [A2, A3])
    assert versions.apply([TEXT, A1], delta) == [A2, A3]
    assert versions.apply([A2, A3], versions.invert(delta)) == [TEXT, A1]


def test_a_difference_only_fits_where_it_was_made_for() -> None:
    with pytest.raises(versions.DeltaMismatchError):
        versions.apply([], Delta(removed=(A1,)))
    with pytest.raises(versions.DeltaMismatchError):
        versions.apply([A1], Delta(added=(A1,)))


def test_two_differences_become_one() -> None:
    there, back = Delta(removed=(A1,), added=(A2,)), Delta(removed=(A2,), added=(A1,))
    assert not versions.compose([there, back])
    assert versions.compose([there, Delta(removed=(A2,), added=(A3,))]) == Delta(removed=(A1,), added=(A3,))


def test_a_person_reads_what_changed() -> None:
    delta = versions.diff([A1, A2, TEXT], [A1_SLOWER, A3, RecordData("b", "A", 60, "192.0.2.9")])
    assert versions.explain(delta) == [
        {"change": "removed", "source": "a", "type": "TXT", "before": {"ttl": 300, "target": '"hello"'}},
        {"change": "added", "source": "b", "type": "A", "after": {"ttl": 60, "target": "192.0.2.9"}},
        {
            "change": "changed",
            "source": "www",
            "type": "A",
            "before": {"ttl": 300, "target": "192.0.2.1"},
            "after": {"ttl": 600, "target": "192.0.2.1"},
        },
        {
            "change": "changed",
            "source": "www",
            "type": "A",
            "before": {"ttl": 300, "target": "192.0.2.2"},
            "after": {"ttl": 300, "target": "192.0.2.3"},
        },
    ]
