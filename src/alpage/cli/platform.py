"""The platform as the owner's commands open it: settings, database, author."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from alpage.app import open_database, open_tokens
from alpage.cli.configuration import settle
from alpage.identity.tokens import Tokens
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, Transaction
from alpage.storage.migrations import migrate
from alpage.tasks import queue

Data = Annotated[Path | None, Parameter(help="Data folder of the platform.")]
"""The folder every such command takes."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An opened data folder."""

    settings: Settings
    database: Database
    tokens: Tokens

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction of the owner's, recorded in the change log like any other."""
        with self.database.transaction(NOBODY) as transaction:
            yield transaction


def open_platform(data: Path | None = None) -> Platform:
    """Opens a data folder, made if it is new, its tables brought up to date."""
    settings = settle(data=data)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = open_database(settings)
    migrate(database)
    queue.prepare(database)
    return Platform(settings, database, open_tokens(settings, database))
