"""A device without a browser of its own, allowed by somebody who has one (RFC 8628, 3.3).

Who allows is signed in, types what the device shows, sees what asks and from where, and says yes or no.
"""

from secrets import token_urlsafe

from starlette.responses import Response

from alpage.accounts import accounts
from alpage.identity import attempts, tickets
from alpage.identity.credentials import keyed_hash
from alpage.identity.oauth import device_flow
from alpage.web.login import browsers, returns, words
from alpage.web.login.browsers import Person
from alpage.web.login.surface import LoginVisit, author_of
from alpage.web.pages import Pages
from alpage.web.problems import PageError

CODE = "device code"  # what is guessed at
PURPOSE = "device"
SECONDS = 900
LONGEST_CODE = 32

pages = Pages()


@pages.get("/device")
def show_device(visit: LoginVisit) -> Response:
    """The form to type the code into; a link may bring the code along (`verification_uri_complete`)."""
    with visit.surface.database.reading() as transaction:
        person = browsers.current(visit, transaction, visit.surface.now)
    if person is None:
        return visit.redirect(returns.with_return("/signin", returns.here(visit)))
    return _show_form(visit, person, visit.query.get("user_code", "")[:LONGEST_CODE])


@pages.post("/device")
def look_at_device(visit: LoginVisit) -> Response:
    """Shows what waits behind a code, to who does not guess too often (A21)."""
    surface, now, code = visit.surface, visit.surface.now, visit.form.get("user_code", "")[:LONGEST_CODE]
    with surface.database.transaction(author_of(visit)) as transaction:
        person = browsers.current(visit, transaction, now)
        if person is None:
            return visit.redirect(returns.with_return("/signin", "/device"))
        at_account, from_address = attempts.of_account(CODE, person.user.id), attempts.of_address(CODE, visit.ip)
        is_blocked = not attempts.begin(transaction, at_account, from_address, now)
        found = None if is_blocked else device_flow.find(transaction, surface.pepper, code, now)
        if found is None and not is_blocked:
            attempts.failed(transaction, [from_address], now)
        if found is None:
            return _show_form(visit, person, code, is_wrong=True)
        attempts.succeeded(transaction, [at_account])
        device, application = found
        return visit.render(
            "login/device_consent.html",
            person=person,
            application=application,
            device=device,
            wishes=words.wishes(visit, device.scopes),
            accounts=accounts.names_of_user(transaction, person.user.id),
            token=visit.seal(PURPOSE, [person.session.public_id, code, token_urlsafe(16)], SECONDS),
        )


@pages.post("/device/decision")
def decide(visit: LoginVisit) -> Response:
    """What the visitor has decided."""
    surface, now = visit.surface, visit.surface.now
    with surface.database.transaction(author_of(visit)) as transaction:
        people = browsers.people(visit, transaction, now)
        token = visit.form.get("token", "")
        public_id, code, _ = visit.unseal(PURPOSE, token) or ("", "", "")
        person = next((one for one in people if one.session.public_id == public_id), None)
        key = keyed_hash(surface.pepper, token)
        if person is None or not tickets.put(transaction, "device", key, {}, now + SECONDS):
            raise PageError(
                403, visit.gettext("This page has been answered already, or is too old. Type the code again.")
            )
        found = device_flow.find(transaction, surface.pepper, code, now)
        if found is None:
            return _show_form(visit, person, "", is_wrong=True)
        device, application = found
        allowed = words.ticked(visit, device.scopes) if visit.form.get("decision") == "approve" else []
        is_first = (
            device_flow.approve(transaction, device, person.session, allowed, now)
            if allowed
            else device_flow.refuse(transaction, device, person.session, now)
        )
        if not is_first:
            return _show_form(visit, person, "", is_wrong=True)
    return visit.render("login/device_done.html", application=application, is_allowed=bool(allowed))


def _show_form(visit: LoginVisit, person: Person, code: str, *, is_wrong: bool = False) -> Response:
    return visit.render("login/device.html", 422 if is_wrong else 200, person=person, code=code, is_wrong=is_wrong)
