"""Readings: each on a snapshot of its own, on a connection the thread keeps."""

from sqlalchemy import func, select

from alpage.identity.users import User
from alpage.storage.database import Transaction
from tests.conftest import Platform

COUNT = select(func.count()).select_from(User)


def count(transaction: Transaction) -> int:
    return int(transaction.execute(COUNT).scalar_one())


def test_a_reading_sees_one_snapshot_and_one_within_it_a_newer(platform: Platform) -> None:
    with platform.database.reading() as outer:
        assert count(outer) == 0
        platform.user("heidi")
        with platform.database.reading() as inner:
            assert count(inner) == 1
        assert count(outer) == 0
    with platform.database.reading() as later:
        assert count(later) == 1


def test_a_snapshot_ends_with_its_reading(platform: Platform) -> None:
    for number in range(3):
        with platform.database.reading() as transaction:
            assert count(transaction) == number
        platform.user(f"user{number}")


def test_a_lost_connection_is_not_kept(platform: Platform) -> None:
    with platform.database.reading() as transaction:
        count(transaction)
        transaction._open().invalidate()
    with platform.database.reading() as transaction:
        assert count(transaction) == 0


def test_a_closed_database_opens_again(platform: Platform) -> None:
    with platform.database.reading() as transaction:
        count(transaction)
    platform.database.close()
    with platform.database.reading() as transaction:
        assert count(transaction) == 0
