"""DS and DNSKEY records, as customers give them and registries take them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.products.domains import dnssecdata
from alpage.products.domains.dnssecdata import InvalidDnssecDataError

SHA256, SHA384 = "ab" * 32, "cd" * 48
P256 = base64.b64encode(bytes(range(64))).decode()
RSA = base64.b64encode(b"\3\1\0\1" + bytes(256)).decode()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"2371 13 2 {SHA256.upper()}", f"2371 13 2 {SHA256}"),
        (f"  2371\t13 2 {SHA256[:30]} {SHA256[30:]}\n", f"2371 13 2 {SHA256}"),
        (f"2371 ECDSAP384SHA384 4 {SHA384}", f"2371 14 4 {SHA384}"),
        (f"257 3 13 {P256[:40]} {P256[40:]}", f"257 3 13 {P256}"),
        (f"257 3 8 {RSA}", f"257 3 8 {RSA}"),
    ],
)
def test_a_record_is_stored_in_one_spelling(text: str, stored: str) -> None:
    assert dnssecdata.read(text) == stored
    assert dnssecdata.read(stored) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "syntax"),
        ("2371", "syntax"),
        ("yes please", "syntax"),
        (f"2371 13 2 {SHA256[:-2]}", "syntax"),  # a digest too short
        (f"2371 13 2 {SHA256}00", "syntax"),
        (f"2371 13 2 {SHA256}\n2371 13 2 {SHA256}", "syntax"),  # two records in one text
        (f"65536 13 2 {SHA256}", "syntax"),
        (f"2371 13 0 {SHA256}", "syntax"),
        (f"example.ch. 3600 IN DS 2371 13 2 {SHA256}", "syntax"),
        ("257 3 13 !!!!", "syntax"),
        (f"2371 13 1 {'ab' * 20}", "digest_type"),
        (f"2371 5 2 {SHA256}", "algorithm"),
        (f"2371 253 2 {SHA256}", "algorithm"),
        (f"257 3 5 {RSA}", "algorithm"),
        (f"256 3 13 {P256}", "flags"),  # signs the zone, is no entry point
        (f"1 3 13 {P256}", "flags"),
        (f"385 3 13 {P256}", "flags"),  # revoked
        (f"257 3 14 {P256}", "public_key"),
        (f"257 3 15 {P256}", "public_key"),
        ("257 3 8 AwEAAQ==", "public_key"),
    ],
)
def test_what_no_registry_takes_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidDnssecDataError) as refusal:
        dnssecdata.read(text)
    assert refusal.value.reason == reason


@given(st.text(max_size=200) | st.from_regex(r"\A[0-9]{1,5} [0-9]{1,3} [0-9]{1,3} [0-9a-f]{0,80}\Z"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        stored = dnssecdata.read(text)
    except InvalidDnssecDataError:
        return
    assert dnssecdata.read(stored) == stored
    assert " ".join(dnssecdata.describe(stored).values()) == stored


def test_a_ds_is_described_in_its_parts() -> None:
    stored = f"2371 13 2 {SHA256}"
    assert dnssecdata.kind(stored) == "dsdata"
    assert dnssecdata.describe(stored) == {"key": "2371", "algorithm": "13", "digest_type": "2", "digest": SHA256}


def test_a_key_is_described_in_its_parts() -> None:
    stored = f"257 3 13 {P256}"
    assert dnssecdata.kind(stored) == "keydata"
    assert dnssecdata.describe(stored) == {"flags": "257", "protocol": "3", "algorithm": "13", "public_key": P256}
