"""The same zones, the same questions: our answers are those of BIND, an independent implementation."""

import random
import subprocess
from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from alpage.products.dns import zonefile
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server import ZoneSnapshot
from alpage.products.dns.server.metrics import Metrics
from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.zone import build
from alpage.products.dns.soa import Soa

pytestmark = pytest.mark.needs("named")

RANDOM_ZONES = 40
TYPES = ("A", "AAAA", "CNAME", "DNAME", "DS", "MX", "NS", "SOA", "TXT")
LABELS = ("a", "b", "c", "*", "aa")


def random_zone(seed: int) -> ZoneSnapshot:
    """A small zone of few labels, so that wildcards, cuts, aliases and names between them meet often."""
    choose = random.Random(seed)  # noqa: S311  # no secret
    fqdn = f"z{seed}.test"
    records: dict[tuple[str, str], RecordData] = {}
    for _ in range(choose.randint(4, 14)):
        source = ".".join(choose.choices(LABELS, k=choose.randint(1, 3)))
        rtype = choose.choice(("A", "A", "AAAA", "TXT", "MX", "CNAME", "NS", "DNAME", "DS"))
        if _fits(records, source, rtype):
            records[source, rtype] = RecordData(source, rtype, 300, _target(choose, rtype, fqdn))
    return ZoneSnapshot(fqdn, seed + 1, (f"ns.{fqdn}",), [*records.values(), RecordData("ns", "A", 60, "192.0.2.53")])


def _fits(records: dict[tuple[str, str], RecordData], source: str, rtype: str) -> bool:
    """What a server accepts: an alias stands alone, and what RFC 4592 leaves undefined for wildcards is left out."""
    types = {held for name, held in records if name == source}
    if "*" in source and rtype in ("NS", "DNAME", "DS"):
        return False
    if rtype == "DS":
        return "NS" in types
    if rtype == "CNAME" or "CNAME" in types:
        return not types
    if rtype == "DNAME" or "DNAME" in types:
        return not types & {"NS", "DNAME"} and rtype != "NS"
    return True


def _target(choose: random.Random, rtype: str, fqdn: str) -> str:
    host = ".".join([*choose.choices(LABELS[:3], k=choose.randint(1, 2)), fqdn])
    return {
        "A": f"192.0.2.{choose.randint(1, 254)}",
        "AAAA": f"2001:db8::{choose.randint(1, 9999):x}",
        "TXT": f'"{choose.random()}"',
        "MX": f"10 {host}",
        "DS": "12345 13 2 " + "ab" * 32,
    }.get(rtype, host)


@pytest.fixture(scope="module")
def zones() -> dict[str, ZoneSnapshot]:
    return {zone.fqdn: zone for zone in map(random_zone, range(RANDOM_ZONES))}


@pytest.fixture(scope="module")
def named(
    tmp_path_factory: pytest.TempPathFactory, zones: dict[str, ZoneSnapshot], pick_port, wait_for
) -> Iterator[int]:
    """BIND with the same zones; gives its port."""
    folder, port = tmp_path_factory.mktemp("named"), pick_port()
    statements = [
        f'zone {fqdn} {{ type primary; file "{fqdn}"; check-names ignore; check-integrity no; }};' for fqdn in zones
    ]
    for zone in zones.values():
        soa = Soa(
            zone.nameservers[0],
            f"hostmaster.{zone.fqdn}",
            zone.serial,
            zone.refresh,
            zone.retry,
            zone.expire,
            zone.minimum_ttl,
            zone.authority_ttl,
        )
        (folder / zone.fqdn).write_text(zonefile.write(zone.fqdn, soa, zone.nameservers, zone.records))
    (folder / "named.conf").write_text(
        f"""options {{
            directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            recursion no; dnssec-validation no; zero-no-soa-ttl no; minimal-responses yes;
            pid-file none; session-keyfile "{folder}/session.key";
        }}; controls {{}};\n"""
        + "\n".join(statements)
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["/usr/sbin/named", "-g", "-c", folder / "named.conf"], stderr=log)
        try:
            wait_for(lambda: "all zones loaded" in (folder / "log").read_text())
            yield port
        finally:
            process.kill()
            process.wait()


def summary(message: dns.message.Message) -> tuple[object, ...]:
    """What an answer says, without the order of its records."""
    sections = [
        {(rrset.name.to_text(), rrset.rdtype, rrset.ttl, frozenset(map(str, rrset))) for rrset in section}
        for section in (message.answer, message.authority, message.additional)
    ]
    if message.rcode() == dns.rcode.SERVFAIL:  # a chain without end; where to give up is each server's own matter
        return (message.rcode(),)
    return message.rcode(), bool(message.flags & dns.flags.AA), *sections


def questions(zone: ZoneSnapshot) -> Iterator[dns.message.Message]:
    sources = {record.source for record in zone.records} | {"nowhere", "x.a", "y.x.a", "x.b.c", "c.b.a"}
    for source in sorted(sources):
        for rdtype in TYPES:
            yield dns.message.make_query(f"{source}.{zone.fqdn}", rdtype, use_edns=False, flags=0)
    for rdtype in TYPES:
        yield dns.message.make_query(zone.fqdn, rdtype, use_edns=False, flags=0)


def ask_named(query: dns.message.Message, port: int) -> dns.message.Message:
    """Ask as resolvers do: once more if a datagram got lost."""
    try:
        return dns.query.udp(query, "127.0.0.1", port=port, timeout=2)
    except dns.exception.Timeout:
        return dns.query.udp(query, "127.0.0.1", port=port, timeout=20)


def test_random_zones(zones: dict[str, ZoneSnapshot], named: int) -> None:
    for zone in zones.values():
        built = build(zone)
        responder = Responder({built.apex: built}, (), {}, Metrics())
        for query in questions(zone):
            ours = responder.datagram(query.to_wire(), "127.0.0.1")
            assert ours is not None
            theirs = ask_named(query, named)
            assert summary(dns.message.from_wire(ours)) == summary(theirs), (query.question[0].to_text(), zone.records)
