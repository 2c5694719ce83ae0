"""Proofs of possession: that who sends a token holds the key it is bound to (DPoP, RFC 9449).

A proof is a JWT over the method and the address of one request, signed with a key that stands in it. The API asks for
one with every token that is bound to a key; the token endpoint binds tokens to the key of the proof it is shown.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from alpage.api.callers import Proof
from alpage.identity import tickets
from alpage.identity.credentials import derive_secret, keyed_hash
from alpage.storage.database import Transaction

ALGORITHMS = ("ES256", "RS256", "PS256", "Ed25519", "EdDSA")
KEY_TYPES = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "Ed25519": "OKP", "EdDSA": "OKP"}
FRESH_SECONDS = 60  # how far the clocks of two programs may be apart
NONCE_SECONDS = 300
MAX_LENGTH, MAX_ID_LENGTH = 8192, 256
DEFAULT_PORTS = {"https": 443, "http": 80}


class BadProofError(Exception):
    """A proof that proves nothing; the text says why."""


class BadNonceError(BadProofError):
    """A proof over a nonce that is not, or no longer, ours."""


def key_of(
    proof: Proof, pepper: bytes, now: int, access_token: str = "", *, needs_nonce: bool = False
) -> tuple[str, str]:
    """The thumbprint of the key a proof is signed with, and the ticket that makes the proof good once.

    With an access token, the proof must be over that too. Raises BadProofError.
    """
    key, claims = _verify(proof.jwt)
    identifier, issued_at = claims.get("jti"), claims.get("iat")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_ID_LENGTH:
        raise BadProofError("jti is missing")
    if not isinstance(issued_at, int) or isinstance(issued_at, bool) or abs(now - issued_at) > FRESH_SECONDS:
        raise BadProofError("iat is not now")
    if claims.get("htm") != proof.method or _normalised(claims.get("htu")) != _normalised(proof.url):
        raise BadProofError("htm or htu is another request's")
    if access_token and claims.get("ath") != _hash(access_token):
        raise BadProofError("ath is another token's")
    _require_nonce(claims, pepper, now, needs_nonce=needs_nonce)
    thumbprint = key.thumbprint()
    return thumbprint, keyed_hash(pepper, f"proof {thumbprint} {identifier}")


def use(transaction: Transaction, ticket: str, now: int) -> None:
    """Uses a proof up. Raises BadProofError when it was used before."""
    if not tickets.put(transaction, "jti", ticket, {}, now + 2 * FRESH_SECONDS + 1):
        raise BadProofError("the proof was used before")


def nonce(pepper: bytes, now: int) -> str:
    """The nonce of these minutes, which proofs may be made over so that none can be made in advance.

    It is derived from the time: every process of the platform knows it, and none keeps it.
    """
    return derive_secret(pepper, "ot", "nonce", str(now // NONCE_SECONDS))


def for_next_proof(pepper: bytes, now: int) -> list[tuple[str, str]]:
    """The headers that tell a client what its next proof must be over; nobody gets them from a cache (8)."""
    return [("DPoP-Nonce", nonce(pepper, now)), ("Cache-Control", "no-store")]


def _require_nonce(claims: dict[str, Any], pepper: bytes, now: int, *, needs_nonce: bool) -> None:
    """Raises BadNonceError over a nonce that is neither this one nor the one before, which a client may still have."""
    if "nonce" not in claims:
        if needs_nonce:
            raise BadNonceError("the nonce is missing")
    elif claims["nonce"] not in (nonce(pepper, now), nonce(pepper, now - NONCE_SECONDS)):
        raise BadNonceError("the nonce is over")


def _verify(proof: str) -> tuple[Any, dict[str, Any]]:
    if len(proof) > MAX_LENGTH:
        raise BadProofError("it is too long")
    try:
        header = jws.extract_compact(proof.encode()).headers()
        alg, jwk = header["alg"], header["jwk"]
        if header.get("typ") != "dpop+jwt" or alg not in ALGORITHMS or jwk["kty"] != KEY_TYPES[alg]:
            raise BadProofError("its header says something else")
        if {"d", "p", "q", "k"} & jwk.keys():
            raise BadProofError("its key is not public")
        key: Any = import_key(
            {name: value for name, value in jwk.items() if name in ("kty", "crv", "x", "y", "n", "e")}
        )
        return key, jwt.decode(proof, key, [alg]).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadProofError("it cannot be verified") from None


def _hash(access_token: str) -> str:
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _normalised(url: Any) -> tuple[str, str, int | None, str] | None:
    """An address without query and fragment (RFC 9449, 4.3), as RFC 3986, 6.2 compares them."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except (ValueError, AttributeError, TypeError):
        return None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"
