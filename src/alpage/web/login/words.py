"""What applications ask for, in words."""

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from alpage.identity.scopes import OFFLINE, OPENID, OPENID_SCOPES, SCOPES, contains
from alpage.web.design.parts import Choice
from alpage.web.login.surface import LoginVisit

IN_ORDER = [*OPENID_SCOPES.items(), *SCOPES.items()]  # who the user is comes first


def wishes(visit: LoginVisit, scopes: Iterable[str]) -> list[Choice]:
    """What the scopes allow, a sentence each. What another of them contains is not said again."""
    asked = {*scopes}
    hints = {OFFLINE: visit.gettext("Until you take it back")}
    return [
        Choice(scope, visit.gettext(words), hints.get(scope, ""))
        for scope, words in IN_ORDER
        if scope in asked and not _is_part(scope, asked)
    ]


def ticked(visit: LoginVisit, asked: Collection[str]) -> list[str]:
    """What the visitor allows of the scopes his page asked for: those he ticked, with what they contain."""
    marked = {OPENID, *visit.form.getlist("scope")} & {*asked}
    return [scope for scope in asked if contains(marked, scope)]


def place(visit: LoginVisit, redirect_uri: str) -> str:
    """Where an answer goes: the host that was registered, or what stands for it on the visitor's own device."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https"):
        return visit.gettext("an app on this device")
    if _is_loopback(parts.hostname or ""):
        return visit.gettext("a program on this computer")
    return parts.hostname or ""


def _is_part(scope: str, asked: set[str]) -> bool:
    coarse, colon, _ = scope.partition(":")
    return bool(colon) and coarse in asked


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
