"""The short ways to wire form give what dnspython gives; so do the stored forms of the API."""

import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.products.dns import rdata
from alpage.products.dns.server.encoding import LARGEST_RDATA, ancestry, name_to_text, name_to_wire, rdata_to_wire

label = st.from_regex(r"\A[A-Za-z0-9_*-]{1,63}\Z")
host = st.lists(label, min_size=1, max_size=3).map(".".join)
written = st.characters(exclude_categories=["Cc", "Cs"])  # a stored target has no control characters
string = st.text(written, max_size=60).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')

targets = st.one_of(
    st.tuples(st.just("A"), st.ip_addresses(v=4).map(str)),
    st.tuples(st.just("AAAA"), st.ip_addresses(v=6).map(str)),
    st.tuples(st.sampled_from(["NS", "CNAME", "DNAME", "PTR"]), host),
    st.tuples(st.just("MX"), st.builds("{} {}".format, st.integers(0, 65535), host)),
    st.tuples(st.just("SRV"), st.builds("{} 0 443 {}".format, st.integers(0, 65535), host)),
    st.tuples(st.just("TXT"), st.lists(string, min_size=1, max_size=4).map(" ".join)),
    st.tuples(st.just("CAA"), st.just('0 issue "ca.example; policy=ev"')),
)


@given(targets)
def test_the_wire_form_is_the_canonical_one(target):
    rtype, text = target
    assert rdata_to_wire(int(dns.rdatatype.from_text(rtype)), text) == rdata.to_rdata(rtype, text).to_digestable()


@given(host)
def test_names_are_absolute_with_and_without_their_last_dot(text):
    wire = dns.name.from_text(text).to_digestable()
    assert name_to_wire(text) == name_to_wire(f"{text}.") == wire
    assert name_to_wire(name_to_text(wire)) == wire


@given(st.text(max_size=300))
def test_a_name_is_taken_or_a_value_error(text):
    try:
        wire = name_to_wire(text)
    except ValueError:
        return
    assert len(wire) <= 255
    assert ancestry(wire)[-1] == b"\0"


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        ("A", "192.0.2"), ("A", "192.0.2.01"), ("AAAA", "::g"),
        ("MX", "mail.example.ch"), ("MX", "70000 mail.example.ch"),
        ("CNAME", "a..b"), ("CNAME", "x" * 64), ("CNAME", ".".join(["x" * 60] * 5)),
        ("TXT", '"open'), ("TXT", f'"{"x" * 256}"'),
    ],
)  # fmt: skip
def test_what_does_not_parse_is_a_value_error(rtype, text):
    with pytest.raises(ValueError, match=r"\w"):
        rdata_to_wire(int(dns.rdatatype.from_text(rtype)), text)


def test_data_too_large_for_a_transfer_is_a_value_error():
    text = " ".join(['"' + "x" * 255 + '"'] * (LARGEST_RDATA // 256 + 1))
    with pytest.raises(ValueError, match="too large"):
        rdata_to_wire(int(dns.rdatatype.TXT), text)
