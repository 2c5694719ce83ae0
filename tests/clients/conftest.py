"""What programs of other people run against: the platform, an ACME server, and their own virtual environment.

Everything listens on 127.0.0.1, on ports picked when it starts, and ends with the tests.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from subprocess import CalledProcessError

import pytest
import trustme
from playwright.sync_api import Browser

from tests.browser.chromium import running_chromium
from tests.clients import processes
from tests.clients.acme import running_acme_server
from tests.clients.node_clients import LOCK, NodeClients, installed_node_clients
from tests.clients.proxy import running_proxy
from tests.clients.python_clients import REQUIREMENTS, PythonClients, installed_clients
from tests.clients.running import RunningPlatform, running_platform
from tests.conftest import IN_CI


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [(f"log of {name}", text) for name, text in processes.logs()]
    return report


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that all tests of this folder share; each keeps to names of its own."""
    with running_platform(tmp_path_factory.mktemp("platform")) as platform:
        yield platform


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the certificates of the servers the clients speak to."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of certificates the clients trust."""
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def acme_server(running: RunningPlatform, authority: trustme.CA, tmp_path: Path) -> Iterator[str]:
    """The address of an ACME server that looks challenges up in the platform's name server."""
    with running_acme_server(authority, running.dns_port, tmp_path) as directory:
        yield directory


@pytest.fixture
def redirected(running: RunningPlatform, authority: trustme.CA, trusted: Path) -> Iterator[dict[str, str]]:
    """The environment of a client that shall reach the platform where it means the reference API."""
    with running_proxy(authority, running.port) as address:
        yield {"HTTPS_PROXY": address, "NO_PROXY": processes.HOST, "REQUESTS_CA_BUNDLE": str(trusted)}


@pytest.fixture(scope="session")
def python_clients() -> PythonClients:
    """The clients of `requirements.txt`, installed."""
    try:
        return installed_clients()
    except CalledProcessError as error:
        (pytest.fail if IN_CI else pytest.skip)(f"NOT RUN, could not be installed: {REQUIREMENTS.name} ({error})")


@pytest.fixture(scope="session")
def node_clients() -> NodeClients:
    """The clients of `node/package-lock.json`, installed."""
    try:
        return installed_node_clients()
    except (CalledProcessError, FileNotFoundError) as error:
        (pytest.fail if IN_CI else pytest.skip)(f"NOT RUN, could not be installed: {LOCK.name} ({error})")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; each test opens a context of its own in it."""
    with running_chromium() as browser:
        yield browser
