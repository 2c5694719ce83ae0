"""Signing in and out: the manager's part of the authorization code flow (RFC 6749, 4.1, with PKCE and a nonce)."""

from contextlib import suppress
from dataclasses import astuple
from typing import NoReturn
from urllib.parse import urlencode

from starlette.responses import Response

from alpage.web import forgery
from alpage.web.design.environment import LANGUAGE_NAMES
from alpage.web.manager import session
from alpage.web.manager.provider import Attempt, ProviderError, claims
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import SECRET_WORDS, AnsweredError
from alpage.web.sites import YEAR_SECONDS
from alpage.web.visits import LANGUAGE_COOKIE

pages = Pages()

ATTEMPT_SECONDS = 900
HOME = "/"
RETURNED = "/signed-in"


@pages.get("/sign-in")
def sign_in(visit: Visit) -> Response:
    """Sends the browser to the login, and remembers what for."""
    attempt = visit.surface.provider.attempt()
    back = visit.query.get("next", HOME)
    sealed = visit.seal("sign-in", [*astuple(attempt), back], ATTEMPT_SECONDS)
    visit.set_cookie(_cookie(attempt.state), sealed, ATTEMPT_SECONDS)
    asked = {name: visit.query[name] for name in ("max_age", "prompt", "login_hint") if name in visit.query}
    return visit.redirect(visit.surface.provider.authorization_url(attempt, ui_locales=visit.language, **asked))


@pages.get("/callback")
def come_back(visit: Visit) -> Response:
    """Takes the login's answer: a code for tokens, or why there is none."""
    cookie = _cookie(visit.query.get("state", ""))
    remembered = visit.unseal("sign-in", visit.cookie(cookie))
    visit.clear_cookie(cookie)
    if not remembered or visit.query.get("state") != remembered[0]:
        return _not_signed_in(visit, "")
    *attempt, back = remembered
    if visit.query.get("iss", visit.surface.issuer) != visit.surface.issuer:  # another provider's answer (RFC 9207)
        return _not_signed_in(visit, "")
    if "error" in visit.query:
        return _not_signed_in(visit, visit.query.get("error_description", ""))
    try:
        given = visit.surface.provider.exchange(visit.query.get("code", ""), Attempt(*attempt), visit.ip)
    except ProviderError as error:
        return _not_signed_in(visit, str(error))
    session.keep(visit, given)
    _speak_as_before(visit, str(claims(given.id_token).get("locale", "")))
    return visit.redirect(_path(back))


@pages.get(RETURNED)
def returned(visit: Visit) -> Response:
    """Says that one is signed in again, in the tab that was opened for it."""
    return visit.render("manager/signed_in.html")


@pages.post("/sign-out")
def sign_out(visit: Visit) -> Response:
    """Ends the session here, then at the login."""
    given = session.held(visit)
    session.forget(visit)
    if given is None:
        return visit.redirect(HOME)
    with suppress(ProviderError):  # it has ended already: what counts is that the login hears of it as well
        visit.surface.provider.revoke(given, visit.ip)
    return visit.redirect(visit.surface.provider.end_session_url(given, visit.surface.address + "/"))


def ask(visit: Visit, max_age: int | None = None) -> NoReturn:
    """Has the visitor sign in, and come back: to the page he wants to see, or to what he has typed.

    `max_age`: how many seconds ago he may have proved who he is, where having signed in at all is not enough.
    """
    fresh = {} if max_age is None else {"max_age": max_age}
    if visit.method != "POST":
        raise AnsweredError(visit.redirect(_sign_in_path(visit.here().removeprefix(visit.place.base), fresh)))
    typed = [(name, value) for name, value in visit.form.multi_items() if name != forgery.FIELD]
    kept = [(name, value) for name, value in typed if not any(word in name for word in SECRET_WORDS)]
    raise AnsweredError(
        visit.render(
            "manager/interrupted.html",
            401,
            sign_in=visit.url("/sign-in", next=RETURNED, **fresh),
            is_too_old=max_age is not None,
            typed=kept,
            is_complete=kept == typed and not visit.files,
        )
    )


def _sign_in_path(back: str, fresh: dict[str, int]) -> str:
    return f"/sign-in?{urlencode({'next': back, **fresh})}"


def _cookie(state: str) -> str:
    """The cookie of one sign-in: people sign in in several tabs at once."""
    known = "".join(letter for letter in state if letter.isalnum())
    return f"manager-sign-in-{known[:8]}"


def _path(back: str) -> str:
    """Where to go afterwards: a path of the manager, whatever the address said."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else HOME


def _speak_as_before(visit: Visit, locale: str) -> None:
    language = locale.partition("-")[0].partition("_")[0]
    if language in LANGUAGE_NAMES and not visit.cookie(LANGUAGE_COOKIE):
        visit.set_cookie(LANGUAGE_COOKIE, language, YEAR_SECONDS)


def _not_signed_in(visit: Visit, reason: str) -> Response:
    return visit.render("manager/not_signed_in.html", 400, reason=reason)
