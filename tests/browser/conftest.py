"""A platform, and people who visit its pages in Chromium."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState

from tests.browser.chromium import running_chromium
from tests.browser.visitors import HEIGHTS, Visitor, visiting
from tests.clients.conftest import node_clients, pytest_runtest_makereport
from tests.clients.node_clients import NodeClients
from tests.clients.running import RunningPlatform, running_platform

__all__ = ["node_clients", "pytest_runtest_makereport"]

SETTINGS = {
    "ALPAGE_URL": "http://localhost:{port}",  # browsers make passkeys for names only
    "ALPAGE_PRIVATE_CALLBACKS": "true",  # webhooks go to this machine
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it needs a browser, and the accessibility checker that npm has."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.needs("chromium", "node", "npm"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that all tests of this folder share."""
    with running_platform(tmp_path_factory.mktemp("platform"), SETTINGS) as platform:
        yield platform


@pytest.fixture(scope="session")
def axe(node_clients: NodeClients) -> Path:
    """The script that checks pages for accessibility."""
    return node_clients.file("axe-core/axe.min.js")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; every visitor has a context of his own in it."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, running: RunningPlatform, axe: Path) -> StorageState:
    """The cookies of the demonstration's user, who has just signed in to the manager."""
    with visiting(chromium, running, axe) as visitor:
        visitor.go(running.manager)
        visitor.sign_in()
        return visitor.page.context.storage_state()


@pytest.fixture
def visit(chromium: Browser, running: RunningPlatform, axe: Path) -> Iterator[Callable[..., Visitor]]:
    """Opens browsers: with cookies, or for somebody who is not signed in.

    That a page complained in the console of one fails the test.
    """
    with ExitStack() as opened:
        yield lambda cookies=None: opened.enter_context(visiting(chromium, running, axe, cookies))


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody who is not signed in yet."""
    return visit()


@pytest.fixture
def manager(visit: Callable[..., Visitor], signed_in: StorageState) -> Visitor:
    """The demonstration's user, signed in to the manager."""
    return visit(signed_in)


@pytest.fixture(params=sorted(HEIGHTS))
def width(request: pytest.FixtureRequest) -> int:
    """Of a phone, and of a desk, for what is done on both; the pages on the way are looked over once."""
    return int(request.param)
