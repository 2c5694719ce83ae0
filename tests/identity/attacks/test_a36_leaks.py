"""A36: a stolen token. It is bound to networks and to an end, and one call anybody may make ends it."""

from itertools import count
from time import sleep, time

import pytest
from sqlalchemy import func, select

from alpage.identity import credentials
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.grants import Grant
from alpage.identity.security_events import SecurityEvent
from alpage.identity.tokens import REMEMBERED_SECONDS
from tests.conftest import Person
from tests.identity.test_grants import give, register

SPELLINGS = count(2)  # of spaces


def report(client, secret):
    answer = client.post("/1/tokens/leaked", json={"token": secret})
    assert answer.status_code == 200, answer.text
    return answer.json()


def lets_in(client, authorization):
    return client.get("/1/tokens/self", headers={"Authorization": authorization}).status_code == 200


def works(person, secret):
    """Whether a process that has not just met the token lets it in; a header is known by how it is spelled."""
    return lets_in(person.client, f"Bearer{' ' * next(SPELLINGS)}{secret}")


def latest_grant(platform):
    with platform.database.reading() as transaction:
        return transaction.execute(select(func.max(Grant.id))).scalar_one()


def events(platform):
    with platform.database.reading() as transaction:
        rows = transaction.execute(select(SecurityEvent.__table__).where(SecurityEvent.kind == "token_leaked"))
        return [(row.user_id, row.grant_id, row.application_id) for row in rows]


@pytest.mark.parametrize("kind", ["pat", "at", "rt"])
def test_a36_a_leaked_token_dies_with_its_grant(heidi, client, kind):
    if kind == "pat":
        secret = heidi.platform.token(heidi.user, "dns")
        grant_id, application_id = latest_grant(heidi.platform), None
    else:
        application = register(heidi)
        grant, secret = give(heidi, application, kind=kind)
        grant_id, application_id = grant.id, application.id
    assert works(heidi, secret) == (kind != "rt")
    report(client, secret)
    assert not works(heidi, secret)
    with heidi.platform.database.reading() as transaction:
        ended = select(Grant.id).where(Grant.revoked_at.is_not(None))
        assert [*transaction.execute(ended).scalars()] == [grant_id]
    assert events(heidi.platform) == [(heidi.user.id, grant_id, application_id)]
    assert works(heidi, heidi.token)


def test_a36_so_does_a_client_secret(heidi, client):
    body = {"name": "App", "is_confidential": True, "redirect_uris": ["https://app.example/cb"]}
    made = heidi.call("POST", f"/1/accounts/{heidi.account.id}/applications", body).json()["data"]
    report(client, made["client_secret"])
    with heidi.platform.database.reading() as transaction:
        assert transaction.execute(select(ApplicationSecret.revoked_at)).scalar_one() is not None
    assert events(heidi.platform) == [(heidi.user.id, None, made["id"])]


def test_a36_what_a_thief_made_with_it_dies_too(heidi, client):
    stolen = heidi.platform.token(heidi.user, "tokens", "dns")
    thief = Person(heidi.platform, heidi.user, heidi.account, stolen, client)
    second = thief.call("POST", "/1/tokens", {"name": "x", "scopes": ["tokens", "dns"]}).json()["data"]["token"]
    thief = Person(heidi.platform, heidi.user, heidi.account, second, client)
    third = thief.call("POST", "/1/tokens", {"name": "y", "scopes": ["dns"]}).json()["data"]["token"]
    report(client, stolen)
    assert [works(heidi, secret) for secret in (stolen, second, third, heidi.token)] == [False, False, False, True]


def test_a36_even_when_the_stolen_one_was_revoked_before(heidi, client):
    stolen = heidi.platform.token(heidi.user, "tokens", "dns")
    token_id = latest_grant(heidi.platform)
    thief = Person(heidi.platform, heidi.user, heidi.account, stolen, client)
    second = thief.call("POST", "/1/tokens", {"name": "x", "scopes": ["dns"]}).json()["data"]["token"]
    assert heidi.call("DELETE", f"/1/tokens/{token_id}").status_code == 200
    assert works(heidi, second)
    report(client, stolen)
    assert not works(heidi, second)


def test_a36_the_answer_is_always_the_same(heidi, client):
    known = heidi.platform.token(heidi.user, "dns")
    shown = [known, known, credentials.new_secret("pat"), "alp_pat_" + "0" * 49, "", "nonsense", "x" * 200]
    assert [report(client, secret) for secret in shown] == [{"result": "success", "data": True}] * len(shown)
    assert len(events(heidi.platform)) == 1


def test_a36_reports_are_limited(client):
    for _ in range(30):
        report(client, "nonsense")
    assert client.post("/1/tokens/leaked", json={"token": "nonsense"}).status_code == 429


def test_a36_who_has_just_met_a_token_soon_asks_again(heidi, client):
    stolen = f"Bearer {heidi.platform.token(heidi.user, 'dns')}"
    assert lets_in(client, stolen)
    report(client, stolen.partition(" ")[2])
    sleep(REMEMBERED_SECONDS)
    assert not lets_in(client, stolen)


def test_a36_networks_and_end_bound_a_theft(heidi, server):
    stolen = f"Bearer {heidi.platform.token(heidi.user, 'dns', ip_ranges=['192.0.2.0/24'])}"
    assert lets_in(server.client("192.0.2.9"), stolen)
    assert not lets_in(server.client("198.51.100.9"), stolen)
    assert not works(heidi, heidi.platform.token(heidi.user, "dns", expires_at=int(time()) - 1))
