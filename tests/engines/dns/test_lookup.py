"""What is answered, case by case; `test_reference.py` compares with another server."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from alpage.products.dns.recorddata import RecordData


def lines(section):
    return sorted(line for rrset in section for line in rrset.to_text().split("\n"))


def soa_ttl(answer):
    (rrset,) = answer.authority
    assert rrset.rdtype == dns.rdatatype.SOA
    return rrset.ttl


def test_the_soa_is_made_from_the_zone(ask):
    answer = ask("example.ch", "SOA")
    assert lines(answer.answer) == [
        "example.ch. 3600 IN SOA ns1.alpage.test. hostmaster.example.ch. 1 10800 3600 1209600 300"
    ]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


def test_the_apex_ns_are_the_zones_name_servers_and_no_others(ask, make_snapshot):
    zone = make_snapshot(records=[RecordData(".", "NS", 60, "rogue.test"), RecordData(".", "SOA", 60, "a b 1 2 3 4 5")])
    assert lines(ask("example.ch", "NS", zones=[zone]).answer) == [
        "example.ch. 3600 IN NS ns1.alpage.test.",
        "example.ch. 3600 IN NS ns2.alpage.test.",
    ]


def test_a_name_that_does_not_exist(ask):
    answer = ask("nothing.example.ch")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.AA
    assert soa_ttl(answer) == 300


def test_a_negative_answer_lives_no_longer_than_the_soa_does(ask, make_snapshot):
    assert soa_ttl(ask("no.example.ch", zones=[make_snapshot(minimum_ttl=900, authority_ttl=120)])) == 120


@pytest.mark.parametrize(
    "name", ["mail.example.ch", "b.c.example.ch", "c.example.ch", "_tcp.example.ch", "wild.example.ch"]
)
def test_a_name_without_that_type_or_with_names_below_exists(ask, name):
    answer = ask(name, "MX")
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer
    assert soa_ttl(answer) == 300


@pytest.mark.parametrize("name", ["x.wild.example.ch", "x.y.wild.example.ch", "*.wild.example.ch"])
def test_a_wildcard_answers_for_names_that_do_not_exist(ask, name):
    assert lines(ask(name, "TXT").answer) == [f'{name}. 300 IN TXT "from the wildcard"']


@pytest.mark.parametrize(
    "name", ["here.wild.example.ch", "x.here.wild.example.ch", "below.wild.example.ch", "x.below.wild.example.ch"]
)
def test_a_wildcard_does_not_answer_at_or_below_names_that_exist(ask, name):
    answer = ask(name, "TXT")
    assert not answer.answer
    exists = name in ("here.wild.example.ch", "below.wild.example.ch")
    assert answer.rcode() == (dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN)


def test_a_wildcard_that_is_an_empty_non_terminal_makes_names_exist(ask):
    answer = ask("some.odd.example.ch")
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer


def test_an_alias_from_a_wildcard_is_followed(ask):
    assert lines(ask("x.alias.example.ch").answer) == [
        "example.ch. 300 IN A 192.0.2.1",
        "www.example.ch. 300 IN CNAME example.ch.",
        "x.alias.example.ch. 300 IN CNAME www.example.ch.",
    ]


def test_an_alias_to_nothing_says_that_its_target_does_not_exist(ask):
    answer = ask("dangling.example.ch")
    assert lines(answer.answer) == ["dangling.example.ch. 300 IN CNAME nothing.example.ch."]
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert soa_ttl(answer) == 300


def test_an_alias_is_answered_as_itself_when_asked_for(ask):
    assert lines(ask("chain.example.ch", "CNAME").answer) == ["chain.example.ch. 300 IN CNAME www.example.ch."]


def test_an_alias_out_of_our_zones_is_left_to_the_asker(ask):
    answer = ask("abroad.example.ch")
    assert lines(answer.answer) == ["abroad.example.ch. 300 IN CNAME host.elsewhere.test."]
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.authority


def test_an_alias_into_another_of_our_zones_is_followed(ask, make_snapshot):
    other = make_snapshot(fqdn="elsewhere.test", records=[RecordData("host", "A", 60, "198.51.100.1")])
    answer = ask("abroad.example.ch", zones=[make_snapshot(), other])
    assert "host.elsewhere.test. 60 IN A 198.51.100.1" in lines(answer.answer)


def test_aliases_in_a_circle_are_answered_once_each_as_a_failure(ask):
    answer = ask("loop1.example.ch")
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert len(answer.answer) == 2


def test_a_dname_into_itself_ends(ask, make_snapshot):
    zone = make_snapshot(records=[RecordData("d", "DNAME", 60, "d.d.example.ch")])
    answer = ask("x.d.example.ch", zones=[zone])
    assert answer.rcode() == dns.rcode.SERVFAIL


def test_a_delegation_is_referred_to_with_its_glue(ask):
    answer = ask("x.signed.example.ch")
    assert not answer.flags & dns.flags.AA
    assert not answer.answer
    assert {rrset.name.to_text() for rrset in answer.authority} == {"signed.example.ch."}
    assert lines(answer.additional) == [
        "ns.sibling.example.ch. 3600 IN A 192.0.2.54",
        "ns.signed.example.ch. 3600 IN A 192.0.2.53",
        "ns.signed.example.ch. 3600 IN AAAA 2001:db8::53",
    ]


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [("ns.signed.example.ch", "A"), ("hidden.signed.example.ch", "TXT"), ("signed.example.ch", "NS")],
)
def test_what_lies_at_or_below_a_delegation_is_not_ours_to_answer(ask, name, rdtype):
    answer = ask(name, rdtype)
    assert not answer.flags & dns.flags.AA
    assert not answer.answer
    assert answer.authority[0].rdtype == dns.rdatatype.NS


def test_the_ds_of_a_delegation_is_ours_to_answer(ask):
    answer = ask("signed.example.ch", "DS")
    assert answer.flags & dns.flags.AA
    assert lines(answer.answer) == ["signed.example.ch. 3600 IN DS 12345 13 2 " + "ab" * 32]
    assert soa_ttl(ask("sibling.example.ch", "DS")) == 300


def test_the_ds_of_a_zone_is_answered_from_the_zone_above(ask, make_snapshot):
    child = make_snapshot(fqdn="signed.example.ch", records=[])
    answer = ask("signed.example.ch", "DS", zones=[make_snapshot(), child])
    assert lines(answer.answer) == ["signed.example.ch. 3600 IN DS 12345 13 2 " + "ab" * 32]
    alone = ask("signed.example.ch", "DS", zones=[child])
    assert alone.authority[0].name.to_text() == "signed.example.ch."


def test_a_zone_below_another_answers_for_itself(ask, make_snapshot):
    child = make_snapshot(fqdn="signed.example.ch", records=[RecordData("x", "A", 60, "198.51.100.2")])
    answer = ask("x.signed.example.ch", zones=[make_snapshot(), child])
    assert answer.flags & dns.flags.AA
    assert lines(answer.answer) == ["x.signed.example.ch. 60 IN A 198.51.100.2"]


def test_an_alias_into_a_delegation_ends_in_a_referral(ask):
    answer = ask("to-cut.example.ch")
    assert answer.flags & dns.flags.AA
    assert lines(answer.answer) == ["to-cut.example.ch. 300 IN CNAME x.signed.example.ch."]
    assert answer.authority[0].name.to_text() == "signed.example.ch."


def test_a_dname_moves_the_names_below_it(ask):
    assert lines(ask("host.moved.example.ch").answer) == [
        "host.moved.example.ch. 300 IN CNAME host.new.example.ch.",
        "host.new.example.ch. 300 IN A 192.0.2.11",
        "moved.example.ch. 300 IN DNAME new.example.ch.",
    ]


def test_a_dname_does_not_move_its_own_name(ask):
    assert lines(ask("moved.example.ch", "TXT").answer) == ['moved.example.ch. 300 IN TXT "beside the DNAME"']


def test_a_name_that_a_dname_makes_too_long(ask, make_snapshot):
    target = ".".join(["x" * 60] * 3 + ["example.ch"])
    zone = make_snapshot(records=[RecordData("d", "DNAME", 60, target)])
    answer = ask(".".join(["y" * 60, "d.example.ch"]), zones=[zone])
    assert answer.rcode() == dns.rcode.YXDOMAIN
    assert answer.answer[0].rdtype == dns.rdatatype.DNAME


def test_a_name_that_is_not_in_our_zones_is_refused(ask):
    answer = ask("example.org")
    assert answer.rcode() == dns.rcode.REFUSED
    assert not answer.flags & (dns.flags.AA | dns.flags.RA)


def test_any_is_answered_with_one_rrset(ask):
    assert lines(ask("example.ch", "ANY").answer) == ["example.ch. 300 IN A 192.0.2.1"]
    assert ask("nothing.example.ch", "ANY").rcode() == dns.rcode.NXDOMAIN


def test_records_of_different_ttl_are_answered_with_the_smallest(ask, make_snapshot):
    zone = make_snapshot(records=[RecordData("m", "A", 600, "192.0.2.1"), RecordData("m", "A", 60, "192.0.2.2")])
    assert lines(ask("m.example.ch", zones=[zone]).answer) == [
        "m.example.ch. 60 IN A 192.0.2.1",
        "m.example.ch. 60 IN A 192.0.2.2",
    ]
