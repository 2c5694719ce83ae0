"""Registration: applications that register themselves (RFC 7591) and look after what they registered (RFC 7592).

Whoever runs the platform may open it to everybody; such applications learn who a user is, and no more. Else it takes a
token of the API with the scope `applications:write`, and what is registered belongs to who made that token.
"""

from dataclasses import dataclass
from typing import Any, Literal

from authlib.oauth2 import OAuth2Error
from pydantic import ConfigDict, Field, ValidationError
from sqlalchemy import select

from alpage.api.callers import Caller
from alpage.api.routes import Shape
from alpage.identity import application_secrets, security_events
from alpage.identity.applications import Application, new_client_id
from alpage.identity.client_metadata import (
    CODE,
    DEVICE,
    OWN,
    REFRESH,
    SECRET_METHODS,
    AuthMethod,
    Endpoint,
    GrantType,
    Jwks,
    RedirectUri,
    SigningAlg,
    WebAddress,
    contradictions,
)
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.oauth.parameters import split
from alpage.identity.oauth.provider import Provider
from alpage.identity.scopes import OPENID_SCOPES, SCOPES
from alpage.storage.database import Transaction

PUBLIC = "none"
WRITE = "applications:write"
PATH = "/register"
OPEN_SCOPES = frozenset({*OPENID_SCOPES, "user_info"})
OPEN_GRANT_TYPES = frozenset({CODE, REFRESH, DEVICE})
MAX_NAME_LENGTH, MAX_URIS = 128, 50
FIXES = {"jwks_uri": "jwks_uri is not fetched; send the keys themselves, as jwks"}


class InvalidMetadataError(OAuth2Error):
    """What an application said about itself cannot be (RFC 7591, 3.2.2)."""

    error = "invalid_client_metadata"


class InvalidRedirectError(OAuth2Error):
    """A redirect URI that is refused (RFC 7591, 3.2.2)."""

    error = "invalid_redirect_uri"


class InvalidTokenError(OAuth2Error):
    """A token that does not let its sender register or see an application (RFC 6750, 3.1)."""

    error = "invalid_token"
    status_code = 401


class Metadata(Shape):
    """What an application says about itself; what is not read here is left out of the answer (RFC 7591, 2)."""

    model_config = ConfigDict(strict=True, extra="ignore")

    redirect_uris: list[RedirectUri] = Field(default_factory=list)
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"  # noqa: S105 - a method
    grant_types: list[GrantType] = Field(default=["authorization_code"])
    response_types: list[Literal["code"]] = Field(default=["code"])
    client_name: str = "Application"
    client_uri: WebAddress | None = None
    tos_uri: WebAddress | None = None
    policy_uri: WebAddress | None = None
    scope: str = ""
    jwks: Jwks | None = None
    jwks_uri: None = None
    post_logout_redirect_uris: list[RedirectUri] = Field(default_factory=list)
    backchannel_logout_uri: Endpoint | None = None
    id_token_signed_response_alg: SigningAlg = "RS256"  # noqa: S105 - an algorithm
    userinfo_signed_response_alg: SigningAlg | None = None
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    subject_type: Literal["public"] = "public"
    client_id: str | None = None
    client_secret: str | None = None

    def columns(self) -> dict[str, Any]:
        """The same as an application keeps it."""
        name = "".join(letter for letter in self.client_name if letter.isprintable()).strip()
        return {
            "name": name[:MAX_NAME_LENGTH] or "Application",
            "website": self.client_uri,
            "policy_url": self.policy_uri,
            "terms_url": self.tos_uri,
            "is_confidential": self.token_endpoint_auth_method != PUBLIC,
            "token_endpoint_auth_method": self.token_endpoint_auth_method,
            "grant_types": [*dict.fromkeys(self.grant_types)],
            "scopes": split(self.scope) or ["openid", "profile", "email"],
            "redirect_uris": self.redirect_uris,
            "post_logout_redirect_uris": self.post_logout_redirect_uris,
            "backchannel_logout_uri": self.backchannel_logout_uri,
            "jwks": self.jwks,
            "id_token_alg": self.id_token_signed_response_alg,
            "userinfo_alg": self.userinfo_signed_response_alg,
            "requires_par": self.require_pushed_authorization_requests,
            "requires_dpop": self.dpop_bound_access_tokens,
        }


@dataclass(frozen=True, slots=True)
class Registrar:
    """Registers applications."""

    provider: Provider

    def register(
        self, transaction: Transaction, metadata: Any, caller: Caller | None, now: int, ip: str
    ) -> dict[str, Any]:
        """A new application, with what is seen this once. Without a caller it is nobody's. Raises OAuth2Error."""
        read = _read(metadata)
        columns = read.columns()
        _require_allowed(columns, caller)
        pepper, token = self.provider.pepper, new_secret("rat")
        application = Application(
            client_id=new_client_id(),
            user_id=None if caller is None else caller.user_id,
            registration_hash=keyed_hash(pepper, token),
            created_at=now,
            **columns,
        )
        transaction.session.add(application)
        transaction.session.flush()
        shown = {**self.describe(application), "registration_access_token": token}
        if application.token_endpoint_auth_method in SECRET_METHODS:
            _, secret = application_secrets.make(transaction.session, application.id, pepper, now)
            shown |= {"client_secret": secret, "client_secret_expires_at": 0}
        security_events.note(
            transaction,
            "secret_made",
            user_id=application.user_id,
            now=now,
            ip=ip,
            application_id=application.id,
            registered=True,
        )
        return shown

    def find(self, transaction: Transaction, client_id: str, token: str) -> Application:
        """The application whose registration access token this is. Raises InvalidTokenError."""
        found: Application | None = None
        if is_well_formed(token, "rat"):
            digest = keyed_hash(self.provider.pepper, token)
            query = select(Application).where(
                Application.registration_hash == digest,
                Application.client_id == client_id,
                Application.revoked_at.is_(None),
            )
            found = transaction.session.scalar(query)
        if found is None:
            raise InvalidTokenError("this token does not open this registration")
        return found

    def update(self, transaction: Transaction, application: Application, metadata: Any, now: int) -> dict[str, Any]:
        """The application as it now is: what is left out goes back to its default (RFC 7592, 2.2)."""
        read = _read(metadata)
        if read.client_id != application.client_id:
            raise InvalidMetadataError("client_id must be that of the application")
        if read.client_secret is not None and not self._is_secret(transaction, application, read.client_secret, now):
            raise InvalidMetadataError("client_secret must be that of the application")
        columns = read.columns()
        if columns["is_confidential"] != application.is_confidential or (
            columns["token_endpoint_auth_method"] in SECRET_METHODS
        ) != (application.token_endpoint_auth_method in SECRET_METHODS):
            raise InvalidMetadataError("how an application authenticates stays as it was registered")
        self._require_no_more(application, columns)
        for name, value in columns.items():
            setattr(application, name, value)
        transaction.session.flush()
        return self.describe(application)

    def delete(self, application: Application, now: int) -> None:
        """Ends an application, and all access that was given to it."""
        application.revoked_at, application.resource, application.registration_hash = now, None, None

    def describe(self, application: Application) -> dict[str, Any]:
        """What an application is registered as."""
        shown = {
            "client_id": application.client_id,
            "client_id_issued_at": application.created_at,
            "registration_client_uri": self.provider.address(f"{PATH}/{application.client_id}"),
            "redirect_uris": application.redirect_uris,
            "token_endpoint_auth_method": application.token_endpoint_auth_method,
            "grant_types": application.grant_types,
            "response_types": ["code"],
            "client_name": application.name,
            "client_uri": application.website,
            "tos_uri": application.terms_url,
            "policy_uri": application.policy_url,
            "scope": " ".join(application.scopes),
            "jwks": application.jwks,
            "post_logout_redirect_uris": application.post_logout_redirect_uris,
            "backchannel_logout_uri": application.backchannel_logout_uri,
            "id_token_signed_response_alg": application.id_token_alg,
            "userinfo_signed_response_alg": application.userinfo_alg,
            "require_pushed_authorization_requests": application.requires_par,
            "dpop_bound_access_tokens": application.requires_dpop,
            "subject_type": "public",
        }
        return {name: value for name, value in shown.items() if value is not None}

    def _is_secret(self, transaction: Transaction, application: Application, secret: str, now: int) -> bool:
        digest = keyed_hash(self.provider.pepper, secret)
        by_its_clock = now + self.provider.clocks.ahead(application.account_id)
        live = application_secrets.live(transaction.session, application.id, by_its_clock)
        return any(kept.hash == digest for kept in live)

    def _require_no_more(self, application: Application, columns: dict[str, Any]) -> None:
        """Raises InvalidMetadataError where an application takes more than it was registered with."""
        allowed = OPEN_SCOPES | {*application.scopes}
        if not allowed.issuperset(columns["scopes"]):
            raise InvalidMetadataError("scope has more than was registered")
        if not (OPEN_GRANT_TYPES | {*application.grant_types}).issuperset(columns["grant_types"]):
            raise InvalidMetadataError("grant_types has more than was registered")


def _read(metadata: Any) -> Metadata:
    try:
        read = Metadata.model_validate(metadata)
    except ValidationError as error:
        names = [str(fault["loc"][0]) if fault["loc"] else "metadata" for fault in error.errors()]
        if "redirect_uris" in names:
            raise InvalidRedirectError("a redirect URI is refused") from None
        raise InvalidMetadataError(FIXES.get(names[0], f"{names[0]} cannot be used")) from None
    uris = [*read.redirect_uris, *read.post_logout_redirect_uris]
    if len(uris) > MAX_URIS:
        raise InvalidMetadataError("there are too many URIs")
    return read


def _require_allowed(columns: dict[str, Any], caller: Caller | None) -> None:
    """Raises OAuth2Error where the metadata do not fit together, or are more than the caller may ask for."""
    faults = contradictions(columns)
    if faults:
        raise InvalidMetadataError(f"{faults[0].attribute.partition('.')[0]} does not fit")
    if caller is None:
        if not OPEN_SCOPES.issuperset(columns["scopes"]):
            raise InvalidMetadataError("scope has more than an open registration gives")
        if not OPEN_GRANT_TYPES.issuperset(columns["grant_types"]):
            raise InvalidMetadataError("grant_types has more than an open registration gives")
    elif OWN in columns["grant_types"]:
        beyond = [scope for scope in columns["scopes"] if scope in SCOPES and not caller.has_scope(scope)]
        if beyond or caller.account_ids is not None or caller.product_ids is not None:
            raise InvalidMetadataError("an application that acts by itself can do no more than the token")
