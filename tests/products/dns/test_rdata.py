"""Targets: what clients send, what is kept, what people read."""

import dns.rdata
import dns.rdataclass
import pytest

from alpage.products.dns import rdata

ZONE = "example.com"
SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("rtype", "sent", "stored"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("a", " 192.0.2.1 ", "192.0.2.1"),
        ("AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("AAAA", "::FFFF:192.0.2.1", "::ffff:192.0.2.1"),
        ("CNAME", "WWW.Example.net.", "www.example.net"),
        ("CNAME", "www.example.net", "www.example.net"),
        ("CNAME", "@", "example.com"),
        ("CNAME", "k1._domainkey.example.net", "k1._domainkey.example.net"),
        ("CNAME", "bücher.example", "xn--bcher-kva.example"),
        ("DNAME", "example.net.", "example.net"),
        ("NS", "ns1.example.net.", "ns1.example.net"),
        ("MX", "10 mail.example.com", "10 mail.example.com"),
        ("MX", "10   mail.bücher.example.", "10 mail.xn--bcher-kva.example"),
        ("MX", "0 .", "0 ."),
        ("MX", "005 @", "5 example.com"),
        ("SRV", "10 5 5060 sip.example.com.", "10 5 5060 sip.example.com"),
        ("SRV", "0 0 0 .", "0 0 0 ."),
        ("CAA", '0 issue "ca.example.net"', '0 issue "ca.example.net"'),
        ("CAA", "0 issue ca.example.net", '0 issue "ca.example.net"'),
        ("CAA", "128 ISSUE ;", '128 issue ";"'),
        (
            "CAA",
            "0 issue ca.example.net; validationmethods=dns-01",
            '0 issue "ca.example.net; validationmethods=dns-01"',
        ),
        ("CAA", '0 iodef "mailto:security@example.com"', '0 iodef "mailto:security@example.com"'),
        ("DS", f"12345 13 2 {SHA256.upper()}", f"12345 13 2 {SHA256}"),
        ("DS", f"12345 ECDSAP256SHA256 2 {SHA256[:32]} {SHA256[32:]}", f"12345 13 2 {SHA256}"),
        ("SSHFP", f"4 2 {SHA256}", f"4 2 {SHA256}"),
        ("TLSA", f"3 1 1 {SHA256.upper()}", f"3 1 1 {SHA256}"),
        ("SMIMEA", f"3 1 1 {SHA256}", f"3 1 1 {SHA256}"),
        ("TLSA", f"3 1 0 {'ab' * 200}", f"3 1 0 {'ab' * 200}"),
        ("TXT", "v=spf1 -all", '"v=spf1 -all"'),
        ("TXT", '"v=spf1 -all"', '"v=spf1 -all"'),
        ("TXT", "v=DKIM1; k=rsa; p=abc", '"v=DKIM1; k=rsa; p=abc"'),
        ("TXT", '""', '""'),
        ("TXT", '"a" "b"', '"a" "b"'),
        ("TXT", 'say "yes"', r'"say \"yes\""'),
        ("TXT", r"c:\temp", r'"c:\\temp"'),
        ("TXT", r'"say \"yes\" \\ \; \033"', r'"say \"yes\" \\ ; !"'),
        ("TXT", "grüezi", '"grüezi"'),
        ("TXT", r'"gr\195\188ezi"', '"grüezi"'),
        ("TXT", r'"\000\255"', r'"\000\255"'),
        ("TXT", "x" * 255, f'"{"x" * 255}"'),
        ("TXT", "x" * 300, f'"{"x" * 255}" "{"x" * 45}"'),
        ("TXT", f'"{"x" * 300}"', f'"{"x" * 255}" "{"x" * 45}"'),
        ("TXT", "x" * 254 + "ü", f'"{"x" * 254}" "ü"'),
        ("PTR", "www.example.com.", "www.example.com"),
        (
            "SOA",
            "ns1.example.net. dns\\.admin.example.net. 1 2 3 4 5",
            "ns1.example.net dns\\.admin.example.net 1 2 3 4 5",
        ),
        ("DNSKEY", "257 3 13 mdss wUyr", "257 3 13 mdsswUyr"),
    ],
)
def test_a_target_is_kept_in_one_form(rtype: str, sent: str, stored: str) -> None:
    assert rdata.parse(rtype, sent, ZONE) == stored
    assert rdata.parse(rtype, stored, ZONE) == stored
    assert rdata.to_rdata(rtype.upper(), stored).rdtype.name == rtype.upper()


@pytest.mark.parametrize(
    ("rtype", "sent", "reason"),
    [
        ("A", "192.0.2.256", "ipv4_address"),
        ("A", "192.0.2.01", "ipv4_address"),
        ("A", "192.0.2", "ipv4_address"),
        ("A", "2001:db8::1", "ipv4_address"),
        ("AAAA", "192.0.2.1", "ipv6_address"),
        ("AAAA", "fe80::1%eth0", "ipv6_address"),
        ("CNAME", "mail", "single_label"),
        ("CNAME", ".", "empty_label"),
        ("CNAME", "192.0.2.1", "address_for_name"),
        ("CNAME", "*.example.net", "wildcard"),
        ("CNAME", "a b.example.net", "character"),
        ("NS", "192.0.2.1", "address_for_name"),
        ("NS", "ns_1.example.net", "underscore"),
        ("MX", "mail.example.com", "fields"),
        ("MX", "10 192.0.2.1", "address_for_name"),
        ("MX", "70000 mail.example.com", "number_range"),
        ("MX", "-1 mail.example.com", "number_range"),
        ("MX", "ten mail.example.com", "number_range"),
        ("MX", "10 mail.example.com extra", "character"),
        ("SRV", "10 5 sip.example.com", "fields"),
        ("SRV", "10 5 99999 sip.example.com", "number_range"),
        ("CAA", "issue ca.example.net", "fields"),
        ("CAA", "256 issue ca.example.net", "number_range"),
        ("CAA", "0 is-sue ca.example.net", "caa_tag"),
        ("CAA", '0 issue "https://ca.example.net"', "caa_issuer"),
        ("CAA", "0 iodef security@example.com", "caa_report_url"),
        ("CAA", '0 issue "a" "b"', "quotes"),
        ("DS", "12345 13 2 abcd", "data"),
        ("DS", f"99999 13 2 {SHA256}", "data"),
        ("DS", f"1 13 2 {SHA256} ; comment", "data"),
        ("DS", r"\# 4 00000000", "data"),
        ("SSHFP", "4 2", "data"),
        ("TLSA", "3 1 1 xyz", "data"),
        ("TXT", '"open', "quotes"),
        ("TXT", '"a" b', "quotes"),
        ("TXT", r'"\256"', "escape"),
        ("TXT", r'"\12"', "escape"),
        ("TXT", "two\nlines", "control_character"),
        ("TXT", "\ud800", "control_character"),
        ("TXT", "x" * 20_000, "text_too_long"),
        ("TXT", "x" * 100_000, "target_too_long"),
        ("TXT", "", "target_empty"),
        ("A", "  ", "target_empty"),
        ("SOA", "ns1.example.net . 1 2 3 4 5", "mailbox"),
    ],
)
def test_a_target_that_cannot_be_says_which_rule_failed(rtype: str, sent: str, reason: str) -> None:
    with pytest.raises(rdata.InvalidRecordError) as caught:
        rdata.parse(rtype, sent, ZONE)
    assert caught.value.reason == reason
    assert caught.value.code == "invalid_dns_record"
    assert caught.value.message.endswith(".")


def test_unknown_types_have_a_code_of_their_own() -> None:
    with pytest.raises(rdata.UnsupportedTypeError) as caught:
        rdata.parse("HINFO", "a b", ZONE)
    assert (caught.value.code, caught.value.reason) == ("unsupported_dns_record_type", "type_unknown")


def test_types_that_are_only_read() -> None:
    assert set(rdata.READABLE) - set(rdata.WRITABLE) == {"DNSKEY", "PTR", "SOA"}
    rdata.check_writable("mx")
    with pytest.raises(rdata.UnsupportedTypeError):
        rdata.check_writable("SOA")


@pytest.mark.parametrize(
    ("rtype", "stored", "strict"),
    [
        ("CNAME", "www.example.net", "www.example.net."),
        ("MX", "0 .", "0 ."),
        ("SRV", "1 2 3 sip.example.com", "1 2 3 sip.example.com."),
        ("SOA", "ns.example.net h.example.net 1 2 3 4 5", "ns.example.net. h.example.net. 1 2 3 4 5"),
        ("TXT", '"a."', '"a."'),
        ("A", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_strict_form_ends_names_in_a_dot(rtype: str, stored: str, strict: str) -> None:
    assert rdata.presentation(rtype, stored) == strict


@pytest.mark.parametrize(
    ("rtype", "stored", "shown"),
    [
        ("TXT", '"v=spf1 -all"', "v=spf1 -all"),
        ("TXT", r'"a\"b" "c"', 'a"bc'),
        ("TXT", '"grüezi"', "grüezi"),
        ("MX", "10 mail.xn--exmple-cua.ch", "10 mail.exämple.ch"),
        ("CNAME", "xn--exmple-cua.ch", "exämple.ch"),
        ("MX", "0 .", "0 ."),
        ("A", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_people_read_texts_without_quotes_and_names_in_unicode(rtype: str, stored: str, shown: str) -> None:
    assert rdata.display(rtype, stored) == shown


def test_a_long_text_reaches_the_wire_whole() -> None:
    key = "v=DKIM1; p=" + "A" * 600
    wire = rdata.to_rdata("TXT", rdata.parse("TXT", key, ZONE))
    assert wire == dns.rdata.from_text(dns.rdataclass.IN, "TXT", f'"{key[:255]}" "{key[255:510]}" "{key[510:]}"')
