"""Links from mails: to a new password, and to prove an address.

What such a link carries opens something, so it does not stay in the address bar, in the history, or in what is told to
the next page: the visitor is sent on at once, with the secret in a sealed cookie (A17).
"""

from starlette.responses import Response

from alpage.identity import email_verifications, mail_links, password_resets
from alpage.identity.passwords import MAX_LENGTH, MIN_LENGTH
from alpage.web.login.surface import LoginVisit, author_of, origin_of
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

COOKIE = "login-link"
SECONDS = 1800
RULES = {
    "min_length": N_("Use at least %(min)s characters."),
    "max_length": N_("Use no more than %(max)s characters."),
    "only_digits": N_("Use more than digits."),
    "repetition": N_("Use more different characters."),
    "own_name": N_("Do not use your name or address."),
}
DIFFERENT = N_("The two passwords are not the same.")

pages = Pages()


# A forgotten password


@pages.get("/forgotten")
def show_forgotten(visit: LoginVisit) -> Response:
    """The form that asks for a link."""
    return visit.render("login/forgotten.html", email=visit.query.get("email", ""))


@pages.post("/forgotten")
def ask_for_link(visit: LoginVisit) -> Response:
    """Sends a link to whoever has the address; says the same whether anybody has."""
    surface, origin = visit.surface, origin_of(visit)
    email = visit.form.get("email", "").strip()
    with surface.database.transaction(author_of(visit)) as transaction:
        password_resets.ask(transaction, surface.pepper, email, surface.now, ip=origin.ip, user_agent=origin.user_agent)
    return visit.render("login/link_sent.html", email=email, minutes=password_resets.LIFETIME_SECONDS // 60)


@pages.get(password_resets.PATH)
def show_new_password(visit: LoginVisit) -> Response:
    """The form for a new password."""
    return _take_in(visit, password_resets.PATH) or _show_new_password(visit, [])


@pages.post(password_resets.PATH)
def set_password(visit: LoginVisit) -> Response:
    """Sets the new password; all who are signed in as this user are not any more."""
    surface, origin = visit.surface, origin_of(visit)
    password = visit.form.get("password", "")
    if password != visit.form.get("again", ""):
        return _show_new_password(visit, [visit.gettext(DIFFERENT)])
    try:
        with surface.database.transaction(author_of(visit)) as transaction:
            user = password_resets.finish(
                transaction,
                surface.pepper,
                _secret(visit, password_resets.PATH),
                password,
                surface.now,
                ip=origin.ip,
                user_agent=origin.user_agent,
            )
    except password_resets.WeakPasswordError as error:
        return _show_new_password(visit, [_rule(visit, rule) for rule in error.rules])
    if user is None:
        return _show_dead(visit)
    visit.clear_cookie(COOKIE)
    return visit.render("login/password_set.html", email=user.email)


def _show_new_password(visit: LoginVisit, errors: list[str]) -> Response:
    surface = visit.surface
    with surface.database.transaction(author_of(visit)) as transaction:
        user = password_resets.find(transaction, surface.pepper, _secret(visit, password_resets.PATH), surface.now)
    if user is None:
        return _show_dead(visit)
    return visit.render(
        "login/new_password.html",
        422 if errors else 200,
        email=user.email,
        error=" ".join(errors),
        min_length=MIN_LENGTH,
        path=password_resets.PATH,
    )


def _rule(visit: LoginVisit, rule: str) -> str:
    return visit.gettext(RULES[rule], min=MIN_LENGTH, max=MAX_LENGTH)


# An address


@pages.get(email_verifications.PATH)
def show_verification(visit: LoginVisit) -> Response:
    """Asks to prove an address by a click: programs that look through mails follow links, but send no forms."""
    entered = _take_in(visit, email_verifications.PATH)
    if entered is not None:
        return entered
    surface = visit.surface
    with surface.database.reading() as transaction:
        email = email_verifications.find(
            transaction,
            surface.pepper,
            surface.provider.clocks,
            _secret(visit, email_verifications.PATH),
            surface.now,
        )
    if email is None:
        return _show_dead(visit)
    return visit.render("login/verify_email.html", email=email, path=email_verifications.PATH)


@pages.post(email_verifications.PATH)
def verify(visit: LoginVisit) -> Response:
    """Takes note that the address is its user's."""
    surface, origin = visit.surface, origin_of(visit)
    with surface.database.transaction(author_of(visit)) as transaction:
        user = email_verifications.finish(
            transaction,
            surface.pepper,
            surface.provider.clocks,
            _secret(visit, email_verifications.PATH),
            surface.now,
            ip=origin.ip,
            user_agent=origin.user_agent,
        )
    if user is None:
        return _show_dead(visit)
    visit.clear_cookie(COOKIE)
    return visit.render("login/email_verified.html")


# What they share


def _take_in(visit: LoginVisit, path: str) -> Response | None:
    """Sends a visitor who comes from a mail on to the same page without the secret."""
    secret = visit.query.get(mail_links.PARAMETER)
    if secret is None:
        return None
    visit.set_cookie(COOKIE, visit.seal(path, secret, SECONDS), SECONDS)
    return visit.redirect(path)


def _secret(visit: LoginVisit, path: str) -> str:
    return str(visit.unseal(path, visit.cookie(COOKIE)) or "")


def _show_dead(visit: LoginVisit) -> Response:
    visit.clear_cookie(COOKIE)
    return visit.render("login/dead_link.html", 410)
