"""Personal tokens over the API: making, listing, limiting, revoking, and what a token may ask about itself."""

from time import time

import pytest
from sqlalchemy import select

from alpage.identity.scopes import SCOPES
from alpage.identity.security_events import SecurityEvent
from tests.conftest import Person


def make(person, **body):
    answer = person.call("POST", "/1/tokens", {"name": "backup", "scopes": ["dns:read"], **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def with_token(person, token):
    return Person(person.platform, person.user, person.account, token, person.client)


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {fault["context"]["attribute"]: fault for fault in answer.json()["error"]["errors"]}


def ids(person, query=""):
    return [token["id"] for token in person.call("GET", f"/1/tokens{query}").json()["data"]]


def events(person):
    with person.platform.database.reading() as transaction:
        return [row.kind for row in transaction.execute(select(SecurityEvent.__table__))]


def test_a_token_is_shown_once(heidi):
    made = make(heidi, name="  backup ", account_ids=[heidi.account.id], expires_at=int(time()) + 100)
    assert made["token"].startswith("alp_pat_")
    assert (made["name"], made["state"], made["last_used_at"]) == ("backup", "active", None)
    assert made["last_four"] == made["token"][-4:]
    shown = heidi.call("GET", f"/1/tokens/{made['id']}").json()["data"]
    assert shown == {name: value for name, value in made.items() if name != "token"}
    assert made["token"] not in heidi.call("GET", "/1/tokens").text
    assert with_token(heidi, made["token"]).call("GET", "/1/tokens/self").status_code == 200
    assert events(heidi) == ["token_made"]


def test_a_name_and_scopes_are_required(heidi):
    assert faults(heidi.call("POST", "/1/tokens", {})).keys() == {"name", "scopes"}
    assert faults(heidi.call("POST", "/1/tokens", {"name": " ", "scopes": []})).keys() == {"name", "scopes"}


def test_an_unknown_scope_is_named_with_a_near_one(heidi):
    answer = heidi.call("POST", "/1/tokens", {"name": "a", "scopes": ["dns:read", "dns:reed"]})
    fault = faults(answer)["scopes.1"]
    assert fault["code"] == "attribute_in"
    assert fault["context"]["suggestion"] == "dns:read"


def test_the_coarse_scope_under_its_other_name(heidi):
    assert make(heidi, scopes=["domains", "domain"])["scopes"] == ["domain"]


def test_states(heidi, monkeypatch):
    active, revoked = make(heidi), make(heidi)
    expired = heidi.platform.token(heidi.user, "dns", expires_at=int(time()) - 1)
    assert heidi.call("DELETE", f"/1/tokens/{revoked['id']}").json()["data"] is True
    states = {token["last_four"]: token["state"] for token in heidi.call("GET", "/1/tokens").json()["data"]}
    assert states[active["last_four"]] == "active"
    assert states[revoked["last_four"]] == "revoked"
    assert states[expired[-4:]] == "expired"
    assert ids(heidi, "?filter[state]=revoked") == [revoked["id"]]
    assert heidi.call("GET", "/1/tokens?filter[state]=expired&return=total").json()["data"] == 1


def test_list_search_and_order(heidi):
    first, second = make(heidi, name="nightly backup"), make(heidi, name="a")
    assert ids(heidi, "?search=nightly&filter[state]=active") == [first["id"]]
    assert ids(heidi, f"?search={second['last_four']}") == [second["id"]]
    assert ids(heidi, "?order_by=name&limit=2") == [second["id"], first["id"]]


def test_revoking_twice_is_one_event(heidi):
    made = make(heidi)
    for _ in range(2):
        assert heidi.call("DELETE", f"/1/tokens/{made['id']}").json()["data"] is True
    assert events(heidi) == ["token_made", "token_revoked"]
    answer = heidi.call("PATCH", f"/1/tokens/{made['id']}", {"name": "again"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "state_conflict")


def test_changes_only_narrow(heidi):
    now = int(time())
    made = make(heidi, ip_ranges=["192.0.2.7/24", "2001:db8::/32"], expires_at=now + 1000)
    assert made["ip_ranges"] == ["192.0.2.0/24", "2001:db8::/32"]
    path = f"/1/tokens/{made['id']}"
    changed = heidi.call("PATCH", path, {"name": "new", "ip_ranges": ["192.0.2.8/32"], "expires_at": now + 500})
    assert changed.json()["data"]["ip_ranges"] == ["192.0.2.8/32"]
    assert changed.json()["data"]["expires_at"] == now + 500
    wider = heidi.call("PATCH", path, {"ip_ranges": ["192.0.2.0/24"], "expires_at": now + 501})
    assert faults(wider)["ip_ranges.0"]["context"]["values"] == ["192.0.2.8/32"]
    assert faults(wider)["expires_at"]["code"] == "attribute_before"
    assert faults(heidi.call("PATCH", path, {"expires_at": now - 1}))["expires_at"]["code"] == "attribute_after"
    assert faults(heidi.call("PATCH", path, {"ip_ranges": ["999.0.0.0/8"]}))["ip_ranges.0"]["code"] == "attribute_ip"


def test_a_token_without_end_may_get_one(heidi):
    made = make(heidi)
    end = int(time()) + 5
    assert heidi.call("PATCH", f"/1/tokens/{made['id']}", {"expires_at": end}).json()["data"]["expires_at"] == end


def test_tokens_of_others_are_nobodys_business(heidi, peter):
    made = make(heidi)
    for method, body in (("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)):
        assert peter.call(method, f"/1/tokens/{made['id']}", body).status_code == 404
    assert made["id"] not in ids(peter)


def test_a_limited_token_sees_itself_and_what_it_made(heidi):
    other = make(heidi)
    limited = with_token(heidi, make(heidi, scopes=["tokens"], account_ids=[heidi.account.id])["token"])
    child = make(limited, scopes=["tokens:read"])
    own = limited.call("GET", "/1/tokens/self").json()["data"]["id"]
    assert ids(limited) == [own, child["id"]]
    assert limited.call("DELETE", f"/1/tokens/{other['id']}").status_code == 404


def test_what_a_token_says_of_itself(heidi):
    end = int(time()) + 100
    made = make(heidi, scopes=["dns:read", "accounts"], account_ids=[heidi.account.id], expires_at=end)
    shown = with_token(heidi, made["token"]).call("GET", "/1/tokens/self").json()["data"]
    assert shown["scopes"] == [
        {"scope": "accounts", "description": SCOPES["accounts"]},
        {"scope": "dns:read", "description": SCOPES["dns:read"]},
    ]
    assert (shown["id"], shown["kind"], shown["user_id"]) == (made["id"], "personal", heidi.user.id)
    assert (shown["account_ids"], shown["expires_at"]) == ([heidi.account.id], end)
    assert (shown["application"], shown["authenticated_at"], shown["ip_ranges"]) == (None, None, None)
    assert time() - shown["last_used_at"] < 5


def can(person, method, path, body=None):
    answer = person.call("POST", "/1/tokens/self/can", {"method": method, "path": path, "body": body})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    codes = [reason["code"] for reason in data["reasons"]]
    assert data["allowed"] == (codes == [])
    return codes


@pytest.fixture
def reader(heidi):
    """Heidi through a token that may read her organisations."""
    return with_token(heidi, make(heidi, scopes=["accounts:read"])["token"])


def test_a_call_that_would_be_allowed(reader):
    assert can(reader, "GET", f"/1/accounts/{reader.account.id}?with=tags") == []
    assert can(reader, "GET", f"/accounts/{reader.account.id}") == []
    assert can(reader, "GET", "/1/countries") == []


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/1/nowhere", "method_not_found"),
        ("GET", "/9/accounts", "version_not_supported"),
        ("PUT", "/1/accounts", "method_not_allowed"),
        ("GET", "/2/profile", "all_scopes"),
        ("GET", "/1/accounts/999999", "object_not_found"),
        ("GET", "/1/accounts/x", "object_not_found"),
    ],
)
def test_why_a_call_would_be_refused(reader, method, path, code):
    assert can(reader, method, path) == [code]


def test_what_one_lacks_the_scope_for_is_not_looked_at(reader):
    """Else the question would tell which objects there are."""
    assert can(reader, "PATCH", "/1/accounts/999999") == ["all_scopes"]
    assert can(reader, "PATCH", f"/1/accounts/{reader.account.id}") == ["all_scopes"]


def test_a_right_that_is_too_low(heidi, peter):
    heidi.platform.member(heidi.account, peter.user)
    assert can(peter, "GET", f"/1/accounts/{heidi.account.id}") == []
    assert can(peter, "PATCH", f"/1/accounts/{heidi.account.id}") == ["access_denied"]


def test_the_limits_of_the_token(heidi):
    other = heidi.platform.account(heidi.user, "Other")
    limited = with_token(heidi, make(heidi, scopes=["accounts"], account_ids=[heidi.account.id])["token"])
    assert can(limited, "GET", f"/1/accounts/{heidi.account.id}") == []
    assert can(limited, "GET", f"/1/accounts/{other.id}") == ["object_not_found", "token_limited"]
    assert can(limited, "GET", "/1/accounts/999999") == ["object_not_found", "token_limited"]


def test_the_body_is_held_against_the_shape(heidi):
    path = f"/1/accounts/{heidi.account.id}"
    assert can(heidi, "PATCH", path, {"name": "New"}) == []
    assert can(heidi, "PATCH", path, {"name": ""}) == ["validation_failed"]


def test_asking_changes_nothing(heidi):
    assert can(heidi, "PATCH", f"/1/accounts/{heidi.account.id}", {"name": "New"}) == []
    assert can(heidi, "DELETE", f"/1/tokens/{make(heidi)['id']}") == []
    assert heidi.call("GET", f"/1/accounts/{heidi.account.id}").json()["data"]["name"] == "Alpine Club"
    assert [token["state"] for token in heidi.call("GET", "/1/tokens").json()["data"]] == ["active", "active"]


def test_it_says_what_the_call_itself_would_say(reader):
    asked = reader.call("POST", "/1/tokens/self/can", {"method": "GET", "path": "/1/accounts/999999"}).json()["data"]
    error = reader.call("GET", "/1/accounts/999999").json()["error"]
    assert asked["reasons"] == [{name: error[name] for name in ("code", "description", "context")}]
