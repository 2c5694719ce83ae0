"""A browser without a screen: follows links, reads forms, fills them in and sends them."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

HOST = "https://testserver"
HEADERS = {"sec-fetch-site": "same-origin", "accept-language": "en"}


@dataclass
class Form:
    """A form of a page: where it sends, and what it would send as it stands."""

    action: str
    fields: list[tuple[str, str]]
    multipart: bool = False

    def named(self, name: str) -> list[str]:
        """What a field would send."""
        return [value for key, value in self.fields if key == name]


class Page(HTMLParser):
    """A page as it was answered: its text, and its forms."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.html = response.text
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._open: Form | None = None
        self._in_link = False
        self._select = ""
        self._textarea: list[str] | None = None
        self._textarea_name = ""
        self.feed(self.html)

    @property
    def text(self) -> str:
        """What one reads on it."""
        return " ".join(" ".join(self.words).split())

    def form(self, action: str) -> Form:
        """The form that sends to an address."""
        return next(form for form in self.forms if form.action.endswith(action))

    def link(self, words: str) -> str:
        """Where a link of these words leads, below the manager."""
        return next(href for text, href in self.links if words in text).removeprefix("/manager")

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        given = dict(attributes)
        if tag == "a":
            self.links.append(("", given["href"]))
            self._in_link = True
        if tag == "form" and given.get("method") == "post":
            self._open = Form(given["action"], [], given.get("enctype") == "multipart/form-data")
            self.forms.append(self._open)
        if self._open is None:
            return
        name, value = given.get("name", ""), given.get("value") or ""
        if tag == "input" and name and given.get("type") != "file":
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self._open.fields.append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._open.fields.append((self._select, value))
        elif tag == "textarea":
            self._textarea, self._textarea_name = [], name

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False
        if tag == "form":
            self._open = None
        if tag == "textarea" and self._textarea is not None and self._open is not None:
            self._open.fields.append((self._textarea_name, "".join(self._textarea).strip("\n")))
            self._textarea = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in_link:
            text, href = self.links[-1]
            self.links[-1] = (text + data, href)
        if self._textarea is not None:
            self._textarea.append(data)


class Browser:
    """A browser at the manager."""

    def __init__(self, client: TestClient, login: Any) -> None:
        self.client = client
        self.login = login

    def sign_in(self, path: str = "/manager/sign-in") -> Any:
        """Goes to the login and back; answers with where one comes out."""
        there = self.client.get(path, headers=HEADERS)
        assert there.status_code == 303, there.text
        back = self.login.authorize(there.headers["location"])
        return self.client.get(back.removeprefix(HOST), headers=HEADERS)

    def get(self, path: str) -> Page:
        """Looks at a page of the manager."""
        return Page(self.client.get("/manager" + path, headers=HEADERS))

    def send(self, form: Form, files: Any = None, **changed: Any) -> Page:
        """Fills in a form, sends it, and answers with what comes back, without following it."""
        fields = [(name, value) for name, value in form.fields if name not in changed]
        for name, value in changed.items():
            fields += [(name, one) for one in (value if isinstance(value, list) else [value])]
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        return Page(self.client.post(form.action.removeprefix(HOST), data=data, files=files, headers=HEADERS))

    def follow(self, page: Page) -> Page:
        """Goes where a page sends the browser."""
        assert page.status == 303, page.text
        return self.get(page.response.headers["location"].removeprefix("/manager"))
