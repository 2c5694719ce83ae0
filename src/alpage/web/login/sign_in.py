"""Signing in: by address and password, with a second factor where there is one, or by a passkey."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from alpage.accounts import accounts
from alpage.identity import factors, passkeys
from alpage.identity.sessions import Session
from alpage.identity.signin import BY_PASSKEY, BY_PASSWORD, PENDING_SECONDS, Pending
from alpage.identity.users import User
from alpage.storage.database import Transaction
from alpage.web.login import browsers, returns
from alpage.web.login.passkeys import json_object
from alpage.web.login.surface import LoginVisit, author_of, origin_of
from alpage.web.pages import Pages
from alpage.web.problems import PageError

PENDING = "login-pending"  # the cookie of a sign-in that waits for its second factor

pages = Pages()


@pages.get("/signin")
def show_sign_in(visit: LoginVisit) -> Response:
    """The form."""
    return _show_form(visit, returns.checked(visit.query.get("next", "")))


@pages.post("/signin")
def sign_in(visit: LoginVisit) -> Response:
    """Checks the password, and goes on to the second factor or to where the visitor came from."""
    to, now = returns.checked(visit.form.get("next", "")), visit.surface.now
    email, password = visit.form.get("email", ""), visit.form.get("password", "")
    user = visit.surface.sign_in.check_password(email, password, origin_of(visit), now)
    if user is None:
        return _show_form(visit, to, email, is_wrong=True)
    with visit.surface.database.transaction(author_of(visit, user.id)) as transaction:
        if not factors.of_user(transaction, user.id).has_second:
            return finish(visit, transaction, user.id, BY_PASSWORD, to=to, authenticated_at=now, now=now)
        secret = visit.surface.sign_in.wait_for_second_factor(transaction, user.id, BY_PASSWORD, now, now)
    return wait(visit, secret, to)


def _show_form(visit: LoginVisit, to: str, email: str = "", *, is_wrong: bool = False) -> Response:
    now = visit.surface.now
    with visit.surface.database.transaction(author_of(visit)) as transaction:
        request = returns.asked_by(visit, transaction, to, now)
    return visit.render(
        "login/sign_in.html",
        422 if is_wrong else 200,
        form_action=returns.targets(request),
        to=to,
        email=email or (returns.hint(to) if request is None else request.login_hint),
        is_for_passkey=urlsplit(to).path == passkeys.PAGE,
        is_wrong=is_wrong,
        application=None if request is None else request.application,
    )


# The second factor


def wait(visit: LoginVisit, secret: str, to: str) -> Response:
    """Sends a visitor whose sign-in waits to the page that asks for his second factor."""
    visit.set_cookie(PENDING, visit.seal(PENDING, secret, PENDING_SECONDS), PENDING_SECONDS)
    return visit.redirect(returns.with_return("/second-factor", to))


@pages.get("/second-factor")
def show_second_factor(visit: LoginVisit) -> Response:
    """The form."""
    return _show_second_factor(visit, returns.checked(visit.query.get("next", "")))


@pages.post("/second-factor")
def prove_second_factor(visit: LoginVisit) -> Response:
    """Checks a number or a recovery code."""
    surface, now = visit.surface, visit.surface.now
    to, code = returns.checked(visit.form.get("next", "")), visit.form.get("code", "")
    with surface.database.transaction(author_of(visit)) as transaction:
        pending = surface.sign_in.pending(transaction, _pending_secret(visit), now)
        if pending is None:
            return _start_again(visit, to)
        proved = surface.sign_in.check_code(transaction, pending, code, origin_of(visit), now)
        if proved is not None:
            return _complete(visit, transaction, proved, to, now)
    return _show_second_factor(visit, to, is_wrong=True)


def _show_second_factor(visit: LoginVisit, to: str, *, is_wrong: bool = False) -> Response:
    surface, now = visit.surface, visit.surface.now
    with surface.database.transaction(author_of(visit)) as transaction:
        pending = surface.sign_in.pending(transaction, _pending_secret(visit), now)
        if pending is None:
            return _start_again(visit, to)
        known = factors.of_user(transaction, pending.user_id)
        request = returns.asked_by(visit, transaction, to, now)
    return visit.render(
        "login/second_factor.html",
        422 if is_wrong else 200,
        form_action=returns.targets(request),
        to=to,
        known=known,
        is_wrong=is_wrong,
    )


def _pending_secret(visit: LoginVisit) -> str:
    return str(visit.unseal(PENDING, visit.cookie(PENDING)) or "")


def _start_again(visit: LoginVisit, to: str) -> Response:
    visit.clear_cookie(PENDING)
    return visit.redirect(returns.with_return("/signin", to))


def _complete(visit: LoginVisit, transaction: Transaction, proved: Sequence[str], to: str, now: int) -> Response:
    """Ends the waiting: what was proved before and what was proved now are one sign-in. A second taker starts again."""
    pending = visit.surface.sign_in.take_pending(transaction, _pending_secret(visit), now)
    visit.clear_cookie(PENDING)
    if pending is None:
        return _start_again(visit, to)
    methods = tuple(dict.fromkeys((*pending.methods, *proved)))
    return finish(
        visit, transaction, pending.user_id, methods, to=to, authenticated_at=pending.authenticated_at, now=now
    )


# Passkeys: what the module of the page calls


@pages.post("/passkey/begin")
def begin_passkey(visit: LoginVisit) -> Response:
    """The challenge: for the user who waits for his second factor, or for whoever comes."""
    surface, now = visit.surface, visit.surface.now
    with surface.database.transaction(author_of(visit)) as transaction:
        pending = _pending_of_form(visit, transaction, now)
        options, ticket = passkeys.begin_sign_in(
            transaction, surface.settings, surface.pepper, now, None if pending is None else pending.user_id
        )
    return JSONResponse({"options": options, "ticket": ticket})


@pages.post("/passkey/finish")
def finish_passkey(visit: LoginVisit) -> Response:
    """Checks the answer, and says where to go on to."""
    surface, now = visit.surface, visit.surface.now
    to, origin = returns.checked(visit.form.get("next", "")), origin_of(visit)
    with surface.database.transaction(author_of(visit)) as transaction:
        pending = _pending_of_form(visit, transaction, now)
        user_id = passkeys.finish_sign_in(
            transaction,
            visit.form.get("ticket", ""),
            json_object(visit.form.get("response", "")),
            settings=surface.settings,
            pepper=surface.pepper,
            now=now,
            ip=origin.ip,
            user_agent=origin.user_agent,
        )
        user = None if user_id is None else transaction.session.get(User, user_id)
        if user is None or user.blocked_at is not None or (pending is not None and pending.user_id != user.id):
            response = None
        elif pending is not None:
            response = _complete(visit, transaction, BY_PASSKEY, to, now)
        else:
            response = finish(visit, transaction, user.id, BY_PASSKEY, to=to, authenticated_at=now, now=now)
    if response is None:
        return JSONResponse(
            {"error": visit.gettext("That passkey was not accepted. Try again, or sign in another way.")}, 422
        )
    return JSONResponse({"next": response.headers["location"]})


def _pending_of_form(visit: LoginVisit, transaction: Transaction, now: int) -> Pending | None:
    """The sign-in that waits, if the page that called asks for a second factor."""
    if visit.form.get("step") != "second":
        return None
    pending = visit.surface.sign_in.pending(transaction, _pending_secret(visit), now)
    if pending is None:
        raise PageError(403)
    return pending


# The end of every way


def finish(
    visit: LoginVisit,
    transaction: Transaction,
    user_id: int,
    methods: Sequence[str],
    *,
    to: str,
    authenticated_at: int,
    now: int,
) -> Response:
    """Signs the user in with this browser, and sends him on."""
    here = browsers.people(visit, transaction, now)
    user = transaction.session.get_one(User, user_id)
    session, secret = visit.surface.sign_in.complete(
        transaction,
        user,
        methods,
        authenticated_at=authenticated_at,
        origin=origin_of(visit),
        now=now,
        session=browsers.session_of(here, user_id),
    )
    browsers.enter(visit, here, user_id, secret, now)
    if _lacks_factor(transaction, user, session):
        return visit.redirect(returns.with_return("/protect", to))
    return visit.redirect(to)


def _lacks_factor(transaction: Transaction, user: User, session: Session) -> bool:
    if "mfa" in session.methods or factors.of_user(transaction, user.id).has_second:
        return False
    return bool(accounts.requiring_second_factor(transaction, user.id))


@pages.get("/protect")
def show_protect(visit: LoginVisit) -> Response:
    """Tells a member of an organisation that asks for second factors that he has none yet."""
    to, now = returns.checked(visit.query.get("next", "")), visit.surface.now
    with visit.surface.database.reading() as transaction:
        person = browsers.current(visit, transaction, now)
        names = accounts.requiring_second_factor(transaction, person.user.id) if person is not None else []
    if not names:
        return visit.redirect(to)
    return visit.render("login/protect.html", to=to, names=names, manager=visit.surface.settings.manager_address)
