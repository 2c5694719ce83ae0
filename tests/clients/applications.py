"""Applications the tests register, and a person who lets them in."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.clients.browsing import Browser, Page
from tests.clients.running import RunningPlatform

CODE, REFRESH, OWN = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = "openid profile email offline_access user_info"
SIGNED_OUT = "/signed-out"


@dataclass(frozen=True, slots=True)
class Registered:
    """An application: what a client of the login is set up with."""

    issuer: str
    origin: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    post_logout_redirect_uri: str
    scope: str

    def options(self, **more: Any) -> dict[str, Any]:
        """All of it, as the scripts take it."""
        return {**asdict(self), **more}


def register(
    platform: RunningPlatform,
    name: str,
    *,
    origin: str = "http://127.0.0.1:64999",  # nobody listens there: the browser stops before it
    path: str = "/callback",
    origins: Iterable[str] | None = None,
    is_confidential: bool = True,
    auth_method: str = "client_secret_basic",
    grant_types: Iterable[str] = (CODE, REFRESH),
    scope: str = SCOPES,
) -> Registered:
    """Registers an application through the API, as its maker would."""
    (account,) = platform.call("GET", "/1/accounts")
    redirect_uri, post_logout_redirect_uri = f"{origin}{path}", f"{origin}{SIGNED_OUT}"
    made = platform.call(
        "POST",
        f"/1/accounts/{account['id']}/applications",
        {
            "name": name,
            "is_confidential": is_confidential,
            "token_endpoint_auth_method": auth_method if is_confidential else "none",
            "grant_types": [*grant_types],
            "scopes": scope.split(),
            "redirect_uris": [redirect_uri] if CODE in grant_types else [],
            "post_logout_redirect_uris": [post_logout_redirect_uri],
            "origins": [origin] if origins is None else [*origins],
        },
    )
    secret = made.get("client_secret")
    return Registered(platform.issuer, origin, made["client_id"], secret, redirect_uri, post_logout_redirect_uri, scope)


def sign_in(browser: Browser, page: Page, platform: RunningPlatform) -> Page:
    """Fills in the sign-in page; answers with what comes then."""
    form = page.form_with("email", "password")
    return browser.submit(page, form, {"email": platform.user, "password": platform.password})


def decide(browser: Browser, page: Page, decision: str = "approve") -> Page:
    """Answers what an application asks for; answers with where that led."""
    return browser.submit(page, page.form_with("decision"), button=decision)


def sign_in_and_allow(browser: Browser, address: str, platform: RunningPlatform) -> Page:
    """Goes where an application sends a person, signs in and allows it; answers with where that led."""
    return decide(browser, sign_in(browser, browser.open(address), platform))
