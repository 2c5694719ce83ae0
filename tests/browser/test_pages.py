"""Every page of the manager that one can just look at, also in the language with the longest words."""

import pytest

from alpage.web.manager.navigation import EVERYWHERE
from tests.browser.visitors import OVERFLOW, Visitor
from tests.clients.running import DOMAIN

ZONE = f"/zones/{DOMAIN}"
PAGES = (
    *(entry.path for entry in EVERYWHERE),
    *(ZONE + below for below in ("", "/import", "/paste", "/templates", "/versions", "/settings")),
    *("/account/addresses/new", f"/domains/{DOMAIN}", "/design/calm", "/join", "/nowhere", "/search?q=demo"),
    *("/search?q=nothing-of-this-name", "/security/events", "/security/password", "/security/sessions/end"),
    *("/v3/ng/accounts/token/list?state=revoked", f"{ZONE}?search=nothing-of-this-name", f"{ZONE}/templates/mail"),
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page(manager: Visitor, path: str) -> None:
    manager.go(f"{manager.platform.manager}{path}")
    manager.look("page" + "".join(letter if letter.isalnum() else "-" for letter in path.rstrip("/")))


def test_long_words_fit_a_phone(manager: Visitor) -> None:
    manager.resize(360)
    manager.go(f"{manager.platform.manager}/?language=de")
    wide = [path for path in PAGES if width_beside(manager, path) > 0]
    assert wide == []


def width_beside(manager: Visitor, path: str) -> int:
    """How much of a page stands out to the side, in pixels."""
    manager.go(f"{manager.platform.manager}{path}")
    return int(manager.page.evaluate(OVERFLOW))
