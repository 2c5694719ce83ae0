"""Userinfo, ID tokens and JWT access tokens: what applications learn."""

from time import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from alpage.accounts.members import TeamMember
from alpage.accounts.teams import Team
from alpage.identity.sessions import Session
from tests.conftest import Person
from tests.identity.oauth_support import Login, Shop


def read(login: Login, token: str, alg: str = "RS256") -> Any:
    return jwt.decode(token, KeySet.import_key_set(login.get("/jwks").json()), [alg])


def team(login: Login, person: Person, name: str) -> None:
    now = int(time())
    made = Team(account_id=person.account.id, name=name, created_at=now, updated_at=now)
    login.platform.add(made)
    login.platform.add(TeamMember(account_id=person.account.id, team_id=made.id, user_id=person.user.id))


def test_userinfo_says_what_its_scopes_open(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    token = shop.tokens(session, scope="openid profile email")["access_token"]

    for answer in (
        login.get("/oauth2/userinfo", token),
        login.client.post("/login/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}),
    ):
        claims = answer.json()
        assert claims["sub"] == str(heidi.user.id)
        assert (claims["email"], claims["email_verified"]) == ("heidi@example.org", True)
        assert (claims["name"], claims["given_name"], claims["family_name"]) == ("Heidi Test", "Heidi", "Test")
        assert "groups" not in claims
        assert "phone_number" not in claims
    least = login.get("/oauth2/userinfo", shop.tokens(session, scope="openid")["access_token"])
    assert [*least.json()] == ["sub"]


def test_groups_are_teams_of_the_application_s_account(
    login: Login, shop: Shop, session: Session, heidi: Person
) -> None:
    team(login, heidi, "Cheese")
    claims = '{"userinfo":{"groups":null}}'

    for parameters in ({"scope": "openid groups"}, {"scope": "openid", "claims": claims}):
        token = shop.tokens(session, **parameters)["access_token"]
        assert login.get("/oauth2/userinfo", token).json()["groups"] == ["Cheese"]
    foreign = login.shop()
    assert login.get("/oauth2/userinfo", foreign.tokens(session, scope="openid groups")["access_token"]).json()[
        "groups"
    ] == []  # fmt: skip


def test_userinfo_is_for_openid(login: Login, shop: Shop, session: Session) -> None:
    answer = login.get("/oauth2/userinfo", shop.tokens(session, scope="user_info")["access_token"])

    assert answer.status_code == 403
    assert 'scope="openid"' in answer.headers["www-authenticate"]
    assert login.get("/oauth2/userinfo").status_code == 401


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_userinfo_may_be_signed(login: Login, session: Session, heidi: Person, alg: str) -> None:
    shop = login.shop(userinfo_alg=alg)
    answer = login.get("/oauth2/userinfo", shop.tokens(session)["access_token"])

    claims = read(login, answer.text, alg).claims

    assert answer.headers["content-type"] == "application/jwt"
    assert (claims["iss"], claims["aud"], claims["sub"]) == (login.issuer, shop.client_id, str(heidi.user.id))


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_an_id_token(login: Login, heidi: Person, alg: str) -> None:
    shop, then = login.shop(id_token_alg=alg), int(time()) - 50
    session = login.session(heidi.user, authenticated_at=then, methods=["pwd", "otp", "mfa"])

    claims = read(login, shop.tokens(session, nonce="n-7")["id_token"], alg).claims

    assert (claims["iss"], claims["aud"], claims["sub"]) == (login.issuer, shop.client_id, str(heidi.user.id))
    assert (claims["nonce"], claims["auth_time"], claims["sid"]) == ("n-7", then, session.public_id)
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "2")
    assert claims["exp"] - claims["iat"] == 3600
    assert len(claims["at_hash"]) == 22


def test_no_id_token_without_openid(shop: Shop, session: Session) -> None:
    assert "id_token" not in shop.tokens(session, scope="user_info")


def test_a_refreshed_id_token_keeps_the_time_of_the_sign_in(login: Login, shop: Shop, heidi: Person) -> None:
    then = int(time()) - 500
    session = login.session(heidi.user, authenticated_at=then)
    tokens = shop.tokens(session, access_type="offline")

    claims = read(login, shop.refresh(tokens["refresh_token"]).json()["id_token"]).claims

    assert (claims["auth_time"], "nonce" in claims) == (then, False)


def test_an_api_may_take_jwt_access_tokens(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    api = login.shop(resource="https://api.example", resource_tokens="jwt")
    token = shop.tokens(session, resource="https://api.example", scope="openid dns")["access_token"]

    signed = read(login, token)

    assert signed.header["typ"] == "at+jwt"
    expected = {"iss": login.issuer, "aud": "https://api.example", "sub": str(heidi.user.id), "scope": "openid dns"}
    assert signed.claims.items() >= expected.items()
    assert signed.claims["client_id"] == shop.client_id
    assert api.post("/introspect", token=token).json()["active"] is True
    assert shop.post("/revoke", token=token).status_code == 200
    assert api.post("/introspect", token=token).json() == {"active": False}


def test_introspection_says_what_a_token_is_for(shop: Shop, session: Session, heidi: Person) -> None:
    token = shop.tokens(session, scope="openid dns")["access_token"]

    told = shop.post("/introspect", token=token).json()

    assert told["sub"] == str(heidi.user.id)
    assert (told["scope"], told["client_id"], told["token_type"]) == ("openid dns", shop.client_id, "Bearer")
    assert told["exp"] - told["iat"] == 3600
