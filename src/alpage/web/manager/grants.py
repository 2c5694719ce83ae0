"""The access a person gave to applications: what each may do, and taking it back."""

from typing import Any

from starlette.responses import Response

from alpage.web.design.parts import Step
from alpage.web.manager import calls, scopes, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()

GRANTS = "/1/grants"


@pages.get("/grants")
def list_grants(visit: Visit) -> Response:
    """The access that was given, application by application."""
    found = calls.api(visit).list(GRANTS, order_by="name")
    return shell.show(visit, "manager/grants.html", applications=_by_application(visit, found.data))


@pages.get("/grants/{application_id:int}/revoke")
def ask_to_take_back(visit: Visit, application_id: int) -> Response:
    """Asks before the access of an application is taken back."""
    api = calls.api(visit)
    given = [one for one in api.list(GRANTS).data if one["application"]["id"] == application_id]
    if not given:
        raise PageError(404)
    api.plan("DELETE", GRANTS, application_id=application_id)
    api.will("DELETE", GRANTS, what=visit.gettext("Take the access back"), application_id=application_id)
    return shell.show(
        visit,
        "manager/grant_revoke.html",
        name=given[0]["application"]["name"],
        steps=[Step("delete", " · ".join(scopes.in_words(visit, _scopes(one)))) for one in given],
    )


@pages.post("/grants/{application_id:int}/revoke")
def take_back(visit: Visit, application_id: int) -> Response:
    """Takes all access of an application back."""
    calls.api(visit).call("DELETE", GRANTS, application_id=application_id)
    return shell.done(
        visit, "/grants", visit.gettext("The access was taken back. It works no more after a few seconds.")
    )


def _scopes(grant: dict[str, Any]) -> set[str]:
    return {one["scope"] for one in grant["scopes"]}


def _by_application(visit: Visit, grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for an application, whatever number of times access was given to it: all it may do, since when."""
    found: dict[int, dict[str, Any]] = {}
    for grant in grants:
        known = found.setdefault(
            grant["application"]["id"],
            {**grant["application"], "scopes": set(), "created_at": grant["created_at"], "last_used_at": 0},
        )
        known["scopes"] |= _scopes(grant)
        known["created_at"] = min(known["created_at"], grant["created_at"])
        known["last_used_at"] = max(known["last_used_at"], grant["last_used_at"] or 0)
    return [{**one, "words": scopes.in_words(visit, one["scopes"])} for one in found.values()]
