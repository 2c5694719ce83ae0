"""Issuing: the answer of the token endpoint, whatever the grant it came by: tokens, their lives, the ID token."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

from authlib.oauth2.rfc6749 import OAuth2Error
from sqlalchemy import bindparam, select

from alpage.identity import user_clocks
from alpage.identity.applications import Application
from alpage.identity.credentials import new_secret
from alpage.identity.oauth import storage, userinfo
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.provider import Provider, level_of
from alpage.identity.scopes import OFFLINE, OPENID
from alpage.storage.database import Transaction

ACCESS_SECONDS = 3600
ID_TOKEN_SECONDS = 3600
REFRESH_SECONDS = 90 * 86_400  # since it was last used


class InvalidTargetError(OAuth2Error):
    """A resource there is not, or that was not asked for before (RFC 8707, 2)."""

    error = "invalid_target"


class TokenAnswer(dict[str, Any]):
    """What the token endpoint answers. Libraries log it: it does not show what it holds."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


@dataclass(frozen=True, slots=True)
class Access:
    """What tokens are made of."""

    client: Client
    grant: Any  # as `storage` finds it: a row with what its tokens stand on
    scopes: list[str]
    resource: str | None  # whose API the access token is for; none: ours
    key_thumbprint: str | None
    nonce: str = ""
    refresh_token: str | None = None  # made already, or none
    ends: bool = True  # whether the access token does
    expires_at: int | None = None  # when it does at the latest

    @property
    def user_id(self) -> int:
        """In whose name."""
        return int(self.grant.user_id)


def issue(provider: Provider, transaction: Transaction, access: Access, now: int) -> TokenAnswer:
    """The answer that gives access, with its access token kept. The refresh token is the grant type's business."""
    by_his_clock = now + user_clocks.ahead(provider.clocks, transaction, access.user_id)
    expires_at = by_his_clock + ACCESS_SECONDS if access.ends else None
    if access.expires_at is not None:
        expires_at = min(expires_at or access.expires_at, access.expires_at)
    lifetime = None if expires_at is None else expires_at - by_his_clock
    secret = _access_token(provider, transaction, access, now, lifetime)
    storage.add_token(
        transaction,
        provider.pepper,
        secret,
        grant_id=access.grant.grant_id,
        kind=storage.ACCESS,
        scopes=None if access.scopes == access.grant.granted else access.scopes,
        audience=None if access.resource is None else [access.resource],
        key_thumbprint=access.key_thumbprint,
        now=by_his_clock,
        expires_at=expires_at,
    )
    answer = TokenAnswer(access_token=secret, token_type="DPoP" if access.key_thumbprint else "Bearer")
    if lifetime is not None:
        answer["expires_in"] = lifetime
    if access.refresh_token is not None:
        answer["refresh_token"] = access.refresh_token
    answer["scope"] = " ".join(access.scopes)
    answer["user_id"] = access.user_id
    if OPENID in access.scopes:
        answer["id_token"] = _id_token(provider, transaction, access, secret, now)
    return answer


def with_refresh_token(
    provider: Provider, transaction: Transaction, access: Access, resources: list[str] | None, now: int
) -> Access:
    """The same with the first refresh token of its grant, if it is one that goes on while the user is away.

    That of a public client is bound to its key as its access token is.
    """
    if OFFLINE not in access.scopes or not access.client.check_grant_type("refresh_token"):
        return access
    secret = new_secret("rt")
    by_his_clock = now + user_clocks.ahead(provider.clocks, transaction, access.user_id)
    storage.add_token(
        transaction,
        provider.pepper,
        secret,
        grant_id=access.grant.grant_id,
        kind=storage.REFRESH,
        scopes=None if access.scopes == access.grant.granted else access.scopes,
        audience=resources,
        key_thumbprint=None if access.client.application.is_confidential else access.key_thumbprint,
        now=by_his_clock,
        expires_at=by_his_clock + REFRESH_SECONDS,
    )
    return replace(access, refresh_token=secret)


def choose_resource(provider: Provider, asked: tuple[str, ...], granted: list[str] | None) -> str | None:
    """The one API an access token is for; none for ours. Raises InvalidTargetError."""
    if len(asked) > 1:
        raise InvalidTargetError("an access token is for one resource")
    allowed = granted or sorted(provider.own_resources)
    if asked and asked[0] not in allowed:
        raise InvalidTargetError("this resource was not granted")
    if not asked and granted and len(granted) > 1:
        raise InvalidTargetError("name one of the granted resources")
    chosen = asked[0] if asked else allowed[0]
    return None if chosen in provider.own_resources else chosen


def known_resource(transaction: Transaction, resource: str) -> str | None:
    """What access tokens for a registered API are: `opaque` or `jwt`. None: there is no such API."""
    kind: str | None = transaction.execute(_RESOURCE, {"resource": resource}).scalar_one_or_none()
    return kind


def _access_token(provider: Provider, transaction: Transaction, access: Access, now: int, lifetime: int | None) -> str:
    if access.resource is None or known_resource(transaction, access.resource) != "jwt":
        return new_secret("at")
    claims = {
        "iss": provider.issuer,
        "sub": str(access.user_id),
        "aud": access.resource,
        "client_id": access.client.get_client_id(),
        "iat": now,
        "exp": now + (ACCESS_SECONDS if lifetime is None else lifetime),
        "jti": uuid4().hex,
        "scope": " ".join(access.scopes),
        **_about_sign_in(access.grant),
    }
    if access.key_thumbprint:
        claims["cnf"] = {"jkt": access.key_thumbprint}
    return provider.keys.sign(claims, "RS256", now, "at+jwt")  # RFC 9068


def _id_token(provider: Provider, transaction: Transaction, access: Access, access_token: str, now: int) -> str:
    claims = {
        **_about_user(provider, transaction, access),
        "iss": provider.issuer,
        "sub": str(access.user_id),
        "aud": access.client.get_client_id(),
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "at_hash": urlsafe_b64encode(sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode(),
        **_about_sign_in(access.grant),
    }
    if access.grant.session:
        claims["sid"] = access.grant.session
    if access.nonce:
        claims["nonce"] = access.nonce
    return provider.keys.sign(claims, access.client.application.id_token_alg, now)


def _about_user(provider: Provider, transaction: Transaction, access: Access) -> dict[str, Any]:
    """What was asked to stand in the ID token besides (OpenID Connect Core, 5.5)."""
    wishes = (access.grant.claims or {}).get("id_token")
    if wishes is None:
        return {}
    account_id = access.client.application.account_id
    return userinfo.describe(transaction, access.user_id, (), wishes, account_id=account_id, groups=provider.groups)


def _about_sign_in(grant: Any) -> dict[str, Any]:
    if not grant.authenticated_at:
        return {}
    return {"auth_time": grant.authenticated_at, "amr": grant.methods or [], "acr": level_of(grant.methods)}


_RESOURCE = select(Application.resource_tokens).where(
    Application.resource == bindparam("resource"), Application.revoked_at.is_(None)
)
