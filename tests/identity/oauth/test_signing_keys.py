"""Keys that sign: published before, retired after."""

import orjson
import pytest
from joserfc import jws
from sqlalchemy import select

from alpage.identity.signing_keys import (
    PUBLISHED_AFTER_SECONDS,
    PUBLISHED_BEFORE_SECONDS,
    SIGNS_SECONDS,
    SigningKey,
    SigningKeys,
)
from alpage.storage.database import Database

START = 1_800_000_000
PEPPER = b"pepper"


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def published(keys: SigningKeys, now: int) -> set[str]:
    return {key["kid"] for key in orjson.loads(keys.published(now))["keys"]}


def test_there_is_a_key_of_each_kind_from_the_start(database: Database) -> None:
    keys = SigningKeys(database, PEPPER)

    listed = orjson.loads(keys.published(START))["keys"]

    assert sorted(key["alg"] for key in listed) == ["ES256", "RS256"]
    assert {key["use"] for key in listed} == {"sig"}


def test_the_next_key_is_published_before_it_signs(database: Database) -> None:
    keys = SigningKeys(database, PEPPER)
    first = kid_of(keys.sign({}, "RS256", START))
    end = START + SIGNS_SECONDS
    assert len(published(keys, end - PUBLISHED_BEFORE_SECONDS - 1)) == 2

    before = published(keys, end - PUBLISHED_BEFORE_SECONDS)
    still = kid_of(keys.sign({}, "RS256", end - 1))
    second = kid_of(keys.sign({}, "RS256", end))

    assert still == first
    assert second != first
    assert {first, second} <= before
    assert first in published(keys, end + PUBLISHED_AFTER_SECONDS - 1)
    assert first not in published(keys, end + PUBLISHED_AFTER_SECONDS)


def test_all_processes_have_the_same_keys(database: Database) -> None:
    one, other = SigningKeys(database, PEPPER), SigningKeys(database, PEPPER)

    assert published(one, START) == published(other, START)
    token = one.sign({"a": 1}, "ES256", START)
    assert other.read(token, START) == {"a": 1}


def test_keys_lie_sealed(database: Database) -> None:
    keys = SigningKeys(database, PEPPER)
    keys.ready(START)

    with database.reading() as transaction:
        rows = transaction.execute(select(SigningKey.__table__)).all()

    assert len(rows) == 2
    for row in rows:
        assert '"d"' not in row.sealed
        assert "kty" not in row.sealed
    with pytest.raises(ValueError, match="not sealed here"):
        SigningKeys(database, b"another pepper").ready(START)


def test_what_was_signed_elsewhere_is_refused(database: Database) -> None:
    keys = SigningKeys(database, PEPPER)
    token = keys.sign({"a": 1}, "RS256", START)
    header, _, signature = token.split(".")

    for wrong in ("", "a", "a.b.c", token + "x", f"{header}.e30.{signature}", keys.sign({}, "RS256", START, "at+jwt")):
        with pytest.raises(ValueError, match="signed here|another kind"):
            keys.read(wrong, START)


def test_a_platform_that_slept_makes_new_keys(database: Database) -> None:
    keys = SigningKeys(database, PEPPER)
    first = kid_of(keys.sign({}, "RS256", START))
    much_later = START + 10 * SIGNS_SECONDS

    assert kid_of(keys.sign({}, "RS256", much_later)) != first
    assert first not in published(keys, much_later)
