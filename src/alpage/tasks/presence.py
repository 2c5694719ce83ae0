"""Presence: who works holds a lock under his name, which the system lets go of when he dies.

On PostgreSQL it is an advisory lock of a connection, since workers may be on many machines; on SQLite a lock on a file
beside the database, since they cannot. `runner.py` takes over the work of those who are not present.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from alpage.settings import Settings
from alpage.storage.database import Database

_KEEP_ALIVE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")  # seconds, times
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")


class Presence(Protocol):
    """The locks of one process."""

    def take(self, name: str) -> bool:
        """Takes a lock, or keeps one that this process has. Answers whether it has it."""
        ...

    def release(self, name: str) -> None:
        """Lets go of a lock."""
        ...

    def close(self) -> None:
        """Lets go of all of them."""
        ...


class Files:
    """Locks on files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def take(self, name: str) -> bool:
        """Takes the lock of the file of this name."""
        if name in self._held:
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_there = os.fstat(file).st_nlink > 0  # else another has just let go of it
        except BlockingIOError:
            is_there = False
        if is_there:
            self._held[name] = file
        else:
            os.close(file)
        return is_there

    def release(self, name: str) -> None:
        """Lets go of the file, which is gone then."""
        (self._folder / name).unlink(missing_ok=True)
        os.close(self._held.pop(name))

    def close(self) -> None:
        """Lets go of all files."""
        for name in [*self._held]:
            self.release(name)


class AdvisoryLocks:
    """Locks of a connection to PostgreSQL. When it breaks, they are gone, and `take` takes its own anew."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        """Takes the lock of this name."""
        connection = self._sound_connection()
        if name not in self._held and connection.execute(_LOCK, {"name": name}).scalar():
            self._held.add(name)
        return name in self._held

    def release(self, name: str) -> None:
        """Lets go of the lock of this name."""
        self._sound_connection().execute(_UNLOCK, {"name": name})
        self._held.discard(name)

    def close(self) -> None:
        """Closes the connection, and lets go of all locks with it."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._held.clear()

    def _sound_connection(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            connection.detach()  # else the pool would keep it, and it the locks
            for setting in _KEEP_ALIVE:  # of the server, for a machine that is cut off and cannot say so
                connection.execute(text(f"SET {setting}"))
            self._connection = connection
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.close()
            raise
        return self._connection


def presence(settings: Settings, database: Database) -> Presence:
    """The locks that go with a database."""
    if database.engine.dialect.name == "sqlite":
        return Files(settings.data / "workers")
    return AdvisoryLocks(database)
