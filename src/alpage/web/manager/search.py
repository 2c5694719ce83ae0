"""Search: pages by their names, and objects by the API's own search."""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Link
from alpage.web.manager import calls, navigation, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

MOST = 10


@pages.get("/search")
def search(visit: Visit) -> Response:
    """What was found, kind by kind."""
    words = visit.query.get("q", "").strip()
    groups = [] if not words else [(label, links) for label, links in _found(visit, words) if links]
    return shell.show(visit, "manager/search.html", words=words, groups=groups)


def _found(visit: Visit, words: str) -> list[tuple[str, list[Link]]]:
    account = shell.account(visit)
    found = [
        (visit.gettext("Pages"), _pages(visit, words)),
        (
            visit.gettext("Domains"),
            _objects(visit, words, "/2/domains/domains", page="/domains/{name}", name="name_idn", icon="globe"),
        ),
        (
            visit.gettext("Access tokens"),
            _objects(visit, words, "/1/tokens", page="/v3/ng/accounts/token/{id}", name="name", icon="key"),
        ),
    ]
    return found if account is None else [*found, *_of_account(visit, words, account["id"])]


def _of_account(visit: Visit, words: str, account_id: int) -> list[tuple[str, list[Link]]]:
    members, applications = f"/2/accounts/{account_id}/users", f"/1/accounts/{account_id}/applications"
    webhooks = f"/1/accounts/{account_id}/webhooks"
    page = "/v3/ng/accounts/applications/{id}"
    return [
        (
            visit.gettext("Members"),
            _objects(visit, words, members, page="/members", name="display_name", icon="person"),
        ),
        (visit.gettext("Applications"), _objects(visit, words, applications, page=page, name="name", icon="app")),
        (
            visit.gettext("Webhooks"),
            _objects(visit, words, webhooks, page="/v3/ng/accounts/webhooks/{id}", name="url", icon="external"),
        ),
    ]


def _pages(visit: Visit, words: str) -> list[Link]:
    links = [navigation.link(visit, entry) for entry in navigation.EVERYWHERE]
    return [link for link in links if words.casefold() in link.label.casefold()]


def _objects(visit: Visit, words: str, path: str, *, page: str, name: str, icon: str) -> list[Link]:
    """The objects of a list that the words find; none where the person may not see the list at all."""
    try:
        rows: list[dict[str, Any]] = calls.api(visit).list(path, search=words, page=1, per_page=MOST).data
    except ApiError as error:
        if error.status != 403:
            raise
        return []
    return [Link(str(row[name]), visit.url(page.format_map(row)), icon) for row in rows]
