"""Changes of zones and records, taken back: by the rules of every write, under a new serial, on the name server too."""

from itertools import pairwise

import dns.message
import dns.query
import pytest

from alpage.products.dns.follower import Follower
from alpage.products.dns.server import EmbeddedServer
from alpage.products.dns.soa import is_newer
from alpage.products.domains import domains
from alpage.storage.changes import NOBODY
from tests.accounts.conftest import join
from tests.products.dns.conftest import FQDN, Editor, error, record
from tests.reverting import latest, reasons, revert, revert_request, taken_back


def ids(editor: Editor) -> list[int]:
    return [one["id"] for one in editor.records()]


def test_a_record(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("PUT", f"/records/{made['id']}", {"target": "192.0.2.2", "ttl": 600, "source": "web"})
    serials = [editor.serial()]
    taken_back(editor.person, "dns.record", "updated")
    serials.append(editor.serial())
    assert [{**one, "updated_at": 0} for one in editor.records()] == [{**made, "updated_at": 0}]
    editor.call("DELETE", f"/records/{made['id']}")
    taken_back(editor.person, "dns.record", "deleted")
    serials.append(editor.serial())
    assert [{**one, "updated_at": 0} for one in editor.records()] == [{**made, "updated_at": 0}]
    assert revert(editor.person, latest(editor.person, "dns.record", "created")).status_code == 201
    assert editor.records() == []
    serials.append(editor.serial())
    assert all(is_newer(later, earlier) for earlier, later in pairwise(serials))


def test_the_versions_of_a_zone_tell_of_it(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    before = editor.serial()
    editor.call("PUT", f"/records/{made['id']}", {"target": "192.0.2.2"})
    taken_back(editor.person, "dns.record", "updated")
    assert editor.call("GET", f"/versions/{before}/diff").json()["data"] == []
    version = editor.versions()[-1]
    assert (version["added_count"], version["removed_count"]) == (1, 1)


def test_the_name_server_has_it(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("DELETE", f"/records/{made['id']}")
    server = EmbeddedServer(("127.0.0.1", 0))
    follower = Follower(editor.person.platform.database, server)
    follower.start()
    try:
        query = dns.message.make_query(f"www.{FQDN}", "A")
        address = ("127.0.0.1", server.address[1])
        assert not dns.query.udp(query, address[0], port=address[1], timeout=5).answer
        taken_back(editor.person, "dns.record", "deleted")
        follower.catch_up()
        assert dns.query.udp(query, address[0], port=address[1], timeout=5).answer
    finally:
        follower.stop()


def test_a_bulk_change_is_taken_back_at_once(editor: Editor) -> None:
    kept = [editor.add(f"k{number} A 192.0.2.1") for number in range(3)]
    before = editor.lines()
    answer = editor.change(
        create=[record(f"n{number} A 192.0.2.9") for number in range(100)],
        update=[{"id": kept[0]["id"], "target": "192.0.2.7"}],
        delete=[kept[1]["id"]],
    )
    assert answer.status_code == 200
    serial = editor.serial()
    done = revert_request(editor.person, answer.headers["x-request-id"], force=True)
    assert done.status_code == 201, done.text
    assert len(done.json()["data"]["reverts"]) == 102
    assert editor.lines() == before
    assert sorted(ids(editor)) == [one["id"] for one in kept]
    assert editor.versions()[-1]["previous_serial"] == serial  # one step


def test_a_template_is_taken_back(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    before = editor.lines()
    answer = editor.call("POST", "/templates/no-mail", {})
    assert answer.status_code == 200, answer.text
    assert editor.lines() != before
    assert revert_request(editor.person, answer.headers["x-request-id"]).status_code == 201
    assert editor.lines() == before


def test_what_stands_instead_of_what_was_is_exchanged(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    answer = editor.change(create=[record("www CNAME other.example.")], delete=[made["id"]])
    assert answer.status_code == 200, answer.text
    assert revert_request(editor.person, answer.headers["x-request-id"]).status_code == 201
    assert editor.lines() == ["www A 192.0.2.1"]


def test_the_rules_of_the_zone_hold(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("DELETE", f"/records/{made['id']}")
    change = latest(editor.person, "dns.record", "deleted")
    editor.add("www CNAME other.example.")
    refused = revert(editor.person, change)
    assert (refused.status_code, error(refused)["code"]) == (400, "dns_record_mutual_exclusion")
    assert editor.lines() == ["www CNAME other.example"]


def test_a_large_part_of_a_zone_goes_with_force_only(editor: Editor) -> None:
    answer = editor.change(create=[record(f"n{number} A 192.0.2.9") for number in range(60)])
    refused = revert_request(editor.person, answer.headers["x-request-id"])
    assert (refused.status_code, error(refused)["code"]) == (409, "blast_radius_exceeded")
    assert revert_request(editor.person, answer.headers["x-request-id"], force=True).status_code == 201


def test_a_zone_comes_back_with_its_records(editor: Editor) -> None:
    records = [editor.add("www A 192.0.2.1"), editor.add(". MX 10 mail.example.ch.")]
    zone, serial = editor.call("GET").json()["data"], editor.serial()
    editor.call("DELETE")
    change = latest(editor.person, "dns.zone", "deleted")
    done = revert(editor.person, change).json()["data"]
    assert len(done["reverts"]) == 3
    assert editor.call("GET").json()["data"] == zone
    assert [{**one, "updated_at": 0} for one in editor.records()] == [{**one, "updated_at": 0} for one in records]
    assert is_newer(editor.serial(), serial)


def test_a_zone_that_was_made_goes_with_what_it_was_made_with(editor: Editor) -> None:
    text = "www 300 IN A 192.0.2.1\n"
    made = editor.person.call("POST", f"/2/zones/sub.{FQDN}", {"skel": text})
    assert made.status_code == 200, made.text
    change = latest(editor.person, "dns.zone", "created")
    editor.fqdn = f"sub.{FQDN}"
    added = editor.add("more A 192.0.2.1")
    refused = revert(editor.person, change)
    assert reasons(refused) == [("revert_in_use", "object_id")]
    editor.call("DELETE", f"/records/{added['id']}")
    assert len(revert(editor.person, change).json()["data"]["reverts"]) == 2
    assert editor.call("GET").status_code == 404


def test_a_zone_of_that_name_meanwhile(editor: Editor) -> None:
    editor.call("DELETE")
    change = latest(editor.person, "dns.zone", "deleted")
    editor.call("POST", "", {})
    assert reasons(revert(editor.person, change)) == [("revert_value_taken", "fqdn")]


def test_the_domain_of_a_zone_is_gone(editor: Editor) -> None:
    editor.call("DELETE")
    change = latest(editor.person, "dns.zone", "deleted")
    with editor.person.platform.database.transaction(NOBODY) as transaction:
        domain = transaction.session.get_one(domains.Domain, editor.domain.id)
        domains.delete(transaction.session, domain)
    assert revert(editor.person, change).status_code == 403  # nobody has a right on it any more


def test_a_record_of_a_zone_that_is_gone(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.call("DELETE", f"/records/{made['id']}")
    change = latest(editor.person, "dns.record", "deleted")
    editor.call("DELETE")
    assert reasons(revert(editor.person, change)) == [("revert_object_gone", "zone_id")]


def test_what_follows_from_records_is_not_taken_back_by_itself(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    for event in ("dns.zone.version", "dns.zone"):
        change = latest(editor.person, event)
        assert not change["is_revertible"]
        assert reasons(revert(editor.person, change)) == [("revert_follows", "object_id")]


@pytest.mark.parametrize(("right", "status"), [("technical", 201), ("statistic", 403)])
def test_it_takes_the_right_that_changing_takes(editor: Editor, right: str, status: int) -> None:
    nils = join(editor.person, "nils")
    editor.person.platform.right(
        type("Product", (), {"id": editor.domain.id, "account_id": editor.domain.account_id, "service_id": 14}),
        nils.user,
        right,
    )
    editor.add("www A 192.0.2.1")
    assert revert(nils, latest(editor.person, "dns.record")).status_code == status


@pytest.mark.parametrize("limit", [{}, {"product_ids": [999]}, {"account_ids": [999]}])
def test_it_takes_a_token_that_reaches_so_far(editor: Editor, limit: dict[str, list[int]]) -> None:
    editor.add("www A 192.0.2.1")
    change = latest(editor.person, "dns.record")
    scopes = ("dns:read",) if not limit else ("dns",)
    editor.person.token = editor.person.platform.token(editor.person.user, *scopes, **limit)
    assert revert(editor.person, change).status_code == (404 if limit else 403)


def test_deleting_a_zone_leaves_an_entry_of_each_version(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    versions = {version["serial"] for version in editor.versions()}
    editor.call("DELETE")
    deleted = editor.person.call("GET", "/1/changes?filter[event]=dns.zone.version&filter[action]=deleted").json()
    assert {change["before"]["serial"] for change in deleted["data"]} == versions
    assert {change["product_id"] for change in deleted["data"]} == {editor.domain.id}
