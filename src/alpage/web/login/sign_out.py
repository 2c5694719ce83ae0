"""Signing out: by oneself, or because an application sends one here (OpenID Connect RP-Initiated Logout)."""

from collections.abc import Sequence

from starlette.responses import Response

from alpage.identity.oauth.logout import Logout, LogoutError
from alpage.identity.sessions import Session
from alpage.storage.database import Transaction
from alpage.web.login import browsers, returns
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of, origin_of
from alpage.web.pages import Pages

BACK = "login-back"  # what an address to go back to is sealed for
SECONDS = 1800

pages = Pages()


@pages.get("/signout")
def show_sign_out(visit: LoginVisit) -> Response:
    """Asks who is to be signed out."""
    with visit.surface.database.reading() as transaction:
        people = browsers.people(visit, transaction, visit.surface.now)
    return _ask(visit, people) if people else _say_goodbye(visit, "")


@pages.post("/signout")
def sign_out(visit: LoginVisit) -> Response:
    """Signs one user out, or all who are signed in with this browser."""
    now, chosen = visit.surface.now, visit.form.get("session", "")
    with visit.surface.database.transaction(author_of(visit)) as transaction:
        people = browsers.people(visit, transaction, now)
        gone = [person for person in people if chosen in ("", person.session.public_id)]
        _end(visit, transaction, people, gone, now)
    return _say_goodbye(visit, str(visit.unseal(BACK, visit.form.get("back", "")) or ""))


@pages.get("/end_session")
def end_session(visit: LoginVisit) -> Response:
    """Takes an application's wish to sign its user out.

    Without a question only if the application shows that it knows the session; it goes back only to an address that is
    registered for that (A28).
    """
    now = visit.surface.now
    visit.surface.provider.keys.ready(now)
    with visit.surface.database.transaction(author_of(visit)) as transaction:
        people = browsers.people(visit, transaction, now)
        try:
            wishes = [_read(visit, transaction, person.session, now) for person in people]
            wish = _read(visit, transaction, None, now)
        except LogoutError as error:
            return visit.render("login/bad_logout.html", 400, description=error.description, people=people)
        meant = [person for person, one in zip(people, wishes, strict=True) if not one.needs_confirmation]
        if people and not meant:
            return _ask(visit, people, wish)
        _end(visit, transaction, people, meant, now)
    return _say_goodbye(visit, wish.redirect_uri or "")


def _read(visit: LoginVisit, transaction: Transaction, session: Session | None, now: int) -> Logout:
    return visit.surface.logouts.read(transaction, str(visit.query), session, now)


@pages.post("/end_session", foreign=True)
def end_session_by_form(visit: LoginVisit) -> Response:
    """Takes the same from a form of the application's: as a GET, since only that brings the visitor's cookies along."""
    return visit.redirect(returns.with_query("/end_session", visit.form.multi_items()))


def _ask(visit: LoginVisit, people: Sequence[Person], wish: Logout | None = None) -> Response:
    back = "" if wish is None else wish.redirect_uri or ""
    return visit.render(
        "login/sign_out.html",
        form_action=[returns.target(back)] if back else [],
        people=people,
        application=None if wish is None else wish.application,
        back=visit.seal(BACK, back, SECONDS) if back else "",
    )


def _end(
    visit: LoginVisit, transaction: Transaction, people: Sequence[Person], gone: Sequence[Person], now: int
) -> None:
    for person in gone:
        visit.surface.sign_in.sign_out(transaction, person.session, origin_of(visit), now)
    browsers.leave(visit, people, gone)


def _say_goodbye(visit: LoginVisit, back: str) -> Response:
    """Sends the visitor back, or says that he has signed out (and who has not)."""
    if back:
        return Response(status_code=303, headers={"Location": back})
    return visit.redirect("/")
