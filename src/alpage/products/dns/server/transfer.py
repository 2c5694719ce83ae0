"""What a zone transfer sends: AXFR (RFC 5936) and IXFR (RFC 1995). `responder.py` calls it."""

from collections.abc import Iterator
from itertools import chain

from alpage.products.dns.server.message import AUTHORITATIVE, Writer
from alpage.products.dns.server.query import Query
from alpage.products.dns.server.zone import ResourceRecord, Zone, is_newer

MESSAGE_SIZE = 0x4000
"""Octets after which a new message begins: as far as a compressed name can point back."""


def full(zone: Zone) -> Iterator[ResourceRecord]:
    """List a zone as AXFR sends it, between two copies of its SOA."""
    return chain([zone.soa], zone.records(), [zone.soa])


def incremental(zone: Zone, serial: int) -> Iterator[ResourceRecord] | None:
    """List the steps from a serial to the zone's, as IXFR sends them; None if they are not kept that far back.

    A secondary that has the zone's serial, or a newer one, gets the SOA alone.
    """
    if not is_newer(zone.serial, serial):
        return iter([zone.soa])
    steps = list(zone.history)
    while steps and steps[0].serial_from != serial:
        del steps[0]
    if not steps:
        return None
    parts = [[[step.soa_before], step.removed, [step.soa_after], step.added] for step in steps]
    return chain([zone.soa], chain.from_iterable(chain.from_iterable(parts)), [zone.soa])


def messages(query: Query, records: Iterator[ResourceRecord], size: int = MESSAGE_SIZE) -> Iterator[bytes]:
    """Pack records into the messages that answer a transfer request; the first repeats the question."""
    writer = _begin(query, query.question)
    for record in records:
        if len(writer.buffer) + len(record.owner) + len(record.rdata) + 10 > size and len(writer.buffer) > 1_000:
            yield _end(writer, query)
            writer = _begin(query, b"")
        writer.add(1, *record)
    yield _end(writer, query)


def _begin(query: Query, question: bytes) -> Writer:
    return Writer(query.ident, query.flags, question, query.name)


def _end(writer: Writer, query: Query) -> bytes:
    if query.edns:
        writer.add_edns(query.edns)
    return writer.finish(0, AUTHORITATIVE)
