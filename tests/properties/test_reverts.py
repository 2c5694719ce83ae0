"""Whatever was done to a zone, taking it back request by request, the last first, gives the zone it was each time."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpage.products.domains import domains
from alpage.storage.changes import NOBODY
from tests.conftest import Person

ZONE = "/2/zones/example.ch"
NAMES = ["a", "b", "c"]
TARGETS = [("A", "192.0.2.1"), ("A", "192.0.2.2"), ("CNAME", "other.example."), ("TXT", "hello")]

records = st.builds(
    lambda source, what, ttl: {"source": source, "type": what[0], "target": what[1], "ttl": ttl},
    st.sampled_from(NAMES),
    st.sampled_from(TARGETS),
    st.sampled_from([300, 600]),
)
# Each step creates some, changes some and deletes some; which of those there are, is drawn by number.
steps = st.lists(
    st.tuples(
        st.lists(records, max_size=3),
        st.lists(st.tuples(st.integers(0, 9), records), max_size=2),
        st.lists(st.integers(0, 9), max_size=2),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def zone(heidi: Person) -> Person:
    """Heidi, with an empty zone."""
    with heidi.platform.database.transaction(NOBODY) as transaction:
        domains.create(transaction.session, heidi.account.id, "example.ch", 1)
    assert heidi.call("POST", ZONE, {}).status_code == 200
    return heidi


def state(person: Person) -> list[tuple[Any, ...]]:
    found = person.call("GET", f"{ZONE}/records").json()["data"]
    return sorted((one["id"], one["source"], one["type"], one["target"], one["ttl"]) for one in found)


def serial(person: Person) -> int:
    newest = person.call("GET", f"{ZONE}/versions?order=desc&limit=1").json()["data"]
    return int(newest[0]["serial"])


def body_of(step: Any, ids: list[int]) -> dict[str, Any]:
    """A bulk change of records there are, none of them named twice."""
    create, update, delete = step
    left = dict.fromkeys(ids)
    body: dict[str, Any] = {"create": create, "update": [], "delete": [], "force": True}
    for number, record in update:
        if number < len(ids) and ids[number] in left:
            del left[ids[number]]
            body["update"].append({"id": ids[number], **record})
    body["delete"] = [ids[number] for number in sorted(set(delete)) if number < len(ids) and ids[number] in left]
    return body


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_edits_taken_back_in_a_row_give_the_zone_they_began_with(zone: Person, steps: list[Any]) -> None:
    states, requests = [state(zone)], []
    for step in steps:
        answer = zone.call("PATCH", f"{ZONE}/records", body_of(step, [one[0] for one in states[-1]]))
        now = state(zone)
        if answer.status_code == 200 and now != states[-1]:  # else a rule would have been broken, or nothing changed
            states.append(now)
            requests.append(answer.headers["x-request-id"])
    for request_id, before in zip(requests[::-1], states[-2::-1], strict=True):
        last = serial(zone)
        answer = zone.call("POST", "/1/changes/revert", {"request_id": request_id, "force": True})
        assert answer.status_code == 201, answer.text
        assert state(zone) == before
        assert serial(zone) > last


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, data=st.data())
def test_a_change_is_taken_back_whole_or_not_at_all(zone: Person, steps: list[Any], data: st.DataObject) -> None:
    """Any change, at any time: either the record is what it was before it, and no other has changed, or none has."""
    for step in steps:
        zone.call("PATCH", f"{ZONE}/records", body_of(step, [one[0] for one in state(zone)]))
    found = zone.call("GET", "/1/changes?filter[event]=dns.record&order=desc&limit=20").json()["data"]
    if not found:
        return
    change, before = data.draw(st.sampled_from(found)), {one[0]: one[1:] for one in state(zone)}
    answer = zone.call("POST", f"/1/changes/{change['id']}/revert", {"force": True})
    after = {one[0]: one[1:] for one in state(zone)}
    id = change["object_id"]
    assert {other: value for other, value in after.items() if other != id} == {
        other: value for other, value in before.items() if other != id
    }
    if answer.status_code != 201:
        assert after == before
    elif change["action"] == "created":
        assert id not in after
    else:
        names = dict(zip(("source", "type", "target", "ttl"), after[id], strict=True))
        assert {name: value for name, value in change["before"].items() if name in names}.items() <= names.items()
