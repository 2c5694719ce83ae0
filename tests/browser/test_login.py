"""The pages of the login, as a person meets them."""

from urllib.parse import urlencode

import pytest

from tests.clients.applications import register


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
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    visitor.reads("You are signed in")


def test_a_forgotten_password(visitor):
    visitor.go("/login/signin")
    visitor.press("Forgotten your password?")
    visitor.look("forgotten")
    visitor.type("E-mail address", visitor.platform.user)
    visitor.page.keyboard.press("Enter")
    visitor.look("link-sent")


def test_letting_an_application_in(running, signed_in):
    application = register(running, "Mountain Weather")
    signed_in.page.route(f"{application.origin}/**", lambda route: route.fulfill(body="the application"))
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": application.scope,
        "state": "kept",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    address = f"{application.issuer}/authorize?{urlencode(query)}"
    signed_in.go(address)
    signed_in.look("consent")
    signed_in.press("Refuse")
    assert "error=access_denied" in signed_in.page.url
    signed_in.go(address)
    signed_in.press("Allow")
    assert "code=" in signed_in.page.url
    signed_in.go(address)
    assert "code=" in signed_in.page.url, "who was let in once is not asked for again"


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
