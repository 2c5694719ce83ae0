"""Migrations on a database that holds data."""

import json

import pytest
from alembic import command
from sqlalchemy import inspect, text

from alpage.storage import migrations

USER = (
    "INSERT INTO users (id, login, email, is_email_checked, first_name, last_name, display_name, is_sso, language_id,"
    " country_id, timezone, limits_failed_logins, failed_logins_per_hour, notifies_failed_logins, notifies_logins,"
    " created_at) VALUES (1, 'h', 'h', true, 'H', 'H', 'H', false, 1, 756, 'UTC', true, 10, false, false, 5)"
)
TOKEN = (
    "INSERT INTO tokens (id, user_id, name, hash, last_four, scopes, account_ids, expires_at, revoked_at, created_at)"
    " VALUES (7, 1, 'old', 'abc', 'wxyz', '[\"dns\"]', '[3]', 99, NULL, 6)"
)
CHANGE = (
    "INSERT INTO changes (id, created_at, event, action, object_id, token_id) VALUES (1, 6, 'user', 'updated', 1, 7)"
)


def rows(database, query):
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def as_list(value):
    return json.loads(value) if isinstance(value, str) else value


def test_tokens_become_grants_and_tokens_again(bare_database):
    migrations.move(bare_database, command.upgrade, "0001")
    with bare_database.engine.begin() as connection:
        for statement in (USER, TOKEN, CHANGE, "INSERT INTO token_uses (token_id, used_at) VALUES (7, 42)"):
            connection.execute(text(statement.replace(":", "\\:")))
    migrations.move(bare_database, command.upgrade, "0002")
    grant = rows(bare_database, "SELECT id, user_id, grant_type, name, expires_at, revoked_at, created_at FROM grants")
    assert grant == [(7, 1, "personal_token", "old", 99, None, 6)]
    scopes, accounts = rows(bare_database, "SELECT scopes, account_ids FROM grants")[0]
    assert (as_list(scopes), as_list(accounts)) == (["dns"], [3])
    assert rows(bare_database, "SELECT grant_id, kind, hash, last_four FROM tokens") == [(7, "pat", "abc", "wxyz")]
    assert rows(bare_database, "SELECT grant_id, used_at FROM grant_uses") == [(7, 42)]
    assert rows(bare_database, "SELECT grant_id FROM changes") == [(7,)]

    migrations.move(bare_database, command.downgrade, "0001")
    assert rows(bare_database, "SELECT id, user_id, name, hash, expires_at FROM tokens") == [(7, 1, "old", "abc", 99)]
    assert rows(bare_database, "SELECT token_id, used_at FROM token_uses") == [(7, 42)]
    assert rows(bare_database, "SELECT token_id FROM changes") == [(7,)]


def test_a_migration_that_fails_leaves_nothing(bare_database):
    def fail(configuration, revision):
        command.upgrade(configuration, revision)
        raise KeyError(revision)

    with pytest.raises(KeyError):
        migrations.move(bare_database, fail, "0001")
    assert inspect(bare_database.engine).get_table_names() == []
    migrations.migrate(bare_database)
    assert inspect(bare_database.engine).has_table("grants")
