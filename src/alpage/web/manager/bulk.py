"""Pasted lines against the records of a zone: the one call that makes of the zone what was pasted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from alpage.web.manager.pasting import POINTING, Line, Remark
from alpage.web.translations.catalogues import N_

TTL_SECONDS = 3600

Record = Mapping[str, Any]  # as the API has it
Set = tuple[str, str]  # the name and the type of records


@dataclass(slots=True)
class Draft:
    """What to create, update and delete. `places` are the lines behind each, by where they stand: `create.3`."""

    create: list[dict[str, Any]] = field(default_factory=list)
    update: list[dict[str, Any]] = field(default_factory=list)
    delete: list[int] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    faults: list[Remark] = field(default_factory=list)
    present: int = 0  # lines that are in the zone as they are

    @property
    def body(self) -> dict[str, Any]:
        """The body of the call."""
        return {"create": self.create, "update": self.update, "delete": self.delete}

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)


def draft(lines: Sequence[Line], records: Sequence[Record], zone: str, *, replaces: bool) -> Draft:
    """The call for some lines. With `replaces`, records of the same name and type that were not pasted give way."""
    made = Draft()
    present: dict[Set, list[Record]] = defaultdict(list)
    for record in records:
        present[record["source"], record["type"]].append(record)
    coming: dict[Set, list[Line]] = defaultdict(list)
    for line in lines:
        key = (owner(line.source, zone), line.type)
        if line.goes:
            _remove(made, line, present[key])
        elif all(not _is_same(line, other.target) for other in coming[key]):
            coming[key].append(line)
    for key, wanted in coming.items():
        _bring(made, wanted, present[key], replaces=replaces)
    return made


def without(lines: Iterable[Line], numbers: Iterable[int]) -> list[Line]:
    """The lines but for those with these numbers."""
    left_out = set(numbers)
    return [line for line in lines if line.number not in left_out]


def owner(source: str, zone: str) -> str:
    """A name as the API shows it: relative to the zone, `.` being the zone itself."""
    name = source.strip().lower().removesuffix(".")
    if name in ("", "@", zone):
        return "."
    return _to_ascii(name).removesuffix(f".{zone}")


def _remove(made: Draft, line: Line, present: Sequence[Record]) -> None:
    """The records a line with a minus names; without a target, all of its name and type."""
    leaving = [one for one in present if not line.target or _is_same(line, one["target"])]
    if not leaving:
        made.faults.append(Remark(line.number, N_("There is no such record to delete.")))
    for record in leaving:
        if record["id"] not in made.delete:
            made.places[f"delete.{len(made.delete)}"] = line.number
            made.delete.append(record["id"])


def _bring(made: Draft, wanted: Sequence[Line], present: Sequence[Record], *, replaces: bool) -> None:
    left = [record for record in present if record["id"] not in made.delete]
    ttl = left[0]["ttl"] if left else TTL_SECONDS  # records of a set share their time to live (RFC 2181, 5.2)
    rest: list[Line] = []
    for line in wanted:
        same = next((record for record in left if _is_same(line, record["target"])), None)
        if same is None:
            rest.append(line)
            continue
        left.remove(same)
        if line.ttl in (None, same["ttl"]):
            made.present += 1
        else:
            _update(made, line, {"id": same["id"], "ttl": line.ttl})
    for line, record in _pairs(rest, left if replaces else []):
        values = {"ttl": line.ttl or ttl, "target": line.target}
        if record is None:
            made.places[f"create.{len(made.create)}"] = line.number
            made.create.append({"source": line.source or "@", "type": line.type, **values})
        else:
            left.remove(record)
            _update(made, line, {"id": record["id"], **values})
    if replaces:
        made.delete += [record["id"] for record in left]


def _update(made: Draft, line: Line, change: dict[str, Any]) -> None:
    made.places[f"update.{len(made.update)}"] = line.number
    made.update.append(change)


def _pairs(lines: Sequence[Line], records: Sequence[Record]) -> Iterator[tuple[Line, Record | None]]:
    """Each line with the record it takes the place of, so that this one keeps its id."""
    for number, line in enumerate(lines):
        yield line, records[number] if number < len(records) else None


def _is_same(line: Line, target: str) -> bool:
    return _plain(line.type, line.target) == _plain(line.type, target)


def _plain(rtype: str, target: str) -> str:
    """A target without what may be written in several ways; what is left open, the API decides."""
    words = target.split()
    if rtype in POINTING and words:
        return " ".join([*words[:-1], _to_ascii(words[-1].lower().removesuffix("."))])
    if rtype in ("A", "AAAA"):
        try:
            return str(ip_address(target.strip()))
        except ValueError:
            return target
    if rtype == "TXT" and target.startswith('"'):
        return target.strip().strip('"').replace('" "', "").replace('\\"', '"')
    return " ".join(words)


def _to_ascii(name: str) -> str:
    """A name in the letters of the DNS, as far as that is simple."""
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name
