"""A24, A25, A28, A32, A33: pushed requests, addresses of others, logout, scripts of other sites, malformed input."""

import random
from base64 import b64encode
from time import time
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from alpage.identity.oauth import endpoints
from alpage.identity.oauth.authorization import AuthorizationError
from alpage.identity.oauth.logout import LogoutError
from alpage.identity.sessions import Session
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.identity.oauth_support import CHALLENGE, REDIRECT, Login, Shop

REQUEST = {
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "scope": "openid email",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def pushed(shop: Shop, **fields: Any) -> str:
    answer = shop.post("/par", **{**REQUEST, **fields})
    assert answer.status_code == 201, answer.text
    assert 0 < answer.json()["expires_in"] <= 60
    uri: str = answer.json()["request_uri"]
    return uri


def reference(shop: Shop, uri: str) -> str:
    return urlencode({"client_id": shop.client_id, "request_uri": uri})


def test_a24_a_pushed_request_is_answered_once(login: Login, shop: Shop, session: Session) -> None:
    query = reference(shop, pushed(shop))
    assert login.read(query).scopes == ("openid", "email")
    first = login.read(query)

    answer = login.approve(session, query)

    assert "code" in parse_qs(urlsplit(answer.url).query)
    with pytest.raises(AuthorizationError) as again:
        login.read(query)
    assert again.value.answer is None
    with login.platform.database.transaction(NOBODY) as transaction, pytest.raises(AuthorizationError):
        login.oauth.authorizations.approve(transaction, first, session, first.scopes, int(time()))


def test_a24_a_pushed_request_is_its_clients(login: Login, shop: Shop) -> None:
    uri, thief = pushed(shop), login.shop()

    with pytest.raises(AuthorizationError) as refused:
        login.read(reference(thief, uri))

    assert refused.value.answer is None
    assert shop.post("/par", **REQUEST, client_secret="wrong").status_code == 401


def test_a24_a_pushed_request_waits_a_minute(login: Login, shop: Shop) -> None:
    query, now = reference(shop, pushed(shop)), int(time())

    with pytest.raises(AuthorizationError):
        login.read(query, now + 61)


def test_a24_one_that_was_begun_in_time_may_be_ended(login: Login, shop: Shop, session: Session) -> None:
    query, now = reference(shop, pushed(shop)), int(time())
    login.read(query, now + 30)

    assert "code" in parse_qs(urlsplit(login.approve(session, query, now + 300).url).query)
    with pytest.raises(AuthorizationError):
        login.read(query, now + 3600)


def test_a24_a_client_may_have_to_push(login: Login, session: Session) -> None:
    strict = login.shop(requires_par=True)

    with pytest.raises(AuthorizationError):
        login.read(strict.query())
    assert login.read(reference(strict, pushed(strict))).redirect_uri == REDIRECT


@pytest.mark.parametrize("fields", [{"redirect_uri": "https://evil.example"}, {"scope": "x"}, {"code_challenge": None}])
def test_a24_a_pushed_request_is_checked_at_once(shop: Shop, fields: dict[str, Any]) -> None:
    assert shop.post("/par", **{**REQUEST, **fields}).status_code == 400


@pytest.mark.parametrize("uri", ["https://evil.example/request", "http://169.254.169.254/", "urn:ietf:params:oauth:x"])
def test_a25_requests_elsewhere_are_not_fetched(login: Login, shop: Shop, uri: str) -> None:
    for query in (reference(shop, uri), shop.query(request_uri=uri)):
        with pytest.raises(AuthorizationError) as refused:
            login.read(query)
        assert (refused.value.code, refused.value.answer) == ("invalid_request_uri", None)
    assert shop.post("/par", **REQUEST, request_uri=uri).status_code == 400


def test_a25_keys_and_logos_are_not_fetched(login: Login, heidi: Person) -> None:
    headers = {"Authorization": f"Bearer {heidi.token}"}
    fields = {"redirect_uris": [REDIRECT], "jwks_uri": "http://169.254.169.254/"}

    refused = login.client.post("/login/register", json=fields, headers=headers)
    ignored = login.client.post(
        "/login/register", json={"redirect_uris": [REDIRECT], "logo_uri": "http://10.0.0.1/"}, headers=headers
    )

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert "logo_uri" not in ignored.json()


def test_a28_logout(login: Login, heidi: Person, session: Session) -> None:
    shop = login.shop(post_logout_redirect_uris=["https://shop.example/bye"])
    other = login.shop(post_logout_redirect_uris=["https://other.example/bye"])
    hint = shop.tokens(session)["id_token"]

    def read(**parameters: str) -> Any:
        with login.platform.database.reading() as transaction:
            return login.oauth.logouts.read(transaction, urlencode(parameters), session, int(time()))

    good = read(id_token_hint=hint, post_logout_redirect_uri="https://shop.example/bye", state="a&b")
    assert (good.redirect_uri, good.needs_confirmation) == ("https://shop.example/bye?state=a%26b", False)
    assert read(client_id=shop.client_id).needs_confirmation
    assert read().redirect_uri is None
    forged = hint[:-4] + ("AAAA" if not hint.endswith("AAAA") else "BBBB")
    for wrong in (
        {"id_token_hint": hint, "post_logout_redirect_uri": "https://shop.example/bye/"},
        {"id_token_hint": hint, "post_logout_redirect_uri": "https://other.example/bye"},
        {"id_token_hint": hint, "client_id": other.client_id},
        {"id_token_hint": forged, "post_logout_redirect_uri": "https://shop.example/bye"},
        {"id_token_hint": "garbage"},
        {"post_logout_redirect_uri": "https://shop.example/bye"},
        {"client_id": "nobody", "post_logout_redirect_uri": "https://shop.example/bye"},
    ):
        with pytest.raises(LogoutError):
            read(**wrong)


def test_a28_the_hint_of_another_user_is_confirmed(login: Login, shop: Shop, session: Session, peter: Person) -> None:
    hint, his = shop.tokens(session)["id_token"], login.session(peter.user)

    with login.platform.database.reading() as transaction:
        asked = login.oauth.logouts.read(transaction, urlencode({"id_token_hint": hint}), his, int(time()))

    assert asked.needs_confirmation


SCRIPTS = ["/token", "/oauth2/userinfo", "/revoke", "/jwks", "/.well-known/openid-configuration"]
NO_SCRIPTS = ["/introspect", "/device_authorization", "/par", "/register", "/authorize"]


@pytest.mark.parametrize("path", SCRIPTS)
def test_a32_scripts_of_registered_origins_only(login: Login, path: str) -> None:
    login.shop(origins=["https://spa.example"])

    for method in ("OPTIONS", "GET", "POST"):
        good = login.client.request(method, login.prefix + path, headers={"Origin": "https://spa.example"})
        assert good.headers["access-control-allow-origin"] == "https://spa.example"
        assert "access-control-allow-credentials" not in good.headers
        for origin in ("https://evil.example", "null", "https://spa.example.evil.example", "https://SPA.example"):
            bad = login.client.request(method, login.prefix + path, headers={"Origin": origin})
            assert "access-control-allow-origin" not in bad.headers
            assert "Origin" in bad.headers["vary"]


@pytest.mark.parametrize("path", NO_SCRIPTS)
def test_a32_the_rest_is_no_business_of_scripts(login: Login, path: str) -> None:
    login.shop(origins=["https://spa.example"])

    for method in ("OPTIONS", "GET", "POST"):
        answer = login.client.request(method, login.prefix + path, headers={"Origin": "https://spa.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


KINDS = ["application/x-www-form-urlencoded"] * 6 + ["multipart/form-data; boundary=x", "application/json", "", "é;="]
DOCUMENTS = [b"{", b"[]", b"{}", b"null", b'{"redirect_uris": {}}', b'{"redirect_uris": [1]}', b'"' * 9]
PATHS = ["/token", "/introspect", "/revoke", "/device_authorization", "/par", "/register", "/register/x", "/jwks",
         "/oauth2/userinfo", "/.well-known/openid-configuration",
         "/.well-known/oauth-authorization-server"]  # fmt: skip
NAMES = ["grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token",
         "scope", "token", "device_code", "subject_token", "subject_token_type", "client_assertion",
         "client_assertion_type",
         "response_type", "request_uri", "resource", "claims", "max_age", "prompt", "dpop_jkt", "duration"]  # fmt: skip
NASTY = ["", "\0", "a\0b", "%00", "\x7f", "é", "𝟘", "\ud7ff", "'; DROP TABLE users;--", "{}", "[]", "null", "-1",
         "1e999",
         "9" * 400, "a" * 20_000, "alp_at_", "alp_rt_" + "0" * 49, "..", "../../etc", "eyJhbGciOiJub25lIn0.e30.",
         "authorization_code", "refresh_token", "client_credentials", "\r\nSet-Cookie: a=b", "https://[", "%", "%zz",
         " ",
         "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
         "urn:ietf:params:oauth:request_uri:alp_ot_x",
         "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]  # fmt: skip
ROUNDS = 3000


def test_a33_malformed_input(login: Login, shop: Shop, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded: what fails once fails again."""
    monkeypatch.setattr(endpoints, "GUESSES", f"{10 * ROUNDS}/minute")  # else nothing would be looked at any more
    chance = random.Random(33)  # noqa: S311 - no secret
    good = [shop.client_id, shop.secret, *shop.tokens(session, access_type="offline").values(), "S256", CHALLENGE]
    values = [*NASTY, *map(str, good)]
    for _ in range(ROUNDS):
        request = _request(chance, values)
        answer = login.client.request(**request)
        assert answer.status_code < 500, (request, answer.text)


def _request(chance: random.Random, values: list[str]) -> dict[str, Any]:
    fields = [(chance.choice(NAMES), chance.choice(values)) for _ in range(chance.randrange(8))]
    kind = chance.choice(KINDS)
    body: bytes = urlencode(fields).encode()
    if kind.startswith("multipart"):
        parts = (f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
        body = "".join(parts).encode() + b"--x--\r\n"
    if kind == "application/json":
        body = chance.choice(DOCUMENTS)
    if chance.random() < 0.2:
        body = bytes(chance.randrange(256) for _ in range(chance.randrange(200)))
    headers = {"Content-Type": kind.encode()}
    value = chance.choice(values).encode()
    headers |= chance.choice([
        {}, {}, {"Authorization": b"Basic " + b64encode(value)}, {"Authorization": b"Bearer " + value},
        {"Authorization": b"DPoP " + value, "DPoP": value}, {"Authorization": value}, {"DPoP": value},
        {"Origin": value},
    ])  # fmt: skip
    clean = {name: text.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"") for name, text in headers.items()}
    query = quote(chance.choice(values)[:500]) if chance.random() < 0.2 else ""
    method = chance.choice(["POST"] * 6 + ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
    return {"method": method, "url": f"/login{chance.choice(PATHS)}?{query}", "content": body, "headers": clean}


def test_a33_malformed_authorization_requests(login: Login, shop: Shop) -> None:
    chance = random.Random(34)  # noqa: S311 - no secret
    names = [*NAMES, "nonce", "acr_values", "response_mode", "request", "registration", "access_type", "state"]
    for _ in range(ROUNDS):
        query = shop.query(**{chance.choice(names): chance.choice(NASTY) for _ in range(chance.randrange(1, 4))})
        if chance.random() < 0.3:
            cut = query[: chance.randrange(len(query))]
            query = chance.choice([query[::-1], f"{query}&{query}", cut, f"%FF=%FE&{query}"])
        answer = _answered(login, query)
        assert answer is None or answer.startswith(REDIRECT)


def _answered(login: Login, query: str) -> str | None:
    """Where the answer to a request goes, if it goes anywhere."""
    try:
        redirect_uri: str = login.read(query).redirect_uri
    except AuthorizationError as error:
        return None if error.answer is None else error.answer.url
    return redirect_uri
