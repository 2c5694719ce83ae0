"""The headers of every answer: what its page may load, who may frame it, what is told to others."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

HOST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?")
SCHEME = re.compile(r"[a-z][a-z0-9.+-]*")

STANDING = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not `no-referrer`: with it, browsers say `Origin: null` of our own forms, and nothing is left to know them by.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def content_security_policy(nonce: str, *, form_action: Iterable[str] = (), images: Iterable[str] = ()) -> str:
    """What a page may load and where it may send.

    `form_action` and `images` are addresses whose origins forms may send to, and images come from, beside our own.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            " ".join(("img-src 'self' data:", *map(source, images))),
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *map(source, form_action))),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def source(address: str) -> str:
    """The origin of an address as a policy names it; its scheme alone where a policy cannot name its host.

    That is so for the schemes of applications (`org.example.app:/done`) and for IPv6 (CSP3 section 2.3.1). Raises
    ValueError for what is not an address: whoever made it up wants to write into the policy.
    """
    parts = urlsplit(address)
    if not SCHEME.fullmatch(parts.scheme):
        raise ValueError(f"not an address: {address!r}")
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host}" if HOST.fullmatch(host) else f"{parts.scheme}:"
