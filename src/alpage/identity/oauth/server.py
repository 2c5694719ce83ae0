"""The server: Authlib's, with what it asks for answered by our storage.

It is built once. Each request brings its own transaction along; a request that is refused is committed too, so that a
code that was shown is used up whatever was wrong with the rest.
"""

import re
from functools import cached_property
from typing import Any

import orjson
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from alpage.api.callers import Proof
from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.identity import dpop, user_clocks
from alpage.identity.oauth import clients, issuing
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.issuing import Access, TokenAnswer
from alpage.identity.oauth.parameters import Parameters
from alpage.identity.oauth.provider import Provider
from alpage.storage.database import Transaction

OF_THIS_MACHINE = re.compile(r"^http://[^/:@]+\.localhost(?=[:/]|$)")  # as `localhost` itself (RFC 6761, 6.3)
NEVER_STORED = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class UnsupportedGrantTypeError(OAuth2Error):
    """A way to get tokens that is not offered; what was asked for is not echoed."""

    error = "unsupported_grant_type"


class InvalidProofError(OAuth2Error):
    """A proof of possession that proves nothing (RFC 9449, 5)."""

    error = "invalid_dpop_proof"


class NonceNeededError(OAuth2Error):
    """A proof over a nonce that is not ours (RFC 9449, 8)."""

    error = "use_dpop_nonce"


class LoginRequest(OAuth2Request):
    """A request to one of the login's endpoints for programs, as Authlib reads them."""

    def __init__(
        self,
        http: Request,
        path: str,
        parameters: Parameters,
        *,
        provider: Provider,
        transaction: Transaction,
        now: int,
    ) -> None:
        address = provider.address(path)
        # Authlib wants HTTPS, but of `localhost`, and does not know the names below it.
        super().__init__(http.method, OF_THIS_MACHINE.sub("http://localhost", address), headers=http.headers)
        self.uri = address
        self.http = http
        self.path = path
        self.parameters = parameters
        self.payload = BasicOAuth2Payload(parameters.values)
        self.provider = provider
        self.transaction = transaction
        self.now = now
        self.client: Any = None  # once it has shown who it is
        self.is_guess = False  # whether it named a client and could not show that it is this client
        self.access: Access | None = None

    def now_of(self, user_id: int) -> int:
        """The time by a user's clock, which what he keeps here goes by."""
        return self.now + user_clocks.ahead(self.provider.clocks, self.transaction, user_id)

    @property
    def form(self) -> Any:
        """The parameters; there are none besides."""
        return self.parameters.values

    def required(self, name: str) -> str:
        """A parameter that must be there. Raises InvalidRequestError."""
        value = self.parameters.get(name)
        if not value:
            raise InvalidRequestError(f"{name} is missing")
        return value

    @cached_property
    def proof(self) -> tuple[str, str] | None:
        """The key the sender has shown to hold, and the ticket that makes the proof good once.

        Raises NonceNeededError or InvalidProofError.
        """
        shown = self.http.headers.get("dpop")
        if shown is None:
            return None
        proof, needs_nonce = Proof(shown, self.http.method, self.uri), self.provider.settings.dpop_nonces
        try:
            return dpop.key_of(proof, self.provider.pepper, self.now, needs_nonce=needs_nonce)
        except dpop.BadNonceError as error:
            raise NonceNeededError(str(error)) from None
        except dpop.BadProofError as error:
            raise InvalidProofError(str(error)) from None

    def proven_key(self) -> str | None:
        """The thumbprint of the key the sender has shown to hold, which uses up the proof.

        Raises NonceNeededError or InvalidProofError.
        """
        if self.proof is None:
            return None
        thumbprint, ticket = self.proof
        try:
            dpop.use(self.transaction, ticket, self.now)
        except dpop.BadProofError as error:
            raise InvalidProofError(str(error)) from None
        return thumbprint


class Server(AuthorizationServer):
    """The authorization server."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider

    def authenticate_client(self, request: LoginRequest, methods: Any, endpoint: str = "token") -> Client:  # noqa: ARG002 - Authlib's
        """The client that asks. Raises InvalidClientError."""
        request.is_guess = True  # until the client has shown who it is
        client = clients.authenticate(
            request.transaction,
            request.parameters,
            request.http.headers.get("authorization", ""),
            pepper=self.provider.pepper,
            audiences=self.provider.audiences,
            clocks=self.provider.clocks,
            now=request.now,
        )
        request.is_guess = False
        request.client, request.auth_method = client, client.method
        return client

    def get_token_grant(self, request: LoginRequest) -> Any:
        """The grant type that is asked for. Raises UnsupportedGrantTypeError."""
        request.required("grant_type")
        for grant_class, extensions in self._token_grants:
            if grant_class.check_token_endpoint(request):
                grant = grant_class(request, self)
                for extend in extensions or ():
                    extend(grant)
                return grant
        raise UnsupportedGrantTypeError("this grant_type is not offered")

    def create_token_response(self, request: LoginRequest) -> Response:
        """The answer of the token endpoint."""
        try:
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            return self.handle_response(*grant.create_token_response())
        except OAuth2Error as error:
            return self.handle_error_response(request, error)

    def create_oauth2_request(self, request: LoginRequest) -> LoginRequest:
        """The request; it is one already."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tells nobody: what matters is on record in the change log."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:  # noqa: ARG002 - ours are always the same
        """An answer in JSON, which nobody keeps."""
        return Response(status, orjson.dumps(body), [*NEVER_STORED])

    def handle_error_response(self, request: LoginRequest, error: OAuth2Error) -> Response:
        """An error in JSON (RFC 6749, 5.2)."""
        response = self.handle_response(error.status_code, described(error), ())
        if isinstance(error, NonceNeededError):
            response.headers.append(("DPoP-Nonce", dpop.nonce(self.provider.pepper, request.now)))
        if error.status_code == 401:
            scheme = "Basic" if request.http.headers.get("authorization", "").lower().startswith("basic ") else "Bearer"
            response.headers.append(("WWW-Authenticate", f'{scheme} realm="{self.provider.issuer}"'))
        return response


class Issuing(BaseGrant):
    """What all grant types share: how the client shows who it is, and how tokens are made and kept."""

    TOKEN_ENDPOINT_AUTH_METHODS = clients.METHODS
    request: LoginRequest

    def bound_key(self, client: Client) -> str | None:
        """The key that the tokens to come are bound to. Raises InvalidProofError where the client must have one."""
        key = self.request.proven_key()
        if key is None and client.application.requires_dpop:
            raise InvalidProofError("this application's tokens are bound to a key")
        return key

    def generate_token(self, *_args: Any, **_kwargs: Any) -> TokenAnswer:
        """The answer made of what was validated, with its tokens kept."""
        request = self.request
        if request.access is None:
            raise RuntimeError("nothing was validated")
        return issuing.issue(request.provider, request.transaction, request.access, request.now)

    def save_token(self, token: TokenAnswer) -> None:
        """Keeps nothing more: a token is kept when it is made."""


def described(error: OAuth2Error) -> dict[str, str]:
    """An error as its answer has it (RFC 6749, 5.2)."""
    body = {"error": str(error.error)}
    if error.description:
        body["error_description"] = str(error.description)
    return body
