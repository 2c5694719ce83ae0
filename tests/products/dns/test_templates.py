"""Ready sets of records."""

import re

import pytest

from alpage.api.languages import LANGUAGES
from alpage.products.dns import rules, templates
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.rules import Change, Snapshot

ZONE = "example.com"
VALUES = {
    "authority": "ca.example.net",
    "dkim_key": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 10,
    "dkim_selector": "key1",
    "dmarc_policy": "reject",
    "first_server": "ns1.example.net",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "mail_host": "mail.example.net",
    "name": "branch",
    "report_address": "reports@example.com",
    "second_server": "ns2.example.net",
    "spf_domain": "_spf.example.net",
    "wildcard_authority": ";",
}


def values_for(template: templates.Template) -> dict[str, str]:
    return {variable.name: VALUES[variable.name] for variable in template.variables}


@pytest.mark.parametrize("name", templates.available())
def test_every_template_makes_records_that_may_stand_together(name: str) -> None:
    template = templates.available()[name]
    records = templates.render(template, values_for(template), ZONE)
    assert len(records) == len(template.records)
    assert rules.check(ZONE, [Change(added=record) for record in records], Snapshot([])) == []


@pytest.mark.parametrize("name", templates.available())
def test_every_template_says_what_it_does_and_declares_what_it_uses(name: str) -> None:
    template = templates.available()[name]
    used = {found for record in template.records for found in re.findall(r"\{(\w+)\}", record.source + record.target)}
    assert used - {"zone"} == {variable.name for variable in template.variables}
    assert set(template.words) == set(LANGUAGES)
    assert all(words.title and words.description.endswith(".") for words in template.words.values())
    for variable in template.variables:
        assert set(variable.words) == set(LANGUAGES)
        assert all(words.label and words.sentence.endswith(".") for words in variable.words.values())
        assert not re.fullmatch(variable.pattern, 'a"b'), "a quote would end the text it stands in"
        assert not re.fullmatch(variable.pattern, "a\\b")
        assert variable.default is None or re.fullmatch(variable.pattern, variable.default)


def test_a_record_whose_variable_is_empty_is_left_out() -> None:
    records = templates.render(templates.available()["web"], {"ipv4": "192.0.2.1"}, ZONE)
    assert records == [RecordData(".", "A", 3600, "192.0.2.1"), RecordData("www", "CNAME", 3600, "example.com")]


def test_no_mail_says_so_in_every_way() -> None:
    records = templates.render(templates.available()["no-mail"], {}, ZONE)
    assert RecordData(".", "MX", 3600, "0 .") in records
    assert RecordData(".", "TXT", 3600, '"v=spf1 -all"') in records


def test_all_faults_of_the_variables_are_named() -> None:
    with pytest.raises(templates.TemplateError) as caught:
        templates.render(templates.available()["mail"], {"dkim_key": "not base64!", "colour": "red"}, ZONE)
    assert {(fault.variable, fault.reason) for fault in caught.value.faults} == {
        ("colour", "unknown"),
        ("dkim_key", "pattern"),
        ("mail_host", "missing"),
        ("spf_domain", "missing"),
        ("dkim_selector", "missing"),
        ("report_address", "missing"),
    }


def test_a_value_that_no_record_can_hold_is_named_with_the_rule() -> None:
    with pytest.raises(templates.TemplateError) as caught:
        templates.render(templates.available()["web"], {"ipv4": "999.1.1.1"}, ZONE)
    assert [(fault.variable, fault.reason) for fault in caught.value.faults] == [("ipv4", "ipv4_address")]
