"""The authorization endpoint as a person meets it (RFC 6749, 3.1; OpenID Connect Core, 3.1.2).

An application sends a visitor here with a request. He signs in if he must, says who he wants to be if he is asked to,
allows what is asked for, and goes back with a code. What a GET shows gives nothing: a new application is let in by the
form of the consent page alone.
"""

from collections.abc import Sequence

from starlette.responses import Response

from alpage.identity import factors, sessions
from alpage.identity.oauth.authorization_requests import AuthorizationError, AuthorizationRequest
from alpage.identity.oauth.provider import LEVELS, level_of
from alpage.storage.database import Transaction
from alpage.web.login import answers, browsers, consent, returns, sign_in, waiting
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of
from alpage.web.pages import Pages

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
            waiting.forget(visit, request)
            sessions.stamp(transaction, step.session.id, now)
            answer = surface.authorizations.approve(transaction, request, step.session, request.wanted, now)
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
    since, meant = waiting.since(visit, request), _meant(visit, request, people, now)
    has_chosen = browser.chosen_at >= since
    person = next(iter(people if has_chosen else meant), None)
    if person is not None and person not in meant:  # he chose to be somebody else than the application asks for
        waiting.forget(visit, request)
        return answers.send(visit, visit.surface.authorizations.refuse(request, "login_required"))
    if person is None or _must_sign_in(request, person, since, now):
        return _send_on(visit, request, "login_required", "/signin", now)
    if "select_account" in request.prompts and not has_chosen:
        return _send_on(visit, request, "account_selection_required", "/choose", now)
    if _asks_for_more(request, person):
        return _ask_second_factor(visit, transaction, request, person, now)
    if "consent" in request.prompts or not visit.surface.authorizations.consented(transaction, request, person.user.id):
        return consent.ask(visit, transaction, request, person, people)
    return person


def _meant(visit: LoginVisit, request: AuthorizationRequest, people: Sequence[Person], now: int) -> list[Person]:
    """Who of those here will do, whom the application means most first.

    An ID token, or a claim with a value, says it for certain (OpenID Connect Core, 3.1.2.1 and 5.5.1); an address is
    only a hint.
    """
    subjects = request.claims.subjects
    if request.id_token_hint:
        hinted = _subject_of(visit, request.id_token_hint, now)
        subjects = hinted if subjects is None else subjects & hinted
    hint = request.login_hint.lower()
    return sorted(
        (person for person in people if subjects is None or str(person.user.id) in subjects),
        key=lambda person: not hint or person.user.email != hint,
    )


def _subject_of(visit: LoginVisit, id_token: str, now: int) -> frozenset[str]:
    try:
        return frozenset({str(visit.surface.provider.keys.read(id_token, now).get("sub"))})
    except ValueError:
        return frozenset()


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
    waiting.remember(visit, request, now)
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
            token=consent.token(visit, request, person, None),
        )
    secret = surface.sign_in.wait_for_second_factor(
        transaction, person.user.id, session.methods, session.authenticated_at, now
    )
    return sign_in.wait(visit, secret, returns.here(visit))
