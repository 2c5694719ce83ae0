"""Zones: made, shown, replaced, deleted, and by whom."""

import pytest
from sqlalchemy import func, select

from alpage.products.dns.tables import Record, Zone, ZoneVersion
from tests.conftest import Person
from tests.products.dns.conftest import FQDN, Editor, Register, error, record

TEXT = """\
$TTL 600
@      SOA  ns.elsewhere.example. hostmaster.elsewhere.example. 7 1 2 3 4
@      NS   ns.elsewhere.example.
@      A    192.0.2.1
www    CNAME example.ch.
short 5 A   192.0.2.2
"""


def test_a_new_zone_is_shown(heidi: Person, register: Register) -> None:
    register(heidi)
    answer = heidi.call("POST", f"/2/zones/{FQDN}", {})
    zone = answer.json()["data"]
    assert answer.status_code == 200
    assert zone == {
        "id": zone["id"],
        "fqdn": FQDN,
        "dnssec": {"is_enabled": False},
        "nameservers": list(heidi.platform.settings.dns_nameservers),
    }
    assert heidi.call("GET", f"/2/zones/{FQDN}").json()["data"] == zone


@pytest.mark.parametrize("spelling", ["b%C3%BCcher.ch", "xn--bcher-kva.ch", "XN--BCHER-KVA.ch."])
def test_a_zone_has_its_name_in_any_spelling(heidi: Person, register: Register, spelling: str) -> None:
    register(heidi, "bücher.ch")
    assert heidi.call("POST", f"/2/zones/{spelling}", {}).json()["data"]["fqdn"] == "xn--bcher-kva.ch"
    for other in ("bücher.ch", "xn--bcher-kva.ch."):
        assert heidi.call("GET", f"/2/zones/{other}/exists").json()["data"] is True


def test_a_zone_below_a_domain(editor: Editor) -> None:
    assert editor.person.call("POST", "/2/zones/dev.example.ch", {}).status_code == 200
    assert editor.person.call("GET", "/2/zones/dev.example.ch/exists").json()["data"] is True


def test_a_zone_is_made_once(editor: Editor) -> None:
    answer = editor.call("POST")
    assert (answer.status_code, error(answer)["code"]) == (400, "zone_already_exists")
    assert error(answer)["context"] == {"zone": FQDN}


def test_a_zone_needs_a_domain(heidi: Person, peter: Person, register: Register) -> None:
    register(peter)
    for name in (FQDN, f"www.{FQDN}", "12"):
        answer = heidi.call("POST", f"/2/zones/{name}", {})
        assert (answer.status_code, error(answer)["code"]) == (404, "object_not_found")


@pytest.mark.parametrize("name", ["nowhere.example", "www.example.ch", "1", "ch", "a..b", "-.example"])
def test_what_is_no_zone_is_not_found(editor: Editor, name: str) -> None:
    for path in ("", "/exists", "/records", "/versions"):
        answer = editor.person.call("GET", f"/2/zones/{name}{path}")
        assert (answer.status_code, error(answer)["code"]) == (404, "object_not_found")
        assert error(answer)["context"] == {"model": "Zone", "id": name}


def test_a_domain_without_a_zone(heidi: Person, register: Register) -> None:
    register(heidi)
    for method, path in (("GET", ""), ("GET", "/records"), ("DELETE", ""), ("POST", "/records")):
        answer = heidi.call(method, f"/2/zones/{FQDN}{path}", record("www A 192.0.2.1"))
        assert (answer.status_code, error(answer)["code"]) == (404, "zone_does_not_exists")
    assert error(heidi.call("GET", f"/2/zones/{FQDN}/exists"))["code"] == "object_not_found"


def test_a_strangers_zone_is_not_found(editor: Editor, peter: Person) -> None:
    made = editor.add("www A 192.0.2.1")["id"]
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/exists", None),
        ("PUT", "", {"skel": ""}),
        ("DELETE", "", None),
        ("GET", "/records", None),
        ("POST", "/records", record("a A 192.0.2.1")),
        ("PATCH", "/records", {"delete": [made]}),
        ("GET", f"/records/{made}", None),
        ("PUT", f"/records/{made}", {"ttl": 600}),
        ("DELETE", f"/records/{made}", None),
        ("GET", f"/records/{made}/check", None),
        ("GET", "/versions", None),
        ("GET", f"/versions/{editor.serial()}", None),
        ("POST", f"/versions/{editor.serial()}/restore", {}),
        ("POST", "/templates/web", {"variables": {"ipv4": "192.0.2.1"}}),
    ):
        answer = peter.call(method, f"/2/zones/{FQDN}{path}", body)
        assert (answer.status_code, error(answer)["code"]) == (404, "object_not_found"), (method, path)
    assert editor.lines() == ["www A 192.0.2.1"]


def test_changing_needs_the_technical_right(editor: Editor, peter: Person) -> None:
    platform, domain = editor.person.platform, editor.domain
    platform.member(editor.person.account, peter.user)
    platform.right(domain, peter.user, "statistic")
    assert peter.call("GET", f"/2/zones/{FQDN}/records").status_code == 200
    for method, path, body in (
        ("PUT", "", {"skel": ""}),
        ("DELETE", "", None),
        ("POST", "/records", record("a A 192.0.2.1")),
        ("PATCH", "/records", {"create": [record("a A 192.0.2.1")]}),
        ("POST", f"/versions/{editor.serial()}/restore", {}),
    ):
        answer = peter.call(method, f"/2/zones/{FQDN}{path}", body)
        assert (answer.status_code, error(answer)["code"]) == (403, "access_denied")
        assert error(answer)["context"]["required_right"] == "technical"
    assert error(peter.call("POST", f"/2/zones/sub.{FQDN}", {}))["code"] == "access_denied"
    platform.right(domain, peter.user, "technical")
    assert peter.call("POST", f"/2/zones/{FQDN}/records", record("a A 192.0.2.1")).status_code == 201


def test_a_token_reaches_as_far_as_its_scopes_and_products(editor: Editor) -> None:
    person, platform = editor.person, editor.person.platform
    readonly = platform.token(person.user, "dns:read")
    elsewhere = platform.token(person.user, "dns", product_ids=[editor.domain.id + 1])
    assert person.client.get(f"/2/zones/{FQDN}", headers=bearer(readonly)).status_code == 200
    answer = person.client.post(f"/2/zones/{FQDN}/records", headers=bearer(readonly), json=record("a A 192.0.2.1"))
    assert error(answer)["code"] == "all_scopes"
    assert person.client.get(f"/2/zones/{FQDN}", headers=bearer(elsewhere)).status_code == 404


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_zone_file_is_imported(heidi: Person, register: Register) -> None:
    register(heidi)
    answer = heidi.call("POST", f"/2/zones/{FQDN}?with=records", {"skel": TEXT}).json()
    assert [(one["source"], one["type"], one["ttl"], one["target"]) for one in answer["data"]["records"]] == [
        (".", "A", 600, "192.0.2.1"),
        ("short", "A", 60, "192.0.2.2"),
        ("www", "CNAME", 600, FQDN),
    ]
    assert [(note["line"], note["reason"]) for note in answer["notes"]] == [
        (2, "own_record"),
        (3, "own_record"),
        (6, "ttl_bounded"),
    ]


def test_a_zone_is_replaced_and_what_stays_keeps_its_id(editor: Editor) -> None:
    kept, changed, _ = editor.add("www A 192.0.2.1"), editor.add("mail A 192.0.2.2"), editor.add("gone A 192.0.2.3")
    text = "www 300 A 192.0.2.1\nmail 600 A 192.0.2.9\nnew A 192.0.2.4\n"
    assert editor.call("PUT", body={"skel": text}).status_code == 200
    assert editor.lines() == ["mail A 192.0.2.9", "new A 192.0.2.4", "www A 192.0.2.1"]
    ids = {one["source"]: one["id"] for one in editor.records()}
    assert (ids["www"], ids["mail"]) == (kept["id"], changed["id"])


def test_a_zone_is_what_its_own_text_says(editor: Editor) -> None:
    for line in (
        ". MX 10 mail.example.ch",
        "mail A 192.0.2.1",
        '. TXT "a \\"quoted\\" text"',
        '. CAA 0 issue "ca.example"',
    ):
        editor.add(line)
    before, text = editor.records(), editor.call("GET", "?with=skel").json()["data"]["skel"]
    serial = editor.serial()
    assert f"@     3600 IN SOA    ns1.alpage.example. hostmaster.{FQDN}. {serial} " in text
    assert "@     3600 IN NS     ns2.alpage.example." in text
    assert editor.call("PUT", body={"skel": text}).status_code == 200
    assert (editor.records(), editor.serial()) == (before, serial)


def test_every_fault_of_a_zone_file_is_told_with_its_line(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    answer = editor.call("PUT", body={"skel": "a A 1.2.3\nb A 192.0.2.1\nb CNAME example.net.\nc AAAA ::1::\n"})
    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_dns_record")
    faults = error(answer)["errors"]
    assert {(fault["code"], fault["context"]["line"]) for fault in faults} == {
        ("invalid_dns_record", 1),
        ("invalid_dns_record", 4),
        ("dns_record_mutual_exclusion", 2),
        ("dns_record_mutual_exclusion", 3),
    }
    assert all(fault["context"]["attribute"] == "skel" for fault in faults)
    assert editor.lines() == ["www A 192.0.2.1"]


def test_a_zone_shows_its_records_with_what_is_asked_of_them(editor: Editor) -> None:
    editor.add(". MX 10 mail.example.ch")
    plain = editor.call("GET", "?with=records").json()["data"]["records"][0]
    assert set(plain) == {"id", "source", "type", "ttl", "target", "updated_at"}
    full = editor.call("GET", "?with=records,idn,records_description").json()["data"]["records"][0]
    assert full["source_idn"] == FQDN
    assert full["description"]["priority"] == {"value": 10, "label": "10"}


def test_a_deleted_zone_is_gone_with_everything_in_it(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    answer = editor.call("DELETE", body={})
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert error(editor.call("GET", "/exists"))["code"] == "object_not_found"
    with editor.person.platform.database.reading() as transaction:
        left = [transaction.execute(select(func.count()).select_from(t)).scalar() for t in (Zone, Record, ZoneVersion)]
    assert left == [0, 0, 0]
    assert editor.call("POST").status_code == 200
    assert editor.lines() == []
    assert editor.call("GET", "/records?page=1").json()["total"] == 0


def test_a_dry_run_leaves_nothing(editor: Editor) -> None:
    answer = editor.call("DELETE", "?dry_run=1").json()
    assert ("dns.zone", "deleted") in [(change["event"], change["action"]) for change in answer["changes"]]
    assert editor.call("GET", "/exists").json()["data"] is True
