"""Records as programs of version 1 know them."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.products.dns.conftest import Editor, error, record


def call(editor: Editor, method: str, path: str = "", body: Any = None, person: Person | None = None) -> Any:
    return (person or editor.person).call(method, f"/1/domain/{editor.domain.id}/dns/record{path}", body)


def test_a_new_record_answers_with_its_id_as_text(editor: Editor) -> None:
    answer = call(editor, "POST", "", record("_acme-challenge.www TXT token", 7200))
    made = answer.json()["data"]
    assert answer.json()["result"] == "success"
    assert isinstance(made, str)
    assert editor.call("GET", f"/records/{made}").json()["data"]["target"] == '"token"'


def test_a_record_is_shown_for_people_and_programs(editor: Editor) -> None:
    made = call(editor, "POST", "", record("bücher TXT token", 3600)).json()["data"]
    shown = call(editor, "GET", f"/{made}").json()["data"]
    assert shown == {
        "id": made,
        "source": "xn--bcher-kva",
        "source_idn": "bücher.example.ch",
        "type": "TXT",
        "ttl": 3600,
        "ttl_idn": "1 h.",
        "target": '"token"',
        "target_idn": "token",
        "updated_at": shown["updated_at"],
        "dyndns_id": None,
        "delegated_zone_id": None,
        "priority": None,
        "is_for_redirection": False,
    }
    assert call(editor, "GET").json()["data"] == [shown]


@pytest.mark.parametrize("source", [False, "", ".", None, "example.ch"])
def test_the_domain_itself_has_no_source(editor: Editor, source: Any) -> None:
    call(editor, "POST", "", {"source": source, "type": "MX", "ttl": 300, "target": "10 mail.example.ch"})
    shown = call(editor, "GET").json()["data"][0]
    assert (shown["source"], shown["source_idn"], shown["priority"]) == (False, "example.ch", 10)


def test_records_are_filtered_and_searched(editor: Editor) -> None:
    for line in ("www A 192.0.2.1", "www TXT token", "mail A 192.0.2.2"):
        editor.add(line)

    def sources(query: str) -> list[str]:
        return [f"{one['source']} {one['type']}" for one in call(editor, "GET", f"?{query}").json()["data"]]

    assert sources("filter[types][]=TXT") == ["www TXT"]
    assert sources("search=mail") == ["mail A"]


def test_a_record_is_changed_and_deleted(editor: Editor) -> None:
    made = call(editor, "POST", "", record("www A 192.0.2.1")).json()["data"]
    changed = call(editor, "PUT", f"/{made}", {"ttl": 600, "source": "web", "target": "192.0.2.2"})
    assert changed.json()["data"] is True
    assert editor.lines() == ["web A 192.0.2.2"]
    assert call(editor, "DELETE", f"/{made}").json()["data"] is True
    assert editor.lines() == []
    for missing in (made, "x"):
        assert error(call(editor, "GET", f"/{missing}"))["code"] == "object_not_found"


def test_every_value_of_an_errors_context_is_text(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    for body, code in (
        (record("www CNAME a.example"), "dns_record_mutual_exclusion"),
        (record("www A 192.0.2.1"), "dns_record_already_exists"),
        (record("www HINFO x"), "unsupported_dns_record_type"),
    ):
        answer = call(editor, "POST", "", body)
        assert (answer.status_code, error(answer)["code"]) == (400, code)
        assert all(isinstance(value, str) for value in error(answer)["context"].values())
    missing = call(editor, "DELETE", "/99")
    assert error(missing)["context"] == {"model": "DnsRecord", "id": "99"}


@pytest.mark.parametrize("ttl", [59, 86401])
def test_the_time_to_live_has_bounds(editor: Editor, ttl: int) -> None:
    answer = call(editor, "POST", "", record("www A 192.0.2.1", ttl))
    assert (answer.status_code, error(answer)["errors"][0]["context"]["attribute"]) == (422, "ttl")


def test_the_zone_nearest_to_the_domain_is_meant(editor: Editor) -> None:
    editor.person.call("POST", "/2/zones/a.example.ch", {})
    call(editor, "POST", "", record("www A 192.0.2.1"))
    assert editor.lines() == ["www A 192.0.2.1"]


def test_either_scope_will_do(editor: Editor) -> None:
    platform, user = editor.person.platform, editor.person.user
    path = f"/1/domain/{editor.domain.id}/dns/record"
    for scope, read, write in (
        ("domain", 200, 201),
        ("dns", 200, 201),
        ("dns:read", 200, 403),
        ("user_info", 403, 403),
    ):
        headers = {"Authorization": f"Bearer {platform.token(user, scope)}"}
        body = record(f"{scope.replace(':', '-').replace('_', '-')} A 192.0.2.1")
        assert editor.person.client.get(path, headers=headers).status_code == read
        assert editor.person.client.post(path, headers=headers, json=body).status_code == write


def test_a_strangers_domain_is_not_found(editor: Editor, peter: Person) -> None:
    made = editor.add("www A 192.0.2.1")["id"]
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{made}"), ("PUT", f"/{made}"), ("DELETE", f"/{made}")):
        answer = call(editor, method, path, record("a A 192.0.2.1"), peter)
        assert (answer.status_code, error(answer)["code"]) == (404, "object_not_found")
        assert error(answer)["context"]["model"] == "Domain"
