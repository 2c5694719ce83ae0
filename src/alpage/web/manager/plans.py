"""Plans: what a dry run says would happen to a zone, as steps a person reads, and how to know that it still would."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from alpage.web.design.parts import Difference, Step
from alpage.web.translations.catalogues import N_

Kind = Literal["create", "update", "delete"]
Record = Mapping[str, Any]
Say = Callable[[str], str]  # a message in the reader's language

RECORD = "dns.record"  # the event of a changed record
KINDS: Mapping[str, Kind] = {
    "created": "create",
    "updated": "update",
    "deleted": "delete",  # as the change log has them
    "added": "create",
    "changed": "update",
    "removed": "delete",  # as versions have them
}
ORDER = ("create", "update", "delete")
ATTRIBUTES = {"source": N_("Name"), "type": N_("Type"), "target": N_("Value"), "ttl": N_("TTL")}
SHOWN = 200  # steps on a page; a plan of a whole zone would be longer than anybody reads


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. `digest` names it: the plan that is carried out must be the one that was shown."""

    steps: Sequence[Step]
    digest: str

    def count(self, kind: str) -> int:
        """How many steps of a kind it has."""
        return sum(step.kind == kind for step in self.steps)

    @property
    def shown(self) -> Sequence[Step]:
        """The first steps."""
        return self.steps[:SHOWN]

    @property
    def left_out(self) -> int:
        """How many more there are."""
        return max(0, len(self.steps) - SHOWN)


def of_changes(changes: Iterable[Mapping[str, Any]], records: Iterable[Record], say: Say) -> Plan:
    """The plan a dry run answers; `records` are those of the zone as it is, since changes only have what differs."""
    known = {record["id"]: record for record in records}
    relevant = [change for change in changes if change["event"] == RECORD]
    found = [
        _step(KINDS[change["action"]], {**known.get(change["object_id"], {}), **(change["before"] or {})}, change, say)
        for change in relevant
    ]
    steps = sorted(found, key=lambda step: (ORDER.index(step.kind), step.what))
    told = sorted((_told(change) for change in relevant), key=repr)
    return Plan(steps, sha256(repr(told).encode()).hexdigest())


def of_differences(differences: Iterable[Record], say: Say) -> Plan:
    """The same for what the API says of two versions."""
    steps = []
    for one in differences:
        owner = {"source": one["source"], "type": one["type"]}
        before, after = (one.get(side) and {**owner, **one[side]} for side in ("before", "after"))
        steps.append(_step(KINDS[one["change"]], before or {}, {"before": before, "after": after}, say))
    return Plan(steps, "")


def name_of(source: str) -> str:
    """The name of a record as people write it: `@` is the zone itself."""
    return "@" if source == "." else source


def line_of(record: Record) -> str:
    """A record in one line."""
    return f"{name_of(record['source'])} {record['ttl']} {record['type']} {record['target']}"


def _step(kind: Kind, record: Record, change: Record, say: Say) -> Step:
    """One step: a record that comes or goes is a line, one that changes is told by what changes of it."""
    before, after = change["before"] or {}, change["after"] or {}
    if kind != "update":
        return Step(kind, line_of({**record, **after}))
    differences = [
        Difference(say(label), _text(before, name), _text(after, name))
        for name, label in ATTRIBUTES.items()
        if name in after and before.get(name) != after[name]
    ]
    return Step(kind, f"{name_of(record['source'])} {record['type']}", differences)


def _told(change: Record) -> tuple[Any, ...]:
    """What is the same of a change in a second run: no moments, and not the id of a record that is only to be made."""
    record_id = 0 if change["action"] == "created" else change["object_id"]
    return change["action"], record_id, *(_text(change["after"] or {}, name) for name in ATTRIBUTES)


def _text(values: Record, attribute: str) -> str | None:
    return str(values[attribute]) if values.get(attribute) is not None else None
