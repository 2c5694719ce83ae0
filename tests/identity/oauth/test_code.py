"""The authorization code, from the request to the tokens."""

from alpage.identity.sessions import Session
from tests.conftest import Person
from tests.identity.oauth_support import Login, Shop


def test_a_code_brings_tokens(shop: Shop, session: Session, heidi: Person) -> None:
    answer = shop.redeem(shop.code(session))

    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["user_id"] == heidi.user.id
    assert tokens["scope"] == "openid email"
    assert tokens["expires_in"] == 3600
    assert "refresh_token" not in tokens


def test_a_public_client_needs_no_secret(login: Login, session: Session) -> None:
    phone = login.shop(confidential=False)

    assert phone.redeem(phone.code(session)).status_code == 200
