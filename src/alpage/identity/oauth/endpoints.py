"""The endpoints of the login that programs speak to: a surface beside the API's, without envelopes (RFC 6749, 5)."""

from collections.abc import Callable, Mapping
from time import time
from urllib.parse import urlsplit

import orjson
from authlib.oauth2 import OAuth2Error
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from alpage.api import logs
from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.oauth.code_grant import CodeGrant, Sha256Challenge
from alpage.identity.oauth.parameters import Parameters, read_form
from alpage.identity.oauth.provider import Provider
from alpage.identity.oauth.server import NEVER_STORED, LoginRequest, Server
from alpage.identity.tokens import Tokens
from alpage.storage.changes import Author
from alpage.storage.database import Database

log = logs.get("oauth")

Handler = Callable[[LoginRequest], Response]


class OAuth:
    """The surface."""

    def __init__(self, provider: Provider, database: Database, tokens: Tokens) -> None:
        self.provider = provider
        self.database = database
        self.tokens = tokens
        self.authorizations = Authorizations(provider.settings, provider.pepper)
        self._prefix = urlsplit(provider.issuer).path
        self._server = _server(provider)
        self._forms: Mapping[str, Handler] = {"/token": self._server.create_token_response}

    def has(self, path: str) -> bool:
        """Whether a path is one of the surface's own."""
        return self._below(path) in self._forms

    def refuse(self, request: Request, error: ApiError) -> Response:  # noqa: ARG002 - a surface's
        """The answer to a request whose body was not read."""
        return _error(error.status, "invalid_request", "the body is too large")

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens."""
        try:
            return self._answer(request)
        except Exception as error:
            return self._failure(request, error)

    def _below(self, path: str) -> str:
        return path.removeprefix(self._prefix)

    def _answer(self, request: Request) -> Response:
        path = self._below(request.path)
        if request.method != "POST":
            return _not_allowed("POST")
        try:
            parameters = read_form(request.body, request.headers.get("content-type", ""))
        except OAuth2Error as error:
            return _error(error.status_code, error.error, error.description)
        return self._in_transaction(request, path, parameters, self._forms[path])

    def _in_transaction(self, request: Request, path: str, parameters: Parameters, handler: Handler) -> Response:
        now = int(time())
        self.provider.keys.ready(now)
        with self.database.transaction(Author(request_id=request.id)) as transaction:
            login_request = LoginRequest(request, path, parameters, self.provider, transaction, now)
            response = handler(login_request)
        response.headers += login_request.told
        return response

    def _failure(self, request: Request, error: Exception) -> Response:
        if isinstance(error, DataError | OverflowError):  # a value its column cannot hold
            return _error(400, "invalid_request", "a parameter cannot be read")
        if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return _error(503, "temporarily_unavailable", "try again in a moment")
        log.exception("failed", request_id=request.id, method=request.method, path=request.path)
        return _error(500, "server_error", "something went wrong here")


def _server(provider: Provider) -> Server:
    server = Server(provider)
    server.register_grant(CodeGrant, [Sha256Challenge(required=True)])
    return server


def _error(status: int, code: str, description: str) -> Response:
    return Response(status, orjson.dumps({"error": code, "error_description": description}), [*NEVER_STORED])


def _not_allowed(allowed: str) -> Response:
    response = _error(405, "invalid_request", "this method is not offered here")
    response.headers.append(("Allow", allowed))
    return response
