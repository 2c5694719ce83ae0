"""A platform that is a sandbox."""

import pytest

from alpage.identity.users import User
from alpage.storage.changes import NOBODY


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"sandbox": True})


@pytest.fixture
def working(heidi):
    """Heidi, who works in her account: her own things go by its clock."""
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, heidi.user.id).current_account_id = heidi.account.id
    return heidi
