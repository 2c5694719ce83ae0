"""Attacks on the authorization request and its code."""

from time import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from alpage.identity.grants import Grant
from alpage.identity.oauth.authorization import CODE_SECONDS
from alpage.identity.oauth.authorization_requests import AuthorizationError
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.tickets import Ticket
from tests.conftest import Person, Platform
from tests.identity.oauth_support import CHALLENGE, REDIRECT, VERIFIER, Login, Shop


def refusal(login: Login, query: str) -> AuthorizationError:
    with pytest.raises(AuthorizationError) as caught:
        login.read(query)
    return caught.value


def told(error: AuthorizationError) -> dict[str, str]:
    """What the application hears of a refusal."""
    assert error.answer is not None
    return dict(parse_qsl(urlsplit(error.answer.url).query))


def events(platform: Platform, kind: str) -> int:
    with platform.database.reading() as transaction:
        return len(transaction.execute(select(SecurityEvent.id).where(SecurityEvent.kind == kind)).all())


def test_a01_code_replay(login: Login, shop: Shop, session: Session) -> None:
    code = shop.code(session, access_type="offline")
    tokens = shop.redeem(code).json()
    assert shop.is_active(tokens["access_token"])

    again = shop.redeem(code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not shop.is_active(tokens["access_token"])
    assert not shop.is_active(tokens["refresh_token"])
    assert shop.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert login.get("/oauth2/userinfo", tokens["access_token"]).status_code == 401
    assert events(login.platform, "code_replayed") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://shop.example/other"},
        {"redirect_uri": None},
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
        {"code_verifier": CHALLENGE},
        {"code_verifier": VERIFIER + "\n"},
    ],
)
def test_a03_code_injection(shop: Shop, session: Session, wrong: dict[str, Any]) -> None:
    code = shop.code(session)

    assert shop.redeem(code, **wrong).status_code == 400
    assert shop.redeem(code).json()["error"] == "invalid_grant"


def test_a03_code_of_another_client(login: Login, shop: Shop, session: Session) -> None:
    thief, code = login.shop(), shop.code(session)

    assert thief.redeem(code).json()["error"] == "invalid_grant"
    assert shop.redeem(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge": "*" * 43},
    ],
)
@pytest.mark.parametrize("confidential", [True, False])
def test_a04_pkce_downgrade(login: Login, parameters: dict[str, Any], confidential: bool) -> None:
    shop = login.shop(confidential=confidential)

    assert told(refusal(login, shop.query(**parameters)))["error"] == "invalid_request"


@pytest.mark.parametrize("confidential", [True, False])
def test_a04_a_code_needs_its_verifier(login: Login, session: Session, confidential: bool) -> None:
    shop = login.shop(confidential=confidential)

    assert shop.redeem(shop.code(session), code_verifier=None).status_code == 400


def test_a05_mix_up(login: Login, shop: Shop, session: Session) -> None:
    success = parse_qs(urlsplit(shop.authorize(session).url).query)
    failure = told(refusal(login, shop.query(scope="nonsense")))
    refused = login.oauth.authorizations.refuse(login.read(shop.query()), "access_denied")
    metadata = login.get("/.well-known/openid-configuration").json()

    assert success["iss"] == [login.issuer]
    assert failure["iss"] == login.issuer
    assert parse_qs(urlsplit(refused.url).query) == {
        "error": ["access_denied"],
        "state": ["st-1"],
        "iss": [login.issuer],
    }
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["issuer"] == login.issuer


@pytest.mark.parametrize(
    "parameters",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": None},
        {"redirect_uri": REDIRECT + "?next=https://evil.example"},
        {"client_id": "nobody", "redirect_uri": "https://evil.example/"},
    ],
)
def test_a08_open_redirect_on_error(login: Login, shop: Shop, parameters: dict[str, Any]) -> None:
    assert refusal(login, shop.query(**parameters)).answer is None


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "prompt", "anything"],
)
def test_a09_duplicate_parameters_of_an_authorization(login: Login, shop: Shop, name: str) -> None:
    query = shop.query(prompt="login", anything="1")
    again = urlencode({name: dict(parse_qsl(query))[name]})

    error = refusal(login, f"{query}&{again}")

    assert error.code == "invalid_request"
    if error.answer is not None:
        assert error.answer.url.startswith(REDIRECT + "?error=invalid_request")


def test_a09_a_repeated_redirect_is_never_followed(login: Login, shop: Shop) -> None:
    query = shop.query() + "&redirect_uri=https%3A%2F%2Fevil.example"

    assert refusal(login, query).answer is None


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/device_authorization", "/par"])
def test_a09_duplicate_parameters_of_a_form(login: Login, shop: Shop, path: str) -> None:
    body = urlencode([("client_id", shop.client_id), ("client_secret", shop.secret), ("scope", "openid")] * 2)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = login.client.post(login.prefix + path, content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a09_a_resource_may_be_repeated(login: Login, shop: Shop) -> None:
    login.shop(resource="https://api.example/a")
    login.shop(resource="https://api.example/b")

    request = login.read(shop.query(resource=["https://api.example/a", "https://api.example/b"]))

    assert request.resources == ("https://api.example/a", "https://api.example/b")


def test_a30_codes_live_for_a_minute(login: Login, shop: Shop, session: Session) -> None:
    code = shop.code(session)
    assert CODE_SECONDS <= 60
    with login.platform.database.engine.begin() as connection:
        tickets = Ticket.__table__
        connection.execute(tickets.update().values(expires_at=int(time())))

    assert shop.redeem(code).json()["error"] == "invalid_grant"


def test_a30_what_is_given_out_cannot_be_guessed(shop: Shop, session: Session) -> None:
    code = shop.code(session, access_type="offline")
    tokens = shop.redeem(code).json()
    device = shop.post("/device_authorization", scope="openid").json()

    for secret in (code, tokens["access_token"], tokens["refresh_token"], device["device_code"], shop.secret):
        assert len(secret.split("_")[2]) - 6 >= 43  # of 62 letters each: 256 bits, besides the checksum
    assert tokens["expires_in"] <= 3600
    assert len({shop.code(session) for _ in range(50)}) == 50


def test_a30_access_ends_within_an_hour(login: Login, shop: Shop, session: Session) -> None:
    for parameters in ({}, {"access_type": "offline"}):
        assert shop.tokens(session, **parameters)["expires_in"] <= 3600
    assert shop.post(grant_type="client_credentials").json()["expires_in"] <= 3600


def test_a_grant_remembers_how_the_user_signed_in(login: Login, shop: Shop, heidi: Person) -> None:
    session = login.session(heidi.user, methods=["pwd", "otp", "mfa"], authenticated_at=int(time()) - 100)
    shop.tokens(session)

    with login.platform.database.reading() as transaction:
        grant = transaction.execute(
            select(Grant.authenticated_at, Grant.methods, Grant.session_id).where(Grant.grant_type != "personal_token")
        ).one()
    assert (grant.authenticated_at, grant.methods) == (session.authenticated_at, ["pwd", "otp", "mfa"])
    assert grant.session_id == session.id
