"""Where a visitor goes on to after he has signed in: a page of the login that sent him, and nothing else."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from alpage.api.languages import LANGUAGES
from alpage.identity.oauth.authorization_requests import AuthorizationError, AuthorizationRequest
from alpage.storage.database import Transaction
from alpage.web.login.surface import LoginVisit
from alpage.web.visits import LANGUAGE_COOKIE

HOME = "/"
# The pages that send a visitor to sign in. An address that begins otherwise would lead to another host.
PAGES = re.compile(r"/(?:authorize|device|passkeys/new)?(?:\?[\x21-\x7e]*)?")


def checked(path: str) -> str:
    """The path to go on to, or the start where there is none that may be."""
    return path if PAGES.fullmatch(path) else HOME


def with_return(page: str, to: str) -> str:
    """The path of a page that knows where to go on to."""
    return page if to == HOME else f"{page}?{urlencode({'next': to})}"


def with_query(page: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The path of a page with a query, repeated names and all."""
    return f"{page}?{urlencode([*pairs])}"


def here(visit: LoginVisit) -> str:
    """The path of the page itself, to come back to."""
    return f"{visit.path}?{visit.query}" if visit.query else visit.path


def hint(path: str) -> str:
    """Who is expected to sign in to go on to a path, if it says."""
    return dict(parse_qsl(urlsplit(path).query)).get("login_hint", "")


def asked_by(visit: LoginVisit, transaction: Transaction, path: str, now: int) -> AuthorizationRequest | None:
    """The request of an application that a visitor goes on to, if that is where he goes on to."""
    parts = urlsplit(path)
    if parts.path != "/authorize":
        return None
    try:
        request = visit.surface.authorizations.read(transaction, parts.query, now)
    except AuthorizationError:
        return None  # it says so when he is there
    speak(visit, request)
    return request


def speak(visit: LoginVisit, request: AuthorizationRequest) -> None:
    """Speaks the language an application says its user reads, unless he has chosen one here."""
    known = (locale.partition("-")[0].lower() for locale in request.ui_locales)
    wanted = next((language for language in known if language in LANGUAGES), visit.language)
    visit.language = visit.language if visit.cookie(LANGUAGE_COOKIE) else wanted


def targets(request: AuthorizationRequest | None) -> list[str]:
    """Where a form may end up, as a source of a content security policy.

    Chromium holds redirects that follow a form against `form-action` too: without this the way back to the application
    ends in the browser.
    """
    return [] if request is None else [target(request.redirect_uri)]


def target(uri: str) -> str:
    """The source that allows an address: its origin, or its scheme where there is no origin a policy can name."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or parts.netloc.startswith("["):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"
