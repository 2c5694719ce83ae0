"""From the octets of a request to the octets of its answer. The listeners call it; it knows no sockets.

Finished answers to datagrams are kept under the request's octets after its id, each with the zone version it was made
from: repeated questions, most of what a name server gets, cost one look in a dictionary.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig

from alpage.products.dns.server import tsig
from alpage.products.dns.server.lookup import Answer, Entry, resolve
from alpage.products.dns.server.message import AUTHORITATIVE, EDNS_PAYLOAD, TRUNCATED, Writer, header_only
from alpage.products.dns.server.metrics import Labels, Metrics, query_labels
from alpage.products.dns.server.query import IXFR, OPT, TSIG, FormatError, Query, parse
from alpage.products.dns.server.secondary import Secondary, may_transfer
from alpage.products.dns.server.transfer import full, incremental, messages
from alpage.products.dns.server.zone import SOA, Zone, is_newer

ANSWERS_KEPT = 65_536

AXFR = int(dns.rdatatype.AXFR)
_NOT_IMPLEMENTED = (dns.rdatatype.TKEY, dns.rdatatype.MAILA, dns.rdatatype.MAILB)
_SMALLEST_PAYLOAD, _LARGEST_MESSAGE = 512, 0xFFFF

log = logging.getLogger(__name__)


class Responder:
    """Answers requests from a dictionary of zones by apex, whose values other threads replace."""

    def __init__(
        self,
        zones: Mapping[bytes, Zone],
        secondaries: Sequence[Secondary],
        keys: Mapping[dns.name.Name, dns.tsig.Key],
        metrics: Metrics,
    ):
        self._zones = zones
        self._secondaries = secondaries
        self._keys = keys
        self._metrics = metrics
        self._kept: dict[bytes, tuple[bytes, Zone, Labels]] = {}

    def forget(self) -> None:
        """Drop the answers kept; needed when a zone appears, for it may lie below another."""
        self._kept = {}

    def datagram(self, wire: bytes, host: str) -> bytes | None:
        """Answer a datagram; None is no answer."""
        kept = self._kept.get(wire[2:])
        if kept and kept[1].current:
            self._metrics.queries[kept[2]] += 1
            return wire[:2] + kept[0]
        return next(self._guarded(wire, host, "udp"), None)

    def stream(self, wire: bytes, host: str) -> Iterator[bytes]:
        """Answer a message that came over TCP: with several for a transfer, with none if it is no request."""
        return self._guarded(wire, host, "tcp")

    def truncated(self, wire: bytes) -> bytes | None:
        """Answer a datagram so that its sender comes again over TCP."""
        if _is_no_request(wire):
            return None
        try:
            query = parse(wire)
        except FormatError:
            return None
        return _begin(query).finish(dns.rcode.NOERROR, TRUNCATED)

    def _guarded(self, wire: bytes, host: str, transport: str) -> Iterator[bytes]:
        if _is_no_request(wire):
            return
        try:
            yield from self._respond(wire, host, transport)
        except FormatError:
            yield self._unread(wire, dns.rcode.FORMERR, transport)
        except Exception:
            log.exception("no answer to the request %s", wire.hex())
            yield self._unread(wire, dns.rcode.SERVFAIL, transport)

    def _respond(self, wire: bytes, host: str, transport: str) -> Iterator[bytes]:
        if wire[2] & 0x78 != dns.opcode.QUERY:
            yield self._unread(wire, dns.rcode.NOTIMP, transport)
            return
        kept = self._kept  # taken before any zone is read, so that what `forget` dropped stays dropped
        query = parse(wire)
        signer = tsig.verify(wire, query.signature_start, self._keys) if query.signature_start else None
        rcode = _fault(query, signer)
        if rcode:
            yield self._reply(query, Answer(rcode), signer, transport)
        elif query.type in (AXFR, IXFR):
            yield from self._transfer(query, signer, host, transport)
        else:
            answer = resolve(self._zones, query.name, query.type)
            reply = self._reply(query, answer, signer, transport)
            if transport == "udp" and _is_worth_keeping(query, answer, signer):
                _keep(kept, wire, (reply[2:], answer.zones[0], query_labels(transport, query.type, answer.rcode)))
            yield reply

    def _transfer(self, query: Query, signer: tsig.Signer | None, host: str, transport: str) -> Iterator[bytes]:
        zone = self._zones.get(query.name)
        key = signer.key if signer else None
        if not may_transfer(self._secondaries, host, key.name if key else None):
            yield self._reply(query, Answer(dns.rcode.REFUSED), signer, transport)
        elif zone is None:
            yield self._reply(query, Answer(dns.rcode.NOTAUTH), signer, transport)
        elif (query.type == IXFR and query.serial is None) or (query.type == AXFR and transport == "udp"):
            yield self._reply(query, Answer(dns.rcode.FORMERR), signer, transport)
        elif transport == "udp":  # a secondary that sees a newer serial comes again over TCP (RFC 1995, section 2)
            self._metrics.transfers[transport, "IXFR", "SOA"] += 1
            yield self._reply(query, _soa_alone(zone), signer, transport)
        else:
            for message in self._zone_messages(query, zone):
                yield signer.sign(message) if signer else message

    def _zone_messages(self, query: Query, zone: Zone) -> Iterator[bytes]:
        asked, sent, records = "AXFR", "AXFR", None
        if query.serial is not None:
            asked, sent = "IXFR", "IXFR" if is_newer(zone.serial, query.serial) else "SOA"
            records = incremental(zone, query.serial)
        if records is None:
            sent, records = "AXFR", full(zone)
        self._metrics.transfers["tcp", asked, sent] += 1
        return messages(query, records)

    def _reply(self, query: Query, answer: Answer, signer: tsig.Signer | None, transport: str) -> bytes:
        self._metrics.queries[query_labels(transport, query.type, answer.rcode)] += 1
        limit = _size_limit(query, transport)
        if signer is None:
            return _render(query, answer, limit)
        return signer.sign(_render(query, answer, limit - signer.size))

    def _unread(self, wire: bytes, rcode: int, transport: str) -> bytes:
        self._metrics.queries[query_labels(transport, 0, rcode)] += 1
        return header_only(wire, rcode)


def _is_no_request(wire: bytes) -> bool:
    return len(wire) < 12 or bool(wire[2] & 0x80)


def _fault(query: Query, signer: tsig.Signer | None) -> int:
    """Give the response code for a request that is read but not looked up, else 0."""
    if signer and signer.error:
        return dns.rcode.NOTAUTH
    if query.edns and query.edns.version:
        return dns.rcode.BADVERS
    if query.type in (OPT, TSIG):
        return dns.rcode.FORMERR
    if query.type in _NOT_IMPLEMENTED:
        return dns.rcode.NOTIMP
    return 0 if query.rdclass == dns.rdataclass.IN else dns.rcode.REFUSED


def _soa_alone(zone: Zone) -> Answer:
    return Answer(authoritative=True, answer=[Entry(zone.apex, SOA, zone.names[zone.apex][SOA])])


def _is_worth_keeping(query: Query, answer: Answer, signer: tsig.Signer | None) -> bool:
    """Names that do not exist are left out: a flood of random ones would push out the rest."""
    if signer or (query.edns and query.edns.has_options):
        return False
    return answer.rcode == dns.rcode.NOERROR and len(answer.zones) == 1


def _keep(kept: dict[bytes, tuple[bytes, Zone, Labels]], wire: bytes, entry: tuple[bytes, Zone, Labels]) -> None:
    if len(kept) >= ANSWERS_KEPT:
        kept.clear()
    kept[wire[2:]] = entry


def _size_limit(query: Query, transport: str) -> int:
    if transport == "tcp":
        return _LARGEST_MESSAGE
    if query.edns is None:
        return _SMALLEST_PAYLOAD
    return max(_SMALLEST_PAYLOAD, min(query.edns.payload, EDNS_PAYLOAD))


def _begin(query: Query) -> Writer:
    return Writer(query.ident, query.flags, query.question, query.name)


def _render(query: Query, answer: Answer, limit: int) -> bytes:
    """Write an answer; one that is too long loses its optional glue, then everything (and says so)."""
    reply = _write(query, answer, [*answer.glue, *answer.optional_glue])
    if len(reply) > limit and answer.optional_glue:
        reply = _write(query, answer, answer.glue)
    if len(reply) > limit:
        writer = _begin(query)
        return _finish(writer, query, answer, TRUNCATED)
    return reply


def _write(query: Query, answer: Answer, glue: list[Entry]) -> bytes:
    writer = _begin(query)
    for section, entries in enumerate((answer.answer, answer.authority, glue), start=1):
        for owner, rdtype, rrset in entries:
            for rdata in rrset.rdatas:
                writer.add(section, owner, rdtype, rrset.ttl, rdata)
    return _finish(writer, query, answer)


def _finish(writer: Writer, query: Query, answer: Answer, flags: int = 0) -> bytes:
    if query.edns:
        writer.add_edns(query.edns, extended_rcode=answer.rcode >> 4)
    if answer.authoritative:
        flags |= AUTHORITATIVE
    return writer.finish(answer.rcode & 0xF, flags)
