"""Recovery codes: ten, shown once, each good once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from alpage.identity import recovery_codes
from alpage.identity.security_events import SecurityEvent
from alpage.storage.changes import NOBODY
from alpage.tasks.mails import Mail
from tests.identity.signed_in import signed_in

PATH = "/1/profile/recovery_codes"
NOW = 1_800_000_000


@pytest.fixture
def heidi_now(heidi):
    return signed_in(heidi)


def make(person):
    answer = person.call("POST", PATH)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["codes"]


def use(person, code):
    platform = person.platform
    with platform.database.transaction(NOBODY) as transaction:
        return recovery_codes.use(transaction, person.user.id, code, platform.tokens.pepper, NOW)


def test_ten_codes_are_shown_once(heidi_now):
    assert heidi_now.call("GET", PATH).json()["data"] == {"left": 0, "made_at": None}
    codes = make(heidi_now)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code) for code in codes)
    shown = heidi_now.call("GET", PATH).json()["data"]
    assert (shown["left"], set(shown)) == (10, {"left", "made_at"})


def test_a_code_is_good_once_however_it_is_written(heidi_now, platform):
    first, second, *_ = make(heidi_now)
    assert use(heidi_now, first.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert not use(heidi_now, first)
    assert use(heidi_now, second)
    assert heidi_now.call("GET", PATH).json()["data"]["left"] == 8
    with platform.database.reading() as transaction:
        kinds = transaction.execute(select(SecurityEvent.kind).order_by(SecurityEvent.id)).scalars().all()
        mails = transaction.execute(select(Mail.template).order_by(Mail.id)).scalars().all()
    assert kinds == mails == ["recovery_codes_made", "recovery_code_used", "recovery_code_used"]


def test_of_many_at_once_one_is_taken(heidi_now):
    code, *_ = make(heidi_now)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: use(heidi_now, code), range(20))) == 1


def test_new_codes_take_the_place_of_the_old_ones(heidi_now):
    old, new = make(heidi_now)[0], make(heidi_now)[0]
    assert not use(heidi_now, old)
    assert use(heidi_now, new)


@pytest.mark.parametrize("code", ["", "00000-00000", "ß" * 10])
def test_anything_else_is_no_code(heidi_now, code):
    make(heidi_now)
    assert not use(heidi_now, code)


def test_a_code_is_its_users_only(heidi_now, peter):
    code, *_ = make(heidi_now)
    assert not use(peter, code)
    assert use(heidi_now, code)


def test_making_them_needs_a_sign_in_lately(heidi):
    answer = heidi.call("POST", PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login_too_old")
