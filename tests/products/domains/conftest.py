"""Domains to test with."""

from collections.abc import Callable

import pytest

from alpage.products.domains import domains
from alpage.products.domains.domains import Domain
from alpage.storage.changes import NOBODY
from tests.conftest import Person

NOW, DAY = 1_790_000_000, 86_400

Register = Callable[..., Domain]


@pytest.fixture
def register() -> Register:
    """Makes a domain of somebody's account, with the values given for its columns."""

    def make(person: Person, registered: str, *, days: int = 365, **values: object) -> Domain:
        with person.platform.database.transaction(NOBODY) as transaction:
            domain = domains.create(
                transaction.session, person.account.id, registered, NOW, expires_at=NOW + days * DAY
            )
            for column, value in values.items():
                setattr(domain, column, value)
        return domain

    return make
