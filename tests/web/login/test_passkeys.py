"""The calls of the page's module, as it makes them."""

import json
from collections.abc import Callable
from time import time
from typing import Any

import pytest
from sqlalchemy import select

from alpage.identity import ceremonies, passkeys
from alpage.identity.sessions import Session
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from tests.conftest import Platform
from tests.identity.software_authenticator import USER_PRESENT, SoftwareAuthenticator
from tests.web.browsing import Browser, Page

SignIn = Callable[..., Page]


@pytest.fixture
def device(platform: Platform, anna: User) -> SoftwareAuthenticator:
    """A device with a passkey of anna's."""
    made = SoftwareAuthenticator(ceremonies.relying_party(platform.settings)[1])
    given = {"settings": platform.settings, "pepper": platform.tokens.pepper, "now": int(time())}
    with platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.get_one(User, anna.id)
        options, ticket = passkeys.begin_registration(transaction, kept, **given)
        passkeys.finish_registration(transaction, kept, ticket, made.create(options), "Key", **given)
    return made


def use(page: Page, device: SoftwareAuthenticator, step: str, to: str = "/") -> Any:
    """Presses the button for a passkey; answers with what the module is told."""
    send = page.browser.client.post
    fields = {"csrf": page.form().fields["csrf"], "step": step, "next": to}
    headers = {"sec-fetch-site": "same-origin"}
    begun = send("/login/passkey/begin", data=fields, headers=headers).json()
    response = json.dumps(device.get(begun["options"]))
    fields |= {"ticket": begun["ticket"], "response": response}
    return send("/login/passkey/finish", data=fields, headers=headers)


def methods(platform: Platform) -> list[list[str]]:
    with platform.database.reading() as transaction:
        return [*transaction.execute(select(Session.methods)).scalars()]


def test_a_passkey_signs_in_by_itself(platform: Platform, browser: Browser, device: SoftwareAuthenticator) -> None:
    answer = use(browser.get("/login/signin"), device, "first", "/device")
    assert (answer.status_code, answer.json()) == (200, {"next": "/login/device"})
    assert methods(platform) == [["hwk", "mfa"]]
    assert "Anna Test" in browser.get("/login/").text


def test_a_passkey_is_a_second_factor(
    platform: Platform, anna: User, sign_in: SignIn, device: SoftwareAuthenticator
) -> None:
    page = sign_in(anna)
    assert page.path == "/login/second-factor"
    device.flags = USER_PRESENT
    assert use(page, device, "second").json() == {"next": "/login/"}
    assert methods(platform) == [["pwd", "hwk", "mfa"]]


def test_a_passkey_that_does_not_know_its_user_is_not_enough_alone(
    platform: Platform, browser: Browser, device: SoftwareAuthenticator
) -> None:
    device.flags = USER_PRESENT
    answer = use(browser.get("/login/signin"), device, "first")
    assert answer.status_code == 422
    assert "not accepted" in answer.json()["error"]
    assert methods(platform) == []


def test_a_passkey_of_another_place_is_refused(
    platform: Platform, browser: Browser, device: SoftwareAuthenticator
) -> None:
    device.origin = "https://evil.example"
    assert use(browser.get("/login/signin"), device, "first").status_code == 422


def test_a_blocked_user_has_no_passkey(
    platform: Platform, browser: Browser, anna: User, device: SoftwareAuthenticator
) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, anna.id).blocked_at = 1
    assert use(browser.get("/login/signin"), device, "first").status_code == 422


@pytest.mark.parametrize("response", ["", "[]", "{", '{"id": 7}', "null"])
def test_garbage_is_refused(browser: Browser, response: str) -> None:
    fields = {**browser.get("/login/signin").form().fields, "step": "first", "response": response, "ticket": "x"}
    answer = browser.client.post("/login/passkey/finish", data=fields, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 422


def test_another_site_cannot_begin(browser: Browser) -> None:
    fields = browser.get("/login/signin").form().fields
    answer = browser.client.post("/login/passkey/begin", data=fields, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def make(page: Page, device: SoftwareAuthenticator, **changed: str) -> Page:
    """Sends the form of a new passkey as its module does."""
    fields = {**page.form("/passkeys/new").fields, "name": "laptop", **changed}
    headers = {"sec-fetch-site": "same-origin"}
    begun = page.browser.client.post("/login/passkeys/new/begin", data=fields, headers=headers)
    if begun.status_code == 200:
        told = begun.json()
        fields |= {"ticket": told["ticket"], "response": json.dumps(device.create(told["options"]))}
    return page.browser.post("/login/passkeys/new", fields)


@pytest.fixture
def new_device(platform: Platform) -> SoftwareAuthenticator:
    return SoftwareAuthenticator(ceremonies.relying_party(platform.settings)[1])


def test_a_passkey_is_made_and_signs_in(
    platform: Platform, anna: User, sign_in: SignIn, browser: Browser, new_device: SoftwareAuthenticator
) -> None:
    page = sign_in(anna, browser.get("/login/passkeys/new?login_hint=anna@example.org"))
    assert page.path == "/login/passkeys/new?login_hint=anna%40example.org"
    made = make(page, new_device)
    assert (made.status, "Your passkey is ready" in made.text) == (200, True)
    other = Browser(browser.client.app)
    assert use(other.get("/login/signin"), new_device, "first").status_code == 200


def test_who_signed_in_long_ago_does_so_again(
    platform: Platform, anna: User, sign_in: SignIn, browser: Browser, new_device: SoftwareAuthenticator
) -> None:
    sign_in(anna)
    form = browser.get("/login/passkeys/new")
    with platform.database.transaction(NOBODY) as transaction:
        for session in transaction.session.scalars(select(Session)):
            session.authenticated_at -= passkeys.FRESH_SECONDS + 1
    assert make(form, new_device).status == 403
    page = browser.get("/login/passkeys/new")
    assert page.path == "/login/signin?next=%2Fpasskeys%2Fnew"
    assert "to add a passkey" in page.text
    assert sign_in(anna, page).path == "/login/passkeys/new"


def test_a_passkey_that_does_not_fit_or_has_no_name_is_refused(
    anna: User, sign_in: SignIn, browser: Browser, new_device: SoftwareAuthenticator
) -> None:
    sign_in(anna)
    page = browser.get("/login/passkeys/new")
    assert make(page, new_device, name=" ").status == 422
    new_device.origin = "https://evil.example"
    refused = make(page, new_device)
    assert (refused.status, "No passkey was made" in refused.text) == (422, True)
    assert page.submit("/passkeys/new", name="without a script").status == 422


def test_the_page_where_passkeys_are_made_is_told(platform: Platform, browser: Browser) -> None:
    told = browser.client.get("/.well-known/passkey-endpoints").json()
    assert told["enroll"] == f"{platform.settings.issuer}/passkeys/new"
    assert told["manage"] == f"{platform.settings.manager_address}/security"
