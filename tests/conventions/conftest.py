"""A client of an API that has the probe's routes only, and batch."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from alpage import app
from alpage.api import batch
from alpage.api.versions import RouteTable
from tests.conftest import Person, Platform
from tests.conventions import probe


@pytest.fixture
def prober(platform: Platform) -> Iterator[Person]:
    """A user who calls the probe's routes."""
    application = app.build(
        platform.settings, platform.database, RouteTable([*probe.routes.declared, *batch.routes.declared])
    )
    with TestClient(application, raise_server_exceptions=False) as client:
        user = platform.user("heidi")
        yield Person(platform, user, platform.account(user), platform.token(user), client)
