"""The pages of the login, as a person meets them."""

from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.browser.people import make_somebody
from tests.clients.applications import DEVICE, register
from tests.clients.pages import running_site

CLI = "alpage-cli"
APPLICATION = Path(__file__).with_name("application.html")


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


@pytest.fixture
def application(running):
    """An application with a page of its own to come back to."""
    with running_site(APPLICATION, {}) as origin:
        yield register(running, "Mountain Weather", origin=origin)


def authorization_request(application, **more):
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": application.scope,
        "state": "kept",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        **more,
    }
    return f"{application.issuer}/authorize?{urlencode(query)}"


def test_letting_an_application_in(running, manager, application):
    manager.go(authorization_request(application))
    manager.look("consent")
    manager.press("Refuse")
    assert manager.page.url.startswith(f"{application.redirect_uri}?error=access_denied")
    manager.go(authorization_request(application))
    manager.press("Allow")
    assert manager.page.url.startswith(f"{application.redirect_uri}?code=")
    manager.go(authorization_request(application))
    assert manager.page.url.startswith(f"{application.redirect_uri}?code="), "who was let in is not asked again"

    for grant in running.call("GET", "/1/grants"):
        if grant["application"]["client_id"] == application.client_id:
            running.call("DELETE", f"/1/grants/{grant['id']}")
    manager.go(authorization_request(application))
    manager.press("Allow")
    assert manager.page.url.startswith(f"{application.redirect_uri}?code="), "who took it back is asked again"


def test_an_application_that_sends_somebody_to_sign_in(visitor, application):
    visitor.go(authorization_request(application))
    visitor.reads("to go on to Mountain Weather")
    visitor.look("sign-in-for-application")
    visitor.sign_in()
    visitor.press("Allow")
    assert visitor.page.url.startswith(f"{application.redirect_uri}?code=")


def test_connecting_a_device(running, manager):
    with httpx.Client(base_url=running.issuer) as device:
        begun = device.post("/device_authorization", data={"client_id": CLI, "scope": "dns:read"}).json()
        manager.go(begun["verification_uri"])
        manager.look("device")
        manager.type("Code", "BCDF-GHJK")
        manager.press("Go on")
        manager.complains_at("Code")
        manager.look("device-wrong")
        manager.type("Code", begun["user_code"].lower().replace("-", " "))
        manager.press("Go on")
        manager.look("device-consent")
        manager.press("Connect")
        manager.reads("It is connected")
        manager.look("device-done")
        asked = {"client_id": CLI, "grant_type": DEVICE, "device_code": begun["device_code"]}
        assert device.post("/token", data=asked).json()["scope"] == "dns:read"


def test_choosing_who_to_be(running, visitor, application):
    eva = make_somebody(running, "Eva")
    visitor.go(f"{running.issuer}/signin")
    visitor.sign_in()
    visitor.press("Add another")
    visitor.sign_in(eva.email, eva.password)
    visitor.look("signed-in-both")
    visitor.go(authorization_request(application, prompt="select_account"))
    visitor.reads("Who do you want to be?")
    visitor.look("choose")
    visitor.press_person(running.user)
    visitor.reads("Let Mountain Weather in?")
    visitor.reads(running.user)
    visitor.go(f"{running.issuer}/signout")
    visitor.look("sign-out-both")
    visitor.press_person(eva.email)
    visitor.reads(running.user)
    assert visitor.page.get_by_text(eva.email).count() == 0


def test_a_request_that_cannot_be_answered(visitor):
    visitor.go("/login/authorize?client_id=nobody")
    visitor.look("bad-request")


def test_a_page_there_is_not(visitor):
    visitor.go("/login/nowhere")
    visitor.look("not-found")
