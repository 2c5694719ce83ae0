"""Client metadata: what an application may say about itself, whoever registers it (RFC 7591, OpenID registration).

Pure rules, for the routes of applications and for dynamic registration. What breaks one raises the fault of a shape's
validator (`alpage.api.validation.fault`), whose `type` is an error code of ours and whose `context` says why.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, Field

from alpage.api.errors import Fault
from alpage.api.validation import fault, not_among
from alpage.identity.scopes import EVERY_SCOPE

CODE, REFRESH, OWN = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
SECRET_METHODS: tuple[AuthMethod, ...] = ("client_secret_basic", "client_secret_post")
SigningAlg = Literal["RS256", "ES256"]

RESPONSE_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri", "response"})
MAX_URI_LENGTH, MAX_URIS, MAX_KEYS = 2000, 50, 10
MIN_MODULUS_LENGTH = 342  # 2,048 bits in base64url

_VISIBLE = re.compile(r"[!-~]+")  # of ASCII, without the space
_NOT_OF_A_URI = frozenset('"<>\\^`{|}')  # RFC 3986, 2
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")  # a domain, reversed (RFC 8252, 7.1)


def check_redirect_uri(uri: str) -> str:
    """A redirect URI, as it came: https, http to this machine, or a private-use scheme with a dot (RFC 8252, 7).

    Raises `attribute_redirect_uri` with the reason: `characters`, `scheme`, `host`, `userinfo`, `fragment`, `path`
    (dot segments, or none at all) or `query` (what an answer of the login would add).
    """
    parts = _split(uri)
    if parts.scheme in ("http", "https"):
        _require_host(parts)
    elif not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        raise _refused("scheme")
    elif not parts.netloc and not parts.path:
        raise _refused("path")
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        raise _refused("path")
    if RESPONSE_PARAMETERS & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
        raise _refused("query")
    return uri


def check_endpoint(uri: str) -> str:
    """An address the login itself calls: https, or http to this machine. Raises `attribute_redirect_uri`."""
    parts = _split(uri)
    if parts.scheme not in ("http", "https"):
        raise _refused("scheme")
    _require_host(parts)
    return uri


def check_origin(origin: str) -> str:
    """The origin of scripts in a browser (RFC 6454, 6.2): scheme, host and port. Raises `attribute_redirect_uri`."""
    parts = _split(check_endpoint(origin))
    if parts.path or parts.query or origin != origin.lower():
        raise _refused("path")
    return origin


def check_resource(uri: str) -> str:
    """The address of an API (RFC 8707, 2): https, or http to this machine, without query. Raises the same."""
    if _split(check_endpoint(uri)).query:
        raise _refused("query")
    return uri


def check_web_address(uri: str) -> str:
    """The address of a page that people read. Raises `attribute_url`."""
    parts = urlsplit(uri) if _VISIBLE.fullmatch(uri) and not _NOT_OF_A_URI & set(uri) else None
    if parts is None or parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or ""):
        raise fault("attribute_url")
    if "@" in parts.netloc:
        raise fault("attribute_url")
    return uri


def check_jwks(jwks: dict[str, Any]) -> dict[str, Any]:
    """A set of public keys (RFC 7517, 5). Raises `attribute_jwks`: `keys`, `private`, `symmetric`, `weak`."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS or not all(isinstance(key, dict) for key in keys):
        raise fault("attribute_jwks", reason="keys")
    if any(key.get("kty") == "oct" or "k" in key for key in keys):
        raise fault("attribute_jwks", reason="symmetric")
    if any("d" in key for key in keys):
        raise fault("attribute_jwks", reason="private")
    if any(key.get("kty") == "RSA" and len(str(key.get("n"))) < MIN_MODULUS_LENGTH for key in keys):
        raise fault("attribute_jwks", reason="weak")
    try:
        KeySet.import_key_set({"keys": [dict(key) for key in keys]})  # which adds to what it gets
    except (JoseError, ValueError, TypeError, KeyError):
        raise fault("attribute_jwks", reason="keys") from None
    return {"keys": keys}


def contradictions(metadata: Mapping[str, Any]) -> list[Fault]:
    """What does not fit together in an application's metadata, by the names of its columns; nothing if all is well."""
    return [
        *_of_authentication(metadata),
        *_of_grant_types(set(metadata["grant_types"]), metadata),
        *(
            not_among("attribute_in", f"scopes.{index}", scope, [*EVERY_SCOPE])
            for index, scope in enumerate(metadata["scopes"])
            if scope not in EVERY_SCOPE
        ),
    ]


def _of_authentication(metadata: Mapping[str, Any]) -> Iterable[Fault]:
    method = metadata["token_endpoint_auth_method"]
    if (method != "none") != metadata["is_confidential"]:
        allowed: list[str] = [*SECRET_METHODS, "private_key_jwt"] if metadata["is_confidential"] else ["none"]
        yield not_among("attribute_in", "token_endpoint_auth_method", method, allowed)
    if method == "private_key_jwt" and not metadata.get("jwks"):
        yield Fault("attribute_required_with", "jwks", {"others": ["token_endpoint_auth_method"]})


def _of_grant_types(grant_types: set[str], metadata: Mapping[str, Any]) -> Iterable[Fault]:
    if not grant_types:
        yield Fault("attribute_min_items", "grant_types", {"min_items": 1})
    if CODE in grant_types and not metadata["redirect_uris"]:
        yield Fault("attribute_required_with", "redirect_uris", {"others": [CODE]})
    if REFRESH in grant_types and not grant_types & {CODE, DEVICE}:
        yield Fault("attribute_required_with", "grant_types", {"others": [CODE, DEVICE]})
    if grant_types & {OWN, EXCHANGE} and not metadata["is_confidential"]:
        yield Fault("attribute_not_in", "grant_types", {"values": [OWN, EXCHANGE]})


def _split(uri: str) -> SplitResult:
    """The parts of an address without userinfo and fragment, all of whose characters may stand in one."""
    if not _VISIBLE.fullmatch(uri) or _NOT_OF_A_URI & set(uri) or re.search(r"%(?![0-9A-Fa-f]{2})", uri):
        raise _refused("characters")
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise _refused("host") from None
    if "#" in uri:
        raise _refused("fragment")
    if "@" in parts.netloc:
        raise _refused("userinfo")
    return parts


def _require_host(parts: SplitResult) -> None:
    host = parts.hostname or ""
    is_address = _is_address(host)
    if not is_address and not _HOST.fullmatch(host):
        raise _refused("host")
    if parts.scheme == "http" and not is_loopback(host):
        raise _refused("scheme")


def is_loopback(host: str) -> bool:
    """Whether a host is the machine itself (RFC 8252, 7.3)."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone of a link is nobody else's business


def _refused(reason: str) -> Exception:
    return fault("attribute_redirect_uri", reason=reason)


Uri = Annotated[str, Field(max_length=MAX_URI_LENGTH)]
RedirectUri = Annotated[Uri, AfterValidator(check_redirect_uri)]
Endpoint = Annotated[Uri, AfterValidator(check_endpoint)]
Origin = Annotated[Uri, AfterValidator(check_origin)]
Resource = Annotated[Uri, AfterValidator(check_resource)]
WebAddress = Annotated[Uri, AfterValidator(check_web_address)]
Jwks = Annotated[dict[str, Any], AfterValidator(check_jwks)]
