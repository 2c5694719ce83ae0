"""What the login says about itself, and where."""

import pytest

from alpage.identity.sessions import Session
from alpage.settings import Settings
from tests.identity.oauth_support import Login, Shop


def test_discovery_stands_at_every_place_it_is_looked_for(login: Login) -> None:
    documents = [
        login.client.get(path)
        for path in (
            "/login/.well-known/openid-configuration",
            "/login/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server/login",
        )
    ]

    assert {document.status_code for document in documents} == {200}
    assert len({document.text for document in documents}) == 1
    metadata = documents[0].json()
    assert metadata["issuer"] == login.issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["response_types_supported"] == ["code"]
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert {"implicit", "password"}.isdisjoint(metadata["grant_types_supported"])


def test_every_endpoint_of_the_metadata_answers(login: Login) -> None:
    metadata = login.get("/.well-known/openid-configuration").json()
    pages = ("authorization_endpoint", "end_session_endpoint")
    named = [url for name, url in metadata.items() if name.endswith(("_endpoint", "jwks_uri")) and name not in pages]

    assert len(named) == 8
    for url in named:
        path = url.removeprefix(login.platform.settings.public_url)
        assert login.client.options(path).status_code == 204, url
        assert login.client.patch(path).status_code == 405


def test_the_api_says_where_access_is_given(login: Login) -> None:
    metadata = login.client.get("/.well-known/oauth-protected-resource").json()

    assert metadata["resource"] == login.platform.settings.public_url
    assert metadata["authorization_servers"] == [login.issuer]


def test_every_refusal_of_the_api_names_its_metadata(login: Login, shop: Shop, session: Session) -> None:
    token = shop.tokens(session, scope="openid user_info")["access_token"]
    answers = [
        login.client.get("/2/profile"),
        login.client.get("/2/profile", headers={"Authorization": "Bearer rubbish"}),
        login.client.get("/2/profile", headers={"Authorization": f"DPoP {token}"}),
        login.client.get("/1/tokens", headers={"Authorization": f"Bearer {token}"}),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 403]
    for answer in answers:
        url = answer.headers["www-authenticate"].partition('resource_metadata="')[2].removesuffix('"')
        assert login.client.get(url).json()["resource"] == login.platform.settings.public_url


def test_an_api_below_a_path_has_its_metadata_before_it(settings: Settings) -> None:
    below = settings.model_copy(update={"url": "https://alpage.example/api"})
    assert below.resource_metadata_url == "https://alpage.example/.well-known/oauth-protected-resource/api"


class TestOwnHost:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        own = {"url": "https://api.alpage.example", "login_url": "https://login.alpage.example"}
        return settings.model_copy(update=own)

    def test_the_login_may_have_a_host_to_itself(self, login: Login) -> None:
        here, there = {"Host": "login.alpage.example"}, {"Host": "api.alpage.example"}
        discovery = "/.well-known/openid-configuration"

        assert login.client.get(discovery, headers=here).json()["issuer"] == "https://login.alpage.example"
        assert login.client.get("/.well-known/oauth-authorization-server", headers=here).status_code == 200
        assert login.client.get("/jwks", headers=here).json()["keys"]
        assert login.client.get("/jwks", headers=there).status_code == 404
        assert login.client.get(discovery, headers=there).status_code == 404
        assert login.client.get("/.well-known/oauth-protected-resource", headers=there).status_code == 200
