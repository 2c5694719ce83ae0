"""Introspection: what a token is good for, told to whom it was given or whom it is for (RFC 7662).

Everybody else hears the same as of a token there is not, so that nobody can try tokens out.
"""

from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from alpage.identity.oauth import storage
from alpage.identity.oauth.clients import METHODS, Client
from alpage.identity.oauth.provider import level_of
from alpage.identity.oauth.server import LoginRequest


class Introspection(IntrospectionEndpoint):
    """The endpoint."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: LoginRequest, client: Client) -> Any:
        """What may be told about the token that is asked about; nothing is None. Raises OAuth2Error."""
        if client.method == "none":
            raise UnauthorizedClientError("only applications that keep a secret may ask")
        token = storage.find_token(request.transaction, request.provider.pepper, request.required("token"))
        if token is None or not self._concerns(token, client):
            return None
        now = request.now_of(token.user_id)
        is_good = storage.is_alive(token, now) and not storage.is_over(token, now)
        return _described(request, token) if is_good and token.consumed_at is None else None

    def create_introspection_payload(self, described: dict[str, Any] | None) -> dict[str, Any]:
        """The answer."""
        return described or {"active": False}

    def _concerns(self, token: Any, client: Client) -> bool:
        """Whether the client has the token, or is the API it is for."""
        return token.application_id == client.id or client.application.resource in (token.audience or ())


def _described(request: LoginRequest, token: Any) -> dict[str, Any]:
    provider, ahead = request.provider, request.now_of(token.user_id) - request.now  # who asks has a clock of his own
    told = {
        "active": True,
        "iss": provider.issuer,
        "sub": str(token.user_id),
        "client_id": token.client_id,
        "scope": " ".join(storage.scopes_of(token)),
        "token_type": "DPoP" if token.key_thumbprint else "Bearer",
        "iat": token.created_at - ahead,
        "exp": None if token.expires_at is None else token.expires_at - ahead,
        "aud": token.audience or [provider.settings.public_url],
        "auth_time": token.authenticated_at,
        "acr": level_of(token.methods) if token.authenticated_at else None,
        "cnf": {"jkt": token.key_thumbprint} if token.key_thumbprint else None,
    }
    return {name: value for name, value in told.items() if value is not None}
