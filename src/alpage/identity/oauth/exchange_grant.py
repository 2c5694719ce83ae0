"""Token exchange: a narrower access token for one the client has (RFC 8693).

A client exchanges only what was given to itself, for the same API and no longer than the first would have lasted: what
it hands on can do less than what it holds.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import TokenEndpointMixin

from alpage.identity.oauth import storage
from alpage.identity.oauth.issuing import Access, InvalidTargetError
from alpage.identity.oauth.parameters import split
from alpage.identity.oauth.server import InvalidProofError, Issuing
from alpage.identity.scopes import contains

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
NOT_OFFERED = ("actor_token", "actor_token_type", "audience")


class ExchangeGrant(Issuing, TokenEndpointMixin):
    """`grant_type=urn:ietf:params:oauth:grant-type:token-exchange`."""

    GRANT_TYPE = EXCHANGE

    def validate_token_request(self) -> None:
        """Settles what the new token is for. Raises OAuth2Error."""
        request = self.request
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(EXCHANGE):
            raise UnauthorizedClientError("this application is not registered for it")
        for name in NOT_OFFERED:
            if name in request.parameters.values:
                raise InvalidRequestError(f"{name} is not offered")
        if request.required("subject_token_type") != ACCESS_TOKEN:
            raise InvalidRequestError("subject_token must be an access token")
        if request.parameters.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError("only access tokens are given for it")
        subject = self._subject(request.required("subject_token"), client.id)
        key = self.bound_key(client)
        if subject.key_thumbprint and key != subject.key_thumbprint:
            raise InvalidProofError("the token is bound to another key")
        held = storage.scopes_of(subject)
        wanted = split(request.parameters.get("scope")) or held
        if not all(contains(held, scope) for scope in wanted):
            raise InvalidScopeError
        request.access = Access(
            client=client,
            grant=subject,
            scopes=[scope for scope in wanted if scope != "openid"],
            resource=self._resource(subject.audience),
            key_thumbprint=key,
            ends=subject.expires_at is not None,
            expires_at=subject.expires_at,
        )

    def create_token_response(self) -> tuple[int, Any, Any]:
        """The answer, with the type of what was given (RFC 8693, 2.2.1)."""
        return 200, {**self.generate_token(), "issued_token_type": ACCESS_TOKEN}, ()

    def _subject(self, secret: str, application_id: int) -> Any:
        request = self.request
        subject = storage.find_token(request.transaction, request.provider.pepper, secret)
        if subject is None or subject.kind != storage.ACCESS or subject.application_id != application_id:
            raise InvalidGrantError("subject_token is no access token of this application")
        now = request.now_of(subject.user_id)
        if not storage.is_alive(subject, now) or storage.is_over(subject, now):
            raise InvalidGrantError("subject_token is over")
        return subject

    def _resource(self, audience: list[str] | None) -> str | None:
        """The API the token is for, which is that of the first. Raises InvalidTargetError."""
        held = set(audience or self.request.provider.own_resources)
        if not held.issuperset(self.request.parameters.resources):
            raise InvalidTargetError("subject_token is not for this resource")
        return audience[0] if audience else None
