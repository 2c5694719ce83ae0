"""Login, manager and API on hosts of their own, by a browser without scripts: redirects, cookies, policies, CORS."""

from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from alpage.identity.users import User, hash_password
from alpage.settings import Settings
from tests.conftest import Platform
from tests.identity.conftest import login, shop
from tests.identity.oauth_support import Shop
from tests.web.browsing import Browser, Page
from tests.web.policies import policy_of

__all__ = ["login", "shop"]  # fixtures

API, LOGIN, MANAGER = (f"https://{name}.alpage.example" for name in ("api", "login", "manager"))
PASSWORD = "goats climb higher than cows"
NEW_TOKEN = "/v3/ng/accounts/token/new"
SCRIPTS = "https://weather.example"


class Traveller(Browser):
    """A browser that goes from host to host, and holds forms against the policies of their pages as Chromium does."""

    def __init__(self, application: Any) -> None:
        super().__init__(application)
        self.client.follow_redirects = True
        self.page: Page | None = None

    def post(self, path: str, fields: dict[str, str], *, site: str = "same-origin") -> Page:
        """Sends a form. Wherever it is redirected to must be allowed as well."""
        before = self.page
        assert before is not None
        page = super().post(urljoin(before.path, path), fields, site=site)
        allowed = {origin(before.path), *policy_of(before.response)["form-action"]}
        assert {origin(str(step.url)) for step in (*page.response.history, page.response)} <= allowed
        return page

    def _follow(self, response: Any, path: str) -> Page:
        self.page = Page(self, response, str(response.url))
        return self.page


def origin(address: str) -> str:
    scheme, host, *_ = urlsplit(address)
    return f"{scheme}://{host}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"url": API, "login_url": LOGIN, "manager_url": MANAGER})


@pytest.fixture
def anna(platform: Platform) -> User:
    user = platform.user("anna", password_hash=hash_password(PASSWORD), avatar=f"{API}/2/profile/avatar/anna.png")
    platform.account(user)
    return user


@pytest.fixture
def browser(client: TestClient) -> Traveller:
    return Traveller(client.app)


def test_from_the_first_visit_over_a_token_to_the_end(browser: Traveller, anna: User) -> None:
    page = browser.get(f"{MANAGER}/")
    assert page.path.startswith(f"{LOGIN}/signin?")
    page = page.submit("/signin", email=anna.email, password=PASSWORD)
    assert (page.path, page.status) == (f"{MANAGER}/", 200)

    page = browser.get(MANAGER + NEW_TOKEN)
    made = page.submit(NEW_TOKEN, name="backup", expires_at="30", **{"scope-user_info": "user_info"})
    token = next(word for word in made.text.split() if word.startswith("alp_pat_"))
    answer = browser.client.get(f"{API}/2/profile", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["data"]["email"] == anna.email

    page = made.submit("/sign-out")
    assert [origin(str(step.url)) for step in page.response.history] == [MANAGER, LOGIN, MANAGER, MANAGER, LOGIN]
    assert page.path.startswith(f"{LOGIN}/signin?")
    assert "Nobody is signed in here" in browser.get(f"{LOGIN}/").text


def test_each_host_has_cookies_of_its_own_and_the_api_none(browser: Traveller, anna: User) -> None:
    page = browser.get(f"{MANAGER}/").submit("/signin", email=anna.email, password=PASSWORD)
    answers = [*page.response.history, page.response, browser.client.get(f"{API}/health")]
    set_by = {(urlsplit(str(answer.url)).hostname, one) for answer in answers for one in _cookies_of(answer)}
    assert {host for host, _cookie in set_by} == {"login.alpage.example", "manager.alpage.example"}
    for _host, cookie in set_by:
        assert cookie.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= {*cookie.split("; ")}
        assert "Domain" not in cookie


def test_pages_show_pictures_of_the_api(browser: Traveller, anna: User) -> None:
    browser.get(f"{MANAGER}/").submit("/signin", email=anna.email, password=PASSWORD)
    for page in (browser.get(f"{LOGIN}/"), browser.get(f"{MANAGER}/profile")):
        assert f'src="{API}/2/profile/avatar/anna.png"' in page.response.text
        assert API in policy_of(page.response)["img-src"]


def test_nothing_stands_at_the_host_of_another(browser: Traveller) -> None:
    for address in (f"{API}/signin", f"{API}/login/signin", f"{API}/manager/", f"{MANAGER}/signin", f"{LOGIN}/domains"):
        assert browser.client.get(address).status_code == 404, address
    assert browser.client.get(f"{API}/.well-known/passkey-endpoints").status_code == 404
    assert browser.client.get(f"{LOGIN}/.well-known/passkey-endpoints").json() == {
        "enroll": f"{LOGIN}/passkeys/new",
        "manage": f"{MANAGER}/security",
    }


def test_scripts_of_a_registered_origin_may_fetch_tokens_but_send_nobody_to_sign_in(
    browser: Traveller, shop: Shop
) -> None:
    shop.login.shop(origins=[SCRIPTS])
    asking = {"Origin": SCRIPTS, "Access-Control-Request-Method": "POST"}
    given = browser.client.options(f"{LOGIN}/token", headers=asking).headers
    assert given["access-control-allow-origin"] == SCRIPTS
    other = browser.client.options(f"{LOGIN}/token", headers={**asking, "Origin": MANAGER}).headers
    assert "access-control-allow-origin" not in other
    page = browser.client.get(f"{LOGIN}/authorize?{shop.query()}", headers={"Origin": SCRIPTS})
    assert "access-control-allow-origin" not in page.headers


class TestOnThisMachine:
    """Names below `localhost` need no HTTPS, other names do."""

    @pytest.fixture(params=["login.localhost:8000", "login.lan:8000"])
    def settings(self, settings: Settings, request: pytest.FixtureRequest) -> Settings:
        return settings.model_copy(update={"login_url": f"http://{request.param}"})

    def test_tokens_are_given_without_https_on_this_machine_only(self, client: TestClient, settings: Settings) -> None:
        asked = {"grant_type": "authorization_code", "client_id": "alpage-manager", "code": "none"}
        told = client.post(f"{settings.issuer}/token", data=asked).json()
        assert told["error"] == ("invalid_grant" if "localhost" in settings.issuer else "insecure_transport")


def _cookies_of(answer: Any) -> list[str]:
    found: list[str] = answer.headers.get_list("set-cookie")
    return found
