"""The login of a running platform, as applications and their users meet it: by HTTP and nothing else."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import select

from alpage.identity.oauth.redirects import Answer
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import Login
from tests.web.browsing import Browser, Page
from tests.web.login.conftest import PASSWORD


class BehindTls(httpx.BaseTransport):
    """Speaks HTTP where the browser means HTTPS, as a proxy in front of the platform does."""

    def __init__(self, plain: httpx.BaseTransport) -> None:
        self._plain = plain

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http")
        return self._plain.handle_request(request)


class HttpBrowser(Browser):
    """One browser on one machine, which speaks to a running platform."""

    client: Any

    def __init__(self, served: Served, ip: str = "") -> None:
        self.served = served
        self.ip = ip or served.address()
        self.client = served.client(
            self.ip,
            headers={"user-agent": "A browser of the tests"},
            base_url=served.program.url.replace("http", "https"),
            transport=BehindTls(served.transport),
        )

    def another(self, ip: str = "") -> "HttpBrowser":
        """A browser of somebody else's."""
        return HttpBrowser(self.served, ip)

    def plant(self, name: str, value: str) -> None:
        """Puts a cookie into the browser."""
        self.client.cookies.set(name, value, domain=httpx.URL(self.served.program.url).host, path="/")


@dataclass
class RunningLogin(Login):
    """The login of a running platform."""

    served: Served = field(kw_only=True)
    browsers: dict[int, HttpBrowser] = field(init=False, default_factory=dict)  # by session

    def __post_init__(self) -> None:
        """Nothing of it is in this process."""

    def session(self, user: User, **values: Any) -> Session:
        """A browser the user is signed in with. `values`: what is different about it."""
        with self.platform.database.transaction(NOBODY) as transaction:
            kept = transaction.session.get_one(User, user.id)
            kept.password_hash = kept.password_hash or hash_password(PASSWORD)
        browser = HttpBrowser(self.served)
        page = browser.get("/login/signin").submit("/signin", email=user.email, password=PASSWORD)
        assert page.path == "/login/", page.text
        with self.platform.database.transaction(NOBODY) as transaction:
            latest = select(Session).where(Session.user_id == user.id).order_by(Session.id.desc()).limit(1)
            session = transaction.session.scalars(latest).one()
            for name, value in values.items():
                setattr(session, name, value)
        self.browsers[session.id] = browser
        return session

    def ask(self, query: str, session: Session | None = None) -> Page:
        """What an authorization request leads to, in the browser of a session or in one nobody is signed in with."""
        browser = HttpBrowser(self.served) if session is None else self.browsers[session.id]
        return browser.get(f"{self.prefix}/authorize?{query}")

    def approve(self, session: Session, query: str, now: int | None = None) -> Answer:
        """Allows all that a request asks for."""
        assert now is None, "the clock of a running platform is the machine's"
        page = self.ask(query, session)
        if page.status == 200:
            page = page.submit("/consent", "Allow")
        assert page.status == 303, page.text
        return Answer(page.location)


def is_refused_here(page: Page) -> bool:
    """Whether a request ended on a page of ours, and nobody else hears of it."""
    return (page.status, page.location) == (400, "") and not page.forms


def is_asked_to_sign_in(page: Page) -> bool:
    """Whether a request is a good one: what is left is to know who is there."""
    return page.status == 200 and page.path.startswith("/login/signin?")


def code_of(page: Page) -> str:
    """The error a page of ours tells."""
    found = re.search(r"<code>(\w+)</code>", page.response.text)
    assert found is not None, page.text
    return found[1]


def told(page: Page) -> dict[str, str]:
    """What the application hears of a request."""
    assert page.status == 303, page.text
    return dict(parse_qsl(urlsplit(page.location).query))
