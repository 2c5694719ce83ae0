"""The login as an application sees it: OpenID Connect, by the words of its own discovery document.

Nothing here knows how the login works inside; any provider of these standards would do.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from secrets import token_urlsafe
from time import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

SCOPES = "openid profile email user_info accounts domain dns tokens applications webhooks security"
TIMEOUT_SECONDS = 30.0
LEEWAY_SECONDS = 30  # clocks differ, and a token must outlive the page it is fetched for


class ProviderError(Exception):
    """The login refuses, in OAuth's words (RFC 6749, 5.2); its text is what it says of the reason."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(description or code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way: what was sent, to know the answer by."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the login gave; `ends_at` is 0 for an access token without end."""

    access_token: str
    refresh_token: str
    id_token: str
    ends_at: int

    @property
    def is_due(self) -> bool:
        """Whether the access token should be replaced by now."""
        return bool(self.ends_at) and self.ends_at - LEEWAY_SECONDS <= time()


class Provider:
    """The login at an issuer's address, to one of its public clients."""

    def __init__(self, issuer: str, client_id: str, redirect_uri: str, transport: httpx.BaseTransport) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, headers={"Accept": "application/json"})

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What the login says of itself (OpenID Connect Discovery, 4)."""
        found = self._read(self._http.get(f"{self.issuer}/.well-known/openid-configuration"))
        if found.get("issuer") != self.issuer:
            raise ProviderError("invalid_issuer")
        return found

    def passkey_page(self, login_hint: str) -> str:
        """Where a person makes a passkey: on the login's host, which it belongs to (W3C, Passkey Endpoints)."""
        return f"{self._passkey_endpoints['enroll']}?{urlencode({'login_hint': login_hint})}"

    @cached_property
    def _passkey_endpoints(self) -> dict[str, Any]:
        scheme, host, *_ = urlsplit(self.issuer)
        return self._read(self._http.get(f"{scheme}://{host}/.well-known/passkey-endpoints"))

    def attempt(self) -> Attempt:
        """The beginning of a sign-in."""
        return Attempt(state=token_urlsafe(16), nonce=token_urlsafe(16), verifier=token_urlsafe(48))

    def authorization_url(self, attempt: Attempt, **parameters: str) -> str:
        """Where to send the browser, for a code (RFC 6749, 4.1; RFC 7636)."""
        challenge = urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES,
            "access_type": "offline",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **parameters,
        }
        return f"{self.metadata['authorization_endpoint']}?{urlencode(query)}"

    def exchange(self, code: str, attempt: Attempt, ip: str) -> Tokens:
        """The tokens for a code. Raises ProviderError."""
        tokens = self._token(
            ip,
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=attempt.verifier,
        )
        self._check(claims(tokens.id_token), attempt.nonce)
        return tokens

    def refresh(self, tokens: Tokens, ip: str) -> Tokens:
        """The tokens that follow. Raises ProviderError."""
        return self._token(ip, tokens, grant_type="refresh_token", refresh_token=tokens.refresh_token)

    def revoke(self, tokens: Tokens, ip: str) -> None:
        """Ends what the tokens allow (RFC 7009). Raises ProviderError."""
        self._read(
            self._http.post(
                self.metadata["revocation_endpoint"],
                data={"token": tokens.refresh_token or tokens.access_token, "client_id": self.client_id},
                extensions={"ip": ip},
            )
        )

    def end_session_url(self, tokens: Tokens, afterwards: str) -> str:
        """Where to send the browser to end the session at the login (OpenID Connect RP-Initiated Logout, 2)."""
        query = {
            "id_token_hint": tokens.id_token,
            "client_id": self.client_id,
            "post_logout_redirect_uri": afterwards,
        }
        return f"{self.metadata['end_session_endpoint']}?{urlencode(query)}"

    def _token(self, ip: str, before: Tokens | None = None, **parameters: str) -> Tokens:
        answer = self._read(
            self._http.post(
                self.metadata["token_endpoint"],
                data={**parameters, "client_id": self.client_id},
                extensions={"ip": ip},
            )
        )
        lifetime = answer.get("expires_in")
        return Tokens(
            access_token=answer["access_token"],
            refresh_token=answer.get("refresh_token", ""),
            id_token=answer.get("id_token") or (before.id_token if before else ""),
            ends_at=int(time()) + int(lifetime) if lifetime else 0,
        )

    def _check(self, told: dict[str, Any], nonce: str) -> None:
        """Whether an ID token is meant for this sign-in (OpenID Connect Core, 3.1.3.7).

        It came straight from the token endpoint, which makes its signature needless (number 6 there).
        """
        audience = told.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience or []
        if told.get("iss") != self.issuer or self.client_id not in audiences or told.get("nonce") != nonce:
            raise ProviderError("invalid_id_token")
        if told.get("exp", 0) + LEEWAY_SECONDS < time():
            raise ProviderError("invalid_id_token")

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            found = response.json() if response.content else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ProviderError("server_error")
        if not response.is_success:
            raise ProviderError(str(found.get("error", "server_error")), str(found.get("error_description", "")))
        return found


def claims(id_token: str) -> dict[str, Any]:
    """What an ID token says. Raises ProviderError for one that is none."""
    try:
        payload = id_token.split(".")[1]
        told = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        raise ProviderError("invalid_id_token") from None
    if not isinstance(told, dict):
        raise ProviderError("invalid_id_token")
    return told
