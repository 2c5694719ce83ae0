"""Forged requests: what another site may not have a visitor's browser do.

A form must come from one of our own pages, by what the browser says of it, and carry a value that only our pages know:
an HMAC over what binds the visitor to us (his session, or a cookie of his own before he has one).
"""

import hmac
from collections.abc import Mapping
from secrets import token_urlsafe
from urllib.parse import urlsplit

from alpage.web.sealing import derive

FIELD = "csrf"
NONCE_BYTES = 12


def token(secret: bytes, binding: str) -> str:
    """The value the forms of a visitor carry: another one each time a page is shown, so that it names the form too."""
    nonce = token_urlsafe(NONCE_BYTES)
    return f"{nonce}.{_signature(secret, binding, nonce)}"


def is_own(secret: bytes, binding: str, sent: str) -> bool:
    """Whether a form carries a value of this visitor."""
    nonce, _, signature = sent.partition(".")
    return bool(binding) and hmac.compare_digest(_signature(secret, binding, nonce).encode(), signature.encode())


def _signature(secret: bytes, binding: str, nonce: str) -> str:
    return hmac.digest(derive(secret, "csrf"), f"{nonce} {binding}".encode(), "sha256").hex()


def comes_from_us(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of this host (or from no page at all)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    source = headers.get("origin") or headers.get("referer", "")
    return urlsplit(source).netloc == headers.get("host", "") != ""
