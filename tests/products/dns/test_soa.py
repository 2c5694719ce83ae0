"""The start of authority and its serial numbers."""

import pytest

from alpage.products.dns import rdata, soa


@pytest.mark.parametrize(
    ("previous", "now", "expected"),
    [
        (None, 1_790_000_000, 1_790_000_000),
        (1_790_000_000, 1_790_000_050, 1_790_000_050),
        (1_790_000_000, 1_790_000_000, 1_790_000_001),
        (1_790_000_007, 1_790_000_000, 1_790_000_008),
        (2_026_112_301, 1_790_000_000, 2_026_112_302),
        (2**32 - 1, 2**32 - 1, 1),
        (2**32 - 1, 2**32 + 5, 5),
        (2**32 - 1, 2**32, 1),
        (4_000_000_000, 1_790_000_000, 1_790_000_000),
    ],
)
def test_the_next_serial_is_the_time_or_one_more(previous: int | None, now: int, expected: int) -> None:
    assert soa.next_serial(previous, now) == expected


@pytest.mark.parametrize(
    ("serial", "than", "newer"),
    [(2, 1, True), (1, 2, False), (1, 1, False), (0, 2**32 - 1, True), (2**31, 0, False), (2**31 - 1, 0, True)],
)
def test_serials_go_round(serial: int, than: int, newer: bool) -> None:
    assert soa.is_newer(serial, than) is newer


def test_a_mailbox_becomes_a_name() -> None:
    assert soa.mailbox_name("hostmaster@example.com") == "hostmaster.example.com"
    assert soa.mailbox_name("dns.admin@example.com") == r"dns\.admin.example.com"


def test_the_target_is_in_stored_form() -> None:
    target = soa.Soa("ns1.example.net", soa.mailbox_name("dns.admin@example.net"), 5).target
    assert rdata.parse("SOA", target, "example.com") == target
    assert rdata.to_rdata("SOA", target).to_text() == (
        r"ns1.example.net. dns\.admin.example.net. 5 86400 7200 3600000 3600"
    )
