"""Whether the world sees a record: asks the name servers themselves. Called by the record's `check`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from alpage.products.dns import names, rdata
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server.secondary import Secondary
from alpage.settings import Settings

TIMEOUT_SECONDS = 2.0

Address = tuple[str, int]


def servers(settings: Settings) -> list[Address]:
    """The addresses of the platform's name servers: our own, and those that copy from it."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.dns_host, settings.dns_host)  # noqa: S104 - read, not bound
    listening = [(own, settings.dns_port)] if settings.dns_enabled else []
    return [*listening, *((secondary.host, secondary.port) for secondary in secondaries(settings))]


def secondaries(settings: Settings) -> list[Secondary]:
    """The name servers that copy our zones; with TSIG keys, they sign by the first of them."""
    key = settings.dns_keys[0].partition(":")[0] if settings.dns_keys else None
    return [Secondary(host, port, key) for host, port in map(read_address, settings.dns_secondaries)]


def read_address(text: str) -> Address:
    """An `address[:port]`, an IPv6 address with a port in brackets. Raises ValueError."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, int(port.removeprefix(":") or 53)
    if text.count(":") > 1:
        return text, 53
    host, _, port = text.partition(":")
    return host, int(port or 53)


def is_published(zone: str, record: RecordData, asked: Sequence[Address]) -> bool:
    """Whether at least one of the servers answers, and all that answer have the record."""
    if not asked:
        return False
    query = dns.message.make_query(names.absolute(record.source, zone), record.type)
    query.flags &= ~dns.flags.RD
    with ThreadPoolExecutor(len(asked)) as threads:
        answers = [answer for answer in threads.map(lambda address: _ask(query, address), asked) if answer is not None]
    return bool(answers) and all(_has(answer, record) for answer in answers)


def _ask(query: dns.message.Message, address: Address) -> dns.message.Message | None:
    host, port = address
    try:
        answer, _ = dns.query.udp_with_fallback(query, host, TIMEOUT_SECONDS, port)
    except (OSError, dns.exception.DNSException):
        return None
    return answer


def _has(answer: dns.message.Message, record: RecordData) -> bool:
    """Whether an answer carries the record; a delegation and its addresses stand beside the answer proper."""
    wanted, owner = rdata.to_rdata(record.type, record.target), answer.question[0].name
    return any(
        rrset.name == owner and wanted in rrset
        for section in (answer.answer, answer.authority, answer.additional)
        for rrset in section
        if rrset.rdtype == dns.rdatatype.from_text(record.type)
    )
