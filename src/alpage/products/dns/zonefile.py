"""Zone files (RFC 1035, 5): read for import, written for export and for name servers that load files.

Reading goes on after a fault, so that one pass shows all of them, each with its line. A zone file names the
SOA and the name servers of its zone; here both come from the platform, so they are passed over and noted.
Times to live out of bounds are brought within them and noted too: files from elsewhere say 0 or 7 days often
enough, and refusing them would only make people edit them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

import dns.exception
import dns.grange
import dns.name
import dns.rdata
import dns.rdataclass
import dns.tokenizer
import dns.transaction
import dns.zonefile

from alpage.products.dns import names, rdata, recorddata
from alpage.products.dns.recorddata import MAX_TTL_SECONDS, MIN_TTL_SECONDS, RecordData
from alpage.products.dns.soa import Soa

DEFAULT_TTL_SECONDS = 3600
MAX_GENERATED = 10_000

# Labels in ASCII pass as they are: IDNA would refuse the underscore of _dmarc.
_codec = dns.name.IDNA2008Codec(uts_46=True, allow_pure_ascii=True)
_widest_aligned_owner = 40
_quoted_or_comment = re.compile(r'"(?:[^"\\\n]|\\.)*"|;[^\n]*|\\.')


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about one line, counted from 1: `reason` for programs, the message for people."""

    line: int
    reason: str
    message: str


@dataclass(slots=True)
class Reading:
    """What a zone file holds.

    `lines[i]` is where `records[i]` stands. `faults` are lines that could not be taken, `notes` lines that
    were passed over or taken otherwise than written.
    """

    records: list[RecordData] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def read(text: str, zone: str) -> Reading:
    """Read a zone file; $ORIGIN, $TTL and $GENERATE work, $INCLUDE is refused."""
    return _Reader(zone).read(text)


def write(zone: str, soa: Soa, nameservers: Iterable[str], records: Iterable[RecordData]) -> str:
    """Write a zone file: always the same text for the same zone, the names in DNS order and in columns."""
    own = [RecordData(names.APEX, "SOA", soa.ttl, soa.target)]
    own += [RecordData(names.APEX, "NS", soa.ttl, server) for server in sorted(nameservers)]
    everything = [*own, *recorddata.in_order(records)]
    owners = ["@" if record.source == names.APEX else record.source for record in everything]
    width = min(max(map(len, owners)), _widest_aligned_owner)
    lines = [f"$ORIGIN {zone}.", f"$TTL {DEFAULT_TTL_SECONDS}"]
    for owner, record in zip(owners, everything, strict=True):
        target = rdata.presentation(record.type, record.target)
        lines.append(f"{owner:<{width}} {record.ttl:>5} IN {record.type:<6} {target}")
    return "\n".join(lines) + "\n"


class _Reader:
    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._reading = Reading()
        self._seen: set[tuple[str, str, str]] = set()
        self._generated = 0
        self._line = 1
        # dnspython passes over names outside of the origin in silence. Under the root nothing is outside,
        # so every name reaches us.
        self._file = dns.zonefile.Reader(
            dns.tokenizer.Tokenizer(""),
            dns.rdataclass.IN,
            cast("dns.transaction.Transaction", _Sink(self)),
            allow_directives=("$ORIGIN", "$TTL", "$GENERATE"),
        )
        self._file.current_origin = self._file.last_name = dns.name.from_text(zone)
        self._file.last_ttl, self._file.last_ttl_known = DEFAULT_TTL_SECONDS, True

    def read(self, text: str) -> Reading:
        for self._line, entry in _entries(text):
            try:
                self._check_directive(entry)
                self._file.tok = dns.tokenizer.Tokenizer(entry, idna_codec=_codec)
                self._file.read()
            except (names.InvalidNameError, rdata.InvalidRecordError) as error:
                self._fault(error.reason, error.message)
            except (dns.exception.DNSException, ValueError) as error:
                self._fault("syntax", f"This is not a line of a zone file: {_in_short(error)}.")
        return self._reading

    def take(self, name: dns.name.Name, ttl: int, data: dns.rdata.Rdata) -> None:
        """Take one record as dnspython read it."""
        rtype = data.rdtype.name
        owner = names.relative(name.to_text(), self._zone)
        if rtype == "SOA" or (rtype == "NS" and owner == names.APEX):
            self._note(
                "own_record",
                f"The {rtype} record is passed over: the platform makes its own for {self._zone}.",
            )
            return
        rdata.check_writable(rtype)
        bounded = min(max(ttl, MIN_TTL_SECONDS), MAX_TTL_SECONDS)
        record = RecordData(owner, rtype, bounded, rdata.parse(rtype, data.to_text(), self._zone))
        if record.identity in self._seen:
            self._note("duplicate", f"The {rtype} record stands in the file twice and is taken once.")
            return
        if bounded != ttl:
            self._note("ttl_bounded", f"The time to live of {ttl} seconds becomes {bounded}.")
        self._seen.add(record.identity)
        self._reading.records.append(record)
        self._reading.lines.append(self._line)

    def _check_directive(self, entry: str) -> None:
        words = entry.split(None, 2)
        directive = words[0].upper() if words else ""
        if directive == "$INCLUDE":
            raise rdata.InvalidRecordError("include", "$INCLUDE is refused: the file must hold all of the zone itself.")
        if directive == "$GENERATE" and len(words) > 1:
            self._generated += _generated_count(words[1])
            if self._generated > MAX_GENERATED:
                raise rdata.InvalidRecordError("generate_too_much", f"$GENERATE makes {MAX_GENERATED} records at most.")

    def _fault(self, reason: str, message: str) -> None:
        self._reading.faults.append(Remark(self._line, reason, message))

    def _note(self, reason: str, message: str) -> None:
        self._reading.notes.append(Remark(self._line, reason, message))


class _Sink:
    """The few methods of a dnspython transaction that its zone-file reader calls."""

    def __init__(self, reader: _Reader) -> None:
        self.manager = self
        self.add = reader.take

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        return (dns.name.root, False, dns.name.root)

    def check_put_rdataset(self, check: object) -> None:
        """Leave out dnspython's check for CNAMEs beside others: the rules of the zone do it, and say more."""

    def _set_origin(self, origin: dns.name.Name) -> None:
        """Ignore a new $ORIGIN: it does not move the zone."""


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Cut a file into its entries, each with its line: mostly one line, more where parentheses are open."""
    lines = text.replace("\r\n", "\n").split("\n")
    start, depth = 0, 0
    gathered: list[str] = []
    for number, line in enumerate(lines, 1):
        if depth == 0:
            start, gathered = number, []
        gathered.append(line)
        if "(" in line or ")" in line:
            bare = _quoted_or_comment.sub("", line)
            depth = max(0, depth + bare.count("(") - bare.count(")"))
        if depth == 0 and line.strip():
            yield start, "\n".join(gathered)
    if depth:
        yield start, "\n".join(gathered)


def _generated_count(span: str) -> int:
    try:
        start, stop, step = dns.grange.from_text(span)
    except (dns.exception.DNSException, ValueError, AssertionError) as error:
        raise rdata.InvalidRecordError("syntax", "$GENERATE needs a range such as 1-20 or 0-100/10.") from error
    return (stop - start) // step + 1


def _in_short(error: Exception) -> str:
    """Give dnspython's words without its file and line, which count within one entry."""
    return re.sub(r"^<?[a-z]*>?:\d+: ", "", str(error)).rstrip(".")[:200]
