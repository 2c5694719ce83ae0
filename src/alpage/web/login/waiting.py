"""Waiting requests: since when an application's request has wanted something of the visitor, by a cookie.

Who was sent to sign in again, or to choose who he is, comes back with the same request: this is how it knows that he
has done so since.
"""

from alpage.identity.oauth.authorization_requests import AuthorizationRequest
from alpage.web.login.surface import LoginVisit

COOKIE = "login-asked"
LIFETIME_SECONDS = 3600
MOST_REQUESTS = 8


def since(visit: LoginVisit, request: AuthorizationRequest) -> float:
    """When the request was first sent on to another page; infinity if it was not."""
    return float(_known(visit).get(request.digest, "inf"))


def remember(visit: LoginVisit, request: AuthorizationRequest, now: int) -> None:
    """Notes that the request is sent on to another page."""
    known = _known(visit)
    known.setdefault(request.digest, now)
    _keep(visit, dict([*known.items()][-MOST_REQUESTS:]))


def forget(visit: LoginVisit, request: AuthorizationRequest) -> None:
    """Lets go of a request that is answered: the next one of its kind begins anew."""
    known = _known(visit)
    if known.pop(request.digest, None) is not None:
        _keep(visit, known)


def _known(visit: LoginVisit) -> dict[str, int]:
    return visit.unseal(COOKIE, visit.cookie(COOKIE)) or {}


def _keep(visit: LoginVisit, known: dict[str, int]) -> None:
    visit.set_cookie(COOKIE, visit.seal(COOKIE, known, LIFETIME_SECONDS), LIFETIME_SECONDS)
