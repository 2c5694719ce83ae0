"""The history of the tables, run by `alpage migrate` and before `alpage serve` starts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from alpage.storage.database import Database

FOLDER = Path(__file__).parent
VERSION_TABLE = "alembic_version"


def migrate(database: Database) -> None:
    """Brings the tables of a database to the newest form."""
    if _version(database) == _newest():
        return
    from alembic import command  # noqa: PLC0415 - most starts have nothing to do, and need not load it

    move(database, command.upgrade, "head")


def move(database: Database, go: Callable[[Any, str], None], revision: str) -> None:
    """Brings the tables to a revision by one of Alembic's commands: altogether, or not at all."""
    from alembic.config import Config  # noqa: PLC0415 - as above

    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    with database.engine.connect() as connection, _whole(connection):
        configuration.attributes["connection"] = connection
        go(configuration, revision)


@contextmanager
def _whole(connection: Connection) -> Iterator[None]:
    """One transaction. On SQLite, where a table is altered by making it anew, references are looked at in the end."""
    if connection.dialect.name != "sqlite":
        with connection.begin():
            yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            driver.execute("BEGIN IMMEDIATE")
            yield
            if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"the migration breaks references: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _version(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
        return version


def _newest() -> str:
    """The number the newest file of `versions/` begins with, which is its revision."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
