"""Authorization requests: what an application asks a user for, and the answer it gets (RFC 6749, 4.1; OpenID Connect).

The pages of the login read a request, find out who the user is and what he wants, and send the answer on. An error is
told to the application only once it is certain that it is the application's own address that is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy import Select, bindparam, select, update

from alpage.identity import security_events, sessions, tickets
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.grants import Grant
from alpage.identity.oauth import clients, issuing, redirects
from alpage.identity.oauth.clients import OFFLINE, Client
from alpage.identity.oauth.parameters import Parameters, RepeatedParameterError, read_query, split
from alpage.identity.oauth.provider import level_of
from alpage.identity.scopes import contains
from alpage.identity.tickets import Ticket
from alpage.settings import Settings
from alpage.storage.database import Transaction

CODE = "authorization_code"
CODE_SECONDS = 60
PUSHED_SECONDS = 60  # how long a pushed request waits to be used
BEGUN_SECONDS = 900  # how long after it was pushed its answer must be there
PUSHED_PREFIX = "urn:ietf:params:oauth:request_uri:"
PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
RESPONSE_MODES = ("query", "form_post")
UNSUPPORTED = {"request": "request_not_supported", "registration": "registration_not_supported"}
CHALLENGE_LENGTH = 43  # of a SHA-256 in base64url
MAX_AGE_DIGITS = 10
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application is told: an address the browser goes to, or a form it sends there."""

    url: str
    fields: dict[str, str] | None = None


class AuthorizationError(Exception):
    """A request that is refused. Without an answer, nothing but a page may show it."""

    def __init__(self, code: str, description: str, answer: Answer | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.answer = answer


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What an application asks for; everything in it was checked."""

    application: Any  # the row
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    nonce: str
    code_challenge: str
    response_mode: str
    prompts: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    login_hint: str
    ui_locales: tuple[str, ...]
    claims: Mapping[str, Any]
    resources: tuple[str, ...]
    key_thumbprint: str
    is_offline: bool
    digest: str  # of all of it: what a consent form was shown for
    pushed: str = ""  # the ticket of a pushed request, which its answer uses up


class Authorizations:
    """Reads authorization requests and answers them."""

    def __init__(self, settings: Settings, pepper: bytes) -> None:
        self._settings = settings
        self._pepper = pepper

    def read(self, transaction: Transaction, query_string: str, now: int) -> AuthorizationRequest:
        """The request of a query string. Raises AuthorizationError.

        A pushed request (RFC 9126) may be read again while the user signs in, and is used up by its answer; the
        transaction must be one that writes.
        """
        try:
            parameters = read_query(query_string)
        except RepeatedParameterError as error:
            raise self._repeated(transaction, query_string, error) from None
        except InvalidRequestError as error:
            raise AuthorizationError("invalid_request", str(error.description)) from None
        client = clients.find(transaction, parameters.get("client_id"))
        if client is None:
            raise AuthorizationError("invalid_request", "there is no such application")
        if "request_uri" in parameters.values:
            parameters, pushed = self._pushed(transaction, client, parameters, now)
            return self.check(transaction, client, parameters, pushed=pushed)
        return self.check(transaction, client, parameters)

    def check(
        self,
        transaction: Transaction,
        client: Client,
        parameters: Parameters,
        *,
        pushed: str = "",
        pushing: bool = False,
    ) -> AuthorizationRequest:
        """The request that the parameters make, for a client that is known. Raises AuthorizationError."""
        application = client.application
        redirect_uri = parameters.get("redirect_uri")
        if not redirects.is_registered(redirect_uri, application.redirect_uris):
            raise AuthorizationError("invalid_request", "redirect_uri is not registered for this application")
        mode = parameters.get("response_mode", "query")
        known_mode = mode if mode in RESPONSE_MODES and (mode == "query" or redirects.is_web(redirect_uri)) else "query"

        def fail(code: str, description: str) -> AuthorizationError:
            told = self._told(code, description, parameters.get("state"))
            return AuthorizationError(code, description, _answer(redirect_uri, known_mode, told))

        if mode != known_mode:
            raise fail("invalid_request", "this response_mode is not offered")
        if application.requires_par and not pushed and not pushing:
            raise fail("invalid_request", "this application must push its requests")
        scopes = _check_scopes(client, parameters, fail)
        _check_kind(client, parameters, fail)
        return AuthorizationRequest(
            application=application,
            redirect_uri=redirect_uri,
            scopes=scopes,
            state=parameters.get("state"),
            nonce=parameters.get("nonce"),
            code_challenge=_check_challenge(parameters, fail),
            response_mode=mode,
            prompts=_check_prompts(parameters, fail),
            max_age=_check_max_age(parameters, fail),
            acr_values=tuple(split(parameters.get("acr_values"))),
            login_hint=parameters.get("login_hint"),
            ui_locales=tuple(split(parameters.get("ui_locales"))),
            claims=_check_claims(parameters, fail),
            resources=self._check_resources(transaction, parameters, fail),
            key_thumbprint=_check_thumbprint(parameters, fail),
            is_offline=OFFLINE in scopes,
            digest=_digest(parameters),
            pushed=pushed,
        )

    def consented(self, transaction: Transaction, request: AuthorizationRequest, user_id: int) -> bool:
        """Whether the user need not be asked: he allowed as much before, or the application is the platform's own.

        Signing out ends access, not the consent. Taking access back ends what was consented to until then.
        """
        if request.application.is_own:
            return True
        given = transaction.execute(_CONSENTS, {"application": request.application.id, "user": user_id}).all()
        taken_back = max((row.revoked_at for row in given if not _stands(row)), default=0)
        return any(
            row.created_at > taken_back and all(contains(row.scopes, scope) for scope in request.scopes)
            for row in given
            if _stands(row)
        )

    def approve(
        self,
        transaction: Transaction,
        request: AuthorizationRequest,
        session: sessions.Session,
        scopes: tuple[str, ...] | list[str],
        now: int,
    ) -> Answer:
        """The answer that gives access to some of the scopes: makes the grant and the code.

        Raises AuthorizationError.
        """
        if request.pushed:
            taken = tickets.take(transaction, "pushed_request", request.pushed, now)
            if taken is None or not taken.is_first:
                raise AuthorizationError("invalid_request", "this request was answered before")
        given = [scope for scope in request.scopes if scope in scopes]
        grant = self._grant(transaction, request, session, given, now)
        code = new_secret("ac")
        content = {
            "application_id": request.application.id,
            "grant_id": grant.id,
            "redirect_uri": request.redirect_uri,
            "scopes": given,
            "code_challenge": request.code_challenge,
            "nonce": request.nonce,
            "resources": list(request.resources),
            "key_thumbprint": request.key_thumbprint,
        }
        tickets.put(transaction, "code", keyed_hash(self._pepper, code), content, now + CODE_SECONDS)
        told = {"code": code, "iss": self._settings.issuer}
        if request.state:
            told["state"] = request.state
        return _answer(request.redirect_uri, request.response_mode, told)

    def refuse(self, request: AuthorizationRequest, code: str, description: str = "") -> Answer:
        """The answer that tells the application of an error: `access_denied`, `login_required` and the like."""
        return _answer(request.redirect_uri, request.response_mode, self._told(code, description, request.state))

    def push(self, transaction: Transaction, client: Client, parameters: Parameters, now: int) -> tuple[str, int]:
        """Keeps a checked request for its client (RFC 9126): the `request_uri` it is known by, for so many seconds.

        Raises AuthorizationError.
        """
        if "request_uri" in parameters.values:
            raise AuthorizationError("invalid_request", "a pushed request cannot refer to another")
        self.check(transaction, client, parameters, pushing=True)
        kept = {name: value for name, value in parameters.values.items() if name not in _CREDENTIALS}
        content = {
            "client_id": client.get_client_id(),
            "values": kept,
            "resources": list(parameters.resources),
            "at": now,
        }
        secret = new_secret("ot")
        tickets.put(transaction, "pushed_request", keyed_hash(self._pepper, secret), content, now + PUSHED_SECONDS)
        return PUSHED_PREFIX + secret, PUSHED_SECONDS

    def _pushed(
        self, transaction: Transaction, client: Client, parameters: Parameters, now: int
    ) -> tuple[Parameters, str]:
        uri = parameters.get("request_uri")
        secret = uri.removeprefix(PUSHED_PREFIX)
        if secret == uri or not is_well_formed(secret, "ot"):  # an address elsewhere is never looked at (A25)
            raise AuthorizationError("invalid_request_uri", "request_uri is not that of a pushed request")
        key = keyed_hash(self._pepper, secret)
        content = tickets.look(transaction, "pushed_request", key, now)
        if content is None or content["client_id"] != client.get_client_id():
            raise AuthorizationError("invalid_request_uri", "there is no such pushed request any more")
        transaction.execute(_PROLONG, {"key": key, "until": content["at"] + BEGUN_SECONDS})
        return Parameters(content["values"], tuple(content["resources"])), key

    def _repeated(
        self, transaction: Transaction, query_string: str, error: RepeatedParameterError
    ) -> AuthorizationError:
        """Told to the application if what is repeated is not what says where it is told."""
        description = str(error.description)
        if error.name in ("client_id", "redirect_uri", "state", "response_mode"):
            return AuthorizationError("invalid_request", description)
        names = ("client_id", "redirect_uri", "state", "response_mode")
        once = [part for part in query_string.split("&") if part.partition("=")[0] in names]
        try:
            parameters = read_query("&".join(once))
            client = clients.find(transaction, parameters.get("client_id"))
        except InvalidRequestError:
            return AuthorizationError("invalid_request", description)
        redirect_uri = parameters.get("redirect_uri")
        if client is None or not redirects.is_registered(redirect_uri, client.application.redirect_uris):
            return AuthorizationError("invalid_request", description)
        told = self._told("invalid_request", description, parameters.get("state"))
        return AuthorizationError("invalid_request", description, _answer(redirect_uri, "query", told))

    def _check_resources(self, transaction: Transaction, parameters: Parameters, fail: "Fail") -> tuple[str, ...]:
        own = {self._settings.public_url, self._settings.public_url + "/"}
        for resource in parameters.resources:
            if resource not in own and issuing.known_resource(transaction, resource) is None:
                raise fail("invalid_target", "there is no such resource")
        return parameters.resources

    def _grant(
        self,
        transaction: Transaction,
        request: AuthorizationRequest,
        session: sessions.Session,
        scopes: list[str],
        now: int,
    ) -> Grant:
        grant = Grant(
            user_id=session.user_id,
            application_id=request.application.id,
            session_id=session.id,
            grant_type=CODE,
            name=request.application.name,
            scopes=scopes,
            authenticated_at=session.authenticated_at,
            methods=session.methods,
            created_at=now,
        )
        transaction.session.add(grant)
        transaction.session.flush()
        security_events.note(
            transaction,
            "access_given",
            user_id=session.user_id,
            now=now,
            ip=session.ip,
            user_agent=session.user_agent,
            application_id=request.application.id,
            grant_id=grant.id,
            scopes=scopes,
            level=level_of(session.methods),
        )
        return grant

    def _told(self, code: str, description: str, state: str) -> dict[str, str]:
        told = {"error": code, "error_description": description, "state": state, "iss": self._settings.issuer}
        return {name: value for name, value in told.items() if value}


Fail = Callable[[str, str], AuthorizationError]
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def _answer(redirect_uri: str, mode: str, told: dict[str, str]) -> Answer:
    if mode == "form_post":
        return Answer(redirect_uri, told)
    return Answer(redirects.with_parameters(redirect_uri, told))


def _check_kind(client: Client, parameters: Parameters, fail: Fail) -> None:
    for name, code in UNSUPPORTED.items():
        if name in parameters.values:
            raise fail(code, f"{name} is not offered")
    if not parameters.get("response_type"):
        raise fail("invalid_request", "response_type is missing")
    if parameters.get("response_type") != "code":
        raise fail("unsupported_response_type", "only response_type=code is offered")
    if not client.check_grant_type(CODE):
        raise fail("unauthorized_client", "this application is not registered for it")


def _check_challenge(parameters: Parameters, fail: Fail) -> str:
    """The challenge every client must send (RFC 7636), by the one method that hides what answers it."""
    challenge = parameters.get("code_challenge")
    if not challenge:
        raise fail("invalid_request", "code_challenge is missing")
    if parameters.get("code_challenge_method") != "S256":
        raise fail("invalid_request", "code_challenge_method must be S256")
    if len(challenge) != CHALLENGE_LENGTH or not _BASE64URL.issuperset(challenge):
        raise fail("invalid_request", "code_challenge is no SHA-256 in base64url")
    return challenge


def _check_scopes(client: Client, parameters: Parameters, fail: Fail) -> tuple[str, ...]:
    """The scopes asked for; without any, all that the application is registered for, save access while one is away."""
    if parameters.get("access_type", "online") not in ("online", "offline"):
        raise fail("invalid_request", "access_type is online or offline")
    registered = [scope for scope in client.application.scopes if scope != OFFLINE]
    wanted = split(parameters.get("scope")) or registered
    if parameters.get("access_type") == "offline":
        wanted = [*wanted, OFFLINE]
    if "groups" in _requested_claims(parameters) and client.may_ask_for("groups"):
        wanted = [*wanted, "groups"]
    scopes = client.named(wanted)
    if not scopes or not all(map(client.may_ask_for, scopes)):
        raise fail("invalid_scope", "a scope is unknown, or not this application's to ask for")
    return tuple(scopes)


def _check_prompts(parameters: Parameters, fail: Fail) -> frozenset[str]:
    prompts = frozenset(split(parameters.get("prompt")))
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise fail("invalid_request", "this prompt is not offered")
    return prompts


def _check_max_age(parameters: Parameters, fail: Fail) -> int | None:
    text = parameters.get("max_age")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_AGE_DIGITS):
        raise fail("invalid_request", "max_age is a number of seconds")
    return int(text)


def _check_claims(parameters: Parameters, fail: Fail) -> Mapping[str, Any]:
    if parameters.get("claims") and not _claims(parameters):
        raise fail("invalid_request", "claims is not a JSON object")
    return _claims(parameters)


def _check_thumbprint(parameters: Parameters, fail: Fail) -> str:
    thumbprint = parameters.get("dpop_jkt")
    if thumbprint and (len(thumbprint) != CHALLENGE_LENGTH or not _BASE64URL.issuperset(thumbprint)):
        raise fail("invalid_request", "dpop_jkt is no thumbprint of a key")
    return thumbprint


def _claims(parameters: Parameters) -> dict[str, Any]:
    try:
        claims = orjson.loads(parameters.get("claims") or "{}")
    except orjson.JSONDecodeError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _requested_claims(parameters: Parameters) -> set[str]:
    asked = _claims(parameters).values()
    return {name for part in asked if isinstance(part, dict) for name in part}


def _digest(parameters: Parameters) -> str:
    content = [sorted(parameters.values.items()), parameters.resources]
    return sha256(orjson.dumps(content)).hexdigest()


def _stands(consent: Any) -> bool:
    return consent.revoked_at is None or consent.revoked_at == consent.ended_at


_CONSENTS: Select[Any, Any, Any, Any] = (
    select(Grant.scopes, Grant.created_at, Grant.revoked_at, sessions.Session.ended_at)
    .outerjoin(sessions.Session, sessions.Session.id == Grant.session_id)
    .where(
        Grant.application_id == bindparam("application"),
        Grant.user_id == bindparam("user"),
        Grant.grant_type == CODE,
    )
    .order_by(Grant.id.desc())
    .limit(100)
)
_PROLONG = (
    update(Ticket)
    .where(Ticket.hash == bindparam("key"))
    .values(expires_at=bindparam("until"))
    .execution_options(synchronize_session=False)
)
