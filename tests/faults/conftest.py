"""Platforms to break, on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import POSTGRESQL
from tests.faults.node import Node


@pytest.fixture
def database_url(bare_database) -> str:
    """The address of an empty database, or nothing for SQLite in the data folder."""
    bare_database.close()
    if bare_database.engine.dialect.name == "sqlite":
        return ""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return POSTGRESQL + (f"_{worker}" if worker else "")


@pytest.fixture
def node(tmp_path: Path, database_url: str) -> Iterator[Node]:
    """A platform that can be started, on a database of its own."""
    node = Node(tmp_path / "data", {"ALPAGE_DATABASE": database_url})
    node.data.mkdir()
    yield node
    node.stop()
