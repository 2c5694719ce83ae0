"""The authorization endpoint as a person meets it (RFC 6749, 3.1; OpenID Connect Core, 3.1.2).

An application sends a visitor here with a request. He signs in if he must, says who he wants to be if he is asked to,
allows what is asked for, and goes back with a code. What a GET shows gives nothing: a new application is let in by the
form of the consent page alone, with a token that is good once, for one session and one request (A15).
"""

from collections.abc import Sequence
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.responses import Response

from alpage.accounts import accounts
from alpage.identity import factors, sessions, tickets
from alpage.identity.credentials import keyed_hash
from alpage.identity.oauth.authorization import AuthorizationError, AuthorizationRequest
from alpage.identity.oauth.provider import LEVELS, level_of
from alpage.identity.scopes import SCOPES
from alpage.storage.database import Transaction
from alpage.web.login import answers, browsers, returns, sign_in, words
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of
from alpage.web.pages import Pages
from alpage.web.problems import PageError

ASKED = "login-asked"  # the cookie that knows since when a request has wanted something of the visitor
ASKED_SECONDS = 3600
MOST_ASKED = 8
CONSENT = "consent"
CONSENT_SECONDS = 1800

pages = Pages()


@pages.get("/authorize")
def authorize(visit: LoginVisit) -> Response:
    """Takes an application's request."""
    surface, now = visit.surface, visit.surface.now
    surface.provider.keys.ready(now)
    try:
        with surface.database.transaction(author_of(visit)) as transaction:
            request = surface.authorizations.read(transaction, str(visit.query), now)
            returns.speak(visit, request)
            step = _next_step(visit, transaction, request, now)
            if isinstance(step, Response):
                return step
            _forget(visit, request)
            sessions.stamp(transaction, step.session.id, now)
            answer = surface.authorizations.approve(transaction, request, step.session, request.scopes, now)
    except AuthorizationError as error:
        return answers.show(visit, error)
    return answers.send(visit, answer)


@pages.post("/authorize", foreign=True)
def authorize_by_form(visit: LoginVisit) -> Response:
    """Takes a request from a form of the application's: as a GET, which brings the visitor's cookies along."""
    return visit.redirect(returns.with_query("/authorize", visit.form.multi_items()))


# What the visitor has to do first


def _next_step(
    visit: LoginVisit, transaction: Transaction, request: AuthorizationRequest, now: int
) -> Response | Person:
    """The page the visitor must see next; himself when there is nothing more to ask."""
    browser, people = browsers.read(visit), browsers.people(visit, transaction, now)
    since = _asked_since(visit, request)
    person = _meant(visit, request, people, now) if browser.chosen_at < since else next(iter(people), None)
    if person is None or _must_sign_in(request, person, since, now):
        return _send_on(visit, request, "login_required", "/signin", now)
    if "select_account" in request.prompts and not since <= browser.chosen_at:
        return _send_on(visit, request, "account_selection_required", "/choose", now)
    if _asks_for_more(request, person):
        return _ask_second_factor(visit, transaction, request, person, now)
    if "consent" in request.prompts or not visit.surface.authorizations.consented(transaction, request, person.user.id):
        return _ask_consent(visit, transaction, request, person, people)
    return person


def _meant(visit: LoginVisit, request: AuthorizationRequest, people: Sequence[Person], now: int) -> Person | None:
    """Whom the application means, if it says; else who the browser is in use for.

    An ID token says it for certain: nobody else will do, until the visitor has chosen. An address is only a hint.
    """
    if token := visit.query.get("id_token_hint"):
        try:
            subject = visit.surface.provider.keys.read(token, now).get("sub")
        except ValueError:
            subject = None
        return next((person for person in people if str(person.user.id) == subject), None)
    hint = request.login_hint.lower()
    hinted = (person for person in people if hint and person.user.email == hint)
    return next(hinted, people[0] if people else None)


def _must_sign_in(request: AuthorizationRequest, person: Person, since: float, now: int) -> bool:
    """Whether it is too long ago that the user proved who he is, unless it was for this very request."""
    signed_in_at = person.session.authenticated_at
    is_old = request.max_age is not None and signed_in_at + request.max_age < now
    return (is_old or "login" in request.prompts) and signed_in_at < since


def _asks_for_more(request: AuthorizationRequest, person: Person) -> bool:
    """Whether the application asks for a surer sign-in than this one was (RFC 9470)."""
    wanted = [level for level in request.acr_values if level in LEVELS]
    return bool(wanted) and min(wanted) > level_of(person.session.methods)


def _send_on(visit: LoginVisit, request: AuthorizationRequest, code: str, page: str, now: int) -> Response:
    """Sends the visitor to a page that brings him back; says so to the application if he may not be bothered."""
    if "none" in request.prompts:
        return answers.send(visit, visit.surface.authorizations.refuse(request, code))
    _remember(visit, request, now)
    return visit.redirect(returns.with_return(page, returns.here(visit)))


def _ask_second_factor(
    visit: LoginVisit, transaction: Transaction, request: AuthorizationRequest, person: Person, now: int
) -> Response:
    surface, session = visit.surface, person.session
    if "none" in request.prompts:
        return answers.send(visit, surface.authorizations.refuse(request, "login_required"))
    if not factors.of_user(transaction, person.user.id).has_second:
        return visit.render(
            "login/no_second_factor.html",
            form_action=returns.targets(request),
            application=request.application,
            manager=surface.settings.manager_address,
            request=str(visit.query),
            token=_consent_token(visit, request, person),
        )
    secret = surface.sign_in.wait_for_second_factor(
        transaction, person.user.id, session.methods, session.authenticated_at, now
    )
    return sign_in.wait(visit, secret, returns.here(visit))


# Since when a request has been waiting for the visitor to sign in again, or to choose


def _asked_since(visit: LoginVisit, request: AuthorizationRequest) -> float:
    """When the request was first sent on to another page; infinity if it was not."""
    return float(_asked(visit).get(request.digest, "inf"))


def _remember(visit: LoginVisit, request: AuthorizationRequest, now: int) -> None:
    asked = _asked(visit)
    asked.setdefault(request.digest, now)
    _keep_asked(visit, dict([*asked.items()][-MOST_ASKED:]))


def _forget(visit: LoginVisit, request: AuthorizationRequest) -> None:
    asked = _asked(visit)
    if asked.pop(request.digest, None) is not None:
        _keep_asked(visit, asked)


def _asked(visit: LoginVisit) -> dict[str, int]:
    return visit.unseal(ASKED, visit.cookie(ASKED)) or {}


def _keep_asked(visit: LoginVisit, asked: dict[str, int]) -> None:
    visit.set_cookie(ASKED, visit.seal(ASKED, asked, ASKED_SECONDS), ASKED_SECONDS)


# Consent


def _ask_consent(
    visit: LoginVisit,
    transaction: Transaction,
    request: AuthorizationRequest,
    person: Person,
    people: Sequence[Person],
) -> Response:
    if "none" in request.prompts:
        return answers.send(visit, visit.surface.authorizations.refuse(request, "consent_required"))
    reaches_accounts = any(scope in SCOPES for scope in request.scopes)
    return visit.render(
        "login/consent.html",
        form_action=returns.targets(request),
        application=request.application,
        place=words.place(visit, request.redirect_uri),
        website=urlsplit(request.application.website or "").hostname,
        wishes=words.wishes(visit, request.scopes),
        stays=request.is_offline,
        accounts=accounts.names_of_user(transaction, person.user.id) if reaches_accounts else [],
        person=person,
        others=len(people) - 1,
        here=returns.here(visit),
        request=str(visit.query),
        token=_consent_token(visit, request, person),
    )


@pages.post("/consent")
def decide(visit: LoginVisit) -> Response:
    """What the visitor has decided on the consent page."""
    surface, now, query = visit.surface, visit.surface.now, visit.form.get("request", "")
    try:
        with surface.database.transaction(author_of(visit)) as transaction:
            request = surface.authorizations.read(transaction, query, now)
            person = _who_was_asked(visit, transaction, request, now)
            _forget(visit, request)
            if visit.form.get("decision") == "approve":
                answer = surface.authorizations.approve(transaction, request, person.session, request.scopes, now)
            elif visit.form.get("decision") == "unmet":
                answer = surface.authorizations.refuse(request, "unmet_authentication_requirements")
            else:
                answer = surface.authorizations.refuse(request, "access_denied")
    except AuthorizationError as error:
        return answers.show(visit, error)
    return answers.send(visit, answer)


def _consent_token(visit: LoginVisit, request: AuthorizationRequest, person: Person) -> str:
    content = [person.session.public_id, request.digest, token_urlsafe(16)]
    return visit.seal(CONSENT, content, CONSENT_SECONDS)


def _who_was_asked(visit: LoginVisit, transaction: Transaction, request: AuthorizationRequest, now: int) -> Person:
    """Whom the page was shown to. Raises PageError unless its token is this session's and request's, shown once."""
    token = visit.form.get("token", "")
    public_id, digest, _ = visit.unseal(CONSENT, token) or ("", "", "")
    person = next((one for one in browsers.people(visit, transaction, now) if one.session.public_id == public_id), None)
    key = keyed_hash(visit.surface.pepper, token)
    if (
        person is None
        or digest != request.digest
        or not tickets.put(transaction, "consent", key, {}, now + CONSENT_SECONDS)
    ):
        raise PageError(
            403,
            visit.gettext(
                "This page has been answered already, or is too old. Go back to the application and begin again."
            ),
        )
    return person
