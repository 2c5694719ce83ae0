"""Consent: what an application would be able to do, for the visitor to allow, in part or not at all.

He is asked for what he has not agreed to before, and may untick all but that the application knows who he is
(`openid`). What he decides comes with a token that is good once, for one session and one request (A15).
"""

from collections.abc import Sequence
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.responses import Response

from alpage.accounts import accounts
from alpage.identity import tickets
from alpage.identity.credentials import keyed_hash
from alpage.identity.oauth.authorization_requests import AuthorizationError, AuthorizationRequest
from alpage.identity.scopes import SCOPES, contains
from alpage.storage.database import Transaction
from alpage.web.login import answers, browsers, returns, waiting, words
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of
from alpage.web.pages import Pages
from alpage.web.problems import PageError

PURPOSE = "consent"
SECONDS = 1800

pages = Pages()


def ask(
    visit: LoginVisit,
    transaction: Transaction,
    request: AuthorizationRequest,
    person: Person,
    people: Sequence[Person],
) -> Response:
    """The page that asks for what was not agreed to before, or for all where the application wants it asked again."""
    if "none" in request.prompts:
        return answers.send(visit, visit.surface.authorizations.refuse(request, "consent_required"))
    known = [] if "consent" in request.prompts else _agreed(visit, transaction, request, person)
    asked = [scope for scope in request.wanted if not contains(known, scope)]
    reaches_accounts = any(scope in SCOPES for scope in request.wanted)
    return visit.render(
        "login/consent.html",
        form_action=returns.targets(request),
        application=request.application,
        place=words.place(visit, request.redirect_uri),
        website=urlsplit(request.application.website or "").hostname,
        wishes=words.wishes(visit, asked),
        allowed=words.wishes(visit, [scope for scope in request.wanted if scope not in asked]),
        stays=request.is_offline,
        accounts=accounts.names_of_user(transaction, person.user.id) if reaches_accounts else [],
        person=person,
        others=len(people) - 1,
        here=returns.here(visit),
        request=str(visit.query),
        token=token(visit, request, person, asked),
    )


def token(visit: LoginVisit, request: AuthorizationRequest, person: Person, asked: Sequence[str] | None) -> str:
    """What the form of a page carries that asks one visitor about one request; None: he can but refuse."""
    content = [person.session.public_id, request.digest, asked, token_urlsafe(16)]
    return visit.seal(PURPOSE, content, SECONDS)


@pages.post("/consent")
def decide(visit: LoginVisit) -> Response:
    """What the visitor has decided."""
    surface, now, query = visit.surface, visit.surface.now, visit.form.get("request", "")
    try:
        with surface.database.transaction(author_of(visit)) as transaction:
            request = surface.authorizations.read(transaction, query, now)
            person, asked = _who_was_asked(visit, transaction, request, now)
            waiting.forget(visit, request)
            if visit.form.get("decision") == "approve" and asked is not None:
                allowed = _allowed(visit, request, asked, _agreed(visit, transaction, request, person))
                answer = surface.authorizations.approve(transaction, request, person.session, allowed, now)
            elif visit.form.get("decision") == "unmet":
                answer = surface.authorizations.refuse(request, "unmet_authentication_requirements")
            else:
                answer = surface.authorizations.refuse(request, "access_denied")
    except AuthorizationError as error:
        return answers.show(visit, error)
    return answers.send(visit, answer)


def _agreed(visit: LoginVisit, transaction: Transaction, request: AuthorizationRequest, person: Person) -> list[str]:
    return visit.surface.authorizations.agreed(transaction, request, person.user.id)


def _allowed(
    visit: LoginVisit, request: AuthorizationRequest, asked: Sequence[str], agreed: Sequence[str]
) -> list[str]:
    """What was ticked of what the page asked for, with what it did not ask for because it was agreed to before."""
    ticked = words.ticked(visit, asked)
    return [scope for scope in request.wanted if scope in ticked or (scope not in asked and contains(agreed, scope))]


def _who_was_asked(
    visit: LoginVisit, transaction: Transaction, request: AuthorizationRequest, now: int
) -> tuple[Person, list[str] | None]:
    """Whom the page was shown to, and what it asked for.

    Raises PageError unless its token is this session's and request's, shown once.
    """
    shown = visit.form.get("token", "")
    public_id, digest, asked, _ = visit.unseal(PURPOSE, shown) or ("", "", None, "")
    person = next((one for one in browsers.people(visit, transaction, now) if one.session.public_id == public_id), None)
    key = keyed_hash(visit.surface.pepper, shown)
    if person is None or digest != request.digest or not tickets.put(transaction, "consent", key, {}, now + SECONDS):
        raise PageError(
            403,
            visit.gettext(
                "This page has been answered already, or is too old. Go back to the application and begin again."
            ),
        )
    return person, asked
