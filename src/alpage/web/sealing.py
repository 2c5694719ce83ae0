"""Sealed values: small JSON that travels through the browser and that only we can read or make.

A value is encrypted and authenticated (JWE, RFC 7516: `dir` with A256GCM) under a key derived from the place's secret
for one purpose, so that what was sealed for one cannot be used for another, and ends by itself.
"""

import hmac
from time import time
from typing import Any

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

HEADER = {"alg": "dir", "enc": "A256GCM"}


def derive(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose."""
    return hmac.digest(secret, f"alpage.web/{purpose}".encode(), "sha256")


def seal(secret: bytes, purpose: str, value: Any, lifetime_seconds: int) -> str:
    """A JSON value as a text that is safe in a cookie, a form and a URL."""
    content = orjson.dumps([int(time()) + lifetime_seconds, value])
    return jwe.encrypt_compact(HEADER, content, _key(secret, purpose))


def unseal(secret: bytes, purpose: str, sealed: str) -> Any:
    """The value that was sealed; None when it has ended, was made for something else, or is garbage."""
    try:
        opened = jwe.decrypt_compact(sealed, _key(secret, purpose), algorithms=[*HEADER.values()])
    except (JoseError, ValueError):
        return None
    ends_at, value = orjson.loads(opened.plaintext or b"[0,null]")
    return value if time() < ends_at else None


def _key(secret: bytes, purpose: str) -> OctKey:
    return OctKey.import_key(derive(secret, "seal/" + purpose))
