"""A visit: one request of a browser, as a page is given it, and the means to answer it."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from secrets import token_urlsafe
from typing import Any, Generic
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.datastructures import Headers, ImmutableMultiDict, QueryParams
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alpage.web import cookies, forgery, headers, sealing
from alpage.web.design.assets import ASSETS
from alpage.web.design.environment import environment
from alpage.web.forms import EMPTY, Form, Upload
from alpage.web.places import Place, Surface
from alpage.web.translations.catalogues import catalogue

LANGUAGE_COOKIE = "language"
OF_ANOTHER_HOST = ("//", "/\\")  # how a browser takes what begins so


@dataclass
class Visit(Generic[Surface]):
    """One request of a browser.

    `path` stands below the place's base. `language` and `timezone` may be set by who knows better than the browser.
    """

    place: Place[Surface]
    method: str
    path: str
    query: QueryParams
    headers: Headers
    cookies: Mapping[str, str]
    ip: str
    language: str
    timezone: str = "UTC"
    body: bytes = b""
    sent: Form = EMPTY
    id: str = field(default_factory=lambda: os.urandom(12).hex())
    nonce: str = field(default_factory=lambda: token_urlsafe(16))
    cookies_to_send: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)  # what a place's own parts find out once a visit

    @property
    def surface(self) -> Surface:
        """What the place gives its pages."""
        return self.place.surface

    @property
    def form(self) -> "ImmutableMultiDict[str, str]":
        """The fields the visitor sent."""
        return self.sent.fields

    @property
    def files(self) -> "ImmutableMultiDict[str, Upload]":
        """The files the visitor sent."""
        return self.sent.files

    # What a page answers

    def render(
        self, template: str, status: int = 200, *, form_action: Iterable[str] = (), **values: Any
    ) -> HTMLResponse:
        """A page from a template below `web/`, by name (`login/sign_in.html`).

        `form_action`: addresses to whose origin a form of the page may send beside our own, or be redirected.
        """
        content = environment(self.language).get_template(template).render(visit=self, **values)
        policy = headers.content_security_policy(self.nonce, form_action=form_action, images=self.place.images)
        return HTMLResponse(content, status, {"Content-Security-Policy": policy, "Content-Language": self.language})

    def redirect(self, path: str, status: int = 303) -> Response:
        """Sends the browser on: to a path of the place, or to an address with its scheme."""
        return RedirectResponse(self.url(path) if path.startswith("/") else path, status)

    # Addresses

    def url(self, path: str, **query: Any) -> str:
        """The address of a path of the place."""
        if path.startswith(OF_ANOTHER_HOST):
            raise ValueError(f"not a path: {path!r}")
        return self.place.base + path + (f"?{urlencode(query, doseq=True)}" if query else "")

    def here(self, **query: Any) -> str:
        """The address of this page with some of its query changed; None takes a part out.

        That of the first page, where this is none: whatever is asked for gets an answer with links to itself.
        """
        kept = [(name, value) for name, value in self.query.multi_items() if name not in query]
        changed = [(name, value) for name, value in query.items() if value is not None]
        path = "/" if self.path.startswith(OF_ANOTHER_HOST) else self.path
        return self.url(path) + (f"?{urlencode(kept + changed)}" if kept or changed else "")

    def asset(self, name: str) -> str:
        """The address of a style, script or image, by its name below `web/`."""
        return f"{self.place.base}{ASSETS.path(name)}"

    # Language

    def gettext(self, message: str, **values: Any) -> str:
        """A message in the visitor's language; `%(name)s` stands for a value."""
        return catalogue(self.language).gettext(message) % values

    def ngettext(self, singular: str, plural: str, num: int, **values: Any) -> str:
        """A message that counts something; `%(num)s` stands for the number."""
        return catalogue(self.language).ngettext(singular, plural, num) % {"num": num, **values}

    # Cookies and sealed values

    def cookie(self, name: str) -> str:
        """A cookie of ours; empty when there is none."""
        return self.cookies.get(cookies.PREFIX + name, "")

    def set_cookie(self, name: str, value: str, lifetime_seconds: int | None = None) -> None:
        """Sets a cookie with whatever this visit is answered."""
        self.cookies_to_send.append(cookies.set_cookie(name, value, lifetime_seconds))

    def clear_cookie(self, name: str) -> None:
        """Takes a cookie away."""
        self.cookies_to_send.append(cookies.clear_cookie(name))

    def seal(self, purpose: str, value: Any, lifetime_seconds: int) -> str:
        """A JSON value as a text that only this place can read, for one purpose, until it ends."""
        return sealing.seal(self.place.secret, purpose, value, lifetime_seconds)

    def unseal(self, purpose: str, sealed: str) -> Any:
        """The value that was sealed; None for what has ended or is garbage."""
        return sealing.unseal(self.place.secret, purpose, sealed)

    # Forged requests

    @cached_property
    def binding(self) -> str:
        """What ties forms to this visitor: his session, else a cookie that is made when a form is first shown."""
        name = f"{self.place.name}-visitor"
        known = (self.place.session_cookie and self.cookie(self.place.session_cookie)) or self.cookie(name)
        if not known:
            known = token_urlsafe(16)
            self.set_cookie(name, known)
        return known

    @cached_property
    def csrf(self) -> str:
        """The value a form must carry."""
        return forgery.token(self.place.secret, self.binding)

    @property
    def csrf_field(self) -> Markup:
        """The hidden field every form that sends must have."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(forgery.FIELD, self.csrf)
