"""`alpage user` and `alpage account`, on a new data folder."""

from datetime import UTC, datetime
from pathlib import Path
from time import time

import pytest
from sqlalchemy import select

from alpage.accounts.accounts import Account
from alpage.api.errors import ApiError
from alpage.cli import account, platform, token, user
from alpage.identity import attempts, authenticators, password_resets, recovery_codes, sessions
from alpage.identity.attempts import Attempts
from alpage.identity.authenticators import Authenticator
from alpage.identity.credentials import pepper_of
from alpage.identity.passkeys import Passkey
from alpage.identity.recovery_codes import RecoveryCode
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.users import User, find_by_email, is_password
from alpage.tasks.mails import Mail


def make_heidi(folder: Path) -> None:
    user.create("Heidi@example.org", first_name="Heidi", last_name="Frey", locale="de_DE", data=folder)


def test_a_user_and_her_account(tmp_path, capsys):
    make_heidi(tmp_path)
    (password,) = capsys.readouterr().out.splitlines()
    account.create("Alpine Club", owner="heidi@example.org", kind="individual", data=tmp_path)
    (number,) = capsys.readouterr().out.splitlines()
    account.create("Goat Farm", owner="HEIDI@example.org", data=tmp_path)
    user.list_users(data=tmp_path)
    account.list_accounts(data=tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        str(int(number) + 1),
        "1\theidi@example.org\tHeidi Frey",
        f"{number}\tAlpine Club\t1\t0",
        f"{int(number) + 1}\tGoat Farm\t1\t0",
    ]
    with platform.open_platform(tmp_path).writing() as transaction:
        heidi = find_by_email(transaction.session, "heidi@example.org")
        assert heidi is not None
        assert is_password(heidi, password)
        assert heidi.current_account_id == int(number)
        club = transaction.session.get_one(Account, int(number))
        assert (club.legal_entity_type, club.locale, club.language_id) == ("individual", "de_DE", heidi.language_id)


@pytest.mark.parametrize(
    ("email", "locale", "sentence"),
    [
        ("heidi@example.org", "de_DE", "there is already a user heidi@example.org"),
        ("heidi", "de_DE", "heidi is no e-mail address"),
        ("peter@example.org", "rm_CH", "there is no locale rm_CH; there are: en_GB, de_DE"),
    ],
)
def test_who_cannot_be_made(tmp_path, capsys, email, locale, sentence):
    make_heidi(tmp_path)
    with pytest.raises(SystemExit) as end:
        user.create(email, first_name="A", last_name="B", locale=locale, data=tmp_path)
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err


def test_an_account_needs_a_user(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        account.create("Alpine Club", owner="nobody@example.org", data=tmp_path)
    assert end.value.code == 2
    assert "there is no user nobody@example.org" in capsys.readouterr().err


@pytest.fixture
def heidi(tmp_path, capsys):
    make_heidi(tmp_path)
    capsys.readouterr()
    return "heidi@example.org"


def stored(folder, table):
    with platform.open_platform(folder).database.reading() as transaction:
        return transaction.execute(select(table.__table__)).all()


def kinds(folder):
    return [event.kind for event in stored(folder, SecurityEvent)]


def test_a_link_sets_a_password(tmp_path, capsys, heidi):
    user.password(heidi, data=tmp_path)
    (link,) = capsys.readouterr().out.splitlines()
    opened = platform.open_platform(tmp_path)
    assert link.startswith(f"{opened.settings.issuer}/password/reset?ticket=alp_ot_")
    with opened.writing() as transaction:
        secret = link.partition("ticket=")[2]
        pepper = pepper_of(opened.settings)
        assert password_resets.finish(transaction, pepper, secret, "eleven goats on a hill", int(time())) is not None
    assert is_password(stored(tmp_path, User)[0], "eleven goats on a hill")
    assert [mail.template for mail in stored(tmp_path, Mail)] == ["password_reset_done"]


def test_a_link_goes_by_mail(tmp_path, capsys, heidi):
    user.password(heidi, mail=True, data=tmp_path)
    assert capsys.readouterr().out == ""
    (mail,) = stored(tmp_path, Mail)
    assert (mail.recipient, mail.template) == (heidi, "password_reset")


def start_session(folder):
    opened = platform.open_platform(folder)
    pepper = pepper_of(opened.settings)
    with opened.writing() as transaction:
        origin = {"ip": "192.0.2.1", "user_agent": "curl/8"}
        return sessions.start(transaction, 1, ["pwd"], **origin, pepper=pepper, now=int(time()))[0]


def test_sessions_are_listed_and_ended(tmp_path, capsys, heidi):
    session = start_session(tmp_path)
    began = datetime.fromtimestamp(session.created_at, UTC).isoformat(" ", "seconds")
    user.sessions(heidi, end=True, data=tmp_path)
    assert capsys.readouterr().out == f"1\t{began}\t192.0.2.1\tcurl/8\n"
    user.sessions(heidi, data=tmp_path)
    assert capsys.readouterr().out == ""
    assert kinds(tmp_path) == ["session_ended"]


def test_who_is_blocked_is_out_until_he_is_let_in_again(tmp_path, capsys, heidi):
    start_session(tmp_path)
    opened = platform.open_platform(tmp_path)
    token.create(user=heidi, data=tmp_path)
    secret = capsys.readouterr().out.split()[-1]

    def call():
        opened = platform.open_platform(tmp_path)
        return opened.tokens.identify(f"Bearer {secret}", "192.0.2.1").user_id

    assert call() == 1
    user.block(heidi, data=tmp_path)
    user.block(heidi, data=tmp_path)
    assert stored(tmp_path, Session)[0].ended_at is not None
    with pytest.raises(ApiError):
        call()
    subject = attempts.of_account("password", heidi)
    with opened.writing() as transaction:
        attempts.failed(transaction, [subject], int(time()))
    user.unblock(heidi, data=tmp_path)
    assert call() == 1
    assert stored(tmp_path, Attempts) == []
    assert [kind for kind in kinds(tmp_path) if kind.startswith("user_")] == ["user_blocked", "user_unblocked"]


def test_factors_are_taken_away(tmp_path, heidi):
    opened = platform.open_platform(tmp_path)
    pepper = pepper_of(opened.settings)
    with opened.writing() as transaction:
        owner = find_by_email(transaction.session, heidi)
        authenticators.begin(transaction, owner, "Telephone", pepper, 1)
        recovery_codes.make(transaction, owner, pepper, 1)
        values = {"credential_id": "A", "public_key": "B", "transports": [], "is_backed_up": False, "created_at": 1}
        transaction.session.add(Passkey(user_id=owner.id, name="Key", **values))
    user.reset_factors(heidi, data=tmp_path)
    assert [stored(tmp_path, table) for table in (Passkey, Authenticator, RecoveryCode)] == [[], [], []]
    assert kinds(tmp_path)[-1] == stored(tmp_path, Mail)[-1].template == "factors_reset"


def test_an_address_is_vouched_for_or_asked(tmp_path, heidi):
    with platform.open_platform(tmp_path).writing() as transaction:
        find_by_email(transaction.session, heidi).is_email_checked = False
    user.verify(heidi, mail=True, data=tmp_path)
    assert [mail.template for mail in stored(tmp_path, Mail)] == ["email_verification"]
    assert not stored(tmp_path, User)[0].is_email_checked
    user.verify(heidi, data=tmp_path)
    assert stored(tmp_path, User)[0].is_email_checked
    assert kinds(tmp_path) == ["email_verified"]


@pytest.mark.parametrize(
    "command", [user.password, user.block, user.unblock, user.reset_factors, user.sessions, user.verify]
)
def test_who_is_not_there_is_named(tmp_path, capsys, command):
    with pytest.raises(SystemExit) as end:
        command("nobody@example.org", data=tmp_path)
    assert end.value.code == 2
    assert "there is no user nobody@example.org" in capsys.readouterr().err
