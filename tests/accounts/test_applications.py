"""Applications of an account: registering, showing, changing, deleting."""

from base64 import b64decode, b64encode
from io import BytesIO

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from PIL import Image
from sqlalchemy import select

from alpage.identity import tokens
from alpage.storage.changes import Change
from tests.conftest import Person
from tests.identity.test_grants import give

APP = {"name": "Calendar", "is_confidential": True, "redirect_uris": ["https://app.example/cb"]}


def path(person):
    return f"/1/accounts/{person.account.id}/applications"


def make(person, **body):
    answer = person.call("POST", path(person), {**APP, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {fault["context"]["attribute"]: fault["code"] for fault in answer.json()["error"]["errors"]}


def refused(person, **body):
    return faults(person.call("POST", path(person), {**APP, **body}))


def shown(person, made):
    return person.call("GET", f"{path(person)}/{made['id']}").json()["data"]


def test_an_application_is_registered_with_its_first_secret(heidi):
    made = make(heidi, description="Dates", website="https://app.example", scopes=["openid", "domains"])
    assert made["client_secret"].startswith("alp_cs_")
    assert (made["account_id"], made["user_id"]) == (heidi.account.id, heidi.user.id)
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert made["scopes"] == ["openid", "domain"]
    assert (made["website"], made["policy_url"], made["resource"], made["jwks"]) == ("https://app.example", *[None] * 3)
    assert (made["user_count"], made["last_used_at"]) == (0, None)
    assert shown(heidi, made) == {name: value for name, value in made.items() if name != "client_secret"}
    assert len(heidi.call("GET", f"{path(heidi)}/{made['id']}/secrets").json()["data"]) == 1


def test_a_public_one_has_no_secret(heidi):
    made = make(heidi, is_confidential=False)
    assert (made["client_secret"], made["token_endpoint_auth_method"]) == (None, "none")


def test_names_of_clients_differ(heidi):
    assert make(heidi)["client_id"] != make(heidi)["client_id"]


@pytest.mark.parametrize(
    ("body", "attribute", "code"),
    [
        ({"redirect_uris": []}, "redirect_uris", "attribute_required_with"),
        ({"redirect_uris": ["http://app.example/"]}, "redirect_uris.0", "attribute_redirect_uri"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method", "attribute_in"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks", "attribute_required_with"),
        ({"grant_types": []}, "grant_types", "attribute_min_items"),
        ({"grant_types": ["password"]}, "grant_types.0", "attribute_in"),
        ({"grant_types": ["refresh_token"]}, "grant_types", "attribute_required_with"),
        ({"is_confidential": False, "grant_types": ["client_credentials"]}, "grant_types", "attribute_not_in"),
        ({"scopes": ["openid", "everything"]}, "scopes.1", "attribute_in"),
        ({"website": "javascript:alert(1)"}, "website", "attribute_url"),
        ({"terms_url": "https://user@app.example"}, "terms_url", "attribute_url"),
        ({"backchannel_logout_uri": "http://app.example/out"}, "backchannel_logout_uri", "attribute_redirect_uri"),
        ({"origins": ["https://app.example/"]}, "origins.0", "attribute_redirect_uri"),
        ({"resource": "http://127.0.0.1:8000/1/x"}, "resource", "attribute_not_in"),
        ({"id_token_alg": "HS256"}, "id_token_alg", "attribute_in"),
        ({"userinfo_alg": "none"}, "userinfo_alg", "attribute_in"),
        ({"name": "x" * 129}, "name", "attribute_max_length"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(heidi, body, attribute, code):
    assert refused(heidi, **body) == {attribute: code}


def test_all_faults_at_once(heidi):
    body = {"redirect_uris": [], "token_endpoint_auth_method": "none", "scopes": ["x"]}
    assert refused(heidi, **body).keys() == {"redirect_uris", "token_endpoint_auth_method", "scopes.0"}


def test_public_keys(heidi):
    key = ECKey.generate_key("P-256", private=False).as_dict()
    made = make(heidi, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
    assert made["jwks"] == {"keys": [key]}
    assert made["client_secret"] is None


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (lambda: ECKey.generate_key("P-256").as_dict(private=True), "private"),
        (lambda: OctKey.generate_key(256).as_dict(), "symmetric"),
        (lambda: {**RSAKey.generate_key(2048, private=False).as_dict(), "n": "AQAB"}, "weak"),
        (lambda: {"kty": "EC", "crv": "P-256", "x": "1", "y": "2"}, "keys"),
        (lambda: "no key", "keys"),
    ],
)
def test_keys_that_are_no_public_keys(heidi, key, reason):
    answer = heidi.call("POST", path(heidi), {**APP, "jwks": {"keys": [key()]}})
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]) == ("attribute_jwks", {"attribute": "jwks", "reason": reason})


def test_changes(heidi):
    made = make(heidi, website="https://app.example", resource="https://api.app.example")
    one = f"{path(heidi)}/{made['id']}"
    changed = heidi.call("PATCH", one, {"name": "New", "website": "", "requires_par": True, "userinfo_alg": "RS256"})
    data = changed.json()["data"]
    assert (data["name"], data["website"], data["requires_par"], data["userinfo_alg"]) == ("New", None, True, "RS256")
    assert (data["resource"], data["redirect_uris"]) == ("https://api.app.example", ["https://app.example/cb"])
    assert faults(heidi.call("PATCH", one, {"redirect_uris": []})) == {"redirect_uris": "attribute_required_with"}
    assert faults(heidi.call("PATCH", one, {"is_confidential": False})) == {
        "token_endpoint_auth_method": "attribute_in"
    }


def test_one_address_is_one_api(heidi):
    first = make(heidi, resource="https://api.app.example")
    again = heidi.call("POST", path(heidi), {**APP, "resource": "https://api.app.example"})
    assert (again.status_code, again.json()["error"]["context"]["attribute"]) == (409, "resource")
    one = f"{path(heidi)}/{first['id']}"
    assert heidi.call("PATCH", one, {"resource": "https://api.app.example"}).status_code == 200
    heidi.call("DELETE", one)
    assert make(heidi, resource="https://api.app.example")


def test_who_uses_it(heidi, peter):
    made = make(heidi)
    application = type("Row", (), {"id": made["id"], "name": "Calendar"})
    give(heidi, application)
    give(peter, application)
    give(peter, application)
    give(peter, application, revoked_at=1)
    secret = give(heidi, application, "dns:read", grant_type="client_credentials")[1]
    assert (
        Person(heidi.platform, heidi.user, heidi.account, secret, heidi.client).call("GET", "/1/actions").status_code
        == 200
    )
    data = shown(heidi, made)
    assert data["user_count"] == 2
    assert data["last_used_at"] is not None


def test_deleting_ends_all_access(heidi, peter, monkeypatch):
    monkeypatch.setattr(tokens, "REMEMBERED_SECONDS", 0)
    made = make(heidi)
    _, secret = give(peter, type("Row", (), {"id": made["id"], "name": "Calendar"}), "tokens", "dns")
    through = Person(peter.platform, peter.user, peter.account, secret, peter.client)
    child = through.call("POST", "/1/tokens", {"name": "x", "scopes": ["dns"]}).json()["data"]["token"]
    assert heidi.call("DELETE", f"{path(heidi)}/{made['id']}").json()["data"] is True
    assert through.call("GET", "/1/actions").status_code == 401
    through.token = child
    assert through.call("GET", "/1/actions").status_code == 401
    assert heidi.call("GET", path(heidi)).json()["data"] == []
    assert heidi.call("GET", f"{path(heidi)}/{made['id']}").status_code == 404
    assert peter.call("GET", "/1/grants").json()["data"] == []


def test_only_who_administers_the_account_sees_them(heidi, peter):
    made = make(heidi)
    one = f"{path(heidi)}/{made['id']}"
    assert peter.call("GET", path(heidi)).status_code == 404
    heidi.platform.member(heidi.account, peter.user)
    for method, where in (
        ("GET", path(heidi)),
        ("GET", one),
        ("PATCH", one),
        ("DELETE", one),
        ("GET", f"{one}/secrets"),
    ):
        assert peter.call(method, where, None if method == "GET" else {}).status_code == 403


def test_an_application_belongs_to_its_account(heidi):
    made = make(heidi)
    other = heidi.platform.account(heidi.user, "Other")
    for suffix in ("", "/secrets"):
        assert heidi.call("GET", f"/1/accounts/{other.id}/applications/{made['id']}{suffix}").status_code == 404


def test_search_and_order(heidi):
    first, second = make(heidi, name="Beta"), make(heidi, name="Alpha")
    ids = [one["id"] for one in heidi.call("GET", f"{path(heidi)}?order_by=name").json()["data"]]
    assert ids == [second["id"], first["id"]]
    found = heidi.call("GET", f"{path(heidi)}?search={first['client_id']}&page=1").json()
    assert ([one["id"] for one in found["data"]], found["total"]) == ([first["id"]], 1)


def picture(side=300, kind="PNG"):
    drawn = BytesIO()
    Image.new("RGB", (side, side), "green").save(drawn, kind)
    return b64encode(drawn.getvalue()).decode()


def test_a_logo_is_small_and_its_own_address(heidi):
    made = make(heidi)
    logo = f"{path(heidi)}/{made['id']}/logo"
    answer = heidi.call("POST", logo, {"logo": picture(), "encoding": "png"}).json()["data"]["logo"]
    assert shown(heidi, made)["logo"] == answer
    head, _, content = answer.partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(BytesIO(b64decode(content))).size == (128, 128)
    with heidi.platform.database.reading() as transaction:
        entries = transaction.execute(select(Change.after).where(Change.event == "application")).scalars()
        assert content not in repr([*entries])
    assert heidi.call("DELETE", logo).json()["data"] is True
    assert heidi.call("DELETE", logo).status_code == 404


def test_a_logo_that_is_no_picture(heidi):
    logo = f"{path(heidi)}/{make(heidi)['id']}/logo"
    assert faults(heidi.call("POST", logo, {"logo": "nonsense", "encoding": "png"})) == {"logo": "attribute_image"}
    assert faults(heidi.call("POST", logo, {"logo": picture(kind="GIF"), "encoding": "png"})) == {
        "logo": "attribute_image"
    }
