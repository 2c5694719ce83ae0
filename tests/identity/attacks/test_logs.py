"""A35: what is given out is in no log, however much is logged. The library in use logs whole answers."""

from alpage.identity.sessions import Session
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import Login, Shop


def test_a35_tokens_are_in_no_log(server: Served, login: Login, shop: Shop, session: Session) -> None:
    code = shop.code(session, access_type="offline")
    tokens = shop.redeem(code).json()
    refreshed = shop.refresh(tokens["refresh_token"]).json()
    own = shop.post(grant_type="client_credentials").json()
    shop.post("/introspect", token=tokens["access_token"])
    shop.redeem(code)
    login.get("/oauth2/userinfo", tokens["access_token"])

    logged = server.log()
    assert "Issue token" in logged
    for secret in (
        *(code, shop.secret, own["access_token"], tokens["id_token"]),
        *(answer[name] for answer in (tokens, refreshed) for name in ("access_token", "refresh_token")),
    ):
        assert secret not in logged
