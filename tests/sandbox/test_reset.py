"""The reset of the demonstration: its account as at first, all others as they are."""

from dataclasses import replace
from time import time

import pytest
from sqlalchemy import func, inspect, select

from alpage.accounts.accounts import Account
from alpage.identity.users import User
from alpage.sandbox import demonstration
from alpage.sandbox.demonstration import DOMAIN, RECORDS, Demonstration
from alpage.storage.changes import NOBODY, Change
from alpage.storage.tables import Base
from tests.conventions import world


@pytest.fixture
def demo(heidi):
    """The user of the demonstration, with a token."""
    with heidi.platform.database.transaction(NOBODY) as transaction:
        user = demonstration.make(transaction, heidi.platform.settings, "a password", int(time()))
        account = transaction.session.get(Account, user.current_account_id)
    return replace(heidi, user=user, account=account, token=heidi.platform.token(user))


def state(person, account_id):
    """What there is of an account, and of everything that is not in one, without numbers and dates."""
    found = {}
    with person.platform.database.reading() as transaction:
        for table in Base.metadata.sorted_tables:
            if "account_id" in table.c and table.name not in ("changes", "demonstrations"):
                query = select(table).where(table.c.account_id == account_id)
                kept = [column.name for column in table.c if not unsteady(column)]
                rows = [{name: row[name] for name in kept} for row in transaction.execute(query).mappings()]
                found[table.name] = sorted(map(repr, rows))
        account = transaction.execute(select(Account.__table__).where(Account.__table__.c.id == account_id))
        found["account"] = dict(account.mappings().one())
    return found


def unsteady(column):
    return column.primary_key or column.name.endswith(("_id", "_at", "serial")) or column.name in ("added", "removed")


def records(person):
    answer = person.call("GET", f"/2/zones/{DOMAIN}/records").json()["data"]
    return {
        (one["source"], one["type"], one["target"].strip('"')) for one in answer if one["type"] not in ("SOA", "NS")
    }


def reset(person, **options):
    return person.call("POST", "/1/sandbox/reset", **options)


def test_everything_is_as_at_first(demo):
    at_first = state(demo, demo.account.id)
    world.make(demo)
    demo.call("PATCH", f"/1/accounts/{demo.account.id}", {"name": "Spoilt", "locale": "de_DE", "vat_number": "X"})
    demo.call("POST", f"/2/zones/{DOMAIN}/records", {"source": "x", "type": "A", "ttl": 300, "target": "192.0.2.1"})
    demo.call("PATCH", "/2/profile", {"firstname": "Spoilt", "lastname": "Too"})
    demo.call("PUT", f"/1/accounts/{demo.account.id}/sandbox/clock", {"ahead_seconds": 86_400})
    assert state(demo, demo.account.id) != at_first
    answer = reset(demo)
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    assert told["deleted"] > 20
    assert (told["user_id"], told["account_id"], told["domain"]) == (demo.user.id, demo.account.id, DOMAIN)
    assert state(demo, demo.account.id) == at_first
    assert records(demo) == {*RECORDS}
    profile = demo.call("GET", "/2/profile").json()["data"]
    assert (profile["first_name"], profile["last_name"]) == ("Heidi", "Demo")


def test_a_domain_that_was_deleted_comes_back(demo):
    demo.call("DELETE", f"/2/zones/{DOMAIN}")
    assert demo.call("GET", f"/2/zones/{DOMAIN}").status_code == 404
    assert reset(demo).status_code == 200
    assert records(demo) == {*RECORDS}
    assert reset(demo).status_code == 200, "a second time does the same"


def test_others_are_left_alone(demo, peter):
    made = world.make(peter)
    before = state(peter, peter.account.id)
    assert reset(demo).status_code == 200
    assert state(peter, peter.account.id) == before
    assert peter.call("GET", f"/2/zones/{made.ids['zone']}").status_code == 200
    with demo.platform.database.reading() as transaction:
        users = transaction.execute(select(func.count()).select_from(User)).scalar_one()
    assert users == 4  # heidi, demo, peter, and a member of peter's


def test_the_tokens_of_the_user_go_on(demo):
    other = demo.platform.token(demo.user, "dns:read")
    assert reset(demo).status_code == 200
    answers = [
        demo.client.get("/2/zones/demo.example", headers={"Authorization": f"Bearer {token}"})
        for token in (demo.token, other)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_dry_run_is_its_plan(demo):
    world.make(demo)
    before = state(demo, demo.account.id)
    changes = reset(demo, params={"dry_run": 1}).json()["changes"]
    events = {(change["event"], change["action"]) for change in changes}
    assert {("account.team", "deleted"), ("dns.zone", "deleted"), ("dns.zone", "created")} <= events
    assert state(demo, demo.account.id) == before


def test_it_is_all_on_record(demo):
    answer = reset(demo)
    with demo.platform.database.reading() as transaction:
        query = select(Change).where(Change.request_id == answer.headers["x-request-id"])
        made = [*transaction.execute(query)]
    assert {change.user_id for change in made} == {demo.user.id}
    assert {(change.event, change.action) for change in made} >= {("dns.record", "deleted"), ("dns.record", "created")}


def test_nobody_else_may(demo, heidi):
    refused = reset(heidi)
    assert refused.status_code == 404
    assert refused.json()["error"]["context"]["model"] == "Demonstration"
    narrow = replace(demo, token=demo.platform.token(demo.user, "accounts:read"))
    assert reset(narrow).json()["error"]["code"] == "all_scopes"
    elsewhere = replace(demo, token=demo.platform.token(demo.user, account_ids=[heidi.account.id]))
    assert reset(elsewhere).json()["error"]["code"] == "access_denied"
    one_product = replace(demo, token=demo.platform.token(demo.user, product_ids=[1]))
    assert reset(one_product).json()["error"]["code"] == "access_denied"


def test_every_table_can_be_emptied():
    """Each has a class, or it could not be deleted from through the unit of work."""
    mapped = {mapper.local_table for mapper in Base.registry.mappers}
    assert {*Base.metadata.sorted_tables} == mapped
    assert Demonstration.__table__ in mapped
    assert inspect(Account).local_table in mapped
