"""What two people do in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep
from urllib.parse import urlsplit

import pytest

from alpage.accounts.tags import Tag
from alpage.storage.changes import NOBODY

ATTEMPTS = 4


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as threads:
        return [answer.status_code for answer in threads.map(lambda call: call(), calls)]


@pytest.mark.parametrize("attempt", range(ATTEMPTS))
@pytest.mark.parametrize(("method", "body"), [("PATCH", {"role_type": "normal"}), ("DELETE", None)])
def test_two_owners_who_unmake_each_other_leave_one(heidi, anna, method, body, attempt):
    users = f"/2/accounts/{heidi.account.id}/users"
    heidi.call("PATCH", f"{users}/{anna.user.id}", {"role_type": "owner"})
    statuses = at_once(
        lambda: heidi.call(method, f"{users}/{anna.user.id}", body),
        lambda: anna.call(method, f"{users}/{heidi.user.id}", body),
    )
    assert statuses.count(200) == 1
    owned = "/1/accounts?with=type,count_owners"
    seen = [account for person in (heidi, anna) for account in person.call("GET", owned).json()["data"]]
    assert [account["type"] for account in seen].count("owner") == 1
    assert all(account["count_owners"] == 1 for account in seen)


@pytest.mark.parametrize("attempt", range(ATTEMPTS))
def test_an_invitation_is_answered_once(heidi, attempt):
    user = heidi.platform.user("eva")
    eva = replace(heidi, user=user, token=heidi.platform.token(user))
    body = {"email": user.email, "first_name": "Eva", "last_name": "E", "locale": "de_DE", "role_type": "normal"}
    invitation = heidi.call("POST", f"/1/accounts/{heidi.account.id}/invitations", body).json()["data"]
    key = urlsplit(invitation["url_accept"]).query.removeprefix("key=")
    statuses = at_once(*(lambda: eva.call("POST", f"/1/invitations/{key}/accept") for _ in range(3)))
    assert sorted(statuses) == [201, 409, 409]
    assert eva.call("GET", "/1/accounts?return=total").json()["data"] == 1


def test_what_is_deleted_while_it_is_changed(heidi):
    tags = f"/1/accounts/{heidi.account.id}/tags"
    made = heidi.call("POST", tags, {"name": "Goats"}).json()["data"]
    with ThreadPoolExecutor(1) as threads, heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.delete(transaction.session.get_one(Tag, made["id"]))
        transaction.session.flush()
        changing = threads.submit(heidi.call, "PATCH", f"{tags}/{made['id']}", {"name": "Cows"})
        sleep(0.3)  # on PostgreSQL it has found the tag by then, and waits to change it
        transaction.commit()
        assert changing.result().status_code in (404, 409)
