"""Limits: how much of what one may ask is used, and when it is whole again."""

from starlette.responses import Response

from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

POLICIES = {
    "requests": (N_("Requests"), N_("Every call counts one, over all tokens you have.")),
    "items": (N_("Items"), N_("What calls that change much at once have in them: records of a bulk, say.")),
    "manager": (N_("Requests of this manager"), N_("What the pages you look at here ask the API for.")),
}


@pages.get("/limits")
def show_limits(visit: Visit) -> Response:
    """The limits of the person who is signed in."""
    return shell.show(visit, "manager/limits.html", limits=calls.api(visit).get("/1/limits"), policies=POLICIES)
