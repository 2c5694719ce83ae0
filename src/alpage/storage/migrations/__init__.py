"""The history of the tables, run by `alpage migrate` and before `alpage serve` starts."""

from pathlib import Path

from sqlalchemy import inspect, text

from alpage.storage.database import Database

FOLDER = Path(__file__).parent
VERSION_TABLE = "alembic_version"


def migrate(database: Database) -> None:
    """Brings the tables of a database to the newest form."""
    if _version(database) == _newest():
        return
    from alembic import command  # noqa: PLC0415 - most starts have nothing to do, and need not load it
    from alembic.config import Config  # noqa: PLC0415 - the same

    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    with database.engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()


def _version(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
        return version


def _newest() -> str:
    """The number the newest file of `versions/` begins with, which is its revision."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
