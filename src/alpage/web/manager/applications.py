"""Applications of the account: programs people sign in to. The list, one of them, registering, changing, deleting.

Their secrets and their logo are in `application_parts.py`.
"""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link, Step
from alpage.web.manager import calls, scopes, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError
from alpage.web.translations.catalogues import N_

pages = Pages()

BELOW = "/v3/ng/accounts/applications"
LIST = f"{BELOW}/list"
TEXTS = ("name", "description", "website", "policy_url", "terms_url")
ADDRESSES = ("redirect_uris", "post_logout_redirect_uris", "origins")
GRANT_TYPES = (
    ("authorization_code", N_("People sign in to it in a browser"), "authorization_code"),
    ("refresh_token", N_("It keeps its access while people are away"), "refresh_token"),
    (
        "urn:ietf:params:oauth:grant-type:device_code",
        N_("People sign in on a device without a keyboard"),
        "device_code",
    ),
    ("client_credentials", N_("It acts by itself, as you"), "client_credentials"),
)


@pages.get(LIST)
def list_applications(visit: Visit) -> Response:
    """The applications of the account."""
    query = {"order_by": "name", **shell.listing(visit)}
    try:
        found = calls.api(visit).list(path(visit), **query)
    except ApiError as error:
        if error.status != 403:
            raise
        return shell.show(visit, "manager/applications.html", applications=None)
    return shell.show(visit, "manager/applications.html", applications=found.data, root=found.root)


@pages.get(f"{BELOW}/new")
def ask_for_application(visit: Visit) -> Response:
    """What a new application is to be."""
    body = {"name": "…", "is_confidential": True, "redirect_uris": ["https://…"]}
    calls.api(visit).will("POST", path(visit), body, what=visit.gettext("Register the application"))
    return shell.show(
        visit,
        "manager/application_new.html",
        application=NEW,
        **_choices(visit, NEW),
        crumbs=crumbs(visit, (visit.gettext("New"), "")),
    )


@pages.post(f"{BELOW}/new")
def create_application(visit: Visit) -> Response:
    """Registers an application, and shows its secret if it has one."""
    try:
        made = calls.api(visit).call("POST", path(visit), _body(visit)).data
    except ApiError as error:
        return shell.again(visit, ask_for_application, error)
    if made["client_secret"] is None:
        return shell.done(visit, f"{BELOW}/{made['id']}", visit.gettext("The application was registered."))
    return shell.show(
        visit,
        "manager/application_secret.html",
        201,
        application=made,
        secret=made["client_secret"],
        crumbs=crumbs(visit, (made["name"], f"{BELOW}/{made['id']}")),
    )


@pages.get(BELOW + "/{application_id:int}")
def show_application(visit: Visit, application_id: int) -> Response:
    """One application: what it is, and its secrets."""
    api, place = calls.api(visit), path(visit, application_id)
    application = api.get(place)
    return shell.show(
        visit,
        "manager/application.html",
        application=application,
        secrets=api.get(f"{place}/secrets"),
        words=scopes.in_words(visit, application["scopes"]),
        issuer=visit.surface.issuer,
        crumbs=crumbs(visit, (application["name"], "")),
    )


@pages.get(BELOW + "/{application_id:int}/edit")
def ask_for_changes(visit: Visit, application_id: int) -> Response:
    """What to change of an application."""
    api, place = calls.api(visit), path(visit, application_id)
    application = api.get(place)
    api.will("PATCH", place, {"name": application["name"]}, what=visit.gettext("Change the application"))
    return shell.show(
        visit,
        "manager/application_edit.html",
        application=application,
        **_choices(visit, application),
        crumbs=crumbs(visit, (application["name"], f"{BELOW}/{application_id}"), (visit.gettext("Change"), "")),
    )


@pages.post(BELOW + "/{application_id:int}/edit")
def change_application(visit: Visit, application_id: int) -> Response:
    """Changes an application."""
    try:
        calls.api(visit).call("PATCH", path(visit, application_id), _body(visit))
    except ApiError as error:
        return shell.again(visit, ask_for_changes, error, application_id=application_id)
    return shell.done(visit, f"{BELOW}/{application_id}", visit.gettext("The application was changed."))


@pages.get(BELOW + "/{application_id:int}/delete")
def ask_to_delete(visit: Visit, application_id: int) -> Response:
    """Asks before an application is deleted, and says what ends with it."""
    api, place = calls.api(visit), path(visit, application_id)
    application = api.get(place)
    api.plan("DELETE", place)
    api.will("DELETE", place, what=visit.gettext("Delete the application"))
    users = application["user_count"]
    steps = [Step("delete", application["name"])]
    if users:
        steps.append(Step("delete", visit.ngettext("The access of one person", "The access of %(num)s people", users)))
    return shell.show(
        visit,
        "manager/application_delete.html",
        application=application,
        steps=steps,
        back=visit.url(f"{BELOW}/{application_id}"),
        crumbs=crumbs(visit, (application["name"], f"{BELOW}/{application_id}"), (visit.gettext("Delete"), "")),
    )


@pages.post(BELOW + "/{application_id:int}/delete")
def delete_application(visit: Visit, application_id: int) -> Response:
    """Deletes an application."""
    calls.api(visit).call("DELETE", path(visit, application_id))
    return shell.done(visit, LIST, visit.gettext("The application was deleted."))


def path(visit: Visit, application_id: int | None = None) -> str:
    """Where the API has the applications of the account, or one of them."""
    account = shell.account(visit)
    if account is None:
        raise PageError(404)
    below = f"/1/accounts/{account['id']}/applications"
    return below if application_id is None else f"{below}/{application_id}"


def crumbs(visit: Visit, *steps: tuple[str, str]) -> list[Link]:
    """Where a page below the list is; the last step is the page itself."""
    links = [Link(visit.gettext("Applications"), visit.url(LIST))]
    return links + [
        Link(label, visit.url(below) if below else visit.here(), current=not below) for label, below in steps
    ]


def _choices(visit: Visit, application: dict[str, Any]) -> dict[str, Any]:
    return {
        "kinds": [
            Choice("1", visit.gettext("A program on a server"), visit.gettext("It can keep a secret.")),
            Choice(
                "0",
                visit.gettext("A program people have in their hands"),
                visit.gettext("A page that runs in a browser, an app, a command line: it has no secret."),
            ),
        ],
        "grant_types": [Choice(value, visit.gettext(label), name) for value, label, name in GRANT_TYPES],
        "openid_scopes": [Choice(scope, visit.gettext(words), scope) for scope, words in scopes.OPENID.items()],
        "groups": [
            (
                scopes.field(group),
                visit.gettext(group.label),
                scopes.choices(visit, group),
                scopes.held(group, application["scopes"]),
            )
            for group in scopes.GROUPS
        ],
    }


def _body(visit: Visit) -> dict[str, Any]:
    form = visit.form
    return {
        **{name: form.get(name, "") for name in TEXTS},
        **{name: form.get(name, "").split() for name in ADDRESSES},
        "is_confidential": form.get("is_confidential") == "1",
        "token_endpoint_auth_method": "client_secret_basic" if form.get("is_confidential") == "1" else "none",
        "grant_types": form.getlist("grant_types"),
        "scopes": [*form.getlist("scopes"), *scopes.chosen(form)],
    }


NEW: dict[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    **{name: [] for name in ADDRESSES},
    "is_confidential": True,
    "grant_types": ["authorization_code", "refresh_token"],
    "scopes": ["openid", "profile", "email"],
}
