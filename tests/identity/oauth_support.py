"""An application under test, and the steps of a sign-in without its pages."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.testclient import TestClient

from alpage import app
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.applications import Application
from alpage.identity.credentials import new_secret
from alpage.identity.oauth.endpoints import OAuth
from alpage.identity.oauth.redirects import Answer
from alpage.identity.sessions import Session
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from tests.conftest import Platform

REDIRECT = "https://shop.example/callback"
VERIFIER = "v" * 43
EVERY_GRANT = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
SCOPES = ["openid", "profile", "email", "phone", "groups", "offline_access", "user_info", "dns", "accounts"]


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


CHALLENGE = challenge_of(VERIFIER)


@dataclass
class Shop:
    """An application, as its program sees the login."""

    login: "Login"
    application: Application
    secret: str = ""

    @property
    def client_id(self) -> str:
        return self.application.client_id

    def query(self, **parameters: Any) -> str:
        """A whole authorization request; a parameter that is None is left out."""
        given = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": "openid email",
            "state": "st-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **parameters,
        }
        return urlencode({name: value for name, value in given.items() if value is not None}, doseq=True)

    def authorize(self, session: Session, **parameters: Any) -> Answer:
        """What the user's agreement to the request brings."""
        return self.login.approve(session, self.query(**parameters))

    def code(self, session: Session, **parameters: Any) -> str:
        answer = self.authorize(session, **parameters)
        return parse_qs(urlsplit(answer.url).query)["code"][0]

    def post(self, path: str = "/token", headers: dict[str, str] | None = None, **fields: Any) -> Any:
        """Sends a form as the client; a field that is None is left out."""
        who = {"client_id": self.client_id, "client_secret": self.secret or None}
        given = {name: value for name, value in {**who, **fields}.items() if value is not None}
        return self.login.client.post(self.login.prefix + path, data=given, headers=headers or {})

    def redeem(self, code: str, **fields: Any) -> Any:
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self.post(**{**given, **fields})

    def refresh(self, token: str, **fields: Any) -> Any:
        return self.post(grant_type="refresh_token", refresh_token=token, **fields)

    def tokens(self, session: Session, **parameters: Any) -> dict[str, Any]:
        """The tokens of a whole sign-in."""
        answer = self.redeem(self.code(session, **parameters))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def is_active(self, token: str) -> bool:
        """Whether a token is good, as its own client is told."""
        answer = self.post("/introspect", token=token)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])


@dataclass
class Login:
    """The login of a platform under test."""

    platform: Platform
    client: TestClient
    oauth: OAuth = field(init=False, repr=False)
    prefix: str = "/login"

    def __post_init__(self) -> None:
        settings = self.platform.settings
        limits = app.open_limits(settings)
        self.oauth = app.open_login(settings, self.platform.database, self.platform.tokens, limits)

    @property
    def issuer(self) -> str:
        return self.platform.settings.issuer

    def shop(self, *, confidential: bool = True, **values: Any) -> Shop:
        """A registered application."""
        given = {
            "client_id": token_hex(8),
            "name": "Shop",
            "is_confidential": confidential,
            "token_endpoint_auth_method": "client_secret_basic" if confidential else "none",
            "grant_types": EVERY_GRANT,
            "scopes": SCOPES,
            "redirect_uris": [REDIRECT],
            "created_at": int(time()),
            **values,
        }
        application = Application(**given)
        self.platform.add(application)
        secret = self.secret(application) if given["token_endpoint_auth_method"].startswith("client_secret") else ""
        return Shop(self, application, secret)

    def secret(self, application: Application, **values: Any) -> str:
        """One more secret of an application."""
        secret = new_secret("cs")
        digest = self.platform.tokens.hash(secret)
        self.platform.add(
            ApplicationSecret(
                application_id=application.id, hash=digest, last_four=secret[-4:], created_at=int(time()), **values
            )
        )
        return secret

    def session(self, user: User, **values: Any) -> Session:
        """A browser the user is signed in with."""
        now = int(time())
        given = {
            "user_id": user.id,
            "hash": token_hex(32),
            "public_id": token_hex(16),
            "authenticated_at": now,
            "methods": ["pwd"],
            "ip": "192.0.2.1",
            "user_agent": "test",
            "created_at": now,
            "expires_at": now + 86_400,
            **values,
        }
        session = Session(**given)
        self.platform.add(session)
        return session

    def read(self, query: str, now: int | None = None) -> Any:
        """The authorization request of a query, in a transaction of its own."""
        with self.platform.database.transaction(NOBODY) as transaction:
            return self.oauth.authorizations.read(transaction, query, now or int(time()))

    def approve(self, session: Session, query: str, now: int | None = None) -> Answer:
        """Allows all that a request asks for."""
        moment = now or int(time())
        with self.platform.database.transaction(NOBODY) as transaction:
            request = self.oauth.authorizations.read(transaction, query, moment)
            return self.oauth.authorizations.approve(transaction, request, session, request.wanted, moment)

    def get(self, path: str, token: str = "", **options: Any) -> Any:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **options.pop("headers", {})}
        return self.client.get(self.prefix + path, headers=headers, **options)
