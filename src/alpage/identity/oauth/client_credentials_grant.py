"""Client credentials: an application that acts by itself, in the name of who made it (RFC 6749, 4.4).

All its tokens belong to one grant, limited to the account the application belongs to.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from sqlalchemy import bindparam, select

from alpage.identity import security_events
from alpage.identity.grants import Grant
from alpage.identity.oauth import issuing, storage
from alpage.identity.oauth.clients import Client, refused
from alpage.identity.oauth.issuing import Access
from alpage.identity.oauth.parameters import split
from alpage.identity.oauth.server import Issuing
from alpage.identity.scopes import SCOPES

OWN = "client_credentials"


class OwnGrant(Issuing, ClientCredentialsGrant):
    """`grant_type=client_credentials`."""

    def authenticate_token_endpoint_client(self) -> Client:
        """The client, which must have shown a secret or a key. Raises InvalidClientError."""
        client: Client = super().authenticate_token_endpoint_client()
        if client.method == "none":
            raise refused()
        if client.application.user_id is None:
            raise UnauthorizedClientError("this application acts in nobody's name")
        return client

    def validate_requested_scope(self) -> None:
        """Settles what the token is for. Raises InvalidScopeError; InvalidClientError where nobody stands for it."""
        request = self.request
        client: Client = request.client
        allowed = [scope for scope in client.application.scopes if scope in SCOPES]
        scopes = client.named(split(request.parameters.get("scope")) or allowed)
        if not scopes or not all(scope in SCOPES and client.may_ask_for(scope) for scope in scopes):
            raise InvalidScopeError
        grant = self._grant(client, sorted(allowed))
        if grant is None or not storage.is_alive(grant, request.now_of(grant.user_id)):
            raise InvalidClientError("the application's owner cannot act", status_code=401)
        request.access = Access(
            client=client,
            grant=grant,
            scopes=sorted(scopes),
            resource=self._resource(),
            key_thumbprint=self.bound_key(client),
        )

    def _resource(self) -> str | None:
        request = self.request
        for resource in request.parameters.resources:
            known = resource in request.provider.own_resources
            if not known and issuing.known_resource(request.transaction, resource) is None:
                raise issuing.InvalidTargetError("there is no such resource")
        return issuing.choose_resource(
            request.provider, request.parameters.resources, [*request.parameters.resources] or None
        )

    def _grant(self, client: Client, scopes: list[str]) -> Any:
        """The application's one grant, made when it is first used and kept at what the application may now do."""
        transaction, application = self.request.transaction, client.application
        values = {"application": client.id, "user": application.user_id}
        found = transaction.execute(_OWN, values).first()
        limits = None if application.account_id is None else [application.account_id]
        if found is not None and (found.scopes, found.account_ids) == (scopes, limits):
            return storage.find_grant(transaction, found.id)
        grant = None if found is None else transaction.session.get(Grant, found.id)
        if grant is None:
            grant = Grant(
                user_id=application.user_id,
                application_id=client.id,
                grant_type=OWN,
                name=application.name,
                created_at=self.request.now,
            )
            transaction.session.add(grant)
        grant.scopes, grant.account_ids = scopes, limits
        transaction.session.flush()
        if found is None:
            security_events.note(
                transaction,
                "access_given",
                user_id=application.user_id,
                now=self.request.now,
                ip=self.request.http.ip,
                application_id=client.id,
                grant_id=grant.id,
                scopes=scopes,
            )
        return storage.find_grant(transaction, grant.id)


_OWN = (
    select(Grant.id, Grant.scopes, Grant.account_ids)
    .where(
        Grant.application_id == bindparam("application"),
        Grant.user_id == bindparam("user"),
        Grant.grant_type == OWN,
        Grant.revoked_at.is_(None),
    )
    .order_by(Grant.id)
    .limit(1)
)
