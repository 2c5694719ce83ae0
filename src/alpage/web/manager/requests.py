"""Requests: what the programs of the person who is signed in called lately."""

from starlette.responses import Response

from alpage.web.design.parts import Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

CLASSES = {"2xx": N_("Went well"), "4xx": N_("Refused"), "5xx": N_("Failed")}


@pages.get("/requests")
def list_requests(visit: Visit) -> Response:
    """The requests of the last day, the latest first."""
    status, token = visit.query.get("status", ""), visit.query.get("token", "")
    asked = {"order_by": "created_at", "order": "desc", **shell.listing(visit)}
    wanted = {"filter[status]": status or None, "filter[token_id]": token or None}
    found = calls.api(visit).list("/1/requests", **wanted, **asked)
    return shell.show(
        visit,
        "manager/requests.html",
        requests=found,
        is_narrowed=bool(status or token or visit.query.get("search")),
        state_of=state_of,
        tabs=[
            Link(visit.gettext(label), visit.here(status=name or None, page=None), current=name == status)
            for name, label in {"": N_("All"), **CLASSES}.items()
        ],
    )


@pages.get("/requests/{id}")
def show_request(visit: Visit, id: str) -> Response:
    """A request."""
    found = calls.api(visit).get(f"/1/requests/{id}")
    return shell.show(
        visit,
        "manager/request.html",
        request=found,
        state=state_of(found["status"]),
        crumbs=[
            Link(visit.gettext("Requests"), visit.url("/requests")),
            Link(id, visit.url(f"/requests/{id}"), current=True),
        ],
    )


def state_of(status: int) -> str:
    """How a request went, as a kind of state."""
    return "good" if status < 400 else "warning" if status < 500 else "bad"
