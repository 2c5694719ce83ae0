"""Answering an invitation: where its link leads. The key stands in the query, which is not logged."""

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, shell
from alpage.web.manager.account import ROLES
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()


@pages.get("/join")
def show_offer(visit: Visit) -> Response:
    """What an invitation offers."""
    key = key_in(visit.query.get("key", ""))
    if not key:
        return shell.show(visit, "manager/join_ask.html")
    offer = calls.api(visit).get(f"/1/invitations/{key}")
    return shell.show(visit, "manager/join.html", key=key, offer=offer, roles=ROLES)


@pages.post("/join")
def answer_offer(visit: Visit) -> Response:
    """Accepts an invitation, or declines it."""
    key = key_in(visit.form.get("key", ""))
    accepts = "accept" in visit.form
    try:
        answered = calls.api(visit).call("POST", f"/1/invitations/{key}/{'accept' if accepts else 'reject'}").data
    except ApiError as error:
        raise PageError(error.status, error.description) from error
    if not accepts:
        return shell.done(visit, "/", visit.gettext("You have declined the invitation."), "info")
    return shell.done(visit, f"/?account={answered['account_id']}", visit.gettext("Welcome! You are a member now."))


def key_in(text: str) -> str:
    """The key of an invitation in a link, or by itself; empty where there is none."""
    key = text.strip().rpartition("=")[2].rpartition("/")[2]
    return key if key.isalnum() and key.isascii() else ""
