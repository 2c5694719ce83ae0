"""Clients: the applications as the protocol sees them, and how each shows that it is who it says.

Whoever cannot is told so in the same words, whether there is no such client, its secret is wrong or it has none.
"""

import binascii
from base64 import b64decode
from typing import Any, cast
from urllib.parse import unquote_plus

import orjson
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, InvalidRequestError
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Row, Select, and_, bindparam, null, select

from alpage.api.clocks import Clocks
from alpage.identity import tickets
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.applications import Application
from alpage.identity.credentials import is_well_formed, keyed_hash
from alpage.identity.oauth.parameters import Parameters
from alpage.identity.scopes import ALIASES, EVERY_SCOPE, OFFLINE, contains
from alpage.storage.database import Transaction

PUBLIC, BY_KEY = "none", "private_key_jwt"
METHODS = ("client_secret_basic", "client_secret_post", BY_KEY, PUBLIC)
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
ASSERTION_KINDS = (None, "JWT", "client-authentication+jwt")
ASSERTION_SECONDS = 300  # how long one may be good, at most
CLOCK_SECONDS = 60  # how far the clocks of two programs may be apart
MAX_ASSERTION_LENGTH, MAX_ID_LENGTH = 8192, 256


class Client(ClientMixin):
    """An application as a client of the protocol."""

    __slots__ = ("application", "method", "secret_expires_at", "secret_id")

    def __init__(
        self,
        application: "Row[Any]",
        method: str = PUBLIC,
        secret_id: int | None = None,
        secret_expires_at: int | None = None,
    ) -> None:
        self.application = application
        self.method = method  # how it has shown who it is
        self.secret_id = secret_id
        self.secret_expires_at = secret_expires_at

    @property
    def id(self) -> int:
        """The application's number."""
        return cast("int", self.application.id)

    def get_client_id(self) -> str:
        """The client's name in the protocol."""
        return cast("str", self.application.client_id)

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client is registered for this grant type."""
        return grant_type in self.application.grant_types

    def may_ask_for(self, scope: str) -> bool:
        """Whether a scope is known, and one of those the client is registered for or a part of one."""
        if scope == OFFLINE:
            return self.check_grant_type("refresh_token")
        return scope in EVERY_SCOPE and contains(self.application.scopes, scope)

    def named(self, scopes: list[str]) -> list[str]:
        """Scopes under their own names, each once, without the access while one is away that the client cannot use."""
        names = dict.fromkeys(ALIASES.get(scope, scope) for scope in scopes)
        return [scope for scope in names if scope != OFFLINE or self.may_ask_for(scope)]


def find(transaction: Transaction, client_id: str) -> Client | None:
    """The living client of this name, without any proof that it is the one who asks."""
    row = transaction.execute(_BY_NAME, {"client_id": client_id}).one_or_none()
    return None if row is None else Client(row)


def authenticate(
    transaction: Transaction,
    parameters: Parameters,
    authorization: str,
    *,
    pepper: bytes,
    audiences: tuple[str, ...],
    clocks: Clocks,
    now: int,
) -> Client:
    """The client that asks. Raises InvalidClientError, and InvalidRequestError where it shows itself in two ways."""
    scheme, _, credentials = authorization.partition(" ")
    by_basic = scheme.lower() == "basic"
    by_post, by_assertion = "client_secret" in parameters.values, "client_assertion" in parameters.values
    if by_basic + by_post + by_assertion > 1:
        raise InvalidRequestError("a client shows who it is in one way only")
    if by_basic:
        client_id, secret = _read_basic(credentials)
        if parameters.get("client_id", client_id) != client_id:
            raise InvalidRequestError("client_id names another client than the header")
        client = _by_secret(transaction, "client_secret_basic", (client_id, secret), pepper)
    elif by_post:
        given = parameters.get("client_id"), parameters.get("client_secret")
        client = _by_secret(transaction, "client_secret_post", given, pepper)
    elif by_assertion:
        client = _by_assertion(transaction, parameters, pepper, audiences, now)
    else:
        client = _by_name(transaction, parameters.get("client_id"))
    if client is None:
        raise refused()
    ends_at = client.secret_expires_at
    if ends_at is not None and ends_at <= now + clocks.ahead(client.application.account_id):
        raise refused()
    return client


def refused() -> InvalidClientError:
    """The answer to every client that has not shown who it is."""
    return InvalidClientError("client authentication failed", status_code=401)


def _by_name(transaction: Transaction, client_id: str) -> Client | None:
    client = find(transaction, client_id)
    return client if client is not None and client.application.token_endpoint_auth_method == PUBLIC else None


def _by_secret(transaction: Transaction, method: str, given: tuple[str, str], pepper: bytes) -> Client | None:
    client_id, secret = given
    digest = keyed_hash(pepper, secret) if is_well_formed(secret, "cs") else ""
    row = transaction.execute(_WITH_SECRET, {"client_id": client_id, "digest": digest}).one_or_none()
    if row is None or row.secret_id is None or row.token_endpoint_auth_method not in SECRET_METHODS:
        return None
    return Client(row, method, row.secret_id, row.secret_expires_at)


def _read_basic(credentials: str) -> tuple[str, str]:
    """The name and the secret of a Basic header, each form-encoded within (RFC 6749, 2.3.1)."""
    try:
        text = b64decode(credentials.strip(), validate=True).decode()
        client_id, separator, secret = text.partition(":")
        read = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        raise refused() from None
    if not separator or "\0" in read[0] + read[1]:
        raise refused()
    return read


def _by_assertion(
    transaction: Transaction, parameters: Parameters, pepper: bytes, audiences: tuple[str, ...], now: int
) -> Client | None:
    """The client that signed an assertion with a key it is registered with (RFC 7523)."""
    assertion = parameters.get("client_assertion")
    if parameters.get("client_assertion_type") != ASSERTION_TYPE or len(assertion) > MAX_ASSERTION_LENGTH:
        return None
    client_id = _unverified_subject(assertion)
    client = find(transaction, client_id)
    if client is None or client.application.token_endpoint_auth_method != BY_KEY:
        return None
    if parameters.get("client_id", client_id) != client_id:
        return None
    claims = _verified(assertion, client.application.jwks)
    if claims is None or not _is_good(claims, client_id, audiences, now):
        return None
    ticket = keyed_hash(pepper, f"assertion {client_id} {claims['jti']}")
    if not tickets.put(transaction, "jti", ticket, {}, now + ASSERTION_SECONDS + 2 * CLOCK_SECONDS):
        return None
    return Client(client.application, BY_KEY)


def _unverified_subject(assertion: str) -> str:
    try:
        subject = orjson.loads(jws.extract_compact(assertion.encode()).payload)["sub"]
    except (JoseError, ValueError, TypeError, KeyError):
        raise refused() from None
    if not isinstance(subject, str) or "\0" in subject:
        raise refused()
    return subject


def _verified(assertion: str, jwks: Any) -> dict[str, Any] | None:
    """The claims, if a registered key made them: what the header says about keys elsewhere is not looked at."""
    try:
        read = jwt.decode(assertion, KeySet.import_key_set(jwks), ASSERTION_ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return read.claims if read.header.get("typ") in ASSERTION_KINDS else None


def _is_good(claims: dict[str, Any], client_id: str, audiences: tuple[str, ...], now: int) -> bool:
    audience, ends, identifier = claims.get("aud"), claims.get("exp"), claims.get("jti")
    return (
        claims.get("iss") == claims.get("sub") == client_id
        and (audience in audiences if isinstance(audience, str) else audience in [[known] for known in audiences])
        and isinstance(ends, int)
        and now - CLOCK_SECONDS < ends <= now + ASSERTION_SECONDS + CLOCK_SECONDS
        and all(
            isinstance(claims.get(name, 0), int) and claims.get(name, 0) <= now + CLOCK_SECONDS
            for name in ("nbf", "iat")
        )
        and isinstance(identifier, str)
        and 0 < len(identifier) <= MAX_ID_LENGTH
    )


_BY_NAME: Select[Any] = select(Application.__table__).where(
    Application.client_id == bindparam("client_id"), Application.revoked_at.is_(None)
)
_WITH_SECRET: Select[Any] = (
    select(
        Application.__table__,
        ApplicationSecret.id.label("secret_id"),
        ApplicationSecret.expires_at.label("secret_expires_at"),
    )
    .outerjoin(
        ApplicationSecret,
        and_(
            ApplicationSecret.application_id == Application.id,
            ApplicationSecret.hash == bindparam("digest"),
            ApplicationSecret.revoked_at.is_(null()),
        ),
    )
    .where(Application.client_id == bindparam("client_id"), Application.revoked_at.is_(null()))
)
