"""Passwords that are forgotten or changed: the link, what dies with it, and what cannot be told from it (A19, A20)."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from alpage.identity import password_resets
from alpage.identity.grants import Grant
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.tickets import Ticket
from alpage.identity.users import User, hash_password, is_password
from alpage.storage.changes import NOBODY
from alpage.tasks import mail_texts
from alpage.tasks.mails import Mail
from tests.identity.signed_in import signed_in

NOW = 1_900_000_000
PASSWORD = "eleven goats on a hill"


@pytest.fixture
def writing(platform):
    """Calls a verb in a transaction of its own."""

    def call(verb, *values, **named):
        with platform.database.transaction(NOBODY) as transaction:
            return verb(transaction, *values, **named)

    return call


def rows(platform, table):
    with platform.database.reading() as transaction:
        return transaction.execute(select(table.__table__).order_by(*table.__table__.primary_key)).all()


def ask(platform, writing, email="heidi@example.org", now=NOW):
    writing(password_resets.ask, platform.tokens.pepper, email, now, ip="192.0.2.7")


def link(platform):
    """The secret of the last mail's link."""
    mail = rows(platform, Mail)[-1]
    text = mail_texts.write(platform.settings, mail.template, mail.language, mail.content)
    (address,) = [line for line in text.plain.splitlines() if line.startswith("http")]
    assert address.startswith(f"{platform.settings.issuer}{password_resets.PATH}?")
    return parse_qs(urlsplit(address).query)["ticket"][0]


def finish(platform, writing, secret, password=PASSWORD, now=NOW):
    return writing(password_resets.finish, platform.tokens.pepper, secret, password, now)


def test_a_link_sets_a_password_once(platform, writing, heidi):
    ask(platform, writing, " Heidi@Example.org ")
    secret = link(platform)
    assert writing(password_resets.find, platform.tokens.pepper, secret, NOW).id == heidi.user.id
    assert finish(platform, writing, secret).id == heidi.user.id
    (user,) = rows(platform, User)
    assert is_password(user, PASSWORD)
    assert user.password_changed_at == NOW
    assert finish(platform, writing, secret, "another eleven goats") is None
    kinds = [event.kind for event in rows(platform, SecurityEvent)]
    assert kinds == ["password_reset_asked", "password_reset"]
    assert [mail.template for mail in rows(platform, Mail)] == ["password_reset", "password_reset_done"]


def test_a_link_is_not_good_for_long(platform, writing, heidi):
    ask(platform, writing)
    later = NOW + password_resets.LIFETIME_SECONDS
    assert writing(password_resets.find, platform.tokens.pepper, link(platform), later) is None
    assert finish(platform, writing, link(platform), now=later) is None


def test_a_weak_password_leaves_the_link_as_it_is(platform, writing, heidi):
    ask(platform, writing)
    secret = link(platform)
    with pytest.raises(password_resets.WeakPasswordError) as refused:
        finish(platform, writing, secret, "short")
    assert refused.value.rules == ["min_length"]
    assert finish(platform, writing, secret) is not None


def test_a_link_dies_with_the_password_and_the_address_of_its_time(platform, writing, heidi):
    ask(platform, writing)
    first = link(platform)
    ask(platform, writing)
    second = link(platform)
    assert finish(platform, writing, first) is not None
    assert finish(platform, writing, second) is None
    ask(platform, writing, now=NOW + 1)
    third = link(platform)
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, heidi.user.id).email = "alm@example.org"
    assert finish(platform, writing, third, now=NOW + 1) is None


def test_of_many_at_once_one_sets_the_password(platform, writing, heidi):
    ask(platform, writing)
    secret = link(platform)
    with ThreadPoolExecutor(4) as threads:
        done = [*threads.map(lambda number: finish(platform, writing, secret, f"{PASSWORD} {number}"), range(6))]
    assert len([user for user in done if user is not None]) == 1


@pytest.mark.parametrize("secret", ["", "x", "alp_ot_" + "0" * 49])
def test_anything_else_is_no_link(platform, writing, heidi, secret):
    assert finish(platform, writing, secret) is None


def test_a19_an_unknown_address_makes_the_same_rows_and_no_mail(platform, writing, heidi):
    ask(platform, writing)
    ask(platform, writing, "nobody@example.org")
    known, unknown = rows(platform, Mail)
    assert (known.recipient, known.next_try_at) == ("heidi@example.org", NOW)
    assert (unknown.recipient, unknown.next_try_at) == ("", None)
    assert len(rows(platform, Ticket)) == len(rows(platform, SecurityEvent)) == 2
    secret = password_resets.write_link(platform.settings, unknown.content).partition("ticket=")[2]
    assert finish(platform, writing, secret) is None


@pytest.mark.parametrize("values", [{"blocked_at": 1}, {"is_sso": True}])
def test_who_may_not_sign_in_is_not_written_to(platform, writing, values):
    platform.user("anna", **values)
    ask(platform, writing, "anna@example.org")
    assert [mail.recipient for mail in rows(platform, Mail)] == [""]


def test_a21_nobody_is_flooded(platform, writing, heidi):
    for _ in range(20):
        ask(platform, writing)
    assert len(rows(platform, Mail)) == 6
    ask(platform, writing, now=NOW + 1)
    assert len(rows(platform, Mail)) == 7


def test_a_reset_ends_all_sessions_and_what_was_allowed_in_them(platform, writing, heidi):
    here, there = signed_in(heidi), signed_in(heidi)
    for grant in rows(platform, Grant)[-1:]:
        with platform.database.transaction(NOBODY) as transaction:
            transaction.session.get_one(Grant, grant.id).scopes = ["openid", "offline_access"]
    now = int(rows(platform, Session)[0].created_at) + 1
    ask(platform, writing, now=now)
    finish(platform, writing, link(platform), now=now)
    assert all(session.ended_at == now for session in rows(platform, Session))
    assert [grant.revoked_at for grant in rows(platform, Grant)] == [None, now, now]  # the first: a personal token
    assert here.call("GET", "/2/profile").status_code == 401
    assert there.call("GET", "/2/profile").status_code == 401
    assert heidi.call("GET", "/2/profile").status_code == 200


def test_a_changed_password_keeps_the_sessions_that_are_named_and_this_one(platform, heidi):
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, heidi.user.id).password_hash = hash_password("old goats never die")
    here, kept, _gone, known = (signed_in(heidi) for _ in range(4))
    first, second, third, fourth = rows(platform, Session)
    body = {"password": PASSWORD, "current_password": "old goats never die"}
    body["keep_session_ids"] = [str(second.id), fourth.public_id]
    assert here.call("PATCH", "/2/profile", body).status_code == 200
    ended = {session.id for session in rows(platform, Session) if session.ended_at}
    assert ended == {third.id}
    assert {first.id, second.id, fourth.id}.isdisjoint(ended)
    assert kept.call("GET", "/2/profile").status_code == known.call("GET", "/2/profile").status_code == 200
    assert rows(platform, SecurityEvent)[-1].kind == rows(platform, Mail)[-1].template == "password_changed"


def test_a21_a_stolen_token_cannot_guess_the_password(heidi):
    body = {"password": PASSWORD, "current_password": "a guess"}
    answers = [heidi.call("PATCH", "/2/profile", body).status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]
