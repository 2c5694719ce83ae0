"""The headers of every answer: what its page may load, who may frame it, what is told to others."""

from collections.abc import Iterable

STANDING = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not `no-referrer`: with it, browsers say `Origin: null` of our own forms, and nothing is left to know them by.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def content_security_policy(nonce: str, *, form_action: Iterable[str] = (), images: Iterable[str] = ()) -> str:
    """What a page may load and where it may send; `form_action` and `images` are origins beside our own."""
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            " ".join(("img-src 'self' data:", *images)),
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *form_action)),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )
