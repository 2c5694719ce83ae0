"""dig reads what the API wrote."""

import pytest

from tests.clients.processes import HOST, run, until
from tests.clients.running import DOMAIN

pytestmark = pytest.mark.needs("dig")
TRANSPORTS = pytest.mark.parametrize("transport", ["+notcp", "+tcp"])


@pytest.fixture
def dig(running, tmp_path):
    def ask(*arguments):
        command = ["dig", "-r", f"@{HOST}", "-p", str(running.dns_port), "+time=2", "+tries=2"]
        return run([*command, *arguments], tmp_path)

    return ask


@pytest.fixture(scope="module")
def zone(running):
    """A zone with a few records, which the name server has."""
    made = running.make_zone(f"dig.{DOMAIN}")
    running.make_record(made, "www", "A", "192.0.2.1")
    running.make_record(made, "www", "A", "192.0.2.2")
    running.make_record(made, "www", "AAAA", "2001:db8::1")
    running.make_record(made, "shop", "CNAME", f"www.{made}")
    running.make_record(made, ".", "MX", f"10 mail.{made}")
    running.make_record(made, "long", "TXT", "x" * 400)
    running.make_record(made, "last", "TXT", "written after all others")
    until(lambda: running.ask(f"last.{made}", "TXT"), bool)
    return made


@TRANSPORTS
def test_short(dig, zone, transport):
    assert sorted(dig("+short", transport, f"www.{zone}", "A").split()) == ["192.0.2.1", "192.0.2.2"]
    assert dig("+short", transport, zone, "MX") == f"10 mail.{zone}.\n"
    assert dig("+short", transport, f"long.{zone}", "TXT") == f'"{"x" * 255}" "{"x" * 145}"\n'


@TRANSPORTS
def test_an_authoritative_answer(dig, zone, transport):
    printed = dig(transport, "+norecurse", f"www.{zone}", "AAAA")
    assert "status: NOERROR" in printed
    assert "flags: qr aa;" in printed
    assert "ANSWER: 1" in printed


@TRANSPORTS
def test_an_alias_is_followed(dig, zone, transport):
    lines = dig("+short", transport, f"shop.{zone}", "AAAA").split()
    assert lines == [f"www.{zone}.", "2001:db8::1"]


@TRANSPORTS
def test_a_name_there_is_not(dig, zone, transport):
    printed = dig(transport, f"nothing.{zone}", "A")
    assert "status: NXDOMAIN" in printed
    assert "AUTHORITY: 1" in printed
    assert "SOA" in printed


@TRANSPORTS
def test_a_type_there_is_not(dig, zone, transport):
    printed = dig(transport, f"shop.{zone}", "MX", "+norecurse")
    assert "status: NOERROR" in printed


@TRANSPORTS
def test_a_domain_of_nobody(dig, transport):
    assert "status: REFUSED" in dig(transport, "elsewhere.example", "A")


def test_any(dig, zone):
    printed = dig("+tcp", "+noall", "+answer", f"www.{zone}", "ANY")
    assert {line.split()[3] for line in printed.splitlines()} >= {"A"}


def test_a_transfer_is_refused(dig, zone):
    assert "Transfer failed" in dig(zone, "AXFR")


def test_a_change_is_served_within_two_seconds(running, dig, zone):
    record = running.make_record(zone, "changing", "A", "192.0.2.10")
    look = f"changing.{zone}"
    until(lambda: dig("+short", look, "A"), lambda printed: printed == "192.0.2.10\n", seconds=2)
    running.call("PUT", f"/2/zones/{zone}/records/{record}", {"target": "192.0.2.11", "ttl": 300})
    until(lambda: dig("+short", look, "A"), lambda printed: printed == "192.0.2.11\n", seconds=2)
    running.call("DELETE", f"/2/zones/{zone}/records/{record}")
    until(lambda: dig(look, "A"), lambda printed: "NXDOMAIN" in printed, seconds=2)
