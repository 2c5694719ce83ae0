"""Who to be: the users who are signed in with one browser, and the choice between them."""

from starlette.responses import Response

from alpage.web.login import browsers, returns
from alpage.web.login.surface import LoginVisit, author_of
from alpage.web.pages import Pages

pages = Pages()


@pages.get("/")
def show_start(visit: LoginVisit) -> Response:
    """Who is signed in here, and where he can go."""
    with visit.surface.database.reading() as transaction:
        here = browsers.people(visit, transaction, visit.surface.now)
    return visit.render("login/start.html", people=here, manager=visit.surface.settings.manager_address)


@pages.get("/choose")
def show_choice(visit: LoginVisit) -> Response:
    """The users to choose from."""
    to, now = returns.checked(visit.query.get("next", "")), visit.surface.now
    with visit.surface.database.transaction(author_of(visit)) as transaction:
        here = browsers.people(visit, transaction, now)
        request = returns.asked_by(visit, transaction, to, now)
    if not here:
        return visit.redirect(returns.with_return("/signin", to))
    application = None if request is None else request.application
    return visit.render(
        "login/choose.html", form_action=returns.targets(request), people=here, to=to, application=application
    )


@pages.post("/choose")
def choose(visit: LoginVisit) -> Response:
    """Goes on as one of them."""
    to, now = returns.checked(visit.form.get("next", "")), visit.surface.now
    with visit.surface.database.reading() as transaction:
        here = browsers.people(visit, transaction, now)
    chosen = next((person for person in here if person.session.public_id == visit.form.get("session")), None)
    if chosen is None:
        return visit.redirect(returns.with_return("/choose", to))
    browsers.choose(visit, here, chosen, now)
    return visit.redirect(to)
