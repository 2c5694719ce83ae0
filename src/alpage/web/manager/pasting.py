"""Pasted records: lines of a zone file, or a table (CSV, or cells copied out of a spreadsheet).

What is read here is only taken apart; whether it is a record is for the API to say. A line may begin with a minus: then
the record it names shall go.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from alpage.web.translations.catalogues import N_

TYPES = (
    "A", "AAAA", "CAA", "CNAME", "DNAME", "DNSKEY", "DS", "MX", "NS", "PTR", "SMIMEA", "SOA", "SRV", "SSHFP", "TLSA",
    "TXT",
)  # fmt: skip
POINTING = ("CNAME", "DNAME", "MX", "NS", "PTR", "SRV")  # their last word is the name of a machine
CLASSES = ("IN", "CH", "HS")
DELIMITERS = "\t;,"
UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

HEADS = {
    "source": ("name", "source", "host", "hostname", "record"),
    "type": ("type",),
    "ttl": ("ttl",),
    "target": ("target", "value", "content", "data", "answer", "rdata"),
    "priority": ("priority", "prio", "preference"),
}
WITHOUT_HEAD = ("source", "type", "ttl", "target")
WITHOUT_HEAD_AND_TTL = ("source", "type", "target")

_duration = re.compile(r"(?:\d+[smhdw]?)+", re.IGNORECASE)
_duration_part = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_outside_quotes = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|([;()])')


@dataclass(frozen=True, slots=True)
class Line:
    """A record as it was pasted. Without a time to live, it takes that of its set; `target` may be empty to remove."""

    number: int
    source: str
    type: str
    ttl: int | None
    target: str
    goes: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a line, as a message to be translated."""

    number: int
    message: str


@dataclass(slots=True)
class Reading:
    """What was pasted: its lines, what cannot be read, and what is passed over."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def read(text: str, zone: str) -> Reading:
    """The records of a text, in whichever of the two ways it is written."""
    rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    reading = Reading()
    delimiter = _delimiter([line for _, line in rows])
    lines = _table(rows, delimiter, reading) if delimiter else _zone_file(rows, zone, reading)
    for line in lines:
        if line.type == "SOA" or (line.type == "NS" and line.source in ("", "@", ".", zone, f"{zone}.")):
            reading.notes.append(Remark(line.number, N_("passed over: the platform makes this record itself")))
        else:
            reading.lines.append(line)
    return reading


# Tables


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the cells of a table; empty for lines of a zone file."""
    for delimiter in DELIMITERS:
        first = _cells(lines[0], delimiter) if lines else []
        if len(first) >= 3 and (_head(first) or first[1].upper() in TYPES):
            return delimiter
    return ""


def _cells(line: str, delimiter: str) -> list[str]:
    row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def _head(cells: Sequence[str]) -> list[str]:
    """The columns a first row names; none if it is a record already."""
    known = [next((column for column, words in HEADS.items() if cell.lower() in words), "") for cell in cells]
    return known if {"type", "target"} <= set(known) else []


def _table(rows: Sequence[tuple[int, str]], delimiter: str, reading: Reading) -> Iterator[Line]:
    head = _head(_cells(rows[0][1], delimiter))
    for number, text in rows[1:] if head else rows:
        goes, rest = _removal(text)
        row = _cells(rest, delimiter)
        columns = head or (WITHOUT_HEAD_AND_TTL if len(row) == len(WITHOUT_HEAD_AND_TTL) else WITHOUT_HEAD)
        cells = dict(zip(columns, row, strict=False))
        ttl = _seconds(cells.get("ttl", ""))
        if cells.get("ttl") and ttl is None:
            reading.faults.append(Remark(number, N_("The time to live is not a number of seconds.")))
        elif not cells.get("type") or not (cells.get("target") or goes):
            reading.faults.append(Remark(number, N_("A row needs a type and a target.")))
        else:
            target = " ".join(filter(None, (_priority(cells), cells.get("target", ""))))
            yield Line(number, cells.get("source", ""), cells["type"].upper(), ttl, target, goes)


def _priority(cells: dict[str, str]) -> str:
    """The priority that some keep in a column of its own."""
    return cells.get("priority", "") if cells["type"].upper() in ("MX", "SRV") else ""


# Zone files (RFC 1035, 5)


def _zone_file(rows: Sequence[tuple[int, str]], zone: str, reading: Reading) -> Iterator[Line]:
    origin, default_ttl, owner = zone, None, "@"
    for number, text in _entries(rows):
        words = text.split()
        if words[0].startswith("$"):
            value = words[1] if len(words) > 1 else ""
            if words[0].upper() == "$ORIGIN":
                origin = value.rstrip(".").lower()
            elif words[0].upper() == "$TTL":
                default_ttl = _seconds(value)
            else:
                reading.faults.append(Remark(number, N_("Only $ORIGIN and $TTL work here; import the file instead.")))
            continue
        goes, rest = _removal(text)
        line = _record(number, rest, owner, default_ttl, goes=goes)
        if line is None:
            reading.faults.append(Remark(number, N_("This line has no type of record that is known here.")))
            continue
        owner = line.source
        yield Line(number, _below(line.source, origin, zone), line.type, line.ttl, _absolute(line, origin), line.goes)


def _entries(rows: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Entries without comments and brackets: mostly a line each, more where brackets are open."""
    gathered, start, depth = "", 0, 0
    for number, line in rows:
        if depth == 0:
            gathered, start = "", number
        bare, change = _bare(line)
        gathered, depth = f"{gathered} {bare}" if gathered else bare, max(0, depth + change)
        if depth == 0 and gathered.strip():
            yield start, gathered
    if depth and gathered.strip():
        yield start, gathered


def _bare(line: str) -> tuple[str, int]:
    """A line without its comment and brackets, and by how much it opens or closes brackets."""
    depth, kept, at = 0, "", 0
    for found in _outside_quotes.finditer(line):
        mark = found.group(1)
        if mark is None:
            continue
        kept, at = f"{kept}{line[at : found.start()]}", found.end()
        if mark == ";":
            return kept, depth
        depth += 1 if mark == "(" else -1
    return kept + line[at:], depth


def _record(number: int, text: str, owner: str, default_ttl: int | None, *, goes: bool) -> Line | None:
    """A record in one line: an owner unless it begins with a space, then time to live and class, type, target."""
    rest = text
    if not text[:1].isspace():
        owner, *others = text.split(None, 1)
        rest = others[0] if others else ""
    ttl = default_ttl
    while rest.strip():
        word, *others = rest.split(None, 1)
        rest = others[0] if others else ""
        if word.upper() in TYPES:
            return Line(number, owner, word.upper(), ttl, rest.strip(), goes) if rest.strip() or goes else None
        if (seconds := _seconds(word)) is not None:
            ttl = seconds
        elif word.upper() not in CLASSES:
            return None
    return None


def _removal(text: str) -> tuple[bool, str]:
    """Whether a line begins with a minus, and the line without it."""
    if text.startswith("-") and text[1:2].isspace():
        return True, text[1:].lstrip()
    return False, text


def _below(source: str, origin: str, zone: str) -> str:
    """An owner as the API reads it, where `$ORIGIN` has moved away from the zone."""
    if origin == zone or source.endswith("."):
        return source
    return f"{origin}." if source == "@" else f"{source}.{origin}."


def _absolute(line: Line, origin: str) -> str:
    """A target whose last word is the name of a machine, with the origin if it is only a first label (`mail`)."""
    *numbers, name = line.target.split() or [""]
    if line.type not in POINTING or not name or "." in name or name == "@":
        return line.target
    return " ".join([*numbers, f"{name}.{origin}"])


def _seconds(text: str) -> int | None:
    """A time to live, in seconds or in the units of zone files (`1h30m`); None if it is none."""
    if not _duration.fullmatch(text):
        return None
    return sum(int(number) * UNIT_SECONDS[unit.lower()] for number, unit in _duration_part.findall(text))
