"""The libraries applications are written with sign somebody in: code, refresh, userinfo, revocation and logout."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.clients.applications import OWN, register, sign_in_and_allow
from tests.clients.browsing import Browser
from tests.clients.dialogs import dialog
from tests.clients.processes import until
from tests.clients.running import running_platform

PYTHON_SCRIPTS = Path(__file__).with_name("python")
REMEMBERED_SECONDS = 3  # how long a server process may go on with a token that was revoked
NODE = pytest.mark.needs("node", "npm")
PUBLIC = {"is_confidential": False}


@pytest.fixture
def script(request, tmp_path):
    """Runs one of our scripts, each of which drives a library, for an application."""

    def run(name, registered, **options):
        if name.endswith(".js"):
            command = request.getfixturevalue("node_clients").script(name)
        else:
            command = [request.getfixturevalue("python_clients").program("python"), PYTHON_SCRIPTS / name]
        environment = {"OAUTHLIB_INSECURE_TRANSPORT": "1"}  # the login answers on plain HTTP, on this machine
        return dialog([*command, json.dumps(registered.options(**options))], tmp_path, environment)

    return run


@pytest.fixture(scope="module")
def demanding(tmp_path_factory):
    """A platform that demands nonces in proofs of possession."""
    with running_platform(tmp_path_factory.mktemp("demanding"), {"ALPAGE_DPOP_NONCES": "true"}) as platform:
        yield platform


@pytest.mark.needs("node", "npm")
def test_a_library_takes_the_nonces_it_is_given(demanding, script):
    registered = register(demanding, "nonces", **PUBLIC)
    with (
        script("oauth4webapi.js", registered, is_bound=True) as library,
        Browser(left_alone=registered.origin) as browser,
    ):
        address = library.hear()["go"]
        found = library.ask(sign_in_and_allow(browser, address, demanding).url)
    assert found["first"]["token_type"].lower() == found["refreshed"]["token_type"].lower() == "dpop"
    assert found["userinfo"]["email"] == demanding.user


@pytest.mark.parametrize(
    ("name", "application", "options"),
    [
        pytest.param("openid_client.js", {}, {}, marks=NODE, id="openid-client"),
        pytest.param("openid_client.js", {}, {"is_pushed": True}, marks=NODE, id="openid-client-par"),
        pytest.param("oauth4webapi.js", PUBLIC, {}, marks=NODE, id="oauth4webapi"),
        pytest.param("oauth4webapi.js", PUBLIC, {"is_bound": True}, marks=NODE, id="oauth4webapi-dpop"),
        pytest.param("requests_oauthlib_client.py", {}, {}, id="requests-oauthlib"),
        pytest.param("authlib_client.py", {}, {}, id="authlib"),
    ],
)
def test_a_library_signs_somebody_in_and_out(running, script, name, application, options):
    registered = register(running, name, **application)
    with script(name, registered, **options) as library, Browser(left_alone=registered.origin) as browser:
        address = library.hear()["go"]
        found = library.ask(sign_in_and_allow(browser, address, running).url)
        assert found["userinfo"]["sub"] == found["subject"]
        assert found["userinfo"]["email"] == running.user
        assert found["first"]["token_type"].lower() == ("dpop" if options.get("is_bound") else "bearer")
        assert found["refreshed"]["refresh_token"] != found["first"]["refresh_token"]
        assert found["refreshed"]["access_token"] != found["first"]["access_token"]
        assert found.get("active", {"active": True})["active"] is True

        after = library.ask("revoke")
        assert after["refresh"] == "invalid_grant"
        assert after.get("introspection", {"active": False}) == {"active": False}
        assert_refused_soon(running, found["refreshed"]["access_token"])
        assert_signed_out(registered, browser, found["logout"])


@NODE
def test_openid_client_for_an_application_that_acts_for_itself(running, script):
    registered = register(
        running, "itself", grant_types=[OWN], auth_method="client_secret_post", scope="user_info dns:read"
    )
    with script("openid_client_itself.js", registered) as library:
        found = library.hear()
    assert found["tokens"]["token_type"].lower() == "bearer"
    assert "refresh_token" not in found["tokens"]
    assert found["before"]["active"] is True
    assert found["before"]["client_id"] == registered.client_id
    assert set(found["before"]["scope"].split()) == {"user_info", "dns:read"}
    assert found["after"] == {"active": False}


def assert_refused_soon(platform, token):
    """A revoked token opens nothing, once nobody remembers it."""
    with httpx.Client(base_url=platform.url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        until(lambda: client.get("/2/profile").status_code, (401).__eq__, seconds=REMEMBERED_SECONDS + 1)


def assert_signed_out(registered, browser, logout):
    """The logout leads back to the application, and the person is asked who he is again."""
    led_to = urlsplit(browser.open(logout).url)
    assert f"{led_to.scheme}://{led_to.netloc}{led_to.path}" == registered.post_logout_redirect_uri
    assert parse_qs(led_to.query) == {"state": ["signed-out"]}
    assert browser.open(f"{registered.issuer}/device").form_with("email", "password")
