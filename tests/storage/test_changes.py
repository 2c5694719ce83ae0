"""The change log: complete by construction, in the order of the commits."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import delete, insert, select, update

from alpage.identity.tokens import Token
from alpage.identity.users import User
from alpage.storage.changes import NOBODY, Author, Change
from alpage.storage.tables import Base


def entries(database, event=None):
    with database.reading() as transaction:
        query = select(Change.__table__).order_by(Change.id)
        return transaction.execute(query if event is None else query.where(Change.event == event)).all()


def test_create_update_delete_leave_an_entry_each(platform):
    user = platform.user("heidi")
    author = Author(user_id=user.id, grant_id=7, request_id="r1")
    with platform.database.transaction(author) as transaction:
        transaction.session.get_one(User, user.id).first_name = "Adelheid"
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.delete(transaction.session.get_one(User, user.id))
    created, updated, deleted = entries(platform.database, "user")
    assert (created.action, updated.action, deleted.action) == ("created", "updated", "deleted")
    assert created.before is None
    assert created.after["first_name"] == "Heidi"
    assert (updated.before, updated.after) == ({"first_name": "Heidi"}, {"first_name": "Adelheid"})
    assert (updated.user_id, updated.grant_id, updated.request_id) == (user.id, 7, "r1")
    assert deleted.before["first_name"] == "Adelheid"
    assert deleted.after is None


def test_one_transaction_leaves_one_entry_an_object(platform):
    user = platform.user("heidi")
    with platform.database.transaction(NOBODY) as transaction:
        found = transaction.session.get_one(User, user.id)
        for name in ("A", "B", "C"):
            found.first_name = name
            transaction.session.flush()
    (_, updated) = entries(platform.database, "user")
    assert updated.after == {"first_name": "C"}
    assert updated.before == {"first_name": "Heidi"}


def test_what_comes_and_goes_within_a_transaction_leaves_nothing(platform):
    with platform.database.transaction(NOBODY) as transaction:
        user = User(login="x", email="x", first_name="x", last_name="x", display_name="x", created_at=0)
        transaction.session.add(user)
        transaction.session.flush()
        transaction.session.delete(user)
    assert entries(platform.database) == []


def test_a_failed_transaction_leaves_nothing(platform):
    user = User(login="x", email="x", first_name="x", last_name="x", display_name="x", created_at=0)

    def fail_late():
        with platform.database.transaction(NOBODY) as transaction:
            transaction.session.add(user)
            transaction.session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_late()
    assert entries(platform.database) == []


def test_secrets_stay_out(platform):
    user = platform.user("heidi", password_hash="the hash")
    secret = platform.token(user)
    with platform.database.reading() as transaction:
        kept = transaction.execute(select(Token.hash)).scalar_one()
    text = repr(entries(platform.database))
    assert "the hash" not in text
    assert kept not in text
    assert secret not in text


@pytest.mark.parametrize("statement", [insert(User), update(User).values(first_name="x"), delete(User)])
def test_no_way_round_the_log(platform, statement):
    platform.user("heidi")
    with pytest.raises(RuntimeError, match="users"), platform.database.transaction(NOBODY) as transaction:
        transaction.session.execute(statement)
    with pytest.raises(RuntimeError, match="users"), platform.database.transaction(NOBODY) as transaction:
        transaction.session.connection().execute(statement)


def test_every_table_is_logged_or_has_a_reason():
    unlogged = {mapper.local_table.name for mapper in Base.registry.mappers if not mapper.class_.__event__}
    assert "users" not in unlogged
    for name in unlogged - {"changes"}:
        table = Base.metadata.tables[name]
        owner = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
        assert owner.__doc__, f"{name} is not logged and does not say why"


def test_entries_are_numbered_in_the_order_of_the_commits(platform):
    """Eight writers; each notes the newest entry it sees right after its own commit: none appears later below it."""
    seen, start = [], Barrier(8)

    def write(number):
        start.wait()
        for turn in range(5):
            platform.user(f"user-{number}-{turn}")
            with platform.database.reading() as transaction:
                seen.append([row.id for row in transaction.execute(select(Change.id).order_by(Change.id))])

    threads = [Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = [row.id for row in entries(platform.database)]
    assert len(final) == 40
    assert all(final[: len(view)] == view for view in seen)
