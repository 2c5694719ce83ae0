"""Plans: what a dry run says would happen to a zone, as steps a person reads, and how to know that it still would."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from alpage.web.design.parts import Difference, Step

RECORD = "dns.record"  # the event of a changed record
KINDS: Mapping[str, Any] = {"created": "create", "updated": "update", "deleted": "delete"}
ORDER = ("create", "update", "delete")
ATTRIBUTES = ("source", "type", "target", "ttl")
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


def of_changes(changes: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]) -> Plan:
    """The plan a dry run answers; `records` are those of the zone as it is, since changes only have what differs."""
    known = {record["id"]: record for record in records}
    relevant = [change for change in changes if change["event"] == RECORD]
    found = [_step(change, known) for change in relevant]
    steps = sorted(found, key=lambda step: (ORDER.index(step.kind), step.what))
    told = sorted((_told(change) for change in relevant), key=repr)
    return Plan(steps, sha256(repr(told).encode()).hexdigest())


def of_differences(differences: Iterable[Mapping[str, Any]]) -> Plan:
    """The same for what the API says of two versions."""
    kinds: Mapping[str, Any] = {"added": "create", "changed": "update", "removed": "delete"}
    steps = [
        Step(
            kinds[one["change"]],
            f"{name_of(one['source'])} {one['type']}",
            _differing(one.get("before"), one.get("after"), ATTRIBUTES[2:]),
        )
        for one in differences
    ]
    return Plan(steps, "")


def name_of(source: str) -> str:
    """The name of a record as people write it: `@` is the zone itself."""
    return "@" if source == "." else source


def _step(change: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]]) -> Step:
    before, after = change["before"], change["after"]
    whole = {**known.get(change["object_id"], {}), **(before or {}), **(after or {})}
    what = f"{name_of(whole['source'])} {whole['type']}"
    attributes = ATTRIBUTES if before and after else ATTRIBUTES[2:]
    return Step(KINDS[change["action"]], what, _differing(before, after, attributes))


def _told(change: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is the same of a change in a second run: no moments, and not the id of a record that is only to be made."""
    record_id = 0 if change["action"] == "created" else change["object_id"]
    return change["action"], record_id, *(_text(change["after"], name) for name in ATTRIBUTES)


def _differing(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, attributes: Iterable[str]
) -> list[Difference]:
    found = []
    for attribute in attributes:
        old, new = _text(before, attribute), _text(after, attribute)
        if old != new:
            found.append(Difference(attribute, old, new))
    return found


def _text(values: Mapping[str, Any] | None, attribute: str) -> str | None:
    return str(values[attribute]) if values and values.get(attribute) is not None else None
