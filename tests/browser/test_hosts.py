"""Login, manager and API on hosts of their own: from the first visit over a token of one's own to the end."""

from collections.abc import Iterator

import httpx
import pytest

from tests.browser.visitors import Visitor
from tests.clients.processes import HOST
from tests.clients.running import RunningPlatform, running_platform

HOSTS = {  # Chromium looks for whatever ends so on this machine
    "ALPAGE_URL": "http://api.localhost:{port}",
    "ALPAGE_LOGIN_URL": "http://login.localhost:{port}",
    "ALPAGE_MANAGER_URL": "http://manager.localhost:{port}",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose parts have hosts of their own."""
    with running_platform(tmp_path_factory.mktemp("hosts"), HOSTS) as platform:
        yield platform


def test_from_the_first_visit_to_the_end(running: RunningPlatform, visitor: Visitor) -> None:
    visitor.go(running.manager)
    assert visitor.page.url.startswith(f"{running.issuer}/signin?")
    visitor.sign_in()
    assert visitor.page.url == f"{running.manager}/"
    visitor.reads("Welcome, ")
    visitor.follow("Access tokens")
    visitor.press("New token")
    visitor.type("Name", "backup at night")
    visitor.page.get_by_label("Profile", exact=True).select_option(index=1)
    visitor.press("Make the token")
    token = visitor.page.get_by_role("group", name="Your access token").inner_text()
    answer = httpx.get(
        f"http://{HOST}:{running.port}/2/profile",
        headers={"Host": f"api.localhost:{running.port}", "Authorization": f"Bearer {token}"},
    )
    assert answer.json()["data"]["email"] == running.user
    visitor.sign_out()
    assert visitor.page.url.startswith(f"{running.issuer}/signin?")
    visitor.go(running.issuer)
    visitor.reads("Nobody is signed in here")
