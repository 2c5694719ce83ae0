"""Claims that are asked for one by one (OpenID Connect Core, 5.5)."""

from typing import Any

import orjson
import pytest

from alpage.identity.oauth import claims
from alpage.identity.sessions import Session
from tests.conftest import Person
from tests.identity.oauth.test_userinfo import read, team
from tests.identity.oauth_support import Login, Shop


def told(login: Login, shop: Shop, session: Session, asked: dict[str, Any], scope: str = "openid") -> tuple[Any, Any]:
    """What the ID token and userinfo say about the user."""
    tokens = shop.tokens(session, scope=scope, claims=orjson.dumps(asked).decode())
    assert tokens["scope"] == scope
    about = {name: value for name, value in read(login, tokens["id_token"]).claims.items() if name in claims.SCOPE_OF}
    userinfo = login.get("/oauth2/userinfo", tokens["access_token"]).json()
    assert userinfo.pop("sub")
    return about, userinfo


def test_each_member_gets_what_was_asked_for_it(login: Login, shop: Shop, session: Session) -> None:
    asked = {"id_token": {"email": None}, "userinfo": {"name": {"essential": True}, "picture": None, "shoe_size": None}}

    assert told(login, shop, session, asked) == ({"email": "heidi@example.org"}, {"name": "Heidi Test"})


def test_claims_come_beside_what_scopes_open(login: Login, shop: Shop, session: Session) -> None:
    about, userinfo = told(login, shop, session, {"userinfo": {"given_name": None}}, "openid email")

    assert about == {}
    assert userinfo == {"given_name": "Heidi", "email": "heidi@example.org", "email_verified": True}


def test_a_claim_asked_for_with_values_has_one_of_them(login: Login, shop: Shop, session: Session) -> None:
    asked = {
        "id_token": {"email": {"value": "heidi@example.org"}, "given_name": {"values": ["Peter", "Heidi"]}},
        "userinfo": {"email": {"value": "peter@example.org"}, "family_name": {"values": ["x"], "essential": True}},
    }

    assert told(login, shop, session, asked) == ({"email": "heidi@example.org", "given_name": "Heidi"}, {})


def test_teams_may_stand_in_the_id_token(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    team(login, heidi, "Cheese")
    assert told(login, shop, session, {"id_token": {"groups": None}}) == ({"groups": ["Cheese"]}, {})


def test_a_refreshed_id_token_says_the_same(login: Login, shop: Shop, session: Session) -> None:
    asked = orjson.dumps({"id_token": {"email": None}}).decode()
    tokens = shop.tokens(session, scope="openid", access_type="offline", claims=asked)
    again = shop.refresh(tokens["refresh_token"]).json()

    assert read(login, again["id_token"]).claims["email"] == "heidi@example.org"


def test_when_and_how_the_user_signed_in_is_always_said(login: Login, shop: Shop, session: Session) -> None:
    asked = orjson.dumps({"id_token": {"auth_time": {"essential": True}, "acr": {"values": ["1", "2"]}}}).decode()
    said = read(login, shop.tokens(session, scope="openid", claims=asked)["id_token"]).claims

    assert (said["auth_time"], said["acr"]) == (session.authenticated_at, "1")


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ({}, None), ({"id_token": {"sub": None}}, None), ({"id_token": {"sub": {"essential": True}}}, None),
        ({"id_token": {"sub": {"value": "7"}}}, {"7"}), ({"userinfo": {"sub": {"values": ["7", "8"]}}}, {"7", "8"}),
        ({"id_token": {"sub": {"value": "7"}}, "userinfo": {"sub": {"values": ["7", "8"]}}}, {"7"}),
        ({"id_token": {"sub": {"value": 7}}}, set()),
    ],
)  # fmt: skip
def test_whom_a_request_means(asked: dict[str, Any], subjects: set[str] | None) -> None:
    assert claims.read(orjson.dumps(asked).decode()).subjects == subjects


@pytest.mark.parametrize(
    ("acr", "levels", "needs_level"),
    [
        (None, (), False), ({"essential": True}, (), False), ({"value": "2"}, ("2",), False),
        ({"essential": True, "values": ["2", "9"]}, ("2", "9"), True), ({"essential": 1, "value": "2"}, ("2",), False),
    ],
)  # fmt: skip
def test_how_sure_a_request_wants_it(acr: Any, levels: tuple[str, ...], needs_level: bool) -> None:
    asked = claims.read(orjson.dumps({"id_token": {"acr": acr}}).decode())
    assert (asked.levels, asked.needs_level) == (levels, needs_level)


@pytest.mark.parametrize("text", ["x", "7", "[]", '{"id_token": []}', '{"userinfo": {"email": {"values": 1}}}'])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        claims.read(text)
