"""Where a request comes from, as proxies that are trusted tell it."""

import pytest

from alpage.api.networks import Networks

PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        (PROXY, "192.0.2.1", "192.0.2.1"),
        (PROXY, "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (PROXY, "192.0.2.1, 10.0.0.2", "192.0.2.1"),
        (PROXY, " 2001:db8::1 ", "2001:db8::1"),
        (PROXY, "", PROXY),
        (PROXY, "10.0.0.3", "10.0.0.3"),
        ("192.0.2.7", "192.0.2.1", "192.0.2.7"),
    ],
)
def test_the_last_that_is_no_proxy_of_ours(peer, named, client):
    assert Networks(["10.0.0.0/8"]).client(peer, named) == client


@pytest.mark.parametrize("named", ["unknown", "a" * 5000, "192.0.2.1:443", "fe80::1%eth0", "192.0.2.1,", "\xff"])
def test_what_is_no_address_counts_for_nothing(named):
    assert Networks(["10.0.0.0/8"]).client(PROXY, named) == PROXY


def test_a_proxy_between_stands_for_what_it_does_not_name():
    assert Networks(["10.0.0.0/8"]).client(PROXY, "192.0.2.1, nonsense, 10.0.0.2") == "10.0.0.2"


def test_nobody_is_believed_where_none_is_trusted():
    assert Networks([]).client(PROXY, "192.0.2.1") == PROXY
