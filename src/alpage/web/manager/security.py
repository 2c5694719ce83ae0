"""How one signs in: the password, codes to recover with, what happened, and an overview of the rest.

Passkeys, authenticators and sessions have files of their own.
"""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

SECURITY = "/security"
RECOVERY_CODES, EVENTS = "/1/profile/recovery_codes", "/1/profile/security_events"
PASSKEYS = "/1/profile/passkeys"
LATEST = 8
WORDS = {
    "signed_in": N_("Signed in"),
    "sign_in_failed": N_("A sign-in failed"),
    "sign_in_blocked": N_("A sign-in was blocked for a while"),
    "second_factor_failed": N_("A second factor failed"),
    "signed_out": N_("Signed out"),
    "password_changed": N_("The password was changed"),
    "password_reset_asked": N_("A new password was asked for"),
    "password_reset": N_("The password was replaced by mail"),
    "email_verified": N_("An e-mail address was confirmed"),
    "email_changed": N_("The e-mail address was changed"),
    "passkey_added": N_("A passkey was added"),
    "passkey_removed": N_("A passkey was deleted"),
    "passkey_copied": N_("A passkey seems to have been copied"),
    "totp_enabled": N_("An authenticator was added"),
    "totp_disabled": N_("An authenticator was deleted"),
    "recovery_codes_made": N_("Recovery codes were made"),
    "recovery_code_used": N_("A recovery code was used"),
    "access_given": N_("Access was given to an application"),
    "access_refused": N_("Access was refused to an application"),
    "access_revoked": N_("Access was taken back from an application"),
    "code_replayed": N_("A code of an application was used twice"),
    "refresh_token_replayed": N_("A token of an application was used twice"),
    "token_made": N_("An access token was made"),
    "token_revoked": N_("An access token was revoked"),
    "token_leaked": N_("A token was reported as found where it should not be"),
    "secret_made": N_("A secret of an application was made"),
    "secret_revoked": N_("A secret of an application was revoked"),
    "session_ended": N_("A session was ended"),
    "factors_reset": N_("The second factors were taken away by the operator"),
    "user_blocked": N_("Blocked by the operator"),
    "user_unblocked": N_("Unblocked by the operator"),
}
ALARMING = ("passkey_copied", "code_replayed", "refresh_token_replayed", "token_leaked")


@pages.get(SECURITY)
def show_security(visit: Visit) -> Response:
    """Everything one signs in with, where one is signed in, and what happened lately."""
    api = calls.api(visit)
    api.will("POST", f"{PASSKEYS}/options", what=visit.gettext("Begin to add a passkey"))
    return shell.show(
        visit,
        "manager/security.html",
        security=api.get("/2/profile", **{"with": ["preferences.security"]})["preferences"]["security"],
        passkeys=api.get(PASSKEYS),
        new_passkey=visit.surface.provider.passkey_page(shell.profile(visit)["email"]),
        authenticators=[one for one in api.get("/1/profile/authenticators") if one["confirmed_at"]],
        recovery=api.get(RECOVERY_CODES),
        sessions=api.get("/1/profile/sessions", order_by="last_accessed_at", order="desc"),
        events=_events(visit, page=1, per_page=LATEST).data,
        words=_words(visit),
        alarming=ALARMING,
    )


@pages.get(f"{SECURITY}/events")
def list_events(visit: Visit) -> Response:
    """All that happened."""
    found = _events(visit, **shell.listing(visit))
    return shell.show(
        visit,
        "manager/security_events.html",
        events=found.data,
        root=found.root,
        words=_words(visit),
        alarming=ALARMING,
        crumbs=crumbs(visit, visit.gettext("What happened")),
    )


@pages.get(f"{SECURITY}/password")
def ask_for_password(visit: Visit) -> Response:
    """What the new password is to be."""
    calls.api(visit).will("PATCH", "/2/profile", {"password": "…", "current_password": "…"})
    return shell.show(visit, "manager/password.html", crumbs=crumbs(visit, visit.gettext("Password")))


@pages.post(f"{SECURITY}/password")
def change_password(visit: Visit) -> Response:
    """Changes the password."""
    body = {name: visit.form.get(name, "") for name in ("current_password", "password")}
    try:
        calls.api(visit).call("PATCH", "/2/profile", body)
    except ApiError as error:
        return shell.again(visit, ask_for_password, error)
    said = visit.gettext("Your password was changed. Your other sessions have ended.")
    return shell.done(visit, SECURITY, said)


@pages.get(f"{SECURITY}/recovery-codes")
def ask_for_codes(visit: Visit) -> Response:
    """Asks before recovery codes are replaced."""
    api = calls.api(visit)
    api.require_fresh("POST", RECOVERY_CODES)
    api.will("POST", RECOVERY_CODES, what=visit.gettext("Make recovery codes"))
    return shell.show(
        visit,
        "manager/recovery_codes.html",
        recovery=api.get(RECOVERY_CODES),
        crumbs=crumbs(visit, visit.gettext("Recovery codes")),
    )


@pages.post(f"{SECURITY}/recovery-codes")
def make_codes(visit: Visit) -> Response:
    """Makes recovery codes, and shows them this once."""
    made = calls.api(visit).call("POST", RECOVERY_CODES).data
    return shell.show(
        visit,
        "manager/recovery_codes_made.html",
        201,
        codes=made["codes"],
        crumbs=crumbs(visit, visit.gettext("Recovery codes")),
    )


def crumbs(visit: Visit, name: str) -> list[Link]:
    """Where a page below this one is."""
    return [Link(visit.gettext("Security"), visit.url(SECURITY)), Link(name, visit.here(), current=True)]


def _events(visit: Visit, **query: Any) -> Any:
    return calls.api(visit).list(EVENTS, **{"order_by": "id", "order": "desc", **query})


def _words(visit: Visit) -> dict[str, str]:
    return {kind: visit.gettext(words) for kind, words in WORDS.items()}
