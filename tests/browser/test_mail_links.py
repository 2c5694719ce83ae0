"""Links that people are sent by mail: to a new password, and to prove an address."""

from tests.browser.people import link_in_mail, make_somebody
from tests.browser.visitors import Visitor
from tests.clients.running import RunningPlatform

OTHER = "clara@work.example"
NEW_PASSWORD = "marmots whistle when eagles come"


def test_a_forgotten_password(running: RunningPlatform, visitor: Visitor) -> None:
    peter = make_somebody(running, "Peter")
    visitor.go(f"{running.issuer}/signin")
    visitor.press("Forgotten your password?")
    visitor.look("forgotten")
    visitor.type("E-mail address", peter.email)
    visitor.press("Send me a link")
    visitor.look("link-sent")

    link = link_in_mail(running, peter.email, f"{running.issuer}/password")
    visitor.go(link)
    assert "ticket" not in visitor.page.url, "what opens does not stay in the address"
    visitor.look("new-password")
    choose_password(visitor, "0123456789012345")
    visitor.complains_at("New password")
    visitor.look("new-password-weak")
    choose_password(visitor, NEW_PASSWORD)
    visitor.look("password-set")
    visitor.go(link)
    visitor.reads("This link is not good any more")
    visitor.look("dead-link")

    visitor.go(f"{running.issuer}/signin")
    visitor.sign_in(peter.email, peter.password)
    visitor.reads("That address and password do not go together.")
    visitor.sign_in(peter.email, NEW_PASSWORD)
    visitor.press("Open the manager")
    visitor.go(f"{running.manager}/mails")
    visitor.look("mails")
    visitor.press("Set a new password")
    visitor.reads(link)
    visitor.look("mail")


def choose_password(visitor: Visitor, password: str) -> None:
    visitor.type("New password", password)
    visitor.type("The same again", password)
    visitor.press("Set the password")


def test_an_address_is_proved(running: RunningPlatform, visitor: Visitor) -> None:
    clara = make_somebody(running, "Clara")
    visitor.go(f"{running.manager}/profile")
    visitor.sign_in(clara.email, clara.password)
    visitor.type("Another address to reach you at", OTHER)
    visitor.press("Add")
    visitor.reads("Not confirmed")
    visitor.look("profile-address-not-confirmed")
    visitor.press("Send a link to confirm it")
    visitor.reads("A mail with a link is on its way.")
    visitor.go(link_in_mail(running, OTHER, f"{running.issuer}/email/verify"))
    assert "ticket" not in visitor.page.url
    visitor.look("verify-email")
    visitor.press("Yes, it is mine")
    visitor.look("email-verified")
    visitor.go(f"{running.manager}/profile")
    assert visitor.page.get_by_text("Not confirmed").count() == 0
