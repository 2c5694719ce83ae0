"""A22, A23: tricks with signed tokens, and proofs of possession."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from time import time
from typing import Any
from uuid import uuid4

import orjson
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from alpage.identity.sessions import Session
from tests.identity.oauth_support import Login, Shop

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


@pytest.fixture
def keyed(login: Login) -> Shop:
    """A client that signs its requests."""
    return login.shop(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY.as_dict(private=False)]})


def assertion(shop: Shop, key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time())
    given = {
        "iss": shop.client_id, "sub": shop.client_id, "aud": shop.login.issuer,
        "exp": now + 60, "iat": now, "jti": uuid4().hex, **claims,
    }  # fmt: skip
    kept = {name: value for name, value in given.items() if value is not None}
    return jwt.encode({"alg": "ES256", **(header or {})}, kept, key, ["ES256", "HS256", "RS256", "none"])


def shows(shop: Shop, token: str) -> int:
    answer = shop.post("/revoke", token="x", client_assertion_type=ASSERTION_TYPE, client_assertion=token)
    return int(answer.status_code)


def test_a22_a_good_assertion_is_good_once(keyed: Shop) -> None:
    token = assertion(keyed)

    assert shows(keyed, token) == 200
    assert shows(keyed, token) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"}, {"aud": None}, {"exp": 1}, {"exp": None}, {"exp": int(time()) + 86_400},
        {"jti": None}, {"jti": ""}, {"jti": 7}, {"iss": "other"}, {"sub": "other"}, {"iat": int(time()) + 3600},
        {"nbf": int(time()) + 3600}, {"aud": ["https://elsewhere.example", "https://x.example"]}, {"exp": "tomorrow"},
    ],
)  # fmt: skip
def test_a22_a_bad_assertion_is_refused(keyed: Shop, claims: dict[str, Any]) -> None:
    assert shows(keyed, assertion(keyed, **claims)) == 401


def test_a22_headers_name_no_keys(keyed: Shop) -> None:
    public = OTHER.as_dict(private=False)
    for header in ({"jwk": public}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}):
        assert shows(keyed, assertion(keyed, OTHER, header)) == 401
    assert shows(keyed, assertion(keyed, OTHER)) == 401


def test_a22_algorithms_are_listed(keyed: Shop) -> None:
    as_secret = OctKey.import_key(orjson.dumps(KEY.as_dict(private=False)))
    unsigned = ".".join([*assertion(keyed).split(".")[:2], ""])
    without = _encoded({"alg": "none"}) + "." + assertion(keyed).split(".")[1] + "."

    assert shows(keyed, assertion(keyed, as_secret, {"alg": "HS256"})) == 401
    assert shows(keyed, assertion(keyed, RSAKey.generate_key(2048), {"alg": "RS256"})) == 401
    assert shows(keyed, unsigned) == 401
    assert shows(keyed, without) == 401
    assert shows(keyed, "not.a.token") == 401


def test_a22_the_kind_of_token_counts(keyed: Shop, shop: Shop, session: Session) -> None:
    id_token = shop.tokens(session)["id_token"]

    assert shows(keyed, assertion(keyed, header={"typ": "dpop+jwt"})) == 401
    assert shows(keyed, id_token) == 401


def test_a22_id_tokens_say_what_they_are(login: Login, shop: Shop, session: Session) -> None:
    token = shop.tokens(session)["id_token"]
    header = jws.extract_compact(token.encode()).headers()
    keys = login.get("/jwks").json()["keys"]

    assert header["alg"] == "RS256"
    assert header["kid"] in [key["kid"] for key in keys]
    assert all("d" not in key and "p" not in key for key in keys)


def _encoded(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def proof(login: Login, key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time())
    given = {"htm": "POST", "htu": f"{login.issuer}/token", "iat": now, "jti": uuid4().hex, **claims}
    kept = {name: value for name, value in given.items() if value is not None}
    whole = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False), **(header or {})}
    return jwt.encode(whole, kept, key, ["ES256", "HS256"])


def ath(token: str) -> str:
    return urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


def call(login: Login, token: str, shown: str | None, scheme: str = "DPoP") -> Any:
    headers = {"Authorization": f"{scheme} {token}"}
    if shown is not None:
        headers["DPoP"] = shown
    return login.client.get("/2/profile", headers=headers)


@pytest.fixture
def bound(login: Login, shop: Shop, session: Session) -> str:
    """An access token that is bound to the key."""
    code = shop.code(session, scope="openid user_info")
    answer = shop.redeem(code, headers={"DPoP": proof(login)})
    assert answer.json()["token_type"] == "DPoP", answer.text
    token: str = answer.json()["access_token"]
    return token


def api_proof(login: Login, token: str, key: Any = KEY, **claims: Any) -> str:
    url = f"{login.platform.settings.public_url}/2/profile"
    return proof(login, key, **{"htm": "GET", "htu": url, "ath": ath(token), **claims})


def test_a23_a_bound_token_works_with_its_proof(login: Login, bound: str) -> None:
    shown = api_proof(login, bound)

    assert call(login, bound, shown).status_code == 200
    assert call(login, bound, shown).status_code == 401  # a proof is good once
    assert call(login, bound, api_proof(login, bound)).status_code == 200


def test_a23_bearer_downgrade(login: Login, bound: str, shop: Shop, session: Session) -> None:
    plain = shop.tokens(session, scope="openid user_info")["access_token"]

    for shown in (None, api_proof(login, bound)):
        answer = call(login, bound, shown, "Bearer")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("DPoP ")
    assert call(login, bound, None).status_code == 401
    assert call(login, plain, api_proof(login, plain)).status_code == 401
    assert call(login, plain, None, "Bearer").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "POST"}, {"htu": "https://elsewhere.example/2/profile"}, {"htu": None}, {"iat": int(time()) - 3600},
        {"iat": int(time()) + 3600}, {"iat": None}, {"iat": "now"}, {"iat": True}, {"jti": None}, {"jti": ""},
        {"ath": None}, {"ath": "x"}, {"nonce": "not-ours"},
    ],
)  # fmt: skip
def test_a23_a_proof_is_over_this_request(login: Login, bound: str, claims: dict[str, Any]) -> None:
    assert call(login, bound, api_proof(login, bound, **claims)).status_code == 401


def test_a23_a_proof_is_over_the_method_that_was_sent(login: Login, bound: str) -> None:
    for method, status in (("PATCH", 401), ("POST", 200)):
        headers = {"X-HTTP-Method-Override": "PATCH", "Authorization": f"DPoP {bound}"}
        headers["DPoP"] = api_proof(login, bound, htm=method)
        answer = login.client.post("/2/profile", json={}, headers=headers)
        assert answer.status_code == status, answer.text


def test_a23_a_proof_is_signed_with_the_key_of_the_token(login: Login, bound: str) -> None:
    assert call(login, bound, api_proof(login, bound, OTHER)).status_code == 401
    public, private = OTHER.as_dict(private=False), KEY.as_dict(private=True)
    for header in ({"typ": "JWT"}, {"typ": "at+jwt"}, {"jwk": public}, {"jwk": private}):
        url = f"{login.platform.settings.public_url}/2/profile"
        shown = proof(login, KEY, header, htm="GET", htu=url, ath=ath(bound))
        assert call(login, bound, shown).status_code == 401
    assert call(login, bound, "garbage").status_code == 401
    assert call(login, bound, f"{api_proof(login, bound)}, {api_proof(login, bound)}").status_code == 401


def test_a23_nonces(login: Login, bound: str) -> None:
    refused = call(login, bound, api_proof(login, bound, nonce="old"))
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]

    fresh = refused.headers["dpop-nonce"]

    assert call(login, bound, api_proof(login, bound, nonce=fresh)).status_code == 200


def test_a23_the_token_endpoint_refuses_bad_proofs(login: Login, shop: Shop, session: Session) -> None:
    for claims in ({"htm": "GET"}, {"htu": login.issuer}, {"iat": 1}, {"jti": None}):
        answer = shop.redeem(shop.code(session), headers={"DPoP": proof(login, **claims)})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    answer = shop.redeem(shop.code(session), headers={"DPoP": proof(login, nonce="old")})
    assert (answer.json()["error"], "dpop-nonce" in answer.headers) == ("use_dpop_nonce", True)


def test_a23_a_public_client_refreshes_with_its_key_only(login: Login, session: Session) -> None:
    phone = login.shop(confidential=False)
    code = phone.code(session, access_type="offline")
    token = phone.redeem(code, headers={"DPoP": proof(login)}).json()["refresh_token"]

    assert phone.refresh(token).status_code == 400
    assert phone.refresh(token, headers={"DPoP": proof(login, OTHER)}).status_code == 400
    assert phone.refresh(token, headers={"DPoP": proof(login)}).json()["token_type"] == "DPoP"


def test_a23_a_code_may_be_bound_before(login: Login, shop: Shop, session: Session) -> None:
    bound = {"dpop_jkt": KEY.thumbprint()}

    assert shop.redeem(shop.code(session, **bound)).status_code == 400
    wrong = {"DPoP": proof(login, OTHER)}
    assert shop.redeem(shop.code(session, **bound), headers=wrong).status_code == 400
    assert shop.redeem(shop.code(session, **bound), headers={"DPoP": proof(login)}).status_code == 200


def test_a23_a_client_may_have_to(login: Login, session: Session) -> None:
    strict = login.shop(requires_dpop=True)

    assert strict.redeem(strict.code(session)).json()["error"] == "invalid_dpop_proof"
    assert strict.redeem(strict.code(session), headers={"DPoP": proof(login)}).status_code == 200
