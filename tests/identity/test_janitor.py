"""The janitor: lets go of what is over, and of nothing else."""

import pytest
from sqlalchemy import func, insert, select

from alpage.identity import janitor
from alpage.identity.attempts import Attempts
from alpage.identity.janitor import AT_ONCE, DAY_SECONDS
from alpage.identity.tickets import Ticket
from alpage.storage.changes import NOBODY
from alpage.tasks.mails import Mail

NOW = 1_800_000_000


def ticket(number, expires_at):
    return {"hash": str(number), "purpose": "code", "content": {}, "expires_at": expires_at, "consumed_at": None}


def put(database, table, rows):
    with database.transaction(NOBODY) as transaction:
        transaction.execute(insert(table), rows)


def keys(database, column):
    with database.reading() as transaction:
        return [*transaction.execute(select(column).order_by(column)).scalars()]


def test_what_is_over_goes_and_the_rest_stays(settings, database):
    put(database, Ticket, [ticket("old", NOW - DAY_SECONDS - 1), ticket("new", NOW - DAY_SECONDS)])
    guesses = {"failures": 1, "blocked_until": 0}
    put(
        database,
        Attempts,
        [
            {"subject": "old", "failed_at": NOW - DAY_SECONDS - 1, **guesses},
            {"subject": "new", "failed_at": NOW, **guesses},
        ],
    )
    mail = {"recipient": "", "template": "signed_in", "language": "en", "content": {}, "tries": 0}
    put(
        database,
        Mail,
        [
            {"id": 1, "created_at": 1, "next_try_at": None, **mail},
            {"id": 2, "created_at": 1, "next_try_at": NOW, **mail},
            {"id": 3, "created_at": NOW, "next_try_at": None, **mail},
        ],
    )
    janitor.tidy_up(settings, database, NOW)
    assert keys(database, Ticket.hash) == ["new"]
    assert keys(database, Attempts.subject) == ["new"]
    assert keys(database, Mail.id) == [2, 3]


def test_much_goes_a_little_at_a_time(settings, database):
    put(database, Ticket, [ticket(number, 1) for number in range(AT_ONCE + 7)])
    janitor.tidy_up(settings, database, NOW)
    with database.reading() as transaction:
        assert transaction.execute(select(func.count()).select_from(Ticket)).scalar_one() == 0


@pytest.mark.parametrize("rule", janitor.RULES, ids=lambda rule: rule.key.class_.__tablename__)
def test_what_is_on_record_is_not_swept(rule):
    assert rule.key.class_.__event__ == ""
