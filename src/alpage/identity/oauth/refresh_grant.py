"""Refreshing: a refresh token is used once and followed by another (RFC 6749, 6; RFC 9700, 4.14).

The successor is derived from its predecessor, so that a client that lost the answer gets the same one again when it
retries within `GRACE_SECONDS`. A token that comes again later, or after its successor was used, was copied: it ends the
grant.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from alpage.identity.credentials import derive_secret, is_well_formed
from alpage.identity.oauth import issuing, storage
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.issuing import Access, TokenAnswer
from alpage.identity.oauth.parameters import split
from alpage.identity.oauth.server import InvalidProofError, Issuing
from alpage.identity.scopes import contains

GRACE_SECONDS = 30
ENDLESS = "infinite"  # what clients of the reference login ask for


class RefreshToken:
    """A refresh token that was shown, with what was kept of it."""

    def __init__(self, secret: str, row: Any) -> None:
        self.secret = secret
        self.row = row

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client."""
        return bool(self.row.application_id == client.id)

    @property
    def scopes(self) -> list[str]:
        """What its access tokens may be for."""
        return storage.scopes_of(self.row)


class RefreshGrant(Issuing, RefreshTokenGrant):
    """`grant_type=refresh_token`."""

    def authenticate_refresh_token(self, secret: str) -> RefreshToken | None:
        """The token that was shown, if it could be one."""
        request = self.request
        if not is_well_formed(secret, "rt"):
            return None
        row = storage.find_token(request.transaction, request.provider.pepper, secret)
        if row is None or row.kind != storage.REFRESH:
            return None
        now = request.now_of(row.user_id)
        return RefreshToken(secret, row) if storage.is_alive(row, now) and not storage.is_over(row, now) else None

    def _validate_token_scope(self, token: RefreshToken) -> None:
        """Raises InvalidScopeError where more is asked for than was granted."""
        wanted = split(self.request.parameters.get("scope"))
        if not all(contains(token.scopes, scope) for scope in wanted):
            raise InvalidScopeError

    def authenticate_user(self, token: RefreshToken) -> Any:
        """The grant of the token; settles what the new ones are."""
        request, row = self.request, token.row
        key = self.bound_key(request.client)
        if row.key_thumbprint and key != row.key_thumbprint:
            raise InvalidProofError("the refresh token is bound to another key")
        resource = issuing.choose_resource(request.provider, request.parameters.resources, row.audience)
        endless = request.parameters.get("duration") == ENDLESS and request.provider.settings.tokens_without_end
        request.access = Access(
            client=request.client,
            grant=row,
            scopes=split(request.parameters.get("scope")) or token.scopes,
            resource=resource,
            key_thumbprint=key,
            refresh_token=self._successor(token),
            ends=not endless,
        )
        return row

    def issue_token(self, _grant: Any, _token: RefreshToken) -> TokenAnswer:
        """The new tokens."""
        return self.generate_token()

    def revoke_old_credential(self, token: RefreshToken) -> None:
        """Leaves the token: that it was used is how a second use is recognised."""

    def _successor(self, token: RefreshToken) -> str:
        """The token that follows, the same for all who are in time. Raises InvalidGrantError."""
        request, row = self.request, token.row
        pepper, generation, now = request.provider.pepper, row.generation + 1, request.now_of(row.user_id)
        successor = derive_secret(pepper, "rt", token.secret, str(generation))
        if storage.consume(request.transaction, row.id, now):
            storage.add_token(
                request.transaction,
                pepper,
                successor,
                grant_id=row.grant_id,
                kind=storage.REFRESH,
                scopes=row.scopes,
                audience=row.audience,
                key_thumbprint=row.key_thumbprint,
                generation=generation,
                now=now,
                expires_at=now + issuing.REFRESH_SECONDS,
            )
            return successor
        followed = storage.find_token(request.transaction, pepper, successor)
        if followed is not None and followed.consumed_at is None and now <= followed.created_at + GRACE_SECONDS:
            return successor
        storage.revoke_grant(request.transaction, row.grant_id, "refresh_token_replayed", request.http.ip, request.now)
        raise InvalidGrantError("the refresh token was used before")
