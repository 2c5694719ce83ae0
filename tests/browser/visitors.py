"""Visitors of the pages: what they do, and what is looked at on every page they come to.

With ALPAGE_TEST_SCREENSHOTS naming a folder, each page that is looked at is kept there at 360 and at 1,440 px, light
and dark, for somebody to look at. Without, it is checked at 360 px light and at 1,440 px dark: what is wrong in one of
the four is wrong in one of these two.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, StorageState

from tests.clients.running import RunningPlatform

Scheme = Literal["light", "dark"]

SCREENSHOTS = os.environ.get("ALPAGE_TEST_SCREENSHOTS", "")
HEIGHTS = {360: 740, 1440: 900}  # of a phone and of a desk, by their widths
PATIENCE_MS = 10_000
LOOKS: tuple[tuple[int, Scheme], ...] = ((360, "light"), (1440, "dark"))
EVERY_LOOK: tuple[tuple[int, Scheme], ...] = (*LOOKS, (360, "dark"), (1440, "light"))
SEVERE = {"serious", "critical"}
AXE = "() => axe.run(document, { resultTypes: ['violations'] })"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass  # not frozen: Playwright leaves marks on whose methods it calls
class Visitor:
    """A person in a browser of his own."""

    page: Page
    platform: RunningPlatform
    complaints: list[str] = field(default_factory=list)
    width: int = 1440
    looks: bool = True  # whether pages are looked over; not by who goes the same way once more, at another width

    def resize(self, width: int) -> None:
        """Takes a browser of this width."""
        self.width = width
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})

    def go(self, path: str) -> None:
        """Opens a page by its path below the API's address, or by a whole address."""
        self.page.goto(path if "://" in path else self.platform.url + path)

    def press(self, name: str) -> None:
        """Presses the button, or follows the link, of this name, and waits for the page it leads to."""
        button = self.page.get_by_role("button", name=name, exact=True)
        with self.page.expect_navigation():
            (button if button.count() else self.page.get_by_role("link", name=name, exact=True)).click()

    def tap(self, name: str) -> None:
        """Presses the button, or follows the link, of this name, which changes the page in its place."""
        button = self.page.get_by_role("button", name=name, exact=True)
        (button if button.count() else self.page.get_by_role("link", name=name, exact=True)).click()

    def press_person(self, email: str) -> None:
        """Presses the button with a person on it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button").filter(has_text=email).click()

    def follow(self, name: str) -> None:
        """Follows a link of the side bar."""
        with self.page.expect_navigation():
            self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).first.click()

    def enter(self) -> None:
        """Presses the enter key, and waits for the page it leads to."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, label: str, text: str) -> None:
        """Types into the field with this label."""
        self._field(label).fill(text)

    def sign_in(self, email: str = "", password: str = "") -> None:
        """Fills in the sign-in page that is shown; the demonstration's user if nobody is named."""
        self.type("E-mail address", email or self.platform.user)
        self.type("Password", password or self.platform.password)
        self.press("Sign in")

    def sign_out(self) -> None:
        """Signs out of the manager, from a page of it; the sign-in page comes next."""
        self.page.locator(".side-foot summary").click()
        self.press("Sign out")

    def reads(self, text: str) -> None:
        """Finds a text on the page."""
        self.page.get_by_text(text).first.wait_for()

    def complains_at(self, label: str) -> None:
        """Finds an error at the field with this label, as somebody who cannot see is told of it."""
        field = self._field(label)
        assert field.get_attribute("aria-invalid") == "true"
        described = (field.get_attribute("aria-describedby") or "").split()
        assert any(self.page.locator(f"#{id}.error").is_visible() for id in described)

    def look(self, name: str) -> None:
        """Looks the page over at each size and in each scheme: nothing is out of reach, or stands out to the side.

        Raises AssertionError with what axe-core finds serious or critical.
        """
        if not self.looks:
            return
        faults = []
        for width, scheme in EVERY_LOOK if SCREENSHOTS else LOOKS:
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            faults += [f"{name}, {width} px, {scheme}: {fault}" for fault in self._faults()]
            if SCREENSHOTS:
                self.page.evaluate("() => window.scrollTo(0, 0)")
                path = Path(SCREENSHOTS) / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)
        self.resize(self.width)
        assert not faults, "\n".join([self.page.url, *faults])

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( optional)?$"))

    def _faults(self) -> Iterator[str]:
        beside = self.page.evaluate(OVERFLOW)
        if beside > 0:
            yield f"the page is {beside} px wider than the window"
        for violation in self.page.evaluate(AXE)["violations"]:
            if violation["impact"] in SEVERE:
                places = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
                yield f"{violation['id']} ({violation['help']}): {places}"

    def hears(self, message: ConsoleMessage) -> None:
        """Notes what the browser complains of, as of a policy that was broken. Of a refusal it was told on purpose."""
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)

    def sends(self, request: Request) -> None:
        """Notes what would be loaded from another host."""
        where, platform = urlsplit(request.url), self.platform
        own = {urlsplit(address).hostname for address in (platform.url, platform.issuer, platform.manager)}
        if not request.is_navigation_request() and where.scheme not in ("data", "blob") and where.hostname not in own:
            self.complaints.append(f"{request.url} was asked for")


@contextmanager
def visiting(
    browser: Browser, platform: RunningPlatform, axe: Path, cookies: StorageState | None = None
) -> Iterator[Visitor]:
    """Somebody visits until the block ends; AssertionError if the browser had to complain."""
    with browser.new_context(locale="en-GB", timezone_id="Europe/Zurich", storage_state=cookies) as context:
        context.add_init_script(path=axe)  # beside the page's policy, which forbids to add scripts
        with context.new_page() as page:
            page.set_default_timeout(PATIENCE_MS)
            visitor = Visitor(page, platform)
            visitor.resize(visitor.width)
            page.on("console", visitor.hears)
            page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
            page.on("request", visitor.sends)
            yield visitor
        assert visitor.complaints == []
