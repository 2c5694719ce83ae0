"""A37: client secrets are changed without a gap: two at once, an overlap that ends, and the last use of each."""

from time import time

import pytest
from sqlalchemy import select

from alpage.identity import application_secrets
from alpage.identity.application_secrets import ApplicationSecret, ApplicationSecretUse
from alpage.identity.security_events import SecurityEvent
from alpage.storage.changes import NOBODY


@pytest.fixture
def path(heidi):
    """The secrets of an application of heidi's, which has its first one."""
    body = {"name": "App", "is_confidential": True, "redirect_uris": ["https://app.example/cb"]}
    applications = f"/1/accounts/{heidi.account.id}/applications"
    return f"{applications}/{heidi.call('POST', applications, body).json()['data']['id']}/secrets"


def listed(heidi, path, query=""):
    return heidi.call("GET", path + query).json()["data"]


def test_a37_at_most_two_live(heidi, path):
    second = heidi.call("POST", path, {})
    assert second.status_code == 201
    third = heidi.call("POST", path, {})
    assert (third.status_code, third.json()["error"]["context"]) == (403, {"limit": 2, "used": 2})
    first = listed(heidi, path)[0]["id"]
    assert heidi.call("DELETE", f"{path}/{first}").json()["data"] is True
    assert heidi.call("POST", path, {}).status_code == 201
    assert [secret["state"] for secret in listed(heidi, path)] == ["revoked", "active", "active"]
    assert len(listed(heidi, path, "?filter[state]=active")) == 2


def test_a37_an_overlap_that_ends(heidi, path):
    before = int(time())
    assert heidi.call("POST", path, {"expire_others_in": 3600}).status_code == 201
    first, second = listed(heidi, path)
    assert before + 3600 <= first["expires_at"] <= time() + 3600
    assert second["expires_at"] is None
    assert heidi.call("POST", path, {"expire_others_in": 0}).status_code == 201
    assert [secret["state"] for secret in listed(heidi, path)] == ["expired", "expired", "active"]


def test_a37_an_overlap_is_never_made_longer(heidi, path):
    heidi.call("POST", path, {"expire_others_in": 60})
    end = listed(heidi, path)[0]["expires_at"]
    heidi.call("POST", path, {"expire_others_in": 3600})
    assert listed(heidi, path)[0]["expires_at"] == end


def test_a37_two_live_is_what_the_login_sees(heidi, path):
    heidi.call("POST", path, {"expire_others_in": 100})
    now = int(time())
    with heidi.platform.database.transaction(NOBODY) as transaction:
        application_id = transaction.session.scalars(select(ApplicationSecret.application_id)).first()
        assert len(application_secrets.live(transaction.session, application_id, now)) == 2
        assert len(application_secrets.live(transaction.session, application_id, now + 101)) == 1


def test_a37_the_last_use_is_shown(heidi, path):
    (first,) = listed(heidi, path)
    assert first["last_used_at"] is None
    heidi.platform.add(ApplicationSecretUse(secret_id=first["id"], used_at=1_000_000_000))
    assert listed(heidi, path)[0]["last_used_at"] == 1_000_000_000


def test_a37_a_secret_is_shown_once_and_kept_as_a_hash(heidi, path):
    secret = heidi.call("POST", path, {}).json()["data"]["client_secret"]
    assert secret.startswith("alp_cs_")
    assert secret not in heidi.call("GET", path).text
    with heidi.platform.database.reading() as transaction:
        assert secret not in repr(transaction.execute(select(ApplicationSecret.__table__)).all())
        kinds = transaction.execute(select(SecurityEvent.kind).order_by(SecurityEvent.id)).scalars()
        assert [*kinds] == ["secret_made", "secret_made"]


def test_a37_an_application_without_secrets_gets_none(heidi):
    applications = f"/1/accounts/{heidi.account.id}/applications"
    body = {"name": "App", "is_confidential": False, "redirect_uris": ["https://app.example/cb"]}
    made = heidi.call("POST", applications, body).json()["data"]
    assert made["client_secret"] is None
    answer = heidi.call("POST", f"{applications}/{made['id']}/secrets", {})
    assert (answer.status_code, answer.json()["error"]["context"]["state"]) == (409, "none")
