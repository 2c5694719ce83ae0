"""A platform with its manager, a login that speaks the same protocol as the real one, and browsers."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from time import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from alpage import app
from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.identity import own_applications
from alpage.identity.applications import Application
from alpage.identity.grants import Grant
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.web import in_process
from tests.web.manager.browsing import Browser

ORIGIN = "https://testserver"
ISSUER = f"{ORIGIN}/login"


@dataclass
class Login:
    """A login: whoever comes is `user`, and is given an access token with the platform's own scopes."""

    platform: Any
    user: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, int] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    expires_in: int = 3600
    signed_in_ago: int = 0  # seconds since the user has proved who he is
    refused: str = ""

    def authorize(self, url: str) -> str:
        """What the browser is sent back to, from the address it was sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        answer = f"error={self.refused}" if self.refused else f"code={code}"
        return f"{asked['redirect_uri']}?{answer}&state={asked['state']}&iss={ISSUER}"

    def answer(self, request: Request) -> Response:
        if request.path == "/login/.well-known/openid-configuration":
            return _json(
                {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "revocation_endpoint": f"{ISSUER}/revoke",
                    "end_session_endpoint": f"{ISSUER}/logout",
                }
            )
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.path == "/login/revoke":
            self.revoked.append(form["token"])
            return Response(200, b"")
        assert request.path == "/login/token", request.path
        assert form["client_id"] == "alpage-manager"
        if form["grant_type"] == "refresh_token":
            return self._give(self.refresh_tokens[form["refresh_token"]], {})
        asked = self.codes.pop(form["code"], None)
        if asked is None or _challenge(form["code_verifier"]) != asked["code_challenge"]:
            return _json({"error": "invalid_grant", "error_description": "The code is not known."}, 400)
        return self._give(self.user.id, asked)

    def _give(self, user_id: int, asked: dict[str, str]) -> Response:
        user = type("Owner", (), {"id": user_id})
        refresh_token = f"refresh{len(self.refresh_tokens)}"
        self.refresh_tokens[refresh_token] = user_id
        access_token = self.platform.token(user)
        with self.platform.database.transaction(NOBODY) as transaction:
            session, now = transaction.session, int(time())
            own_applications.ensure(session, self.platform.settings, now)
            session.flush()
            grant = session.scalars(select(Grant).order_by(Grant.id.desc())).first()
            manager = session.scalars(select(Application).where(Application.client_id == "alpage-manager")).one()
            grant.name, grant.grant_type, grant.application_id = "", "authorization_code", manager.id
            grant.authenticated_at = now - self.signed_in_ago
        answer: dict[str, Any] = {
            "access_token": access_token,
            "refresh_token": refresh_token,
            "expires_in": self.expires_in,
        }
        if asked:
            answer["id_token"] = _id_token({"aud": "alpage-manager", "nonce": asked["nonce"], "sub": str(user_id)})
        return _json(answer)


def _id_token(claims: dict[str, Any]) -> str:
    told = {"iss": ISSUER, "exp": int(time()) + 300, **claims}
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b"{}", orjson.dumps(told), b"signature"))


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _json(content: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(content))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"url": ORIGIN})


@pytest.fixture
def login(platform: Any, monkeypatch: pytest.MonkeyPatch) -> Login:
    """The login the manager finds when it asks for it."""
    made = Login(platform)
    real = in_process.InProcess

    def with_login(surface_of: Any) -> Any:
        return real(lambda host, path: made if path.startswith("/login/") else surface_of(host, path))

    monkeypatch.setattr(in_process, "InProcess", with_login)
    return made


@pytest.fixture
def site(login: Login, platform: Any, routes: Any) -> Iterator[TestClient]:
    application = app.build(platform.settings, platform.database, routes)
    with TestClient(application, ORIGIN, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser(site: TestClient, login: Login, platform: Any) -> Browser:
    """Heidi's browser, signed in."""
    login.user = platform.user("heidi")
    platform.account(login.user)
    made = Browser(site, login)
    made.sign_in()
    return made
