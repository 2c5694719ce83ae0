"""Making a passkey. It belongs to the login's host, so that no other page than one of the login's can make it."""

from typing import Any

import orjson
from starlette.responses import JSONResponse, Response

from alpage.api.errors import ApiError
from alpage.identity import passkeys
from alpage.identity.sessions import FRESH_SECONDS
from alpage.identity.user_agents import device_of
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.web.login import browsers, returns
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of, origin_of
from alpage.web.pages import Pages
from alpage.web.problems import PageError

LONGEST_NAME = 128
MOST_JSON = 64 * 1024  # characters of what a browser answers

pages = Pages()


@pages.get(passkeys.PAGE)
def show_new_passkey(visit: LoginVisit) -> Response:
    """The form; whoever has signed in too long ago does so first."""
    with visit.surface.database.reading() as transaction:
        person = _meant(visit, transaction)
    if person is None:
        return visit.redirect(returns.with_return("/signin", returns.here(visit)))
    return _show_form(visit, person, device_of(visit.headers.get("user-agent", "")))


@pages.post(f"{passkeys.PAGE}/begin")
def begin(visit: LoginVisit) -> Response:
    """What the browser makes the passkey from, for the module of the page."""
    surface = visit.surface
    with surface.database.transaction(author_of(visit)) as transaction:
        person = _who_was_asked(visit, transaction)
        options, ticket = passkeys.begin_registration(
            transaction, person.user, surface.settings, surface.pepper, surface.now
        )
    return JSONResponse({"options": options, "ticket": ticket})


@pages.post(passkeys.PAGE)
def make(visit: LoginVisit) -> Response:
    """Takes what the browser has made."""
    surface, origin = visit.surface, origin_of(visit)
    name = visit.form.get("name", "").strip()[:LONGEST_NAME]
    with surface.database.reading() as transaction:
        person = _who_was_asked(visit, transaction)
    if not name:
        return _show_form(visit, person, name, name_error=visit.gettext("Give it a name, to know it by later."))
    try:
        with surface.database.transaction(author_of(visit, person.user.id)) as transaction:
            passkeys.finish_registration(
                transaction,
                transaction.session.get_one(User, person.user.id),
                visit.form.get("ticket", ""),
                json_object(visit.form.get("response", "")),
                name,
                settings=surface.settings,
                pepper=surface.pepper,
                now=surface.now,
                ip=origin.ip,
                user_agent=origin.user_agent,
            )
    except ApiError as error:
        return _show_form(visit, person, name, error=error.encode(visit.language, visit.id)["description"])
    return visit.render("login/passkey_made.html", name=name, manager=surface.settings.manager_address)


def json_object(text: str) -> dict[str, Any]:
    """What a browser answered; of what cannot be read, nothing, which proves nothing."""
    try:
        answer = orjson.loads(text[:MOST_JSON])
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _show_form(visit: LoginVisit, person: Person, name: str, *, name_error: str = "", error: str = "") -> Response:
    return visit.render(
        "login/passkey_new.html",
        422 if name_error or error else 200,
        person=person,
        name=name,
        name_error=name_error,
        error=error,
        path=passkeys.PAGE,
        manager=visit.surface.settings.manager_address,
    )


def _meant(visit: LoginVisit, transaction: Transaction) -> Person | None:
    """Who is to have the passkey: whom the manager means, else who the browser is in use for."""
    now, hint = visit.surface.now, visit.query.get("login_hint", "")
    people = browsers.people(visit, transaction, now)
    person = next((one for one in people if one.user.email == hint), next(iter(people), None))
    return person if person is not None and _is_fresh(person, now) else None


def _who_was_asked(visit: LoginVisit, transaction: Transaction) -> Person:
    """Whom the page was shown to. Raises PageError once that is too long ago."""
    now, public_id = visit.surface.now, visit.form.get("session")
    people = browsers.people(visit, transaction, now)
    person = next((one for one in people if one.session.public_id == public_id), None)
    if person is None or not _is_fresh(person, now):
        raise PageError(403, visit.gettext("You have signed in too long ago for that. Load the page again."))
    return person


def _is_fresh(person: Person, now: int) -> bool:
    return person.session.authenticated_at + FRESH_SECONDS >= now
