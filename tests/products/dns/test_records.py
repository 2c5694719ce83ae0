"""Records, one at a time."""

from typing import Any

import pytest

from alpage.products.dns import propagation
from tests.products.dns.conftest import FQDN, Editor, error, record


def test_a_record_is_created_and_shown(editor: Editor) -> None:
    answer = editor.call("POST", "/records?with=idn", record("www A 192.0.2.1"))
    made = answer.json()["data"]
    assert answer.status_code == 201
    assert made == {
        "id": made["id"],
        "source": "www",
        "type": "A",
        "ttl": 300,
        "target": "192.0.2.1",
        "updated_at": made["updated_at"],
        "source_idn": f"www.{FQDN}",
    }
    del made["source_idn"]
    assert editor.call("GET", f"/records/{made['id']}").json()["data"] == made
    assert editor.records() == [made]


def test_the_fields_come_in_the_order_that_clients_read_as_text(editor: Editor) -> None:
    editor.add('_acme-challenge TXT "token"')
    text = editor.call("GET", "/records").text
    assert text.startswith('{"result":"success","data":[{"id":')
    assert text.index('"id":') < text.index('"source":"_acme-challenge"') < text.index(r'"target":"\"token\""')
    assert text.endswith("}]}")


@pytest.mark.parametrize("source", ["", ".", "@", None, FQDN, f"{FQDN}."])
def test_the_zone_itself_has_many_spellings_and_one_answer(editor: Editor, source: str | None) -> None:
    body = {"source": source, "type": "A", "ttl": 300, "target": "192.0.2.1"}
    assert editor.call("POST", "/records", body).json()["data"]["source"] == "."


def test_a_record_without_a_source_is_the_zones_own(editor: Editor) -> None:
    body = {"type": "TXT", "ttl": 300, "target": "hello"}
    made = editor.call("POST", "/records", body).json()["data"]
    assert (made["source"], made["target"]) == (".", '"hello"')


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        ("www.example.ch A 192.0.2.1", "www A 192.0.2.1"),
        ("WWW CNAME Other.Example.", "www CNAME other.example"),
        ("bücher AAAA 2001:DB8:0:0::1", "xn--bcher-kva AAAA 2001:db8::1"),
        ("_sip._tcp SRV 10 5 5060 sip.example.ch.", "_sip._tcp SRV 10 5 5060 sip.example.ch"),
        (". MX 10 mail.example.ch.", ". MX 10 mail.example.ch"),
        ("* TXT any", '* TXT "any"'),
    ],
)
def test_what_is_sent_comes_back_in_one_form(editor: Editor, line: str, stored: str) -> None:
    editor.add(line)
    assert editor.lines() == [stored]


def test_the_description_tells_the_parts(editor: Editor) -> None:
    editor.add("_443._tcp TLSA 3 1 1 " + "ab" * 32)
    for name in ("records_description", "description"):
        parts = editor.records(f"with={name}")[0]["description"]
        assert parts["usage"] == {"value": 3, "label": "DANE-EE: names the certificate to trust"}
        assert parts["protocol"] == {"value": "tcp", "label": "TCP"}


@pytest.mark.parametrize(
    ("existing", "line", "code", "place"),
    [
        ("www A 192.0.2.1", "www A 192.0.2.1", "dns_record_already_exists", "target duplicate"),
        ("www A 192.0.2.1", "www CNAME a.example", "dns_record_mutual_exclusion", "source cname_beside_others"),
        ("www CNAME a.example", "www A 192.0.2.1", "dns_record_mutual_exclusion", "source cname_beside_others"),
        ("sub NS ns.example.net", "a.sub TXT x", "dns_record_mutual_exclusion", "source below_delegation"),
        ("a.sub TXT x", "sub NS ns.example.net", "dns_record_mutual_exclusion", "source below_delegation"),
        ("a.sub TXT x", ". DNAME example.net", "dns_record_mutual_exclusion", "source below_dname"),
        ("a A 192.0.2.1", ". NS ns.example.net", "invalid_dns_record", "type ns_at_apex"),
        ("a A 192.0.2.1", "b A 192.0.2", "invalid_dns_record", "target ipv4_address"),
        ("a A 192.0.2.1", "b..c A 192.0.2.1", "invalid_dns_record", "source empty_label"),
        (
            "a A 192.0.2.1",
            "b SOA ns.example.net hostmaster.example.net 1 2 3 4 5",
            "unsupported_dns_record_type",
            "type type_read_only",
        ),
        ("a A 192.0.2.1", "b HINFO x", "unsupported_dns_record_type", "type type_unknown"),
        ("a A 192.0.2.1", "b PTR a.example", "unsupported_dns_record_type", "type type_read_only"),
    ],
)
def test_what_cannot_be_is_refused(editor: Editor, existing: str, line: str, code: str, place: str) -> None:
    kept = editor.add(existing)
    answer = editor.call("POST", "/records", record(line))
    assert (answer.status_code, error(answer)["code"]) == (400, code)
    assert place == "{attribute} {reason}".format_map(error(answer)["context"])
    assert editor.records() == [kept]


def test_a_mutual_exclusion_names_the_types_in_the_way(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    editor.add("www TXT x")
    answer = editor.call("POST", "/records", record("www CNAME a.example"))
    assert error(answer)["context"]["conflicting_types"] == ["A", "TXT"]
    assert "A, TXT" in error(answer)["description"]


def test_everything_wrong_with_a_record_is_told_at_once(editor: Editor) -> None:
    answer = editor.call("POST", "/records", record("a..b A x"))
    assert error(answer)["code"] == "invalid_dns_record"
    assert [fault["context"]["attribute"] for fault in error(answer)["errors"]] == ["source", "target"]


@pytest.mark.parametrize(
    ("change", "attribute"),
    [({"ttl": 59}, "ttl"), ({"ttl": 86401}, "ttl"), ({"ttl": "x"}, "ttl"), ({"target": None}, "target")],
)
def test_the_input_is_checked(editor: Editor, change: dict[str, Any], attribute: str) -> None:
    answer = editor.call("POST", "/records", {**record("www A 192.0.2.1"), **change})
    assert answer.status_code == 422
    assert error(answer)["errors"][0]["context"]["attribute"] == attribute


def test_a_record_is_changed_in_part(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    for change in ({"ttl": 600}, {"target": "192.0.2.2"}, {"source": "web"}, {"type": "TXT", "target": "x"}):
        answer = editor.call("PUT", f"/records/{made['id']}", change)
        assert answer.status_code == 200
        expected = {"target": '"x"'} if "type" in change else change
        assert expected.items() <= answer.json()["data"].items()
    assert editor.records()[0] | {"updated_at": 0} == {
        "id": made["id"], "source": "web", "type": "TXT", "ttl": 600, "target": '"x"', "updated_at": 0
    }  # fmt: skip


def test_a_change_that_breaks_a_rule_is_refused(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    editor.add("www A 192.0.2.2")
    answer = editor.call("PUT", f"/records/{made['id']}", {"target": "192.0.2.2"})
    assert (answer.status_code, error(answer)["code"]) == (400, "dns_record_already_exists")
    answer = editor.call("PUT", f"/records/{made['id']}", {"type": "CNAME", "target": "a.example"})
    assert (answer.status_code, error(answer)["code"]) == (400, "dns_record_mutual_exclusion")
    assert editor.lines() == ["www A 192.0.2.1", "www A 192.0.2.2"]


def test_a_change_that_changes_nothing_makes_no_version(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    serial = editor.serial()
    answer = editor.call("PUT", f"/records/{made['id']}", {"ttl": 300, "target": "192.0.2.1"})
    assert answer.json()["data"] == made
    assert editor.serial() == serial


def test_a_record_is_deleted(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    answer = editor.call("DELETE", f"/records/{made['id']}")
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    for method in ("GET", "PUT", "DELETE"):
        answer = editor.call(method, f"/records/{made['id']}", {} if method == "PUT" else None)
        assert (answer.status_code, error(answer)["code"]) == (404, "object_not_found")
        assert error(answer)["context"] == {"model": "DnsRecord", "id": made["id"]}


def test_a_record_of_another_zone_is_not_found(editor: Editor) -> None:
    editor.person.call("POST", "/2/zones/dev.example.ch", {})
    made = editor.add("www A 192.0.2.1")
    for method in ("GET", "PUT", "DELETE"):
        answer = editor.person.call(method, f"/2/zones/dev.example.ch/records/{made['id']}", {"ttl": 600})
        assert error(answer)["code"] == "object_not_found"
    assert editor.records() == [made]


FULL = (
    "www A 192.0.2.1",
    "www AAAA 2001:db8::1",
    "mail A 192.0.2.2",
    ". MX 10 mail.example.ch",
    '. TXT "v=spf1 mx -all"',
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("filter[source]=www", [0, 1]),
        ("filter[source]=WWW.example.ch", [0, 1]),
        ("filter[source]=", [3, 4]),
        ("filter[source]=.", [3, 4]),
        ("filter[source]=a..b", []),
        ("filter[types][]=A", [0, 2]),
        ("filter[types]=A", [0, 2]),
        ("filter[types][]=MX&filter[types][]=TXT", [3, 4]),
        ("filter[source]=www&filter[types][]=AAAA", [1]),
        ("search=spf", [4]),
        ("search=192.0.2", [0, 2]),
        ("search=mail", [2, 3]),
        ("order_by=target&order=desc", [1, 2, 0, 3, 4]),
        ("order_by=type,source_idn", [2, 0, 1, 3, 4]),
        ("order=desc&limit=2", [4, 3]),
        ("page=2&per_page=2", [2, 3]),
        ("limit=2&skip=1", [1, 2]),
    ],
)
def test_records_are_filtered_searched_sorted_and_cut(editor: Editor, query: str, expected: list[int]) -> None:
    for line in FULL:
        editor.add(line)
    found = [f"{one['source']} {one['type']} {one['target']}" for one in editor.records(query)]
    assert found == [FULL[index] for index in expected]


@pytest.mark.parametrize("query", ["filter[types][]=NOPE", "filter[x]=1", "order_by=source", "with=nothing"])
def test_what_a_list_does_not_know_is_refused(editor: Editor, query: str) -> None:
    answer = editor.call("GET", f"/records?{query}")
    assert (answer.status_code, error(answer)["code"]) == (422, "validation_failed")


def test_totals_follow_the_changes(editor: Editor) -> None:
    for number, line in enumerate(FULL, 1):
        made = editor.add(line)
        assert editor.records("return=total") == number
    editor.call("DELETE", f"/records/{made['id']}")
    assert editor.call("GET", "/records?page=1&per_page=2").json()["total"] == len(FULL) - 1


def test_a_large_zone_comes_whole_or_in_pages(editor: Editor) -> None:
    assert editor.change(create=[record(f"h{number} A 192.0.2.1") for number in range(1200)]).status_code == 200
    whole = editor.call("GET", "/records").json()
    assert len(whole["data"]) == 1200
    assert "total" not in whole
    page = editor.call("GET", "/records?page=24&per_page=50").json()
    assert (page["total"], page["pages"], page["data"][-1]["source"]) == (1200, 24, "h1199")


def test_a_record_is_not_checked_where_others_serve_the_zone(editor: Editor) -> None:
    made = editor.add("www A 192.0.2.1")
    body = {"nameservers": ["ns1.elsewhere.example", "ns2.elsewhere.example"]}
    assert editor.person.call("PUT", f"/2/domains/{FQDN}/nameservers", body).status_code == 200
    answer = editor.call("GET", f"/records/{made['id']}/check")
    assert (answer.status_code, error(answer)["code"]) == (400, "zone_not_managed_by_infomaniak_dns")
    assert error(answer)["context"] == {"zone": FQDN, "nameservers": body["nameservers"]}


def test_a_check_of_a_record_that_is_not_there(editor: Editor) -> None:
    assert error(editor.call("GET", "/records/99/check"))["code"] == "object_not_found"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_addresses_of_servers(text: str, address: tuple[str, int]) -> None:
    assert propagation.read_address(text) == address
