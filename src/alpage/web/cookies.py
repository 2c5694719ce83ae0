"""Cookies: bound to this host and to HTTPS by their name (`__Host-`), out of reach of scripts.

Browsers take `http://localhost` and `http://127.0.0.1` for secure, so a platform on the own machine works as well.
"""

PREFIX = "__Host-"
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def set_cookie(name: str, value: str, lifetime_seconds: int | None = None) -> str:
    """The header that sets a cookie; without a lifetime it ends with the browser."""
    lifetime = "" if lifetime_seconds is None else f"; Max-Age={lifetime_seconds}"
    return f"{PREFIX}{name}={value}; {ATTRIBUTES}{lifetime}"


def clear_cookie(name: str) -> str:
    """The header that takes a cookie away."""
    return set_cookie(name, "", 0)
