"""`alpage user` and `alpage account`, on a new data folder."""

from pathlib import Path

import pytest

from alpage.accounts.accounts import Account
from alpage.cli import account, platform, user
from alpage.identity.users import find_by_email, is_password


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
