"""A platform that demands nonces in proofs of possession (RFC 9449, 8 and 9; A23)."""

from collections.abc import Callable
from time import time
from typing import Any

import pytest

from alpage.identity.dpop import NONCE_SECONDS
from alpage.identity.sessions import Session
from alpage.settings import Settings
from tests.identity.attacks.test_proofs import api_proof, call, proof
from tests.identity.oauth_support import Login, Shop


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"dpop_nonces": True})


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets seconds pass on the platform; its clients have the same clock."""

    def let_pass(seconds: int) -> None:
        for module in (
            "alpage.identity.tokens",
            "alpage.identity.oauth.endpoints",
            "tests.identity.attacks.test_proofs",
        ):
            monkeypatch.setattr(f"{module}.time", lambda: time() + seconds)

    return let_pass


def nonce_of(login: Login, shop: Shop) -> str:
    """The nonce a client is told that asks with a proof without one."""
    answer = shop.redeem("alp_ac_none", headers={"DPoP": proof(login)})
    nonce: str = answer.headers["dpop-nonce"]
    return nonce


def bound(login: Login, shop: Shop, session: Session) -> tuple[str, str]:
    """An access token that is bound to the key, and the nonce its answer brought."""
    shown = proof(login, nonce=nonce_of(login, shop))
    answer = shop.redeem(shop.code(session, scope="openid user_info"), headers={"DPoP": shown})
    assert answer.json()["token_type"] == "DPoP", answer.text
    return answer.json()["access_token"], answer.headers["dpop-nonce"]


def test_a23_the_token_endpoint_demands_a_nonce_and_leaves_the_code(login: Login, shop: Shop, session: Session) -> None:
    code = shop.code(session)
    for claims in ({}, {"nonce": "old"}):
        refused = shop.redeem(code, headers={"DPoP": proof(login, **claims)})
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        assert refused.headers["cache-control"] == "no-store"

    shown = proof(login, nonce=refused.headers["dpop-nonce"])
    answer = shop.redeem(code, headers={"DPoP": shown})

    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
    assert answer.headers["dpop-nonce"]


def test_a23_refreshing_demands_a_nonce_and_leaves_the_token(login: Login, shop: Shop, session: Session) -> None:
    shown = proof(login, nonce=nonce_of(login, shop))
    tokens = shop.redeem(shop.code(session, access_type="offline"), headers={"DPoP": shown}).json()
    refused = shop.refresh(tokens["refresh_token"], headers={"DPoP": proof(login)})
    assert refused.json()["error"] == "use_dpop_nonce"
    again = proof(login, nonce=refused.headers["dpop-nonce"])
    assert shop.refresh(tokens["refresh_token"], headers={"DPoP": again}).json()["token_type"] == "DPoP"


def test_a23_a_pushed_request_demands_a_nonce(login: Login, shop: Shop) -> None:
    fields = {"response_type": "code", "redirect_uri": "https://shop.example/callback", "scope": "openid"}
    fields |= {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    at = f"{login.issuer}/par"
    refused = shop.post("/par", headers={"DPoP": proof(login, htu=at)}, **fields)
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
    shown = proof(login, htu=at, nonce=refused.headers["dpop-nonce"])
    assert shop.post("/par", headers={"DPoP": shown}, **fields).status_code == 201


def test_a23_the_api_demands_a_nonce_and_brings_the_next(login: Login, shop: Shop, session: Session) -> None:
    token, _ = bound(login, shop, session)

    for claims in ({}, {"nonce": "old"}):
        refused = call(login, token, api_proof(login, token, **claims))
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
    answer = call(login, token, api_proof(login, token, nonce=refused.headers["dpop-nonce"]))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert call(login, token, api_proof(login, token, nonce=answer.headers["dpop-nonce"])).status_code == 200


def test_a23_the_nonce_of_the_token_endpoint_opens_the_api(login: Login, shop: Shop, session: Session) -> None:
    token, nonce = bound(login, shop, session)
    assert call(login, token, api_proof(login, token, nonce=nonce)).status_code == 200


def test_a23_userinfo_demands_a_nonce(login: Login, shop: Shop, session: Session) -> None:
    token, _ = bound(login, shop, session)

    def ask(**claims: Any) -> Any:
        shown = api_proof(login, token, htu=f"{login.issuer}/oauth2/userinfo", **claims)
        return login.client.get("/login/oauth2/userinfo", headers={"Authorization": f"DPoP {token}", "DPoP": shown})

    refused = ask()
    assert (refused.status_code, "use_dpop_nonce" in refused.headers["www-authenticate"]) == (401, True)
    answer = ask(nonce=refused.headers["dpop-nonce"])
    assert (answer.status_code, answer.headers["dpop-nonce"]) == (200, refused.headers["dpop-nonce"])


def test_a23_nonces_rotate(login: Login, shop: Shop, session: Session, later: Callable[[int], None]) -> None:
    token, first = bound(login, shop, session)

    later(NONCE_SECONDS)
    answer = call(login, token, api_proof(login, token, nonce=first))
    assert answer.status_code == 200  # the one before is good still
    second = answer.headers["dpop-nonce"]
    assert second != first

    later(2 * NONCE_SECONDS)
    refused = call(login, token, api_proof(login, token, nonce=first))
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert refused.headers["dpop-nonce"] not in (first, second)
    assert call(login, token, api_proof(login, token, nonce=second)).status_code == 200


def test_a23_bearer_tokens_need_no_nonce(login: Login, shop: Shop, session: Session) -> None:
    token = shop.tokens(session, scope="openid user_info")["access_token"]
    answer = call(login, token, None, "Bearer")
    assert (answer.status_code, "dpop-nonce" in answer.headers) == (200, False)


def test_every_process_knows_the_nonce(login: Login, shop: Shop) -> None:
    other = Login(login.platform, login.client)  # with endpoints of its own
    assert other.oauth.tokens.for_next_proof()[0] == ("DPoP-Nonce", nonce_of(login, shop))
