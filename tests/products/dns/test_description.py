"""The parts of a target and what they mean."""

import pytest

from alpage.products.dns import description, rdata

ALL_PARTS = {
    "priority": int,
    "port": int,
    "weight": int,
    "protocol": str,
    "flags": int,
    "tag": str,
    "usage": int,
    "selector": int,
    "matching_type": int,
    "algorithm": int,
    "key_tag": int,
    "digest_type": int,
    "digest": str,
    "mname": str,
    "rname": str,
    "serial": int,
    "refresh": int,
    "retry": int,
    "expire": int,
    "minimum_ttl": int,
}
SHA256 = "ab" * 32
TARGETS = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CAA": '0 issue "ca.example.net"',
    "CNAME": "a.example.net",
    "DNAME": "a.example.net",
    "DNSKEY": "257 3 13 mdsswUyr",
    "DS": f"1 13 2 {SHA256}",
    "MX": "10 mail.example.com",
    "NS": "ns.example.net",
    "PTR": "a.example.net",
    "SMIMEA": f"3 1 1 {SHA256}",
    "SOA": "ns.example.net h.xn--exmple-cua.ch 7 86400 5400 61 0",
    "SRV": "1 2 443 a.example.net",
    "SSHFP": f"4 2 {SHA256}",
    "TLSA": f"3 1 1 {SHA256}",
    "TXT": '"text"',
}


@pytest.mark.parametrize("rtype", rdata.READABLE)
def test_every_type_is_described_in_the_parts_of_the_contract(rtype: str) -> None:
    for name, part in description.describe(rtype, TARGETS[rtype], "_443._tcp").items():
        assert type(part["value"]) is ALL_PARTS[name]
        assert part["label"]


def test_every_part_of_the_contract_comes_from_some_type() -> None:
    described = {name for rtype, target in TARGETS.items() for name in description.describe(rtype, target, "_443._tcp")}
    assert described == set(ALL_PARTS)


def test_the_labels_say_what_a_value_means() -> None:
    ds = description.describe("DS", TARGETS["DS"])
    assert ds["algorithm"] == {"value": 13, "label": "ECDSAP256SHA256"}
    assert ds["digest_type"] == {"value": 2, "label": "SHA-256"}
    soa = description.describe("SOA", TARGETS["SOA"])
    assert soa["rname"] == {"value": "h.xn--exmple-cua.ch", "label": "h.exämple.ch"}
    assert [soa[name]["label"] for name in ("refresh", "retry", "expire", "minimum_ttl")] == [
        "1 d",
        "90 min",
        "61 s",
        "0 s",
    ]
    assert description.describe("CAA", '128 issue ";"')["flags"]["label"] == "Critical"


def test_the_protocol_comes_from_the_owner() -> None:
    assert description.describe("SRV", TARGETS["SRV"], "_sip._udp")["protocol"] == {"value": "udp", "label": "UDP"}
    assert "protocol" not in description.describe("SRV", TARGETS["SRV"], "www")
