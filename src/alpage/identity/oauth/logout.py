"""Logout that an application begins (OpenID Connect RP-Initiated Logout): who asks, and where the browser goes."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error

from alpage.identity import sessions
from alpage.identity.oauth import clients, redirects
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.parameters import Parameters, read_query
from alpage.identity.oauth.provider import Provider
from alpage.storage.database import Transaction


class LogoutError(Exception):
    """A request that is refused; only a page may show it, nothing is sent on."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True)
class Logout:
    """A logout that is asked for."""

    application: Any  # the row, where it is known
    redirect_uri: str | None  # where the browser goes after, `state` included
    needs_confirmation: bool  # whether the user must be asked: nothing proves that it is his own application


@dataclass(frozen=True, slots=True)
class Logouts:
    """Reads logout requests."""

    provider: Provider

    def read(self, transaction: Transaction, query_string: str, session: sessions.Session | None, now: int) -> Logout:
        """The logout a query string, or a form of the same shape, asks for. Raises LogoutError."""
        try:
            parameters = read_query(query_string)
        except OAuth2Error as error:
            raise LogoutError("invalid_request", str(error.description)) from None
        hint = self._hint(parameters, now)
        client = self._client(transaction, parameters, hint)
        return Logout(
            application=None if client is None else client.application,
            redirect_uri=_redirect_uri(client, parameters),
            needs_confirmation=session is not None and not _is_of(hint, session),
        )

    def _hint(self, parameters: Parameters, now: int) -> dict[str, Any]:
        """What the ID token says that the application got when the user signed in; it may be over by now."""
        token = parameters.get("id_token_hint")
        if not token:
            return {}
        try:
            claims = self.provider.keys.read(token, now)
        except ValueError:
            raise LogoutError("invalid_request", "id_token_hint was not given out here") from None
        if claims.get("iss") != self.provider.issuer:
            raise LogoutError("invalid_request", "id_token_hint was not given out here")
        return claims

    def _client(self, transaction: Transaction, parameters: Parameters, hint: dict[str, Any]) -> Client | None:
        client_id = parameters.get("client_id") or str(hint.get("aud", ""))
        if hint and client_id != hint.get("aud"):
            raise LogoutError("invalid_request", "id_token_hint is another application's")
        if not client_id:
            return None
        client = clients.find(transaction, client_id)
        if client is None:
            raise LogoutError("invalid_request", "there is no such application")
        return client


def _redirect_uri(client: Client | None, parameters: Parameters) -> str | None:
    uri = parameters.get("post_logout_redirect_uri")
    if not uri:
        return None
    if client is None or not redirects.is_registered(uri, client.application.post_logout_redirect_uris):
        raise LogoutError("invalid_request", "post_logout_redirect_uri is not registered for this application")
    state = parameters.get("state")
    return redirects.with_parameters(uri, {"state": state}) if state else uri


def _is_of(hint: dict[str, Any], session: sessions.Session) -> bool:
    """Whether the hint was given out in this very session, or at least to the same user."""
    if "sid" in hint:
        return bool(hint["sid"] == session.public_id)
    return bool(hint.get("sub") == str(session.user_id))
