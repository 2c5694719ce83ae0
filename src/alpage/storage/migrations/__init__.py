"""The history of the tables, run by `alpage migrate` and before `alpage serve` starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from alpage.storage.database import Database


def migrate(database: Database) -> None:
    """Brings the tables of a database to the newest form."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    with database.engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()
