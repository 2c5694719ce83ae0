"""Applications that register themselves, and look after it."""

from typing import Any

import pytest

from alpage.identity.sessions import Session
from alpage.settings import Settings
from tests.conftest import Person
from tests.identity.oauth_support import REDIRECT, Login, Shop

METADATA = {"client_name": "Robot", "redirect_uris": [REDIRECT], "scope": "openid email"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def register(login: Login, token: str = "", **metadata: Any) -> Any:
    headers = bearer(token) if token else {}
    return login.client.post("/login/register", json={**METADATA, **metadata}, headers=headers)


def at(login: Login, registered: dict[str, Any], method: str, **options: Any) -> Any:
    path = registered["registration_client_uri"].removeprefix(login.platform.settings.public_url)
    headers = {**bearer(registered["registration_access_token"]), **options.pop("headers", {})}
    return login.client.request(method, path, headers=headers, **options)


def test_a_registered_application_signs_people_in(login: Login, heidi: Person, session: Session) -> None:
    answer = register(login, heidi.token)
    assert answer.status_code == 201, answer.text
    made = answer.json()

    shop = login.shop()
    robot = Shop(login, type(shop.application)(client_id=made["client_id"]), made["client_secret"])

    assert robot.redeem(robot.code(session)).status_code == 200
    assert made["client_secret_expires_at"] == 0
    assert made["token_endpoint_auth_method"] == "client_secret_basic"


def test_it_takes_a_token_with_the_scope(login: Login, heidi: Person) -> None:
    assert register(login).status_code == 401
    assert register(login, "alp_pat_x").status_code == 401
    other = register(login, login.platform.token(heidi.user, "dns"))
    assert (other.status_code, other.json()["error"]) == (403, "insufficient_scope")
    assert register(login, login.platform.token(heidi.user, "applications:write")).status_code == 201


def test_what_is_registered_can_be_read_changed_and_deleted(login: Login, heidi: Person) -> None:
    made = register(login, heidi.token).json()
    shown = at(login, made, "GET").json()
    assert shown["client_name"] == "Robot"
    assert "client_secret" not in shown
    assert "registration_access_token" not in shown

    changed = at(login, made, "PUT", json={**METADATA, "client_id": made["client_id"], "client_name": "Robot 2"})
    assert changed.json()["client_name"] == "Robot 2"
    assert at(login, made, "PUT", json={**METADATA, "client_id": "other"}).status_code == 400
    more = {**METADATA, "client_id": made["client_id"], "scope": "openid dns"}
    assert at(login, made, "PUT", json=more).status_code == 400
    wrong = {**METADATA, "client_id": made["client_id"], "client_secret": "wrong"}
    assert at(login, made, "PUT", json=wrong).status_code == 400

    assert at(login, made, "DELETE").status_code == 204
    assert at(login, made, "GET").status_code == 401


def test_a_registration_is_opened_by_its_own_token_only(login: Login, heidi: Person) -> None:
    one, other = register(login, heidi.token).json(), register(login, heidi.token).json()

    for token in (other["registration_access_token"], heidi.token, "", "alp_rat_x"):
        assert at(login, one, "GET", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "client_secret_jwt"}, {"token_endpoint_auth_method": "private_key_jwt"},
        {"grant_types": ["implicit"]}, {"grant_types": ["password"]}, {"response_types": ["token"]},
        {"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg": "HS256"}, {"scope": "nonsense"},
        {"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, {"client_uri": "javascript:alert(1)"},
        {"backchannel_logout_uri": "http://shop.example/"}, {"client_name": 7}, {"subject_type": "pairwise"},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]}, {"redirect_uris": []},
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused(login: Login, heidi: Person, metadata: dict[str, Any]) -> None:
    answer = register(login, heidi.token, **metadata)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_keys_elsewhere_are_not_fetched_and_the_answer_says_what_to_do(login: Login, heidi: Person) -> None:
    answer = register(login, heidi.token, jwks_uri="https://shop.example/jwks")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert answer.json()["error_description"] == "jwks_uri is not fetched; send the keys themselves, as jwks"


def test_an_application_by_itself_does_no_more_than_the_token(login: Login, heidi: Person) -> None:
    token = login.platform.token(heidi.user, "applications:write", "dns:read")
    own = {"grant_types": ["client_credentials"]}

    assert register(login, token, scope="dns", **own).status_code == 400
    assert register(login, token, scope="dns:read", **own).status_code == 201


class TestOpen:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"open_registration": True})

    def test_anybody_may_register_what_learns_who_a_user_is(self, login: Login) -> None:
        public = register(login, token_endpoint_auth_method="none", scope="openid offline_access user_info")

        assert public.status_code == 201
        assert "client_secret" not in public.json()

    @pytest.mark.parametrize(
        "metadata", [{"scope": "dns"}, {"grant_types": ["client_credentials"]}, {"scope": "openid accounts"}]
    )
    def test_and_no_more(self, login: Login, metadata: dict[str, Any]) -> None:
        assert register(login, **metadata).status_code == 400
