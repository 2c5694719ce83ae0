"""A browser without JavaScript: follows redirects, keeps cookies, and fills in the forms of the pages it is shown."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx

from tests.clients.forms import Form, read_forms

REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows; with status 0, an address it was sent to and did not open."""

    url: str
    status: int = 0
    text: str = ""
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def forms(self) -> list[Form]:
        """Its forms."""
        return read_forms(self.url, self.text)

    def form_with(self, *names: str) -> Form:
        """The first form that has fields of these names; AssertionError with the page if none has."""
        for form in self.forms:
            if form.names >= set(names):
                return form
        raise AssertionError(f"no form with {names} at {self.url} ({self.status}):\n{self.text}")


class Browser:
    """One person's browser. Addresses that begin with `left_alone` it does not open: a program waits for these."""

    def __init__(self, left_alone: str | None = None) -> None:
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        self._client = httpx.Client(timeout=30, trust_env=False, headers=headers)
        self._cookies: dict[str, dict[str, str]] = {}  # by host: ports share them (RFC 6265, 8.5)
        self._left_alone = left_alone

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, url: str) -> Page:
        """Goes to an address, and on to wherever that sends it."""
        return self._follow(self._client.build_request("GET", urldefrag(url).url))

    def submit(self, page: Page, form: Form, values: dict[str, str] | None = None, button: str = "") -> Page:
        """Types values into the fields of these names and sends a form, by the button that says so if one is named."""
        data = form.filled(values or {}, form.button(button) if button else None)
        if form.method == "GET":
            return self.open(str(httpx.URL(form.action, params=data)))
        request = self._client.build_request("POST", form.action, data=data, headers=_source_of(page, form))
        return self._follow(request)

    def _follow(self, request: httpx.Request) -> Page:
        for _ in range(MOST_REDIRECTS):
            url = str(request.url)
            if self._left_alone and url.startswith(self._left_alone):
                return Page(url)
            answer = self._send(request)
            if answer.status_code not in REDIRECTS:
                return Page(url, answer.status_code, answer.text, answer.headers)
            assert request.method == "GET" or answer.status_code in (302, 303), "what was typed would be sent on"
            request = self._client.build_request("GET", urljoin(url, answer.headers["Location"]))
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, at last to {request.url}")

    def _send(self, request: httpx.Request) -> httpx.Response:
        """Sends a request with the host's cookies. httpx's own jar would hold `Secure` ones back on plain HTTP, which
        browsers do not on the loopback address."""
        kept = self._cookies.setdefault(request.url.host, {})
        if kept:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
        answer = self._client.send(request)
        self._client.cookies.clear()
        for header in answer.headers.get_list("Set-Cookie"):
            cookie, *attributes = header.split(";")
            name, _, value = cookie.strip().partition("=")
            kept[name] = value
            if not value or "max-age=0" in {attribute.strip().lower() for attribute in attributes}:
                del kept[name]
        return answer


def _source_of(page: Page, form: Form) -> dict[str, str]:
    """What a browser says of where a form comes from. A page without referrer has no origin either (Fetch, 3.2)."""
    origin, target = ("{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in (page.url, form.action))
    is_silent = page.headers.get("Referrer-Policy") == "no-referrer"
    return {
        "Origin": "null" if is_silent else origin,
        "Sec-Fetch-Site": "same-origin" if origin == target else "cross-site",
    }
