"""Back-off of guesses: per account, per address, across processes; attack A21 at the verbs."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from alpage.identity import attempts
from alpage.identity.attempts import FREE_GUESSES, FREE_GUESSES_OF_ADDRESS, Attempts
from alpage.storage.changes import NOBODY

NOW = 1_800_000_000
ACCOUNT = attempts.of_account("password", "heidi@example.org")
ADDRESS = attempts.of_address("password", "192.0.2.1")


def fail(database, *subjects, now=NOW):
    with database.transaction(NOBODY) as transaction:
        attempts.failed(transaction, subjects, now)


def blocked(database, *subjects, now=NOW):
    with database.reading() as transaction:
        return attempts.blocked_until(transaction, subjects, now)


def test_a21_the_first_few_are_free_then_waits_double(database):
    for _ in range(FREE_GUESSES):
        assert blocked(database, ACCOUNT) == 0
        fail(database, ACCOUNT)
    assert blocked(database, ACCOUNT) == 0
    waits = []
    for _ in range(13):
        fail(database, ACCOUNT)
        waits.append(blocked(database, ACCOUNT) - NOW)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_wait_ends(database):
    for _ in range(FREE_GUESSES + 3):
        fail(database, ACCOUNT)
    assert blocked(database, ACCOUNT, now=NOW + 3) == NOW + 4
    assert blocked(database, ACCOUNT, now=NOW + 4) == 0


def test_a21_an_address_is_counted_over_all_accounts(database):
    for number in range(FREE_GUESSES_OF_ADDRESS + 1):
        fail(database, attempts.of_account("password", f"user{number}@example.org"), ADDRESS)
    fresh = attempts.of_account("password", "heidi@example.org")
    assert blocked(database, fresh) == 0
    assert blocked(database, fresh, ADDRESS) == NOW + 1


def test_success_forgets_the_account_and_not_the_address(database):
    for _ in range(FREE_GUESSES_OF_ADDRESS + 1):
        fail(database, ACCOUNT, ADDRESS)
    with database.transaction(NOBODY) as transaction:
        attempts.succeeded(transaction, [ACCOUNT, ADDRESS])
    assert blocked(database, ACCOUNT) == 0
    assert blocked(database, ADDRESS) == NOW + 1


def test_after_a_day_all_is_forgotten(database):
    for _ in range(FREE_GUESSES + 5):
        fail(database, ACCOUNT)
    later = NOW + attempts.FORGOTTEN_SECONDS + 1
    fail(database, ACCOUNT, now=later)
    assert blocked(database, ACCOUNT, now=later) == 0
    with database.reading() as transaction:
        assert transaction.execute(select(Attempts.failures)).scalar_one() == 1


def test_a21_no_guess_is_lost_among_many_at_once(database):
    with ThreadPoolExecutor(8) as threads:
        for _ in threads.map(lambda _: fail(database, ACCOUNT, ADDRESS), range(40)):
            pass
    with database.reading() as transaction:
        assert {*transaction.execute(select(Attempts.failures)).scalars()} == {40}


def test_a21_of_many_guesses_at_once_one_is_looked_at(database):
    for _ in range(FREE_GUESSES):
        fail(database, ACCOUNT)

    def guess(_number):
        with database.transaction(NOBODY) as transaction:
            return attempts.begin(transaction, ACCOUNT, ADDRESS, NOW)

    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(guess, range(40))].count(True) == 1


def test_a21_nothing_is_looked_at_from_an_address_that_waits(database):
    for _ in range(FREE_GUESSES_OF_ADDRESS + 1):
        fail(database, ADDRESS)
    with database.transaction(NOBODY) as transaction:
        assert not attempts.begin(transaction, ACCOUNT, ADDRESS, NOW)
        assert transaction.execute(select(Attempts.failures).where(Attempts.subject == ACCOUNT)).all() == []


def test_things_are_counted_apart(database):
    for _ in range(FREE_GUESSES + 1):
        fail(database, ACCOUNT)
    assert blocked(database, attempts.of_account("second factor", "heidi@example.org")) == 0
    assert blocked(database, attempts.of_account("password", "HEIDI@example.org")) == NOW + 1


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::7", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "nowhere"),
    ],
)
def test_an_ipv6_address_counts_as_its_network(ip, counted):
    assert attempts.of_address("password", ip) == f"password from {counted}"


def test_a_subject_fits_and_does_not_tell_the_address(database):
    subject = attempts.of_account("password", "x" * 10_000)
    assert len(subject) <= 128
    assert "heidi" not in ACCOUNT
