"""Metadata: what the login offers and where, for programs to find out by themselves (RFC 8414, OpenID discovery)."""

from typing import Any
from urllib.parse import urlsplit

from alpage.identity import dpop, passkeys
from alpage.identity.oauth.authorization_requests import PROMPTS, RESPONSE_MODES
from alpage.identity.oauth.claims import SCOPE_OF
from alpage.identity.oauth.clients import ASSERTION_ALGORITHMS, METHODS
from alpage.identity.oauth.provider import LEVELS, Provider
from alpage.identity.scopes import EVERY_SCOPE, SCOPES
from alpage.identity.signing_keys import ALGORITHMS
from alpage.settings import Settings

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
PASSKEYS = "/.well-known/passkey-endpoints"
GRANT_TYPES = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
CLAIMS = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
    *SCOPE_OF,
)
LANGUAGES = ("en", "de", "fr", "es", "it")


def of_the_login(provider: Provider) -> dict[str, Any]:
    """The login's metadata."""
    address = provider.address
    assertions = list(ASSERTION_ALGORITHMS)
    with_keys = [method for method in METHODS if method != "none"]
    return {
        "issuer": provider.issuer,
        "authorization_endpoint": address("/authorize"),
        "token_endpoint": address("/token"),
        "userinfo_endpoint": address("/oauth2/userinfo"),
        "jwks_uri": address("/jwks"),
        "registration_endpoint": address("/register"),
        "revocation_endpoint": address("/revoke"),
        "introspection_endpoint": address("/introspect"),
        "device_authorization_endpoint": address("/device_authorization"),
        "pushed_authorization_request_endpoint": address("/par"),
        "end_session_endpoint": address("/end_session"),
        "scopes_supported": list(EVERY_SCOPE),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "acr_values_supported": list(LEVELS),
        "prompt_values_supported": sorted(PROMPTS),
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": with_keys,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "claims_supported": list(CLAIMS),
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "ui_locales_supported": list(LANGUAGES),
        "protected_resources": [provider.settings.public_url],
    }


def of_the_api(settings: Settings) -> dict[str, Any]:
    """The API's metadata: where access to it is given (RFC 9728)."""
    return {
        "resource": settings.public_url,
        "resource_name": "Alpage",
        "authorization_servers": [settings.issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
    }


def of_passkeys(provider: Provider) -> dict[str, str]:
    """Where people make passkeys and look after them, for password stores to lead there (W3C, Passkey Endpoints)."""
    return {
        "enroll": provider.address(passkeys.PAGE),
        "manage": f"{provider.settings.manager_address}/security",
    }


def well_known(address: str, name: str) -> str:
    """The path of what is well known about an address: before that address's own path (RFC 8414, 3.1)."""
    return name + urlsplit(address).path.rstrip("/")
