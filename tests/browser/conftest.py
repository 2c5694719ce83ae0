"""A platform, and people who visit its pages in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import running_chromium
from tests.browser.visitors import Visitor, visiting
from tests.clients.conftest import node_clients, pytest_runtest_makereport
from tests.clients.node_clients import NodeClients
from tests.clients.running import RunningPlatform, running_platform

__all__ = ["node_clients", "pytest_runtest_makereport"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it needs a browser, and the accessibility checker that npm has."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.needs("chromium", "node", "npm"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that all tests of this folder share."""
    with running_platform(tmp_path_factory.mktemp("platform"), {"ALPAGE_PRIVATE_CALLBACKS": "true"}) as platform:
        yield platform


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; every visitor has a context of his own in it."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def visitor(chromium: Browser, running: RunningPlatform, node_clients: NodeClients) -> Iterator[Visitor]:
    """Somebody who is not signed in yet. That a page complained in the console fails his test."""
    with visiting(chromium, running, node_clients.file("axe-core/axe.min.js")) as visitor:
        yield visitor
