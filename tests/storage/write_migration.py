"""Writes the migration from the tables as they were to the tables as they are: `make migration M="Add …"`.

Read what it wrote before committing it: a renamed column looks like one dropped and one added.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config

from alpage import app
from alpage.storage import migrations
from alpage.storage.database import connect


def main(message: str) -> None:
    """Compares the newest migration with the code, on an empty database."""
    app.route_table()  # imports every room, so that every table is known
    folder = Path(migrations.__file__).parent
    number = len(list((folder / "versions").glob("*.py"))) + 1
    with TemporaryDirectory() as temporary:
        database = connect(f"sqlite:///{temporary}/alpage.db")
        migrations.migrate(database)
        configuration = Config()
        configuration.set_main_option("script_location", str(folder))
        with database.engine.connect() as connection:
            configuration.attributes["connection"] = connection
            command.revision(configuration, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    main(sys.argv[1])
