"""Devices that hold passkeys: Chromium's own, without hardware (WebDriver's virtual authenticators)."""

from playwright.sync_api import Page

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,  # its user touches it whenever it asks
}


def give_device(page: Page) -> None:
    """Gives the visitor of a page a device that knows him by his finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
