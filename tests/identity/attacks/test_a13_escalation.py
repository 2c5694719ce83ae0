"""A13: nobody gets more through a token than it carries, and a token makes no other that reaches further."""

from time import time

import pytest

from alpage.accounts.members import Membership
from alpage.storage.changes import NOBODY
from tests.conftest import Person


def through(person, *scopes, **limits):
    token = person.platform.token(person.user, *scopes, **limits)
    return Person(person.platform, person.user, person.account, token, person.client)


def refused(person, **body):
    answer = person.call("POST", "/1/tokens", {"name": "more", "scopes": ["tokens:write"], **body})
    assert answer.status_code == 422, answer.text
    return {fault["context"]["attribute"]: fault for fault in answer.json()["error"]["errors"]}


def made(person, **body):
    answer = person.call("POST", "/1/tokens", {"name": "less", "scopes": ["tokens:write"], **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("wanted", ["dns", "dns:write", "accounts", "user_info", "tokens", "tokens:read"])
def test_a13_no_scope_beyond_those_of_the_token(heidi, wanted):
    narrow = through(heidi, "tokens:write", "dns:read")
    fault = refused(narrow, scopes=["dns:read", wanted])["scopes.1"]
    assert fault["code"] == "attribute_in"
    assert fault["context"]["values"] == ["dns:read", "tokens:write"]


def test_a13_a_coarse_scope_gives_its_parts(heidi):
    coarse = through(heidi, "tokens", "dns")
    assert made(coarse, scopes=["dns:read", "dns:write", "tokens:read", "dns"])


def test_a13_limits_lie_within_those_of_the_token(heidi):
    end = int(time()) + 1000
    limits = {"account_ids": [1, 2], "product_ids": [5], "expires_at": end}
    limited = through(heidi, "tokens:write", **limits)
    wider = {"account_ids": [2, 3], "product_ids": [5, 6], "expires_at": end + 1}
    faults = refused(limited, **wider)
    assert faults.keys() == {"account_ids.1", "product_ids.1", "expires_at"}
    assert faults["account_ids.1"]["context"]["values"] == [1, 2]
    assert faults["expires_at"]["context"]["date"] == end
    assert made(limited, account_ids=[2], product_ids=[5], expires_at=end - 1)["account_ids"] == [2]


def test_a13_what_is_not_given_is_as_with_the_token(heidi):
    end = int(time()) + 1000
    limited = through(heidi, "tokens:write", account_ids=[2, 1], product_ids=[5], expires_at=end)
    child = made(limited)
    assert (child["account_ids"], child["product_ids"], child["expires_at"]) == ([1, 2], [5], end)


def test_a13_networks_lie_within_those_of_the_token(heidi, server):
    limited = through(heidi, "tokens:write", ip_ranges=["192.0.2.0/24", "2001:db8::/32"])
    limited.client = server.client("192.0.2.9")
    faults = refused(limited, ip_ranges=["192.0.2.128/25", "192.0.0.0/16", "0.0.0.0/0", "::/0", "2001:db8:1::/48"])
    assert faults.keys() == {"ip_ranges.1", "ip_ranges.2", "ip_ranges.3"}
    assert made(limited)["ip_ranges"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert made(limited, ip_ranges=["2001:db8:1::/48"])["ip_ranges"] == ["2001:db8:1::/48"]


def test_a13_a_token_of_a_token_is_held_to_both(heidi):
    end = int(time()) + 1000
    child = made(through(heidi, "tokens:write", "dns:read", account_ids=[heidi.account.id]), expires_at=end)
    grandchild = Person(heidi.platform, heidi.user, heidi.account, child["token"], heidi.client)
    faults = refused(grandchild, scopes=["dns:read"], account_ids=[99], expires_at=end + 1)
    assert faults.keys() == {"scopes.0", "account_ids.0", "expires_at"}


def test_a13_rights_are_those_of_the_user_now(heidi, peter):
    heidi.platform.member(heidi.account, peter.user, "admin")
    path = f"/1/accounts/{heidi.account.id}"
    assert peter.call("PATCH", path, {"name": "Renamed"}).status_code == 200
    with heidi.platform.database.transaction(NOBODY) as transaction:
        place = (
            transaction.session.query(Membership).filter_by(account_id=heidi.account.id, user_id=peter.user.id).one()
        )
        place.role_type = "normal"
    assert peter.call("PATCH", path, {"name": "Again"}).status_code == 403
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.delete(transaction.session.get(Membership, place.id))
    assert peter.call("PATCH", path, {"name": "Again"}).status_code == 404


def application(**body):
    return {
        "name": "Job",
        "is_confidential": True,
        "grant_types": ["client_credentials"],
        "scopes": ["dns:read"],
        **body,
    }


def test_a13_no_application_that_acts_by_itself_beyond_the_token(heidi):
    path = f"/1/accounts/{heidi.account.id}/applications"
    narrow = through(heidi, "applications:write", "dns:read")
    answer = narrow.call("POST", path, application(scopes=["dns:read", "accounts"]))
    assert answer.json()["error"]["errors"][0]["context"]["attribute"] == "scopes.1"
    made_by_it = narrow.call("POST", path, application()).json()["data"]
    answer = narrow.call("PATCH", f"{path}/{made_by_it['id']}", {"scopes": ["dns"]})
    assert answer.json()["error"]["errors"][0]["context"]["attribute"] == "scopes.0"


def test_a13_no_secret_of_one_that_reaches_further(heidi, peter):
    path = f"/1/accounts/{heidi.account.id}/applications"
    made_by_heidi = heidi.call("POST", path, application(scopes=["accounts"])).json()["data"]
    one = f"{path}/{made_by_heidi['id']}"
    narrow = through(heidi, "applications:write")
    answer = narrow.call("POST", f"{one}/secrets", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all_scopes")
    heidi.platform.member(heidi.account, peter.user, "admin")
    for method, path, body in (("POST", f"{one}/secrets", {}), ("PATCH", one, {"name": "Mine"})):
        answer = peter.call(method, path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")
    limited = through(heidi, "applications", "accounts", account_ids=[heidi.account.id + 1000])
    assert limited.call("POST", f"{one}/secrets", {}).status_code == 404
    assert heidi.call("POST", f"{one}/secrets", {}).status_code == 201


def test_a13_no_application_of_another_starts_to_act_as_him(heidi, peter):
    path = f"/1/accounts/{heidi.account.id}/applications"
    body = application(grant_types=["authorization_code"], redirect_uris=["https://app.example/cb"])
    one = f"{path}/{heidi.call('POST', path, body).json()['data']['id']}"
    heidi.platform.member(heidi.account, peter.user, "admin")
    assert peter.call("PATCH", one, {"grant_types": ["client_credentials"]}).status_code == 403
    assert peter.call("PATCH", one, {"name": "Renamed"}).status_code == 200
