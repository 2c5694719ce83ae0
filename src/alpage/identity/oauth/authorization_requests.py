"""Authorization requests: what an application asks a user for, checked (RFC 6749, 4.1.1; OpenID Connect Core, 3.1.2.1).

Whether it came in a query or was pushed before (RFC 9126), it is the same parameters and the same checks. An error is
told to the application only once it is certain that it is the application's own address that is told.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson

from alpage.identity.oauth import claims, issuing, redirects
from alpage.identity.oauth.claims import RequestedClaims
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.parameters import Parameters, split
from alpage.identity.oauth.provider import LEVELS
from alpage.identity.oauth.redirects import Answer
from alpage.identity.scopes import OFFLINE, OPENID
from alpage.settings import Settings
from alpage.storage.database import Transaction

CODE = "authorization_code"
PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
RESPONSE_MODES = ("query", "form_post")
UNSUPPORTED = {"request": "request_not_supported", "registration": "registration_not_supported"}
CHALLENGE_LENGTH = 43  # of a SHA-256 in base64url
MAX_AGE_DIGITS = 10
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class AuthorizationError(Exception):
    """A request that is refused. Without an answer, nothing but a page may show it."""

    def __init__(self, code: str, description: str, answer: Answer | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.answer = answer


Fail = Callable[[str, str], AuthorizationError]


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
    acr_values: tuple[str, ...]  # the levels of sign-in that will do
    login_hint: str
    id_token_hint: str
    ui_locales: tuple[str, ...]
    claims: RequestedClaims
    resources: tuple[str, ...]
    key_thumbprint: str
    digest: str  # of all of it: what a consent form was shown for
    pushed: str = ""  # the ticket of a pushed request, which its answer uses up

    @property
    def is_offline(self) -> bool:
        """Whether access while the user is away is asked for."""
        return OFFLINE in self.scopes

    @property
    def wanted(self) -> tuple[str, ...]:
        """What the user is to agree to: the scopes, and those of the claims that are asked for one by one."""
        return tuple(dict.fromkeys((*self.scopes, *self.claims.scopes)))


def check(
    settings: Settings,
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
        told = error_told(settings, code, description, parameters.get("state"))
        return AuthorizationError(code, description, redirects.answer(redirect_uri, known_mode, told))

    if mode != known_mode:
        raise fail("invalid_request", "this response_mode is not offered")
    if application.requires_par and not pushed and not pushing:
        raise fail("invalid_request", "this application must push its requests")
    scopes = _check_scopes(client, parameters, fail)
    _check_kind(client, parameters, fail)
    requested = _check_claims(client, scopes, parameters, fail)
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
        acr_values=requested.levels or tuple(split(parameters.get("acr_values"))),
        login_hint=parameters.get("login_hint"),
        id_token_hint=parameters.get("id_token_hint"),
        ui_locales=tuple(split(parameters.get("ui_locales"))),
        claims=requested,
        resources=_check_resources(settings, transaction, parameters, fail),
        key_thumbprint=_check_thumbprint(parameters, fail),
        digest=_digest(parameters),
        pushed=pushed,
    )


def error_told(settings: Settings, code: str, description: str, state: str) -> dict[str, str]:
    """What an application is told of an error (RFC 6749, 4.1.2.1; RFC 9207)."""
    told = {"error": code, "error_description": description, "state": state, "iss": settings.issuer}
    return {name: value for name, value in told.items() if value}


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


def _check_claims(client: Client, scopes: tuple[str, ...], parameters: Parameters, fail: Fail) -> RequestedClaims:
    """The claims asked for one by one. What the application may not ask for by scopes is ignored here, too."""
    try:
        requested = claims.read(parameters.get("claims"))
    except ValueError as error:
        raise fail("invalid_request", str(error)) from None
    if requested.needs_level and not {*requested.levels} & {*LEVELS}:
        raise fail("unmet_authentication_requirements", "no acr that would do is offered")
    about_user = requested.about(client.may_ask_for) if OPENID in scopes else {}
    return replace(requested, about_user=about_user)


def _check_resources(
    settings: Settings, transaction: Transaction, parameters: Parameters, fail: Fail
) -> tuple[str, ...]:
    own = {settings.public_url, settings.public_url + "/"}
    for resource in parameters.resources:
        if resource not in own and issuing.known_resource(transaction, resource) is None:
            raise fail("invalid_target", "there is no such resource")
    return parameters.resources


def _check_thumbprint(parameters: Parameters, fail: Fail) -> str:
    thumbprint = parameters.get("dpop_jkt")
    if thumbprint and (len(thumbprint) != CHALLENGE_LENGTH or not _BASE64URL.issuperset(thumbprint)):
        raise fail("invalid_request", "dpop_jkt is no thumbprint of a key")
    return thumbprint


def _digest(parameters: Parameters) -> str:
    content = [sorted(parameters.values.items()), parameters.resources]
    return sha256(orjson.dumps(content)).hexdigest()
