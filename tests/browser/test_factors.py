"""What people sign in with besides a password: passkeys, authenticators, recovery codes."""

from time import time

import pyotp
import pytest

from tests.browser.passkey_devices import give_device
from tests.browser.people import Somebody, make_somebody
from tests.browser.visitors import Visitor
from tests.clients.running import RunningPlatform

STEP_SECONDS = 30


@pytest.fixture
def person(running: RunningPlatform, request: pytest.FixtureRequest) -> Somebody:
    """A user of the test's own."""
    return make_somebody(running, f"Anna{request.node.name.rpartition('_')[2].title()}")


def security_page(visitor: Visitor, person: Somebody) -> None:
    """Signs somebody in, to the page about that."""
    visitor.go(f"{visitor.platform.manager}/security")
    visitor.sign_in(person.email, person.password)


def use_passkey(visitor: Visitor, look: str = "") -> None:
    """Presses the button for a passkey, which its module has to show first."""
    visitor.page.get_by_role("button", name="Use a passkey").wait_for()
    if look:
        visitor.look(look)
    visitor.press("Use a passkey")


def test_a_passkey(running: RunningPlatform, visitor: Visitor, person: Somebody) -> None:
    give_device(visitor.page)
    security_page(visitor, person)
    visitor.reads("A password alone signs you in")
    visitor.press("Add a passkey")
    visitor.look("passkey-new")
    visitor.type("Name", "Laptop")
    visitor.press("Make the passkey")
    visitor.reads("Your passkey is ready")
    visitor.look("passkey-made")
    visitor.press("Back to the manager")
    visitor.press("Laptop")
    visitor.look("passkey")
    visitor.type("Name", "Old laptop")
    visitor.press("Rename")
    visitor.look("security-with-passkey")

    visitor.sign_out()
    use_passkey(visitor)
    visitor.reads("Welcome, Anna")

    visitor.sign_out()
    visitor.go(f"{running.manager}/security")
    visitor.sign_in(person.email, person.password)
    use_passkey(visitor, look="second-factor-passkey")
    visitor.page.get_by_role("row", name="Old laptop").get_by_role("link", name="Delete").click()
    visitor.reads("Delete it on the device as well")
    visitor.look("passkey-delete")
    visitor.press("Delete")
    visitor.reads("The passkey was deleted.")
    visitor.sign_out()
    security_page(visitor, person)
    visitor.reads("A password alone signs you in")


def test_a_device_without_a_passkey(running: RunningPlatform, visitor: Visitor) -> None:
    give_device(visitor.page)
    visitor.go(f"{running.issuer}/signin")
    visitor.page.get_by_role("button", name="Use a passkey").click()
    visitor.reads("That did not work. Try again, or sign in another way.")
    visitor.look("sign-in-no-passkey")


def test_an_authenticator(running: RunningPlatform, visitor: Visitor, person: Somebody) -> None:
    security_page(visitor, person)
    visitor.press("Add an authenticator")
    visitor.type("Name", "Phone")
    visitor.press("Go on")
    visitor.look("authenticator")
    app = pyotp.TOTP(visitor.page.get_by_role("group", name="The key").inner_text().strip())
    visitor.type("The number it shows", "000000")
    visitor.press("Add the authenticator")
    visitor.complains_at("The number it shows")
    visitor.look("authenticator-wrong")
    visitor.type("The number it shows", app.now())
    visitor.press("Add the authenticator")
    visitor.reads("You have no recovery codes")
    visitor.look("security-without-codes")

    visitor.sign_out()
    security_page(visitor, person)
    visitor.look("second-factor")
    prove(visitor, "000000")
    visitor.complains_at("Number")
    visitor.look("second-factor-wrong")
    prove(visitor, app.at(time() + STEP_SECONDS))  # the number of now was good once
    assert visitor.page.url == f"{running.manager}/security"


def test_recovery_codes(running: RunningPlatform, visitor: Visitor, person: Somebody) -> None:
    security_page(visitor, person)
    visitor.press("Add an authenticator")
    visitor.type("Name", "Phone")
    visitor.press("Go on")
    visitor.type(
        "The number it shows", pyotp.TOTP(visitor.page.get_by_role("group", name="The key").inner_text()).now()
    )
    visitor.press("Add the authenticator")

    codes = make_codes(visitor)
    assert len(codes) == 10
    visitor.look("recovery-codes-made")
    visitor.press("I have kept them")
    visitor.reads("10 codes are left.")
    assert codes[0] not in visitor.page.content(), "they are shown once"

    visitor.sign_out()
    security_page(visitor, person)
    prove(visitor, codes[0])
    visitor.reads("9 codes are left.")

    visitor.sign_out()
    security_page(visitor, person)
    prove(visitor, codes[0])
    visitor.complains_at("Number")
    prove(visitor, codes[1])
    visitor.press("Make new ones")
    visitor.reads("The 8 codes you have are good no more afterwards")
    visitor.look("recovery-codes")
    visitor.press("Make ten codes")
    visitor.press("I have kept them")
    visitor.reads("10 codes are left.")

    visitor.sign_out()
    security_page(visitor, person)
    prove(visitor, codes[2])
    visitor.complains_at("Number")


def make_codes(visitor: Visitor) -> list[str]:
    visitor.press("Make new ones")
    visitor.press("Make ten codes")
    return visitor.page.get_by_role("group", name="Recovery codes").inner_text().split()


def prove(visitor: Visitor, code: str) -> None:
    visitor.type("Number", code)
    visitor.press("Go on")
