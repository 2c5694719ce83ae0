"""The pages of the login, as a person meets them."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.clients.applications import register
from tests.clients.pages import running_site

APPLICATION = Path(__file__).with_name("application.html")


@pytest.fixture
def signed_in(visitor):
    visitor.go("/login/signin")
    visitor.sign_in()
    return visitor


def test_signing_in_and_out(visitor):
    visitor.go("/login/signin")
    visitor.look("sign-in")
    visitor.sign_in(password="not the password")
    visitor.look("sign-in-wrong")
    visitor.sign_in()
    visitor.look("signed-in")
    visitor.go("/login/signout")
    visitor.look("sign-out")
    visitor.press("Sign out")
    visitor.reads("Nobody is signed in here")
    visitor.look("signed-out")


def test_signing_in_by_keyboard_alone(visitor):
    visitor.go("/login/signin")
    for text in (visitor.platform.user, visitor.platform.password):
        visitor.page.keyboard.type(text)
        visitor.page.keyboard.press("Tab")
    visitor.enter()
    visitor.reads("You are signed in")


def test_a_forgotten_password(visitor):
    visitor.go("/login/signin")
    visitor.press("Forgotten your password?")
    visitor.look("forgotten")
    visitor.type("E-mail address", visitor.platform.user)
    visitor.enter()
    visitor.look("link-sent")


@pytest.fixture
def application(running):
    """An application with a page of its own to come back to."""
    with running_site(APPLICATION, {}) as origin:
        yield register(running, "Mountain Weather", origin=origin)


def authorization_request(application):
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": application.scope,
        "state": "kept",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{application.issuer}/authorize?{urlencode(query)}"


def test_letting_an_application_in(running, signed_in, application):
    signed_in.go(authorization_request(application))
    signed_in.look("consent")
    signed_in.press("Refuse")
    assert signed_in.page.url.startswith(f"{application.redirect_uri}?error=access_denied")
    signed_in.go(authorization_request(application))
    signed_in.press("Allow")
    assert signed_in.page.url.startswith(f"{application.redirect_uri}?code=")
    signed_in.go(authorization_request(application))
    assert signed_in.page.url.startswith(f"{application.redirect_uri}?code="), "who was let in is not asked again"

    for grant in running.call("GET", "/1/grants"):
        if grant["application"]["client_id"] == application.client_id:
            running.call("DELETE", f"/1/grants/{grant['id']}")
    signed_in.go(authorization_request(application))
    signed_in.press("Allow")
    assert signed_in.page.url.startswith(f"{application.redirect_uri}?code="), "who took it back is asked again"


def test_an_application_that_sends_somebody_to_sign_in(visitor, application):
    visitor.go(authorization_request(application))
    visitor.reads("to go on to Mountain Weather")
    visitor.look("sign-in-for-application")
    visitor.sign_in()
    visitor.press("Allow")
    assert visitor.page.url.startswith(f"{application.redirect_uri}?code=")


def test_connecting_a_device(running, signed_in):
    signed_in.go("/login/device")
    signed_in.look("device")
    signed_in.type("Code", "BCDF-GHJK")
    signed_in.press("Go on")
    signed_in.reads("No device waits with this code.")
    signed_in.look("device-wrong")


def test_a_request_that_cannot_be_answered(visitor):
    visitor.go("/login/authorize?client_id=nobody")
    visitor.look("bad-request")


def test_a_page_there_is_not(visitor):
    visitor.go("/login/nowhere")
    visitor.look("not-found")
