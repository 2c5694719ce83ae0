"""The database: one engine, one transaction a request, on SQLite or PostgreSQL.

Reads go through a plain connection on a snapshot. Writes go through an ORM session whose unit of work the change log
watches (`changes.py`); there is no other way to write, and the engine refuses one that goes round it.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Result,
    Select,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import QueuePool

from alpage.storage import changes
from alpage.storage.deferred import Deferred
from alpage.storage.pulse import Pulse

BUSY_TIMEOUT_MS = 10_000
POSTGRESQL = "postgresql"
SERIALIZATION_FAILURE, READ_ONLY = "40001", "25006"  # SQLSTATE of PostgreSQL

Begin = Callable[[Connection, bool], None]


class Readers:
    """Connections to read with, kept from one request to the next.

    Taking one from the pool and giving it back took a tenth of the time of a short request (measured). There are as
    many as ever read at once; whoever reads twice at once has two, each with its snapshot.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_on_postgresql = engine.dialect.name == POSTGRESQL
        self._idle: deque[Connection] = deque()  # a deque's ends are safe to use from many threads

    def connect(self) -> Connection:
        """The connection given back last, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def give_back(self, connection: Connection) -> None:
        """Ends the snapshot and keeps the connection, if it is sound."""
        if _is_rolled_back(connection):
            self._idle.append(connection)
        else:
            connection.close()
            self.close()  # what broke this one has broken the others

    def close(self) -> None:
        """Closes the connections nobody reads with."""
        while self._idle:
            connection = self.connect()
            connection.detach()  # else it would go back to the pool, which may be one disposed of since
            connection.close()


class Writers:
    """Connections to write with, from the pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_on_postgresql = engine.dialect.name == POSTGRESQL

    def connect(self) -> Connection:
        """A connection of its own."""
        return self._engine.connect()

    def give_back(self, connection: Connection) -> None:
        """Leaves nothing of what was not committed."""
        connection.close()


class Transaction:
    """One unit of work: what a request reads, and writes together or not at all."""

    def __init__(
        self, database: "Database", source: Readers | Writers, begin: Begin, author: changes.Author, *, writes: bool
    ) -> None:
        self.database = database
        self._source, self._begin, self._writes = source, begin, writes
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._recalled: dict[Any, tuple[int, Any]] = {}
        self._nested: SessionTransaction | None = None
        self._savepoint = ""
        self.changes = changes.Recorder(author)
        self.deferred = Deferred()

    @property
    def is_on_postgresql(self) -> bool:
        """Whether other writers write at the same time; on SQLite there is one at a time."""
        return self._source.is_on_postgresql

    @property
    def session(self) -> Session:
        """The unit of work. A transaction that only reads has none."""
        if not self._writes:
            raise RuntimeError("this transaction only reads")
        if self._session is None:
            connection = self._open()
            self._session = Session(connection, expire_on_commit=False, join_transaction_mode="control_fully")
            self.changes.watch(self._session, connection)
        return self._session

    def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Runs a statement, after what was written before it in this transaction; a query answers plain columns.

        It runs past the unit of work, which takes half of the time of a short one (measured).
        """
        if self._session is not None:
            self._session.flush()
        return self._open().execute(statement, parameters)

    def find(self, statement: Executable, parameters: Any = None) -> Any:
        """The one object a query of whole objects finds, or None.

        It is an object of the unit of work where there is one, else a row with the same attributes.
        """
        if self._writes:
            return self.session.execute(statement, parameters).scalar_one_or_none()
        return self.execute(statement, parameters).one_or_none()

    def recall(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Any:
        """What `find` finds, remembered for whoever asks the same again in this transaction: a caller's right, say.

        It is asked anew once something has been written that it depends on.
        """
        if self._session is not None:
            self._session.flush()
        key = (statement, *parameters.items())
        news = self.changes.news_of(statement)
        known = self._recalled.get(key)
        if known is None or known[0] != news:
            known = self._recalled[key] = (news, self.find(statement, parameters))
        return known[1]

    @contextmanager
    def part(self, *, keep: bool = True) -> Iterator[None]:
        """A part of the transaction that leaves nothing when it raises, or when it is not to be kept.

        Parts follow one another; none is within another. When one leaves nothing, the objects found before it are not
        of the unit of work any more, and are to be found again.
        """
        session = self.session
        session.flush()
        with self.changes.part() as undo_changes, self.deferred.part() as undo_deferred:
            self._begin_part(session)
            try:
                yield
                session.flush()
            except BaseException:
                self._undo_part(session)
                raise
            if keep:
                _tell(self._open(), f"RELEASE SAVEPOINT {self._savepoint}")
            else:
                self._undo_part(session)
                undo_changes()
                undo_deferred()

    def _begin_part(self, session: Session) -> None:
        """Marks the point to go back to.

        The session has one nested transaction for all parts that go well, since beginning and ending one takes it ten
        times as long as the savepoint itself (measured). The parts have savepoints of that one's name within it: of
        several with one name the last is meant, and so the session goes back to the beginning of the part.
        """
        if self._nested is None:
            self._nested = session.begin_nested()
            self._savepoint = session.connection().info[_SAVEPOINT]
        _tell(self._open(), f"SAVEPOINT {self._savepoint}")

    def _undo_part(self, session: Session) -> None:
        if self._nested is not None:
            self._nested.rollback()
            self._nested = None
        session.expunge_all()
        self._recalled.clear()

    def settle(self) -> None:
        """Does what was put off until all of the transaction is known, for who looks at it before the commit."""
        self.deferred.settle(self)
        if self._session is not None:
            self._session.flush()

    def commit(self) -> None:
        """Makes the writes last, with their entries in the change log."""
        self.settle()
        if self._connection is not None:
            self.changes.write(self._connection)
            if self._session is not None:
                self._session.commit()
            if self._connection.in_transaction():  # the session ends what it has begun, and that alone
                self._connection.commit()

    def release(self) -> None:
        """Lets go of the snapshot of a transaction that only reads, for who has read enough and waits for others."""
        if self._connection is not None:
            self._source.give_back(self._connection)
            self._connection = None

    def close(self) -> None:
        """Ends the transaction; what was not committed is gone."""
        if self._session is not None:
            self._session.close()
        self.release()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._source.connect()
            self._begin(self._connection, self._writes)
        return self._connection


class Database:
    """One database of the platform."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        postgresql = engine.dialect.name == POSTGRESQL
        # A reader sees one snapshot from its first statement to its last, so that a page and its total agree.
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgresql else {}
        self._readers = Readers(engine.execution_options(**snapshot))
        writers = engine.execution_options(writes=True)
        self._writers = Writers(writers)
        steady = {"isolation_level": "REPEATABLE READ"} if postgresql else {}
        self._steady_writers = Writers(writers.execution_options(**steady))
        self._begin = _begin_by_driver if postgresql else self._begin_sqlite
        if not postgresql:
            event.listen(engine, "handle_error", self._leave_read_only)
        self.pulse = Pulse(self._latest_change)
        changes.guard(writers)
        event.listen(writers, "savepoint", _note_savepoint)

    def begin(self, author: changes.Author, *, writes: bool, steady: bool = False) -> Transaction:
        """A transaction whose end is the caller's business: `commit`, and always `close`.

        `steady`: what it reads stays as it is until it has written. Where somebody else changes that first, it fails
        (`is_overtaken`).
        """
        writers = self._steady_writers if steady else self._writers
        return Transaction(self, writers if writes else self._readers, self._begin, author, writes=writes)

    @contextmanager
    def transaction(self, author: changes.Author) -> Iterator[Transaction]:
        """A transaction that commits when the block ends well and leaves nothing when it raises."""
        transaction = self.begin(author, writes=True)
        try:
            yield transaction
            transaction.commit()
        finally:
            transaction.close()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads, on one snapshot."""
        transaction = self.begin(changes.NOBODY, writes=False)
        try:
            yield transaction
        finally:
            transaction.close()

    def close(self) -> None:
        """Closes the connections nobody uses, for the end of a process or before it is forked."""
        self._readers.close()
        self.engine.dispose()

    def _latest_change(self) -> int:
        with self.reading() as transaction:
            return transaction.execute(_LATEST_CHANGE).scalar() or 0

    def _begin_sqlite(self, connection: Connection, writes: bool) -> None:
        # A writer takes the lock at once: one that first read could not upgrade a stale snapshot.
        try:
            _tell(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")
        except OperationalError as error:
            if _is_read_only(error.orig):
                connection.invalidate()
                self.close()
            raise

    def _leave_read_only(self, context: ExceptionContext) -> None:
        """Lets go of connections that were opened while the files were read-only: they would stay so, and new ones too
        as long as one of these is open. SQLite tells of it at the first statement that writes, or when one begins."""
        if _is_read_only(context.original_exception):
            context.is_disconnect = True
            if context.execution_context is not None:
                context.execution_context.cursor.close()  # a connection is not closed before its cursors are
            self.close()

    def is_reachable(self) -> bool:
        """Whether the database answers."""
        try:
            with self.reading() as transaction:
                transaction.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True


_LATEST_CHANGE = select(func.max(changes.Change.id))


def is_overtaken(error: DBAPIError) -> bool:
    """Whether a steady transaction has failed because somebody else was quicker; another try sees what he wrote."""
    return getattr(error.orig, "sqlstate", None) == SERIALIZATION_FAILURE


def is_unavailable(error: DBAPIError) -> bool:
    """Whether the trouble is the database's and may pass: it is gone, full, locked, or may not be written for now."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError) or error.connection_invalidated or sqlstate == READ_ONLY


def connect(url: str, *, synchronous: Literal["NORMAL", "FULL"] = "NORMAL", pool_size: int = 16) -> Database:
    """Opens the database at an SQLAlchemy URL (`sqlite:///path`, `postgresql://…`)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == POSTGRESQL:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(
        parsed,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=2 * pool_size,  # a thread may read, write, and read within a reading, and readers keep theirs
    )
    if parsed.get_backend_name() == "sqlite":
        _sqlite_manners(engine, synchronous)
    return Database(engine)


def _sqlite_manners(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"synchronous={synchronous}",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")


def _is_rolled_back(connection: Connection) -> bool:
    """Whether the connection is as good as new; one that was lost is not.

    The driver is asked directly: `Connection.rollback` took a tenth of the time of a short request (measured).
    """
    if connection.invalidated:
        return False
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.rollback()
    except connection.dialect.loaded_dbapi.Error:
        return False
    return True


def _begin_by_driver(_connection: Connection, _writes: bool) -> None:
    """PostgreSQL's driver begins by itself."""


def _is_read_only(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY


def _tell(connection: Connection, command: str) -> None:
    """Has the driver execute a command that neither takes nor gives anything."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(command)
    except connection.dialect.loaded_dbapi.Error as error:
        raise OperationalError(command, None, error) from error  # as the library would have raised it


def _note_savepoint(connection: Connection, name: str) -> None:
    connection.info[_SAVEPOINT] = name


_SAVEPOINT = "alpage.savepoint"  # in a connection's info: the name of the newest savepoint of its session
