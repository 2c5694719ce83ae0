"""Attacks are made on a running platform, over HTTP: one `alpage serve` a database, emptied before each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import httpx
import pytest

from alpage.settings import Settings
from tests.conftest import DATABASES, Platform
from tests.identity.attacks.login import HttpBrowser, RunningLogin
from tests.identity.attacks.served import Served, serving
from tests.web.login.conftest import anna, sign_in

__all__ = ["anna", "sign_in"]  # fixtures


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", DATABASES, indirect=True)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
    """The running platforms, by their kind of database; started when first asked for."""
    with ExitStack() as running:

        @cache
        def start(kind: str) -> Served:
            folder = tmp_path_factory.mktemp("attacked")
            return running.enter_context(serving(folder, kind, log_level="debug"))

        yield start


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: Callable[[str], Served]) -> Served:
    """The platform that is attacked."""
    served: Served = servers(request.param)
    return served


@pytest.fixture
def settings(server: Served) -> Settings:
    return server.settings


@pytest.fixture
def platform(server: Served) -> Iterator[Platform]:
    """The platform with nobody in it yet. Nothing may go wrong inside it, whatever it is sent."""
    yield server.platform()
    assert server.trouble() == []


@pytest.fixture
def client(server: Served, platform: Platform) -> httpx.Client:
    """A client without a token."""
    return server.client(follow_redirects=True)


@pytest.fixture
def browser(server: Served, platform: Platform) -> HttpBrowser:
    return HttpBrowser(server)


@pytest.fixture
def login(server: Served, platform: Platform, client: httpx.Client) -> RunningLogin:
    return RunningLogin(platform, client, served=server)
