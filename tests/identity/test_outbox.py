"""The outbox where mails leave for the world: it shows nothing, since their links open accounts."""

from time import time

import pytest

from alpage.identity import notices
from alpage.storage.changes import NOBODY


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"smtp_url": "smtp://mail.example.org"})


def test_with_a_relay_there_is_nothing_to_see(heidi):
    with heidi.platform.database.transaction(NOBODY) as transaction:
        notices.send(transaction, heidi.user, "recovery_codes_made", int(time()))
    assert heidi.call("GET", "/1/profile/mails").json()["data"] == []
    assert heidi.call("GET", "/1/profile/mails/1").status_code == 404
