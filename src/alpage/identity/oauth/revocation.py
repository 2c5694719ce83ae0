"""Revocation: an application gives back what it was given (RFC 7009), or whoever holds a token ends it.

With an access or a refresh token goes all that came with it: the grant. Only the tokens an application has for itself
end one by one, since they share a grant for good.
"""

from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from sqlalchemy import select

from alpage.identity import security_events
from alpage.identity.credentials import keyed_hash
from alpage.identity.grants import Grant, revoke
from alpage.identity.oauth import storage
from alpage.identity.oauth.client_credentials_grant import OWN
from alpage.identity.oauth.clients import METHODS, Client
from alpage.identity.oauth.server import LoginRequest
from alpage.identity.tokens import CALLING_KINDS, Token
from alpage.storage.database import Transaction


class Revocation(RevocationEndpoint):
    """The endpoint."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: LoginRequest, client: Client) -> Any:
        """The token, if it is this client's: a token of somebody else is as good as none (RFC 7009, 2.1)."""
        token = storage.find_token(request.transaction, request.provider.pepper, request.required("token"))
        return token if token is not None and token.application_id == client.id else None

    def revoke_token(self, token: Any, request: LoginRequest) -> None:
        """Ends the token, and with it its grant unless that is the application's own."""
        if token.grant_type == OWN:
            storage.forget_token(request.transaction, token.id)
        else:
            storage.revoke_grant(request.transaction, token.grant_id, "token_revoked", request.http.ip, request.now)


def revoke_bearer(transaction: Transaction, pepper: bytes, secret: str, ip: str, now: int) -> bool:
    """Ends a token somebody holds, be it a personal one: who finds a leaked token needs no more than this call.

    False: there is no such token, or it had ended.
    """
    found = transaction.session.execute(
        select(Token.id, Grant)
        .join(Grant, Grant.id == Token.grant_id)
        .where(Token.hash == keyed_hash(pepper, secret), Token.kind.in_(CALLING_KINDS), Grant.revoked_at.is_(None))
    ).one_or_none()
    if found is None:
        return False
    token_id, grant = found
    if grant.grant_type == OWN:
        storage.forget_token(transaction, token_id)
        return True
    revoke(transaction.session, [grant], now)
    security_events.note(
        transaction,
        "token_revoked",
        user_id=grant.user_id,
        now=now,
        ip=ip,
        application_id=grant.application_id,
        grant_id=grant.id,
    )
    return True
