"""Many changes in one call: all or nothing, and the same as one by one."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from alpage.products.dns import edits
from alpage.products.dns.tables import Record, Zone
from alpage.storage.changes import NOBODY, Change
from tests.products.dns.conftest import FQDN, Editor, error, places, record


def test_records_are_created_updated_and_deleted_together(editor: Editor) -> None:
    changed, gone = editor.add("www A 192.0.2.1"), editor.add("old A 192.0.2.2")
    before = editor.serial()
    answer = editor.change(
        create=[record("new A 192.0.2.3"), record("new AAAA 2001:db8::3")],
        update=[{"id": changed["id"], "target": "192.0.2.9"}],
        delete=[gone["id"]],
    )
    assert answer.status_code == 200
    done = answer.json()["data"]
    assert [one["target"] for one in done["created"]] == ["192.0.2.3", "2001:db8::3"]
    assert [(one["id"], one["target"]) for one in done["updated"]] == [(changed["id"], "192.0.2.9")]
    assert done["deleted"] == [gone["id"]]
    assert done["serial"] == editor.serial() > before
    assert editor.lines() == ["new A 192.0.2.3", "new AAAA 2001:db8::3", "www A 192.0.2.9"]


def test_one_call_is_one_version_with_every_record_in_the_log(editor: Editor) -> None:
    before = len(editor.versions())
    editor.change(create=[record(f"h{number} A 192.0.2.{number}") for number in range(20)])
    versions = editor.versions()
    assert len(versions) == before + 1
    assert (versions[-1]["added_count"], versions[-1]["removed_count"]) == (20, 0)
    with editor.person.platform.database.reading() as transaction:
        logged = transaction.execute(select(Change.action, Change.request_id).where(Change.event == "dns.record")).all()
    assert [entry.action for entry in logged] == ["created"] * 20
    assert {entry.request_id for entry in logged} == {versions[-1]["request_id"]}


def test_the_order_has_no_meaning(editor: Editor) -> None:
    address = editor.add("www A 192.0.2.1")
    answer = editor.change(create=[record("www CNAME a.example")], delete=[address["id"]])
    assert answer.status_code == 200
    assert editor.lines() == ["www CNAME a.example"]


def test_all_faults_are_told_at_once_and_nothing_is_done(editor: Editor) -> None:
    first, second = editor.add("www A 192.0.2.1"), editor.add("mail A 192.0.2.2")
    serial = editor.serial()
    answer = editor.change(
        create=[
            record("fine A 192.0.2.3"),
            record("www CNAME a.example"),
            record("a..b A 192.0.2.300"),
            record("fine A 192.0.2.3"),
            record("x NOPE y"),
        ],
        update=[{"id": first["id"], "target": "x"}, {"id": 999, "ttl": 600}, {"id": second["id"], "ttl": 600}],
        delete=[second["id"], 998],
    )
    assert (answer.status_code, error(answer)["code"]) == (422, "validation_failed")
    assert sorted(places(answer)) == [
        ("attribute_distinct", "delete.0"),
        ("dns_record_already_exists", "create.3.target"),
        ("dns_record_mutual_exclusion", "create.1.source"),
        ("invalid_dns_record", "create.2.source"),
        ("invalid_dns_record", "create.2.target"),
        ("invalid_dns_record", "update.0.target"),
        ("object_not_found", "delete.1"),
        ("object_not_found", "update.1.id"),
        ("unsupported_dns_record_type", "create.4.type"),
    ]
    assert editor.lines() == ["mail A 192.0.2.2", "www A 192.0.2.1"]
    assert editor.serial() == serial


def test_the_shape_is_checked_with_its_place(editor: Editor) -> None:
    answer = editor.change(create=[{"type": "A", "ttl": 1, "target": "192.0.2.1"}], update=[{"ttl": 300}], delete=["x"])
    assert sorted(places(answer)) == [
        ("attribute_min_value", "create.0.ttl"),
        ("attribute_required", "update.0.id"),
        ("attribute_type", "delete.0"),
    ]


def test_a_record_of_another_zone_is_not_found(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.person.call("POST", "/2/zones/dev.example.ch", {})
    answer = editor.person.call("PATCH", "/2/zones/dev.example.ch/records", {"delete": [made["id"]]})
    assert places(answer) == [("object_not_found", "delete.0")]
    assert editor.records() == [made]


def test_nothing_to_do_is_done(editor: Editor) -> None:
    serial = editor.serial()
    answer = editor.change()
    assert answer.json()["data"] == {"serial": serial, "created": [], "updated": [], "deleted": []}
    assert editor.serial() == serial


def test_a_dry_run_tells_and_leaves_nothing(editor: Editor) -> None:
    answer = editor.call("PATCH", "/records?dry_run=1", {"create": [record("www A 192.0.2.1")]}).json()
    assert answer["dry_run"] is True
    assert answer["data"]["created"][0]["source"] == "www"
    assert {change["event"] for change in answer["changes"]} == {"dns.record", "dns.zone", "dns.zone.version"}
    assert editor.records() == []


def test_changing_much_of_a_large_zone_needs_force(editor: Editor) -> None:
    answer = editor.change(create=[record(f"h{number} A 192.0.2.{number}") for number in range(100)])
    ids = [one["id"] for one in answer.json()["data"]["created"]]
    for body in (
        {"delete": ids[:31]},
        {"update": [{"id": id, "ttl": 600} for id in ids[:31]]},
        {"delete": ids[:16], "update": [{"id": id, "ttl": 600} for id in ids[16:31]]},
    ):
        answer = editor.change(**body)
        assert (answer.status_code, error(answer)["code"]) == (409, "blast_radius_exceeded")
        assert error(answer)["context"] == {"changed": 31, "total": 100, "threshold": 30}
    assert editor.change(delete=ids[:30]).status_code == 200
    assert editor.change(delete=ids[30:], force=True).status_code == 200
    assert editor.records() == []


def test_a_small_zone_may_change_whole(editor: Editor) -> None:
    answer = editor.change(create=[record(f"h{number} A 192.0.2.{number}") for number in range(50)])
    assert editor.change(delete=[one["id"] for one in answer.json()["data"]["created"]]).status_code == 200


def test_items_are_counted(editor: Editor) -> None:
    limits = {policy["policy"]: policy["remaining"] for policy in editor.person.call("GET", "/1/limits").json()["data"]}
    made = editor.change(create=[record(f"h{number} A 192.0.2.{number}") for number in range(7)]).json()["data"][
        "created"
    ]
    editor.change(update=[{"id": made[0]["id"], "ttl": 600}], delete=[made[1]["id"]])
    after = {policy["policy"]: policy["remaining"] for policy in editor.person.call("GET", "/1/limits").json()["data"]}
    assert limits["items"] - after["items"] == 9
    assert limits["requests"] - after["requests"] == 2


def test_ten_thousand_records_in_one_call(editor: Editor) -> None:
    answer = editor.change(create=[record(f"h{n} A 10.0.{n // 256}.{n % 256}") for n in range(10_000)])
    assert answer.status_code == 200
    created = answer.json()["data"]["created"]
    assert [one["source"] for one in created] == [f"h{n}" for n in range(10_000)]
    update = [{"id": one["id"], "ttl": 600, "target": "192.0.2.1"} for one in created]
    assert editor.change(update=update, force=True).status_code == 200
    assert editor.change(delete=[one["id"] for one in created], force=True).json()["data"]["serial"] == editor.serial()
    assert editor.records() == []
    assert [version["added_count"] for version in editor.versions()] == [0, 10_000, 10_000, 0]


def test_the_same_record_may_go_and_come(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    answer = editor.change(create=[record("www A 192.0.2.1")], delete=[made["id"]])
    assert answer.status_code == 200
    assert editor.lines() == ["www A 192.0.2.1"]


def test_one_transaction_is_one_version_however_often_it_writes(editor: Editor) -> None:
    before = len(editor.versions())
    with editor.person.platform.database.transaction(NOBODY) as transaction:
        zone = transaction.session.scalars(select(Zone).where(Zone.fqdn == FQDN)).one()
        for number in range(3):
            data = edits.RecordData(f"h{number}", "A", 300, "192.0.2.1")
            edits.write(transaction, zone, [edits.create(data)], now=zone.updated_at)
            transaction.session.flush()
        last = transaction.session.scalars(select(Record).where(Record.source == "h2")).one()
        edits.write(transaction, zone, [edits.delete(last)], now=zone.updated_at)
    versions = editor.versions()
    assert len(versions) == before + 1
    assert (versions[-1]["added_count"], versions[-1]["removed_count"]) == (2, 0)


SOURCES = st.sampled_from([".", "a", "b", "x.a", "*", "x.b"])
LINES = st.sampled_from(
    ["A 192.0.2.1", "A 192.0.2.2", "TXT t", "CNAME a.example", "NS ns.example.net", "DNAME d.example", "MX 1 m.example"]
)
RECORDS = st.builds("{} {}".format, SOURCES, LINES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(RECORDS, max_size=8))
def test_records_that_are_accepted_together_are_what_one_by_one_makes(editor: Editor, lines: list[str]) -> None:
    """What may stand does not hang on how it was written."""
    clear(editor)
    one_by_one(editor, lines)
    singly = editor.lines()
    clear(editor)
    together = editor.change(create=[record(line) for line in singly])
    assert together.status_code == 200
    assert editor.lines() == singly
    if len(singly) == len(set(lines)) == len(lines):
        clear(editor)
        assert editor.change(create=[record(line) for line in reversed(lines)]).status_code == 200
        assert editor.lines() == singly


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(RECORDS, max_size=6), lines=st.lists(RECORDS, min_size=1, max_size=4), data=st.data())
def test_a_bulk_change_is_taken_whole_or_not_at_all(
    editor: Editor, before: list[str], lines: list[str], data: st.DataObject
) -> None:
    clear(editor)
    one_by_one(editor, before)
    start, existing = editor.lines(), editor.records()
    going = data.draw(st.lists(st.sampled_from(existing), unique_by=lambda one: one["id"])) if existing else []
    answer = editor.change(create=[record(line) for line in lines], delete=[one["id"] for one in going])
    if answer.status_code == 200:
        assert len(editor.lines()) == len(start) - len(going) + len(lines)
    else:
        assert error(answer)["errors"]
        assert editor.lines() == start


def one_by_one(editor: Editor, lines: list[str]) -> None:
    for line in lines:
        editor.call("POST", "/records", record(line))


def clear(editor: Editor) -> None:
    ids = [one["id"] for one in editor.records()]
    assert editor.change(delete=ids, force=True).status_code == 200


def test_two_at_once_do_not_create_the_same(editor: Editor) -> None:
    before = len(editor.versions())
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: editor.call("POST", "/records", record("www A 192.0.2.1")), range(8)))
        bulks = list(threads.map(lambda n: editor.change(create=[record(f"h{n} A 192.0.2.1")]), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 7]
    assert [answer.status_code for answer in bulks] == [200] * 8
    assert len(editor.records()) == 9
    assert len({version["serial"] for version in editor.versions()}) == before + 9
