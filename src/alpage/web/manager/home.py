"""The first page: what there is in the account, and where to begin."""

from typing import Any

from starlette.responses import Response

from alpage.client import Answer
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

SHOWN = 5


@pages.get("/")
def show_home(visit: Visit) -> Response:
    """What there is in the account."""
    account = shell.account(visit)
    return shell.show(
        visit,
        "manager/home.html",
        account=account,
        first_name=shell.profile(visit)["first_name"],
        domains=_newest_domains(visit, account),
    )


def _newest_domains(visit: Visit, account: dict[str, Any] | None) -> Answer | None:
    if account is None:
        return None
    return calls.api(visit).list(
        "/1/products",
        account_id=account["id"],
        service_name="domain",
        order_by="created_at",
        order="desc",
        page=1,
        per_page=SHOWN,
    )
