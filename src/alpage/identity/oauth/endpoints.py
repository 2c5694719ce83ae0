"""The endpoints of the login that programs speak to: a surface beside the API's, without envelopes (RFC 6749, 5).

What a request says stands in its form, or for those that are read in its path: never in its query, and tokens only in
the `Authorization` header.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import urlsplit

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from alpage.api import envelope, logs
from alpage.api.callers import Caller, proof_of
from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.api.languages import negotiate
from alpage.api.limits import Limits
from alpage.identity.applications import Application
from alpage.identity.attempts import of_address
from alpage.identity.oauth import device_flow, metadata, registration, userinfo
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.oauth.authorization_requests import AuthorizationError
from alpage.identity.oauth.client_credentials_grant import OwnGrant
from alpage.identity.oauth.clients import METHODS
from alpage.identity.oauth.code_grant import CodeGrant, Sha256Challenge
from alpage.identity.oauth.device_flow import DeviceGrant
from alpage.identity.oauth.exchange_grant import ExchangeGrant
from alpage.identity.oauth.introspection import Introspection
from alpage.identity.oauth.logout import Logouts
from alpage.identity.oauth.origins import Origins
from alpage.identity.oauth.parameters import Parameters, read_form
from alpage.identity.oauth.provider import Provider
from alpage.identity.oauth.refresh_grant import RefreshGrant
from alpage.identity.oauth.registration import InvalidMetadataError, Registrar
from alpage.identity.oauth.revocation import Revocation, revoke_bearer
from alpage.identity.oauth.secret_uses import SecretUses
from alpage.identity.oauth.server import NEVER_STORED, LoginRequest, Server, described
from alpage.identity.tokens import Tokens
from alpage.storage.changes import Author
from alpage.storage.database import Database, Transaction

PUBLISHED = [("Cache-Control", "public, max-age=300")]
READABLE_BY_SCRIPTS = frozenset({"/token", "/oauth2/userinfo", "/revoke", "/jwks", metadata.OPENID, metadata.OAUTH})

GUESSES = "60/minute"  # at client secrets, from one address, before nothing from there is looked at

log = logs.get("oauth")

FormHandler = Callable[[LoginRequest], Response]
Handler = Callable[[Request], Response]


@dataclass(slots=True)
class Endpoint:
    """What answers at a path, by method."""

    handlers: Mapping[str, Handler]
    scripts: bool = False  # whether those of registered origins may read it

    @property
    def allowed(self) -> str:
        """Its methods, as headers list them."""
        return ", ".join(self.handlers)


class OAuth:
    """The surface."""

    def __init__(self, provider: Provider, database: Database, tokens: Tokens, limits: Limits) -> None:
        self.provider = provider
        self.database = database
        self.tokens = tokens
        self.limits = limits
        self.authorizations = Authorizations(provider.settings, provider.pepper)
        self.logouts = Logouts(provider)
        self._server = _server(provider)
        self._registrar = Registrar(provider)
        self._origins = Origins(database)
        self._secret_uses = SecretUses(database)
        issuer, api = urlsplit(provider.issuer), urlsplit(provider.settings.public_url)
        self._prefix = issuer.path
        self._host = "" if issuer.netloc == api.netloc else issuer.netloc  # one to itself, or any
        self._of_the_api = urlsplit(provider.settings.resource_metadata_url).path
        self._endpoints = self._declared()

    def has(self, path: str, host: str) -> bool:
        """Whether a path is one of the surface's own, at a host. The API's metadata stand at the API's."""
        is_here = self._host in ("", host) or path == self._of_the_api
        return is_here and self._find(path) is not None

    def refuse(self, request: Request, error: ApiError) -> Response:  # noqa: ARG002 - a surface's
        """The answer to a request whose body was not read."""
        return _error(error.status, "invalid_request", "the body is too large")

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens."""
        endpoint = self._find(request.path)
        if endpoint is None:
            return _error(404, "invalid_request", "there is nothing here")
        try:
            response = self._answer(endpoint, request)
        except Exception as error:
            response = self._failure(request, error)
        if "dpop" in request.headers:
            own = {name for name, _ in response.headers}
            response.headers += [header for header in self.tokens.for_next_proof() if header[0] not in own]
        origin = request.headers.get("origin")
        if endpoint.scripts and origin is not None:
            response.headers += self._cross_origin(endpoint, request, origin)
        return response

    def _declared(self) -> dict[str, Endpoint]:
        server = self._server
        forms: dict[str, FormHandler] = {
            "/token": server.create_token_response,
            "/introspect": lambda request: server.create_endpoint_response("introspection", request),
            "/revoke": lambda request: server.create_endpoint_response("revocation", request),
            "/device_authorization": lambda request: device_flow.begin(server, request),
            "/par": self._push,
        }
        below: dict[str, dict[str, Handler]] = {
            path: {"POST": self._form(path, handler)} for path, handler in forms.items()
        }
        below["/introspect"] = {"POST": self._form("/introspect", forms["/introspect"], writes=False)}
        below["/token"]["DELETE"] = self._end_token
        below["/oauth2/userinfo"] = {"GET": self._userinfo, "POST": self._userinfo}
        below["/register"] = {"POST": self._register}
        below["/jwks"] = {"GET": self._jwks}
        document = orjson.dumps(metadata.of_the_login(self.provider))
        described_api = orjson.dumps(metadata.of_the_api(self.provider.settings))
        below[metadata.OPENID] = below[metadata.OAUTH] = {"GET": _publishing(document)}
        endpoints = {
            self._prefix + path: Endpoint(handlers, path in READABLE_BY_SCRIPTS) for path, handlers in below.items()
        }
        at_root = metadata.well_known(self.provider.issuer, metadata.OAUTH)
        of_passkeys = orjson.dumps(metadata.of_passkeys(self.provider))
        endpoints[metadata.PASSKEYS] = Endpoint({"GET": _publishing(of_passkeys)})
        endpoints[at_root] = Endpoint({"GET": _publishing(document)}, scripts=True)
        endpoints[self._of_the_api] = Endpoint({"GET": _publishing(described_api)}, scripts=True)
        self._registered = Endpoint(
            {"GET": self._show_registered, "PUT": self._update_registered, "DELETE": self._delete_registered}
        )
        return endpoints

    def _find(self, path: str) -> Endpoint | None:
        found = self._endpoints.get(path)
        if found is None and path.startswith(f"{self._prefix}/register/"):
            return self._registered
        return found

    def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(204, b"", [("Allow", endpoint.allowed)])
        handler = endpoint.handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            response = _error(405, "invalid_request", "this method is not offered here")
            response.headers.append(("Allow", endpoint.allowed))
            return response
        return handler(request)

    def _cross_origin(self, endpoint: Endpoint, request: Request, origin: str) -> list[tuple[str, str]]:
        if request.method == "OPTIONS":
            return self._origins.preflight(origin, endpoint.allowed)
        return self._origins.headers(origin)

    # forms, whose client shows who it is

    def _form(self, path: str, handler: FormHandler, *, writes: bool = True) -> Handler:
        def answer(request: Request) -> Response:
            guesses = self.limits.look(of_address("client secret", request.ip), GUESSES)
            if not guesses.remaining:
                response = _error(429, "temporarily_unavailable", "too many clients failed to show who they are")
                response.headers.append(("Retry-After", str(guesses.reset_seconds)))
                return response
            try:
                parameters = read_form(request.body, request.headers.get("content-type", ""))
            except OAuth2Error as error:
                return _error(error.status_code, str(error.error), str(error.description))
            return self._in_transaction(request, path, parameters, handler, writes=writes)

        return answer

    def _in_transaction(
        self, request: Request, path: str, parameters: Parameters, handler: FormHandler, *, writes: bool
    ) -> Response:
        """The answer of a form's handler. It is committed even if it is an error: what was shown is used up."""
        now = int(time())
        self.provider.keys.ready(now)
        # Only an assertion writes where nothing else does: it is good once.
        transaction = self.database.begin(
            Author(request_id=request.id), writes=writes or "client_assertion" in parameters.values
        )
        try:
            login_request = LoginRequest(
                request, path, parameters, provider=self.provider, transaction=transaction, now=now
            )
            response = handler(login_request)
            transaction.commit()
        finally:
            transaction.close()
        if login_request.is_guess:
            self.limits.take(of_address("client secret", request.ip), GUESSES)
        if login_request.client is not None and login_request.client.secret_id is not None:
            self._secret_uses.note(login_request.client.secret_id, now)
        return response

    def _push(self, request: LoginRequest) -> Response:
        try:
            client = self._server.authenticate_client(request, METHODS)
            parameters = request.parameters
            if parameters.get("client_id", client.get_client_id()) != client.get_client_id():
                raise InvalidRequestError("client_id names another client")
            values = {**parameters.values, "client_id": client.get_client_id()}
            key = request.proven_key()
            if key is not None and values.setdefault("dpop_jkt", key) != key:
                raise InvalidRequestError("dpop_jkt is another key's")
            pushed = Parameters(values, parameters.resources)
            uri, seconds = self.authorizations.push(request.transaction, client, pushed, request.now)
        except OAuth2Error as error:
            return self._server.handle_error_response(request, error)
        except AuthorizationError as error:
            return _error(400, error.code, error.description)
        return self._server.handle_response(201, {"request_uri": uri, "expires_in": seconds}, ())

    # what is asked with a token

    def _userinfo(self, request: Request) -> Response:
        caller = self._caller(request)
        if "openid" not in caller.scopes:
            challenge = 'Bearer error="insufficient_scope", scope="openid"'
            response = _error(403, "insufficient_scope", "the token is not for openid")
            response.headers.append(("WWW-Authenticate", challenge))
            return response
        with self.database.reading() as transaction:
            reader = userinfo.reader(transaction, caller.grant_id)
            wishes = (reader.claims or {}).get("userinfo", {})
            claims = userinfo.describe(
                transaction,
                caller.user_id,
                caller.scopes,
                wishes,
                account_id=reader.account_id,
                groups=self.provider.groups,
            )
        if reader.userinfo_alg is None:
            return Response(200, orjson.dumps(claims), [*NEVER_STORED])
        claims |= {"iss": self.provider.issuer, "aud": reader.client_id}
        signed = self.provider.keys.sign(claims, reader.userinfo_alg, int(time()))
        return Response(200, signed.encode(), [*NEVER_STORED], "application/jwt")

    def _end_token(self, request: Request) -> Response:
        """Ends the token of the request, as the reference login does it: with an envelope (`DELETE /token`)."""
        try:
            self._caller(request)
        except ApiError as error:
            return envelope.error(error, negotiate(request.headers.get("accept-language", "")), request.id)
        secret = request.headers["authorization"].partition(" ")[2].strip()
        now = int(time())
        with self.database.transaction(Author(request_id=request.id)) as transaction:
            ended = revoke_bearer(transaction, self.provider.pepper, secret, request.ip, now)
        self.tokens.forget(request.headers["authorization"])
        response = envelope.success(ended, 200, {})
        response.headers += NEVER_STORED
        return response

    def _caller(self, request: Request) -> Caller:
        """Who sends the request. Raises `not_authorized`."""
        at = self.provider.issuer.removesuffix(self._prefix)
        return self.tokens.identify(request.headers.get("authorization", ""), request.ip, proof_of(request, at))

    # registration

    def _register(self, request: Request) -> Response:
        caller = None
        if "authorization" in request.headers or not self.provider.settings.open_registration:
            caller = self._caller(request)
            if not caller.has_scope(registration.WRITE):
                response = _error(403, "insufficient_scope", f"the token is not for {registration.WRITE}")
                challenge = f'Bearer error="insufficient_scope", scope="{registration.WRITE}"'
                response.headers.append(("WWW-Authenticate", challenge))
                return response

        def register(transaction: Transaction, content: Any, now: int) -> Any:
            return self._registrar.register(transaction, content, caller, now, request.ip)

        return self._write_registration(request, register, 201)

    def _show_registered(self, request: Request) -> Response:
        return self._write_registration(
            request, lambda transaction, _content, _now: self._registrar.describe(self._own(transaction, request))
        )

    def _update_registered(self, request: Request) -> Response:
        def update(transaction: Transaction, content: Any, now: int) -> Any:
            return self._registrar.update(transaction, self._own(transaction, request), content, now)

        return self._write_registration(request, update)

    def _delete_registered(self, request: Request) -> Response:
        def delete(transaction: Transaction, _content: Any, now: int) -> None:
            self._registrar.delete(self._own(transaction, request), now)

        return self._write_registration(request, delete, 204)

    def _own(self, transaction: Transaction, request: Request) -> Application:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client_id = request.path.removeprefix(f"{self._prefix}/register/")
        return self._registrar.find(transaction, client_id, token.strip() if scheme.lower() == "bearer" else "")

    def _write_registration(
        self, request: Request, verb: Callable[[Transaction, Any, int], Any], status: int = 200
    ) -> Response:
        author = Author(request_id=request.id)
        try:
            content = _read_json(request) if request.method in ("POST", "PUT") else {}
            with self.database.transaction(author) as transaction:
                shown = verb(transaction, content, int(time()))
        except OAuth2Error as error:
            response = _error(error.status_code, str(error.error), str(error.description))
            if error.status_code == 401:
                response.headers.append(("WWW-Authenticate", 'Bearer error="invalid_token"'))
            return response
        return Response(status, b"" if status == 204 else orjson.dumps(shown), [*NEVER_STORED])

    # what everybody may read

    def _jwks(self, _request: Request) -> Response:
        return Response(200, self.provider.keys.published(int(time())), [*PUBLISHED], "application/jwk-set+json")

    def _failure(self, request: Request, error: Exception) -> Response:
        if isinstance(error, ApiError):  # of the token's check
            response = _error(error.status, "invalid_token", "the token is missing, over or not for this")
            response.headers += error.headers
            return response
        if isinstance(error, OAuth2Error):
            return _error(error.status_code, str(error.error), described(error).get("error_description", ""))
        if isinstance(error, DataError | OverflowError):  # a value its column cannot hold
            return _error(400, "invalid_request", "a parameter cannot be read")
        if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return _error(503, "temporarily_unavailable", "try again in a moment")
        log.exception("failed", request_id=request.id, method=request.method, path=request.path)
        return _error(500, "server_error", "something went wrong here")


def _server(provider: Provider) -> Server:
    server = Server(provider)
    server.register_grant(CodeGrant, [Sha256Challenge(required=True)])
    for grant in (RefreshGrant, OwnGrant, DeviceGrant, ExchangeGrant):
        server.register_grant(grant)
    server.register_endpoint(Introspection)
    server.register_endpoint(Revocation)
    return server


def _publishing(document: bytes) -> Handler:
    return lambda _request: Response(200, document, [*PUBLISHED])


def _read_json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidMetadataError("the body is not JSON")
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise InvalidMetadataError("the body is not JSON") from None


def _error(status: int, code: str, description: str) -> Response:
    return Response(status, orjson.dumps({"error": code, "error_description": description}), [*NEVER_STORED])
