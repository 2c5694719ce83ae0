"""A browser without scripts: keeps cookies, follows links within the platform, fills in forms and sends them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from starlette.testclient import TestClient
from starlette.types import ASGIApp

ORIGIN = "https://testserver"
MOST_REDIRECTS = 8


@dataclass
class Form:
    """A form of a page. `ticked`: the boxes that are, by their name. `buttons`: what each sends, by its words."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    ticked: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._button: tuple[str, str] | None = None
        self._label: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given["action"])
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and given.get("type") not in ("checkbox", "radio"):
            self._form.fields[given.get("name", "")] = given.get("value", "")
        elif tag == "input" and self._form is not None and "checked" in given:
            self._form.ticked.setdefault(given.get("name", ""), []).append(given.get("value", ""))
        elif tag == "button":
            self._button, self._label = (given.get("name", ""), given.get("value", "")), []
        elif tag in ("script", "style"):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button" and self._button is not None:
            if self._form is not None:
                self._form.buttons[" ".join("".join(self._label).split())] = self._button
            self._button = None
        elif tag in ("script", "style"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._label.append(data)
        if not self._hidden:
            self.words.append(data)


@dataclass
class Page:
    """What a browser shows."""

    browser: "Browser"
    response: Any
    path: str

    def __post_init__(self) -> None:
        reader = _Reader()
        reader.feed(self.response.text)
        self.forms = reader.forms
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def location(self) -> str:
        """Where the page sends on to, outside the platform."""
        return str(self.response.headers.get("location", ""))

    def form(self, action: str = "") -> Form:
        """The form that is sent to an action ending so, or the first."""
        return next(form for form in self.forms if form.action.endswith(action))

    def submit(self, action: str = "", button: str = "", **values: str | list[str]) -> "Page":
        """Fills the form in and presses a button, the first one if none is named. Boxes: the values that are ticked."""
        form = self.form(action)
        pressed = form.buttons[button] if button else next(iter(form.buttons.values()), ("", ""))
        sent = {**form.fields, **form.ticked, **values}
        if pressed[0]:
            sent[pressed[0]] = pressed[1]
        return self.browser.post(form.action or self.path, sent)


class Browser:
    """One browser on one machine."""

    def __init__(self, app: ASGIApp, ip: str = "192.0.2.1") -> None:
        self.client = TestClient(
            app,
            ORIGIN,
            raise_server_exceptions=False,
            headers={"user-agent": "A browser of the tests"},
            follow_redirects=False,
            client=(ip, 50_000),
        )

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    def get(self, path: str, **headers: str) -> Page:
        """Looks at a page, wherever the platform sends from there."""
        return self._follow(self.client.get(path, headers={"sec-fetch-site": "none", **headers}), path)

    def post(self, path: str, fields: Mapping[str, str | list[str]], *, site: str = "same-origin") -> Page:
        """Sends a form."""
        return self._follow(self.client.post(path, data=fields, headers={"sec-fetch-site": site}), path)

    def _follow(self, response: Any, path: str) -> Page:
        for _ in range(MOST_REDIRECTS):
            target = response.headers.get("location", "")
            if not target.startswith("/") or urlsplit(target).netloc:
                return Page(self, response, path)
            path = target
            response = self.client.get(path, headers={"sec-fetch-site": "none"})
        raise AssertionError("the platform sends in circles")
