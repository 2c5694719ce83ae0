"""oidc-client-ts signs somebody in from a page in Chromium, as single-page applications do.

The page comes from another origin than the login: its calls succeed only if that origin was registered (CORS), and the
browser comes back to it only if the login's pages let their forms lead there (CSP).
"""

import json

import pytest
from playwright.sync_api import Error

from tests.clients.applications import register
from tests.clients.node_clients import SCRIPTS
from tests.clients.pages import running_site
from tests.clients.processes import until

ALLOWED = "access-control-allow-origin"

pytestmark = pytest.mark.needs("node", "npm", "chromium")


@pytest.fixture
def origin(node_clients):
    library = node_clients.file("oidc-client-ts/dist/browser/oidc-client-ts.min.js")
    files = {"/oidc-client-ts.min.js": library, "/single_page.js": SCRIPTS / "single_page.js"}
    with running_site(SCRIPTS / "single_page.html", files) as address:
        yield address


@pytest.fixture
def page(chromium):
    with chromium.new_context(locale="en") as context, context.new_page() as page:
        yield page


def open_page(page, application, **settings):
    """Opens the application's page with a user manager of these settings."""
    settings |= {
        "authority": application.issuer,
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "post_logout_redirect_uri": application.post_logout_redirect_uri,
        "scope": application.scope,
        "automaticSilentRenew": False,
    }
    page.goto(application.origin)
    page.evaluate("settings => sessionStorage.setItem('settings', settings)", json.dumps(settings))
    page.reload()


def sign_in(page, running, application, **settings):
    """Signs in with the page's user manager, once its origin is known; answers with its user."""
    discovery, headers = f"{application.issuer}/.well-known/openid-configuration", {"Origin": application.origin}
    until(lambda: page.request.get(discovery, headers=headers).headers, lambda got: ALLOWED in got)
    open_page(page, application, **settings)
    leave(page, "manager.signinRedirect()")
    page.locator("[name=email]").fill(running.user)
    page.locator("[name=password]").fill(running.password)
    page.locator("[name=password]").press("Enter")
    page.locator("[name=decision][value=approve]").click()
    page.wait_for_url(lambda url: url.startswith(application.redirect_uri))
    return page.evaluate("manager.signinCallback()")


def leave(page, call):
    """Calls something that sends the page elsewhere, and waits until it is there."""
    with page.expect_navigation():
        page.evaluate(f"() => void {call}")


def status_of_profile(page, running, token):
    """What the API answers to the token; asked by Playwright, not by the page."""
    answer = page.request.get(f"{running.url}/2/profile", headers={"Authorization": f"Bearer {token}"})
    return answer.status


def test_a_page_signs_somebody_in_and_out(running, origin, page):
    application = register(running, "single page", origin=origin, is_confidential=False)
    first = sign_in(page, running, application, loadUserInfo=True)
    assert first["profile"]["email"] == running.user
    assert status_of_profile(page, running, first["access_token"]) == 200

    second = page.evaluate("manager.signinSilent()")
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["profile"]["sub"] == first["profile"]["sub"]

    page.evaluate("manager.revokeTokens(['access_token', 'refresh_token'])")
    with pytest.raises(Error, match="invalid_grant"):
        page.evaluate("token => new oidc.OidcClient(manager.settings).useRefreshToken({ state: token })", second)

    leave(page, "manager.signoutRedirect()")
    page.wait_for_url(lambda url: url.startswith(application.post_logout_redirect_uri))
    leave(page, "manager.signinRedirect()")
    assert page.locator("[name=password]").is_visible()


def test_a_page_binds_its_tokens_to_a_key(running, origin, page):
    application = register(running, "bound page", origin=origin, is_confidential=False)
    first = sign_in(page, running, application, is_bound=True)
    assert first["token_type"].lower() == "dpop"
    assert status_of_profile(page, running, first["access_token"]) == 401, "a stolen token opens nothing"
    assert page.evaluate("manager.signinSilent()")["access_token"] != first["access_token"]


def test_a_page_of_an_origin_that_was_not_registered(running, origin, page):
    application = register(running, "strange page", origin=origin, is_confidential=False, origins=[])
    open_page(page, application)
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate("manager.signinRedirect()")
