"""Tokens: format, keeping, limits, and how long a revoked one still works."""

import re
import time
from time import time as now

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from alpage.identity import credentials, tokens
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.tokens import Token
from alpage.storage.changes import NOBODY


def call(heidi, token):
    return heidi.client.get("/2/profile", headers={"Authorization": f"Bearer {token}"})


def reason(answer):
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authorized"
    return answer.json()["error"]["context"]["reason"]


def change(heidi, **values):
    with heidi.platform.database.transaction(NOBODY) as transaction:
        for token in transaction.session.scalars(select(Grant)):
            for name, value in values.items():
                setattr(token, name, value)


def test_the_format_and_its_checksum():
    secret = credentials.new_secret("pat")
    assert re.fullmatch(r"alp_pat_[0-9A-Za-z]{49}", secret)
    assert credentials.is_well_formed(secret)
    assert len({credentials.new_secret("pat") for _ in range(100)}) == 100


@given(st.text(max_size=70))
def test_garbage_is_no_token(text):
    assert not credentials.is_well_formed(text)


@given(st.integers(8, 56), st.sampled_from(credentials.ALPHABET))
def test_one_wrong_character_is_noticed(place, character):
    secret = credentials.new_secret("pat")
    changed = secret[:place] + character + secret[place + 1 :]
    assert credentials.is_well_formed(changed) == (changed == secret)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer abc",
        "Bearer \xff",
        f"Token {'a' * 57}",
        "bearer alp_pat_" + "0" * 49,
    ],
)
def test_what_is_no_token_is_refused_without_a_look(heidi, header):
    answer = heidi.client.get("/2/profile", headers={"Authorization": header.encode("latin-1")})
    assert reason(answer) in ("malformed", "missing")


def test_unknown_revoked_expired_and_early(heidi):
    assert reason(call(heidi, credentials.new_secret("pat"))) == "unknown"
    change(heidi, expires_at=int(now()) - 1)
    assert reason(call(heidi, heidi.token)) == "expired"


def test_not_before(heidi):
    change(heidi, not_before=int(now()) + 100)
    assert reason(call(heidi, heidi.token)) == "not_yet_valid"


def test_revoked(heidi):
    change(heidi, revoked_at=int(now()))
    assert reason(call(heidi, heidi.token)) == "revoked"


@pytest.mark.parametrize(
    ("ranges", "allowed"), [(["192.0.2.0/24"], False), (["0.0.0.0/0", "::/0"], False), ([], False), (None, True)]
)
def test_addresses(heidi, ranges, allowed):
    """The test client's address is no address at all, so that only a token without the limit may call."""
    change(heidi, ip_ranges=ranges)
    answer = call(heidi, heidi.token)
    assert (answer.status_code == 200) == allowed


@pytest.mark.parametrize(
    ("ip", "within"), [("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::1", True), ("nonsense", False)]
)
def test_address_ranges(platform, ip, within):
    secret = platform.token(platform.user(), ip_ranges=["192.0.2.0/24", "2001:db8::/32"])
    if within:
        assert platform.tokens.identify(f"Bearer {secret}", ip).user_id
    else:
        with pytest.raises(Exception, match="not_authorized"):
            platform.tokens.identify(f"Bearer {secret}", ip)


def test_a_revoked_token_works_for_the_stated_seconds_at_most(heidi, monkeypatch):
    monkeypatch.setattr(tokens, "REMEMBERED_SECONDS", 0.3)
    assert call(heidi, heidi.token).status_code == 200
    change(heidi, revoked_at=int(now()))
    time.sleep(0.4)
    assert reason(call(heidi, heidi.token)) == "revoked"


def test_no_token_in_query_or_body(heidi):
    assert reason(heidi.client.get(f"/2/profile?access_token={heidi.token}")) == "missing"


def test_only_a_keyed_hash_is_kept(heidi, tmp_path):
    with heidi.platform.database.reading() as transaction:
        row = transaction.execute(select(Token.__table__)).one()
    assert heidi.token not in repr(row)
    assert row.last_four == heidi.token[-4:]
    other = tokens.Tokens(heidi.platform.database, b"another pepper", heidi.platform.tokens.clocks)
    with pytest.raises(Exception, match="not_authorized"):
        other.identify(f"Bearer {heidi.token}", "")


def test_the_pepper_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "new" / "pepper"
    assert credentials.read_pepper(path) == credentials.read_pepper(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_last_use_is_noted(heidi):
    call(heidi, heidi.token)
    with heidi.platform.database.reading() as transaction:
        assert now() - transaction.execute(select(GrantUse.used_at)).scalar_one() < 5


@pytest.mark.parametrize(
    ("granted", "asked", "reaches"),
    [
        ("dns", "dns:read", True),
        ("dns:write", "dns:read", False),
        ("dns:read", "dns:write", False),
        ("domain", "dns:read", False),
        ("domains", "domain:read", True),
    ],
)
def test_a_coarse_scope_contains_its_parts(platform, granted, asked, reaches):
    secret = platform.token(platform.user(), granted)
    assert platform.tokens.identify(f"Bearer {secret}", "").has_scope(asked) == reaches


def test_an_unknown_scope_is_named(platform):
    with pytest.raises(ValueError, match="dns:reed"):
        platform.token(platform.user(), "dns:reed")
