"""Templates over the API."""

from tests.products.dns.conftest import Editor, error, places

WEB = {"variables": {"ipv4": "192.0.2.10"}}
MAIL = {"mail_host": "mail.example.net", "spf_domain": "spf.example.net", "dkim_selector": "s1", "dkim_key": "QUJD"}


def test_templates_are_listed_and_shown(editor: Editor) -> None:
    names = [one["name"] for one in editor.person.call("GET", "/2/dns/templates").json()["data"]]
    assert {"web", "mail"} <= set(names)
    shown = editor.person.call("GET", "/2/dns/templates/web").json()["data"]
    assert shown["variables"][0]["name"] == "ipv4"
    assert {"source": "www", "type": "CNAME", "ttl": 3600, "target": "{zone}"} in shown["records"]


def test_templates_speak_the_language_of_the_caller(editor: Editor) -> None:
    german = {"Accept-Language": "de"}
    (web,) = editor.person.call("GET", "/2/dns/templates?search=webserver", headers=german).json()["data"]
    assert (web["name"], web["title"]) == ("web", "Website")
    shown = editor.person.call("GET", "/2/dns/templates/web", headers=german).json()["data"]
    assert [variable["label"] for variable in shown["variables"]] == ["IPv4-Adresse", "IPv6-Adresse"]


def test_a_template_that_is_not_there(editor: Editor) -> None:
    for answer in (editor.person.call("GET", "/2/dns/templates/no"), editor.call("POST", "/templates/no", {})):
        assert (answer.status_code, error(answer)["code"]) == (404, "dns_template_not_found")


def test_a_template_adds_its_records_once(editor: Editor) -> None:
    answer = editor.call("POST", "/templates/web", WEB)
    assert answer.status_code == 200
    assert [one["source"] for one in answer.json()["data"]["created"]] == [".", "www"]
    assert editor.lines() == [". A 192.0.2.10", "www CNAME example.ch"]
    serial = editor.serial()
    assert editor.call("POST", "/templates/web", WEB).json()["data"]["created"] == []
    assert editor.serial() == serial


def test_what_is_there_already_stays_as_it_is(editor: Editor) -> None:
    editor.add(". A 192.0.2.10", ttl=600)
    editor.call("POST", "/templates/web", WEB)
    assert {one["ttl"] for one in editor.records("filter[types][]=A")} == {600}


def test_records_of_the_same_name_and_type_give_way_where_asked(editor: Editor) -> None:
    editor.add(". A 192.0.2.1")
    editor.add(". A 192.0.2.2")
    editor.add(". TXT x")
    answer = editor.call("POST", "/templates/web", {**WEB, "replace": True}).json()["data"]
    assert (len(answer["created"]), len(answer["updated"]), len(answer["deleted"])) == (1, 1, 1)
    assert editor.lines() == [". A 192.0.2.10", '. TXT "x"', "www CNAME example.ch"]


def test_a_template_that_collides_is_refused(editor: Editor) -> None:
    editor.add("www A 192.0.2.1")
    answer = editor.call("POST", "/templates/web", WEB)
    assert (answer.status_code, error(answer)["code"]) == (400, "dns_record_mutual_exclusion")
    assert editor.lines() == ["www A 192.0.2.1"]


def test_every_variable_is_checked(editor: Editor) -> None:
    variables = {**MAIL, "dmarc_policy": "perhaps", "other": "x"}
    answer = editor.call("POST", "/templates/mail", {"variables": variables})
    assert sorted(places(answer)) == [
        ("attribute_in", "variables.other"),
        ("attribute_regex", "variables.dmarc_policy"),
        ("attribute_required", "variables.report_address"),
    ]


def test_a_value_that_makes_no_record_is_named(editor: Editor) -> None:
    answer = editor.call("POST", "/templates/web", {"variables": {"ipv4": "1.2.3"}})
    assert places(answer) == [("invalid_dns_record", "variables.ipv4")]


def test_a_dry_run_shows_what_it_would_do(editor: Editor) -> None:
    answer = editor.call("POST", "/templates/web?dry_run=1", WEB).json()
    assert [one["source"] for one in answer["data"]["created"]] == [".", "www"]
    assert editor.lines() == []
