"""The pure logic of the DNS product holds for all input, not only for what people thought of."""

import contextlib
import ipaddress

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from hypothesis import given
from hypothesis import strategies as st

from alpage.products.dns import description, names, rdata, recorddata, rules, soa, templates, versions, zonefile
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.rules import Change, Snapshot

ZONE = "example.com"
SOA = soa.Soa("ns1.example.net", "hostmaster.example.net", 1)

# Text near to what means something: plain random text hardly ever gets past the first check.
_WORDS = r""". @ * _ - -- xn-- " \ \0 \255 ; ( ) 0 1 10 255 256 : :: % # $ { } / www example.com .example.com issue ß ü
    $TTL $ORIGIN $GENERATE 1-3 IN A MX TXT CNAME SOA 192.0.2.1 2001:db8:: abcdef"""
shards = st.sampled_from([*_WORDS.split(), " ", "\t", "\n", "\x00", "\x85", "\u3002", "\u200d", "\ud800"])
texts = st.one_of(st.text(), st.lists(shards, max_size=12).map("".join), st.lists(shards, max_size=12).map(" ".join))

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
hosts = (
    st.lists(labels, min_size=2, max_size=4).map(".".join).filter(lambda host: not host.rpartition(".")[2].isdigit())
)
owners = st.one_of(
    st.just("."),
    st.builds(
        lambda head, rest: ".".join([*head, *rest]),
        st.sampled_from([[], ["*"], ["_dmarc"], ["_443", "_tcp"]]),
        st.lists(labels, min_size=1, max_size=3),
    ),
)
numbers = st.integers(0, 65535)
hexadecimal = st.binary(min_size=1, max_size=80).map(bytes.hex)
targets = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "CAA": st.builds('{} issue "{}"'.format, st.integers(0, 255), hosts),
    "CNAME": hosts,
    "DNAME": hosts,
    "DS": st.builds("{} 13 2 {}".format, numbers, st.binary(min_size=32, max_size=32).map(bytes.hex)),
    "MX": st.builds("{} {}".format, numbers, st.one_of(hosts, st.just("."))),
    "NS": hosts,
    "SMIMEA": st.builds("3 1 0 {}".format, hexadecimal),
    "SRV": st.builds("{} {} {} {}".format, numbers, numbers, numbers, st.one_of(hosts, st.just("."))),
    "SSHFP": st.builds("4 2 {}".format, st.binary(min_size=32, max_size=32).map(bytes.hex)),
    "TLSA": st.builds("3 1 0 {}".format, hexadecimal),
    "TXT": st.lists(st.binary(max_size=600), min_size=1, max_size=3).map(
        lambda strings: " ".join('"' + "".join(f"\\{byte:03d}" for byte in string) + '"' for string in strings)
    ),
}


@st.composite
def record_data(draw: st.DrawFn) -> RecordData:
    rtype = draw(st.sampled_from(sorted(targets)))
    owner = draw(owners.filter(lambda owner: owner != ".") if rtype == "NS" else owners)
    target = rdata.parse(rtype, draw(targets[rtype]), ZONE)
    return RecordData(owner, rtype, draw(st.integers(60, 86400)), target)


zones = st.lists(record_data(), max_size=12, unique_by=lambda record: record.identity)


@given(texts, st.sampled_from([ZONE, "xn--exmple-cua.ch", "a.b.c"]))
def test_any_text_is_an_owner_or_refused_and_reading_again_changes_nothing(text: str, zone: str) -> None:
    try:
        owner = names.relative(text, zone)
    except names.InvalidNameError as error:
        assert error.message.isprintable()  # noqa: PT017 - most texts are refused, and then this is the claim
        return
    assert names.relative(owner, zone) == owner
    assert names.relative(names.absolute(owner, zone), zone) == owner
    assert names.relative(names.absolute(owner, zone) + ".", zone) == owner
    assert names.relative(names.display(owner, zone), zone) == owner
    assert owner.isascii()
    assert len(names.absolute(owner, zone)) <= names.MAX_NAME_OCTETS


@given(texts)
def test_any_text_is_a_domain_a_host_an_alias_or_refused(text: str) -> None:
    for read in (names.domain, names.host, names.alias):
        with contextlib.suppress(names.InvalidNameError):
            name = read(text)
            assert read(name) == name
            assert read(names.to_unicode(name)) == name
            assert read(name.upper() + ".") == name


@given(st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=20))
def test_an_internationalised_label_goes_both_ways(label: str) -> None:
    try:
        name = names.domain(f"{label}.example")
    except names.InvalidNameError:
        return
    shown = names.to_unicode(name)
    assert names.domain(shown) == name
    assert names.to_unicode(names.domain(shown)) == shown


@given(st.sampled_from([*rdata.READABLE, "HINFO", "", "ß"]), texts)
def test_any_target_is_read_or_refused_and_reading_again_changes_nothing(rtype: str, text: str) -> None:
    try:
        stored = rdata.parse(rtype, text, ZONE)
    except rdata.InvalidRecordError as error:
        assert "\n" not in error.message  # noqa: PT017 - most texts are refused, and then this is the claim
        return
    assert rdata.parse(rtype, stored, ZONE) == stored
    assert rdata.parse(rtype, rdata.presentation(rtype, stored), ZONE) == stored
    assert rdata.to_rdata(rtype, stored).to_wire()
    assert rdata.display(rtype, stored) is not None
    for part in description.describe(rtype, stored).values():
        assert part["label"]


@given(record_data())
def test_a_stored_target_means_the_same_to_dnspython(record: RecordData) -> None:
    theirs = rdata.to_rdata(record.type, record.target)
    assert rdata.parse(record.type, theirs.to_text(), ZONE) == record.target
    wire = theirs.to_wire()
    assert wire is not None
    assert dns.rdata.from_wire("IN", record.type, wire, 0, len(wire)) == theirs


@given(texts, st.sampled_from(["A", "AAAA"]))
def test_addresses_are_those_of_dnspython(text: str, rtype: str) -> None:
    with contextlib.suppress(rdata.InvalidRecordError):
        stored = rdata.parse(rtype, text, ZONE)
        assert dns.rdata.from_text("IN", rtype, text.strip()).to_text() == stored
        assert ipaddress.ip_address(stored).version == (4 if rtype == "A" else 6)


@given(st.one_of(st.ip_addresses(v=6).map(lambda address: address.exploded), st.ip_addresses(v=4).map(str)))
def test_every_spelling_of_an_address_is_one_target(text: str) -> None:
    rtype = "AAAA" if ":" in text else "A"
    stored = rdata.parse(rtype, text.upper(), ZONE)
    assert stored == dns.rdata.from_text("IN", rtype, text).to_text()
    assert ipaddress.ip_address(stored) == ipaddress.ip_address(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=700))
def test_a_bare_text_is_kept_letter_by_letter(text: str) -> None:
    bare = text.strip()
    if not bare or bare.startswith('"'):
        return
    stored = rdata.parse("TXT", text, ZONE)
    assert rdata.display("TXT", stored) == bare
    strings = rdata.to_rdata("TXT", stored).to_wire()
    assert strings is not None
    assert len(strings) == len(bare.encode()) + stored.count('" "') + 1 or '" "' in bare


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=4))
def test_a_quoted_text_is_kept_byte_by_byte(strings: list[bytes]) -> None:
    theirs = dns.rdata.from_text("IN", "TXT", " ".join('"' + "".join(f"\\{b:03d}" for b in s) + '"' for s in strings))
    assert rdata.to_rdata("TXT", rdata.parse("TXT", theirs.to_text(), ZONE)) == theirs


@given(zones)
def test_a_zone_file_brings_back_what_was_written(records: list[RecordData]) -> None:
    text = zonefile.write(ZONE, SOA, ["ns1.example.net", "ns2.example.net"], records)
    reading = zonefile.read(text, ZONE)
    assert reading.faults == []
    assert {note.reason for note in reading.notes} == {"own_record"}
    assert reading.records == recorddata.in_order(records)
    assert zonefile.write(ZONE, SOA, ["ns2.example.net", "ns1.example.net"], reading.records) == text


@given(st.lists(st.lists(shards, max_size=8).map(" ".join), max_size=6).map("\n".join))
def test_any_text_is_read_as_a_zone_file_with_faults_at_its_lines(text: str) -> None:
    reading = zonefile.read(text, ZONE)
    lines = text.count("\n") + 1
    assert len(reading.lines) == len(reading.records)
    assert all(1 <= remark.line <= lines for remark in [*reading.faults, *reading.notes])
    assert all(recorddata.read(r.source, r.type, r.ttl, r.target, ZONE) == r for r in reading.records)


@given(st.text())
def test_no_text_is_too_strange_for_the_zone_file_reader(text: str) -> None:
    zonefile.read(text, ZONE)


@given(zones, zones)
def test_a_difference_leads_from_one_version_to_the_other_and_back(
    old: list[RecordData], new: list[RecordData]
) -> None:
    delta = versions.diff(old, new)
    assert versions.apply(old, delta) == recorddata.in_order(new)
    assert versions.apply(new, versions.invert(delta)) == recorddata.in_order(old)
    assert bool(delta) == (set(old) != set(new))


@given(zones, zones, zones)
def test_differences_in_a_row_make_one(
    first: list[RecordData], second: list[RecordData], third: list[RecordData]
) -> None:
    composed = versions.compose([versions.diff(first, second), versions.diff(second, third)])
    assert composed == versions.diff(first, third)


@given(zones, zones)
def test_a_readable_difference_counts_every_record_once(old: list[RecordData], new: list[RecordData]) -> None:
    delta = versions.diff(old, new)
    lines = versions.explain(delta)
    before = [(line["source"], line["type"], *line["before"].values()) for line in lines if "before" in line]
    after = [(line["source"], line["type"], *line["after"].values()) for line in lines if "after" in line]
    assert sorted(before) == sorted((r.source, r.type, r.ttl, r.target) for r in delta.removed)
    assert sorted(after) == sorted((r.source, r.type, r.ttl, r.target) for r in delta.added)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**34))
def test_the_next_serial_is_newer(previous: int, now: int) -> None:
    assert soa.is_newer(soa.next_serial(previous, now), previous)


changes = st.lists(st.builds(Change, st.none() | record_data(), st.none() | record_data()), max_size=8)


@given(zones, changes)
def test_a_check_needs_no_more_than_it_says(existing: list[RecordData], wanted: list[Change]) -> None:
    needed = rules.needed(wanted)

    def is_needed(record: RecordData) -> bool:
        return record.source in needed.names or any(name in needed.subtrees for name in names.ancestors(record.source))

    part = Snapshot(filter(is_needed, existing))
    assert rules.check(ZONE, wanted, part) == rules.check(ZONE, wanted, Snapshot(existing))


@given(zones, st.randoms())
def test_a_set_of_records_is_right_or_wrong_in_any_order(records: list[RecordData], random: object) -> None:
    forward = [Change(added=record) for record in records]
    backward = forward[::-1]
    reasons = sorted((records[f.index].identity, f.reason) for f in rules.check(ZONE, forward, Snapshot([])))
    again = sorted(
        (records[len(records) - 1 - f.index].identity, f.reason) for f in rules.check(ZONE, backward, Snapshot([]))
    )
    assert reasons == again


@given(zones)
def test_what_was_taken_at_once_can_be_taken_one_by_one(records: list[RecordData]) -> None:
    if rules.check(ZONE, [Change(added=record) for record in records], Snapshot([])):
        return
    for count, record in enumerate(records):
        assert rules.check(ZONE, [Change(added=record)], Snapshot(records[:count])) == []


@given(st.sampled_from(sorted(templates.available())), st.data())
def test_a_template_takes_any_values_or_names_the_wrong_ones(name: str, data: st.DataObject) -> None:
    template = templates.available()[name]
    values = {variable.name: data.draw(texts) for variable in template.variables}
    with contextlib.suppress(templates.TemplateError):
        for record in templates.render(template, values, ZONE):
            assert recorddata.read(record.source, record.type, record.ttl, record.target, ZONE) == record
