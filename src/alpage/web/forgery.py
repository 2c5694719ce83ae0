"""Forged requests: what another site may not have a visitor's browser do.

A form must come from one of our own pages, by what the browser says of it, and carry a value that only our pages know:
an HMAC of what binds the visitor to us (his session, or a cookie of his own before he has one).
"""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from alpage.web.sealing import derive

FIELD = "csrf"


def token(secret: bytes, binding: str) -> str:
    """The value the forms of a visitor carry."""
    return hmac.digest(derive(secret, "csrf"), binding.encode(), "sha256").hex()


def is_own(secret: bytes, binding: str, sent: str) -> bool:
    """Whether a form carries the value of this visitor."""
    return bool(binding) and hmac.compare_digest(token(secret, binding).encode(), sent.encode())


def comes_from_us(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of this host (or from no page at all)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    source = headers.get("origin") or headers.get("referer", "")
    return urlsplit(source).netloc == headers.get("host", "") != ""
