"""The manager's session with a browser: the tokens it holds for a person, sealed into a cookie.

Nothing is kept on the server. Two pages that refresh at once are given the same successor by the login, so that it does
not matter whose cookie comes last.
"""

from dataclasses import astuple
from typing import Any

from alpage.web.manager.provider import ProviderError, Tokens
from alpage.web.manager.surface import Visit

COOKIE = "manager-session"
LIFETIME_SECONDS = 30 * 86400


def tokens(visit: Visit) -> Tokens | None:
    """The tokens of the visitor, refreshed when that is due; none when nobody is signed in."""
    if COOKIE not in visit.kept:
        visit.kept[COOKIE] = _fresh(visit, held(visit))
    found: Tokens | None = visit.kept[COOKIE]
    return found


def held(visit: Visit) -> Tokens | None:
    """The tokens the browser brought, as they are."""
    sealed = visit.cookie(COOKIE)
    value: Any = visit.unseal(COOKIE, sealed) if sealed else None
    return Tokens(*value) if value else None


def keep(visit: Visit, given: Tokens) -> None:
    """Puts tokens into the cookie."""
    visit.kept[COOKIE] = given
    visit.set_cookie(COOKIE, visit.seal(COOKIE, astuple(given), LIFETIME_SECONDS), LIFETIME_SECONDS)


def forget(visit: Visit) -> None:
    """Takes the cookie away."""
    visit.kept[COOKIE] = None
    visit.clear_cookie(COOKIE)


def _fresh(visit: Visit, given: Tokens | None) -> Tokens | None:
    if given is None or not given.is_due:
        return given
    if not given.refresh_token:
        return None
    try:
        fresh = visit.surface.provider.refresh(given, visit.ip)
    except ProviderError:
        return None
    keep(visit, fresh)
    return fresh
