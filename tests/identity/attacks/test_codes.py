"""Attacks on the authorization request and its code."""

from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from sqlalchemy import select

from alpage.identity.grants import Grant
from alpage.identity.oauth.authorization import CODE_SECONDS
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session
from alpage.identity.tickets import Ticket
from tests.conftest import Person, Platform
from tests.identity.attacks.login import HttpBrowser, RunningLogin, code_of, is_refused_here, told
from tests.identity.oauth_support import CHALLENGE, REDIRECT, VERIFIER, Shop


def events(platform: Platform, kind: str) -> int:
    with platform.database.reading() as transaction:
        return len(transaction.execute(select(SecurityEvent.id).where(SecurityEvent.kind == kind)).all())


def test_a01_code_replay(login: RunningLogin, shop: Shop, session: Session) -> None:
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


def test_a03_code_of_another_client(login: RunningLogin, shop: Shop, session: Session) -> None:
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
def test_a04_pkce_downgrade(login: RunningLogin, parameters: dict[str, Any], confidential: bool) -> None:
    shop = login.shop(confidential=confidential)

    assert told(login.ask(shop.query(**parameters)))["error"] == "invalid_request"


@pytest.mark.parametrize("confidential", [True, False])
def test_a04_a_code_needs_its_verifier(login: RunningLogin, session: Session, confidential: bool) -> None:
    shop = login.shop(confidential=confidential)

    assert shop.redeem(shop.code(session), code_verifier=None).status_code == 400


def test_a05_mix_up(login: RunningLogin, shop: Shop, session: Session) -> None:
    refused = told(login.ask(shop.query(), session).submit("/consent", "Refuse"))
    success = told(login.ask(shop.query(), session).submit("/consent", "Allow"))
    failure = told(login.ask(shop.query(scope="nonsense"), session))
    metadata = login.get("/.well-known/openid-configuration").json()

    assert success.keys() == {"code", "state", "iss"}
    assert refused == {"error": "access_denied", "state": "st-1", "iss": login.issuer}
    assert failure["error"] == "invalid_scope"
    assert success["iss"] == failure["iss"] == metadata["issuer"] == login.issuer
    assert metadata["authorization_response_iss_parameter_supported"] is True


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
def test_a08_open_redirect_on_error(login: RunningLogin, shop: Shop, parameters: dict[str, Any]) -> None:
    assert is_refused_here(login.ask(shop.query(**parameters)))


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "prompt", "anything"],
)
def test_a09_duplicate_parameters_of_an_authorization(login: RunningLogin, shop: Shop, name: str) -> None:
    query = shop.query(prompt="login", anything="1")
    again = urlencode({name: dict(parse_qsl(query))[name]})

    page = login.ask(f"{query}&{again}")

    if is_refused_here(page):
        assert code_of(page) == "invalid_request"
    else:
        assert page.location.startswith(REDIRECT + "?error=invalid_request")


def test_a09_a_repeated_redirect_is_never_followed(login: RunningLogin, shop: Shop) -> None:
    query = shop.query() + "&redirect_uri=https%3A%2F%2Fevil.example"

    assert is_refused_here(login.ask(query))


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/device_authorization", "/par"])
def test_a09_duplicate_parameters_of_a_form(login: RunningLogin, shop: Shop, path: str) -> None:
    body = urlencode([("client_id", shop.client_id), ("client_secret", shop.secret), ("scope", "openid")] * 2)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = login.client.post(login.prefix + path, content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a09_duplicate_parameters_of_a_logout(browser: HttpBrowser, shop: Shop) -> None:
    page = browser.get(f"/login/end_session?{urlencode([('client_id', shop.client_id)] * 2)}")

    assert is_refused_here(page)


def test_a09_a_resource_may_be_repeated(login: RunningLogin, shop: Shop, session: Session) -> None:
    both = ["https://api.example/a", "https://api.example/b"]
    for api in [login.shop(resource=resource) for resource in both]:
        resource = api.application.resource
        token = shop.redeem(shop.code(session, resource=both), resource=resource).json()["access_token"]
        assert api.post("/introspect", token=token).json()["aud"] == [resource]


def test_a30_codes_live_for_a_minute(login: RunningLogin, shop: Shop, session: Session) -> None:
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


def test_a30_access_ends_within_an_hour(login: RunningLogin, shop: Shop, session: Session) -> None:
    for parameters in ({}, {"access_type": "offline"}):
        assert shop.tokens(session, **parameters)["expires_in"] <= 3600
    assert shop.post(grant_type="client_credentials").json()["expires_in"] <= 3600


def test_a_grant_remembers_how_the_user_signed_in(login: RunningLogin, shop: Shop, heidi: Person) -> None:
    session = login.session(heidi.user, methods=["pwd", "otp", "mfa"], authenticated_at=int(time()) - 100)
    shop.tokens(session)

    with login.platform.database.reading() as transaction:
        grant = transaction.execute(
            select(Grant.authenticated_at, Grant.methods, Grant.session_id).where(Grant.grant_type != "personal_token")
        ).one()
    assert (grant.authenticated_at, grant.methods) == (session.authenticated_at, ["pwd", "otp", "mfa"])
    assert grant.session_id == session.id
