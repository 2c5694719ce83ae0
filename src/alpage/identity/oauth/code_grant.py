"""The authorization code: what the answer of the authorization endpoint is exchanged for (RFC 6749, 4.1.3).

A code is taken before all but the proof of possession is looked at, so that whoever tries it with the wrong verifier,
address or client has used it up. One that is shown again ends the grant it was for.
"""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from alpage.identity import tickets
from alpage.identity.credentials import is_well_formed, keyed_hash
from alpage.identity.oauth import issuing, storage
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.issuing import Access
from alpage.identity.oauth.server import Issuing


@dataclass(frozen=True, slots=True)
class Code:
    """What stands behind a code."""

    content: dict[str, Any]

    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """What the verifier must hash to."""
        return str(self.content["code_challenge"])

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return str(self.content["redirect_uri"])

    def get_scope(self) -> str:
        """What it gives access to."""
        return " ".join(self.content["scopes"])


class Sha256Challenge(CodeChallenge):
    """PKCE as everybody must do it: with a challenge that hides its verifier."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib declares it so


class CodeGrant(Issuing, AuthorizationCodeGrant):
    """`grant_type=authorization_code`."""

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The code, taken: from now on it is used."""
        request = self.request
        if not is_well_formed(code, "ac"):
            return None
        _ = request.proof  # raises: a client whose proof lacks a nonce comes again with the same code
        taken = tickets.take(request.transaction, "code", keyed_hash(request.provider.pepper, code), request.now)
        if taken is None:
            return None
        if not taken.is_first:
            storage.revoke_grant(
                request.transaction, taken.content["grant_id"], "code_replayed", request.http.ip, request.now
            )
            return None
        return Code(taken.content) if taken.content["application_id"] == client.id else None

    def authenticate_user(self, code: Code) -> Any:
        """The grant the code is for, if it still lives; settles what its tokens are."""
        request, content = self.request, code.content
        grant = storage.find_grant(request.transaction, content["grant_id"])
        if grant is None or not storage.is_alive(grant, request.now_of(grant.user_id)):
            return None
        key = self.bound_key(request.client)
        if content["key_thumbprint"] and key != content["key_thumbprint"]:
            raise InvalidGrantError("the code is bound to another key")
        resources = content["resources"] or None
        resource = issuing.choose_resource(request.provider, request.parameters.resources, resources)
        access = Access(
            client=request.client,
            grant=grant,
            scopes=content["scopes"],
            resource=resource,
            key_thumbprint=key,
            nonce=content["nonce"],
            ends=content["is_offline"] or not request.provider.settings.tokens_without_end,
        )
        request.access = issuing.with_refresh_token(
            request.provider, request.transaction, access, resources, request.now
        )
        return grant

    def delete_authorization_code(self, code: Code) -> None:
        """Leaves the code: that it was used is how a second use is recognised."""
