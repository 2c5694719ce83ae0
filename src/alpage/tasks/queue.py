"""The queue of tasks: DBOS, in the database of the platform.

A task is put on it in the transaction that wants it, by the very connection, so that both are there or neither is.
Only this module and `runner.py` know DBOS, and it is loaded when the first task is started: it takes 12 MB of a
process (measured). Its tables are its own: beside ours on SQLite, in the schema `dbos` on PostgreSQL.
"""

import multiprocessing
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import logs
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, Transaction
from alpage.storage.tables import Base
from alpage.tasks.declarations import TASKS
from alpage.tasks.tasks import Progress, Task

if TYPE_CHECKING:
    from dbos import DBOSClient

APPLICATION = "alpage"
QUEUE = "tasks"
WORKFLOW = "task"  # there is one for all of them: what it runs stands in our own table

# stored


class QueueRelease(Base):
    """The release of DBOS whose tables there are."""

    __tablename__ = "queue_releases"

    release: Mapped[str] = mapped_column(String(20), primary_key=True)


# the verbs


def enqueue(
    transaction: Transaction,
    name: str,
    now: int,
    *,
    account_id: int | None = None,
    delay_seconds: int = 0,
    **arguments: Any,
) -> Task:
    """Starts a task, in this transaction, for who is its author. The arguments are ids, or other small JSON."""
    if name not in TASKS:
        raise LookupError(f"no task is called {name}")
    author = transaction.changes.author
    task = Task(
        name=name,
        arguments=arguments,
        user_id=author.user_id,
        account_id=account_id,
        grant_id=author.grant_id,
        request_id=author.request_id,
        created_at=now,
        updated_at=now,
    )
    transaction.session.add(task)
    transaction.session.flush()
    due_at = now + delay_seconds if delay_seconds else None
    transaction.execute(insert(Progress), {"task_id": task.id, "due_at": due_at})
    put(transaction, task.uuid, 0, delay_seconds)
    return task


def put(transaction: Transaction, uuid: str, run: int, delay_seconds: int = 0) -> None:
    """Puts a task on the queue, to be run after its run of this number."""
    options: Any = {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": f"{uuid}/{run}"}
    if delay_seconds:
        options["delay_seconds"] = delay_seconds
    connection = transaction.session.connection()
    _client(connection.engine).enqueue_in_transaction(connection, options, uuid)


@lru_cache(maxsize=4)
def _client(engine: Engine) -> "DBOSClient":
    """What writes into DBOS's tables by our connections; it has none of its own."""
    from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415 - with the first task

    return DBOSClient(
        system_database_engine=engine, application_name=APPLICATION, serializer=DBOSPortableJSONSerializer(), lazy=True
    )


def prepare(database: Database) -> None:
    """Brings the queue's tables to the form that the release of DBOS in use has them in."""
    release = version("dbos")
    with database.reading() as transaction:
        if transaction.execute(select(QueueRelease.release)).scalar() == release:
            return
    database.close()
    making = multiprocessing.get_context("fork").Process(target=make_tables, args=(database,))  # which forgets DBOS
    making.start()
    making.join()
    if making.exitcode:
        raise RuntimeError("the tables of the queue could not be made")


def make_tables(database: Database) -> None:
    """Makes the tables, or brings them up to date."""
    from dbos import DBOS  # noqa: PLC0415 - only here, in a process that ends

    logs.adopt("dbos", "warning")
    DBOS.migrate(address_of(database))
    with database.transaction(NOBODY) as transaction:
        transaction.execute(delete(QueueRelease))
        transaction.execute(insert(QueueRelease), {"release": version("dbos")})


def address_of(database: Database) -> str:
    """The address of a database, with all that it takes to open it."""
    return database.engine.url.render_as_string(hide_password=False)
