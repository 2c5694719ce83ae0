"""Authenticators: set up by the routes; each number is good once, and not for long."""

from concurrent.futures import ThreadPoolExecutor
from time import time
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select

from alpage.identity import authenticators, factors
from alpage.identity.authenticators import Authenticator
from alpage.identity.security_events import SecurityEvent
from alpage.storage.changes import NOBODY
from tests.identity.signed_in import signed_in

PATH = "/1/profile/authenticators"


@pytest.fixture
def heidi_now(heidi):
    return signed_in(heidi)


def create(person, name="Telephone"):
    answer = person.call("POST", PATH, {"name": name})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def confirm(person, made, code=None):
    code = code or pyotp.TOTP(made["secret"]).now()
    return person.call("POST", f"{PATH}/{made['id']}/confirm", {"code": code})


def set_up(person):
    made = create(person)
    assert confirm(person, made).status_code == 200
    return made


def matches(person, code, now):
    platform = person.platform
    with platform.database.transaction(NOBODY) as transaction:
        return authenticators.matches(transaction, person.user.id, code, platform.tokens.pepper, now)


def test_the_secret_is_shown_once_as_text_address_and_picture(heidi_now):
    made = create(heidi_now)
    address = urlsplit(made["uri"])
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Alpage:heidi%40example.org")
    assert parse_qs(address.query) == {"secret": [made["secret"]], "issuer": ["Alpage"]}
    assert len(made["secret"]) == 32
    assert made["qr_code"].startswith("data:image/svg+xml")
    (listed,) = heidi_now.call("GET", PATH).json()["data"]
    assert listed == {name: made[name] for name in ("id", "name", "created_at", "confirmed_at", "last_used_at")}


def test_it_counts_once_it_is_confirmed(heidi_now, platform):
    made = create(heidi_now)
    later = int(time()) + 90
    assert not matches(heidi_now, pyotp.TOTP(made["secret"]).at(later), later)
    shown = confirm(heidi_now, made).json()["data"]
    assert shown["confirmed_at"] is not None
    assert shown["last_used_at"] is not None
    with platform.database.reading() as transaction:
        assert factors.of_user(transaction, heidi_now.user.id) == factors.Factors(0, 1, 0)
        events = transaction.execute(select(SecurityEvent.kind)).scalars().all()
    assert events == ["totp_enabled"]
    again = confirm(heidi_now, made)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "state_conflict")


@pytest.mark.parametrize("code", ["000000000", "", "12345", "abcdef", "１２３４５６"])
def test_a_wrong_number_confirms_nothing(heidi_now, code):
    made = create(heidi_now)
    answer = heidi_now.call("POST", f"{PATH}/{made['id']}/confirm", {"code": code})
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["error"]["errors"]] == ["attribute_code"]


def test_each_number_is_good_once_within_a_step(heidi_now):
    totp = pyotp.TOTP(set_up(heidi_now)["secret"])
    now = int(time()) // 30 * 30 + 300
    assert not matches(heidi_now, totp.at(now - 60), now)
    assert not matches(heidi_now, totp.at(now + 60), now)
    assert matches(heidi_now, totp.at(now - 30), now)
    assert not matches(heidi_now, totp.at(now - 30), now)
    assert matches(heidi_now, f"{totp.at(now)[:3]} {totp.at(now)[3:]}", now)
    assert not matches(heidi_now, totp.at(now), now)
    assert matches(heidi_now, totp.at(now + 30), now)
    assert not matches(heidi_now, totp.at(now), now)  # earlier than the last one that was used


def test_the_number_that_confirmed_does_not_sign_in(heidi_now):
    made = create(heidi_now)
    now = int(time())
    code = pyotp.TOTP(made["secret"]).at(now)
    confirm(heidi_now, made, code)
    assert not matches(heidi_now, code, now)


def test_of_many_at_once_one_is_taken(heidi_now):
    totp = pyotp.TOTP(set_up(heidi_now)["secret"])
    now = int(time()) + 300
    with ThreadPoolExecutor(8) as threads:
        taken = [*threads.map(lambda _: matches(heidi_now, totp.at(now), now), range(20))]
    assert sum(taken) == 1


def test_a_number_of_somebody_else_does_not_match(heidi_now, peter):
    totp = pyotp.TOTP(set_up(heidi_now)["secret"])
    now = int(time()) + 300
    assert not matches(peter, totp.at(now), now)


def test_a_new_one_takes_the_place_of_one_that_waits(heidi_now):
    first, second = create(heidi_now), create(heidi_now, "Tablet")
    assert [one["id"] for one in heidi_now.call("GET", PATH).json()["data"]] == [second["id"]]
    assert confirm(heidi_now, first).status_code == 404


def test_it_is_deleted(heidi_now, peter):
    made = set_up(heidi_now)
    assert signed_in(peter).call("DELETE", f"{PATH}/{made['id']}").status_code == 404
    assert heidi_now.call("DELETE", f"{PATH}/{made['id']}").json()["data"] is True
    now = int(time()) + 300
    assert not matches(heidi_now, pyotp.TOTP(made["secret"]).at(now), now)


def test_changes_need_a_sign_in_lately(heidi):
    answer = heidi.call("POST", PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login_too_old")


def test_a20_the_secret_lies_sealed(heidi_now, platform):
    made = create(heidi_now)
    with platform.database.reading() as transaction:
        (kept,) = transaction.execute(select(Authenticator.sealed)).scalars()
    assert made["secret"] not in kept
