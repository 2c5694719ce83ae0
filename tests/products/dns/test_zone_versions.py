"""Versions: what was done to a zone, compared and taken back."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpage.products.dns.soa import is_newer
from tests.products.dns.conftest import Editor, error, record


def test_every_change_is_a_version(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("PUT", f"/records/{made['id']}", {"ttl": 600})
    editor.call("DELETE", f"/records/{made['id']}")
    first, *later = editor.versions()
    assert (first["previous_serial"], first["added_count"], first["removed_count"]) == (None, 0, 0)
    assert [(one["added_count"], one["removed_count"]) for one in later] == [(1, 0), (1, 1), (0, 1)]
    for before, after in zip([first, *later], later, strict=False):
        assert after["previous_serial"] == before["serial"]
        assert is_newer(after["serial"], before["serial"])


def test_a_version_tells_who_made_it_by_which_request(editor: Editor) -> None:
    answer = editor.call("POST", "/records", record("www A 192.0.2.1"))
    version = editor.versions()[-1]
    assert version["user_id"] == editor.person.user.id
    assert version["grant_id"] > 0
    assert version["request_id"] == answer.headers["x-request-id"]


def test_versions_are_listed_newest_first_where_asked(editor: Editor) -> None:
    for number in range(3):
        editor.add(f"h{number} A 192.0.2.1")
    serials = [version["serial"] for version in editor.versions()]
    newest = editor.call("GET", "/versions?order=desc&limit=2").json()["data"]
    assert [version["serial"] for version in newest] == serials[:-3:-1]
    assert editor.call("GET", "/versions?page=2&per_page=3").json()["total"] == 4


def test_a_version_shows_what_went_and_what_came(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("PUT", f"/records/{made['id']}", {"target": "192.0.2.2"})
    shown = editor.call("GET", f"/versions/{editor.serial()}").json()["data"]
    assert shown["removed"] == [{"source": "www", "type": "A", "ttl": 300, "target": "192.0.2.1"}]
    assert shown["added"] == [{"source": "www", "type": "A", "ttl": 300, "target": "192.0.2.2"}]
    assert {**editor.versions()[-1], "removed": shown["removed"], "added": shown["added"]} == shown


def test_a_version_that_is_not_there(editor: Editor) -> None:
    serial = editor.serial()
    for method, path in (
        ("GET", "/versions/1"),
        ("GET", "/versions/1/diff"),
        ("GET", f"/versions/{serial}/diff?to=1"),
        ("POST", "/versions/1/restore"),
    ):
        answer = editor.call(method, path)
        assert (answer.status_code, error(answer)["code"]) == (404, "zone_version_not_found")
        assert error(answer)["context"] == {"zone": editor.fqdn, "version": 1}


def test_two_versions_are_compared_both_ways(editor: Editor) -> None:
    start = editor.serial()
    made = editor.add("www A 192.0.2.1")
    middle = editor.serial()
    editor.call("PUT", f"/records/{made['id']}", {"target": "192.0.2.2"})
    editor.add("mail A 192.0.2.3")
    end = editor.serial()
    www = {"source": "www", "type": "A"}
    one, two = {"ttl": 300, "target": "192.0.2.1"}, {"ttl": 300, "target": "192.0.2.2"}
    mail = {"source": "mail", "type": "A"}
    added = {"change": "added", **mail, "after": {"ttl": 300, "target": "192.0.2.3"}}
    removed = {"change": "removed", **mail, "before": {"ttl": 300, "target": "192.0.2.3"}}

    def compare(serial: int, query: str = "") -> list[dict[str, object]]:
        return editor.call("GET", f"/versions/{serial}/diff{query}").json()["data"]

    assert compare(middle) == [added, {"change": "changed", **www, "before": one, "after": two}]
    assert compare(middle, f"?to={end}") == compare(middle)
    assert compare(end, f"?to={middle}") == [removed, {"change": "changed", **www, "before": two, "after": one}]
    assert compare(start, f"?to={middle}") == [{"change": "added", **www, "after": one}]
    assert compare(end) == compare(middle, f"?to={middle}") == []


def test_a_version_is_restored_as_a_new_version(editor: Editor) -> None:
    kept, gone = editor.add("www A 192.0.2.1"), editor.add("gone A 192.0.2.2")
    then, before = editor.serial(), editor.lines()
    editor.call("PUT", f"/records/{kept['id']}", {"target": "192.0.2.9"})
    editor.call("DELETE", f"/records/{gone['id']}")
    editor.add("new A 192.0.2.3")
    latest = editor.serial()
    answer = editor.call("POST", f"/versions/{then}/restore")
    restored = answer.json()["data"]
    assert answer.status_code == 201
    assert editor.lines() == before
    assert (restored["previous_serial"], restored["serial"]) == (latest, editor.serial())
    assert (restored["added_count"], restored["removed_count"]) == (2, 2)
    assert kept["id"] in [one["id"] for one in editor.records()]
    assert editor.call("GET", f"/versions/{then}/diff").json()["data"] == []


def test_a_restoration_can_be_restored(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    full, lines = editor.serial(), editor.lines()
    editor.call("POST", f"/versions/{editor.versions()[0]['serial']}/restore")
    assert editor.lines() == []
    editor.call("POST", f"/versions/{full}/restore")
    assert editor.lines() == lines


def test_a_dry_run_shows_the_plan(editor: Editor) -> None:
    start = editor.serial()
    editor.add("www A 192.0.2.1")
    serial = editor.serial()
    plan = editor.call("POST", f"/versions/{start}/restore?dry_run=1").json()
    assert plan["data"]["removed"] == [{"source": "www", "type": "A", "ttl": 300, "target": "192.0.2.1"}]
    assert plan["dry_run"] is True
    assert (editor.serial(), editor.lines()) == (serial, ["www A 192.0.2.1"])


def test_restoring_what_is_there_changes_nothing(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    serial = editor.serial()
    assert editor.call("POST", f"/versions/{serial}/restore").json()["data"]["serial"] == serial
    assert editor.serial() == serial


def test_restoring_much_of_a_large_zone_needs_force(editor: Editor) -> None:
    start = editor.serial()
    editor.change(create=[record(f"h{number} A 192.0.2.{number}") for number in range(60)])
    answer = editor.call("POST", f"/versions/{start}/restore")
    assert (answer.status_code, error(answer)["code"]) == (409, "blast_radius_exceeded")
    assert editor.call("POST", f"/versions/{start}/restore", {"force": True}).status_code == 201
    assert editor.lines() == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]), st.sampled_from(["192.0.2.1", "192.0.2.2"]), st.sampled_from([300, 600])
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, data=st.data())
def test_any_version_can_be_had_again(editor: Editor, steps: list[tuple[str, str, int]], data: st.DataObject) -> None:
    """Whatever was done, restoring a version gives the zone it was."""
    states = {editor.serial(): state(editor)}
    for source, target, ttl in steps:
        there = [one for one in editor.records() if (one["source"], one["target"]) == (source, target)]
        if not there:
            editor.add(f"{source} A {target}", ttl)
        elif there[0]["ttl"] != ttl:
            editor.call("PUT", f"/records/{there[0]['id']}", {"ttl": ttl})
        else:
            editor.call("DELETE", f"/records/{there[0]['id']}")
        states[editor.serial()] = state(editor)
    chosen = data.draw(st.sampled_from(sorted(states)))
    assert editor.call("POST", f"/versions/{chosen}/restore").status_code == 201
    assert state(editor) == states[chosen]


def state(editor: Editor) -> list[tuple[str, str, int]]:
    return sorted((one["source"], one["target"], one["ttl"]) for one in editor.records())
