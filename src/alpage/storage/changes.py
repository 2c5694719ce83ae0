"""The change log: every committed write leaves one entry, in the order of the commits.

It is complete by construction. The unit of work hands over what it flushed, with the values before and after; the
entries are written in the same transaction; and a statement that would change a logged table without passing through a
unit of work is refused by the engine. Audit, synchronisation, webhooks, undo and the staleness of counts read this log.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from time import time
from typing import Any

from sqlalchemy import JSON, Connection, Engine, Index, Table, event, insert, inspect, text
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column
from sqlalchemy.orm.attributes import get_history

from alpage.storage.tables import STEADY_IDS, Base

SECRET = "secret"  # noqa: S105 - in a column's `info`: its values never enter the log
HIDDEN = "•••"
POSTGRESQL_LOCK = 0x416C70  # any number, but always the same: who holds it writes the next entries


class Change(Base):
    """An entry of the log."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "event", "id"), Index(None, "account_id", "id"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[int]
    event: Mapped[str]
    action: Mapped[str]
    object_id: Mapped[int]
    account_id: Mapped[int | None]
    user_id: Mapped[int | None]
    grant_id: Mapped[int | None]
    request_id: Mapped[str | None] = mapped_column(index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and by which request."""

    user_id: int | None = None
    grant_id: int | None = None
    request_id: str | None = None


NOBODY = Author()


class Entry:
    """One object's change within one transaction."""

    __slots__ = ("account_id", "action", "after", "before", "event", "object_id")

    def __init__(self, obj: Any, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        self.event: str = obj.__event__
        self.object_id: int = obj.id
        self.account_id: int | None = getattr(obj, "account_id", None)
        self.action = action
        self.before = before
        self.after = after

    def encode(self) -> dict[str, Any]:
        """The entry as a dry run shows it."""
        return {name: getattr(self, name) for name in ("event", "action", "object_id", "before", "after")}

    def follow(self, later: "Entry") -> None:
        """Takes in a later change of the same object in the same transaction."""
        self.after = {**(self.after or {}), **later.after} if later.after is not None else None
        if later.action == "deleted":
            self.action = "deleted"


class Recorder:
    """Collects the changes of one transaction and writes them into the log before it commits."""

    def __init__(self, author: Author) -> None:
        self.author = author
        self._entries: dict[tuple[str, int], Entry] = {}

    def watch(self, session: Session, connection: Connection) -> None:
        """Takes note of everything the session flushes to its connection from now on."""

        def allow_writes(*_arguments: Any) -> None:
            connection.info[_FLUSHING] = True

        def collect(*_arguments: Any) -> None:
            connection.info.pop(_FLUSHING, None)
            self._collect(session)

        event.listen(session, "before_flush", allow_writes)
        event.listen(session, "after_flush", collect)

    def entries(self) -> list[Entry]:
        """What the transaction has changed so far."""
        return list(self._entries.values())

    @contextmanager
    def part(self) -> Iterator[Callable[[], None]]:
        """What is flushed in the block counts if it ends well; the function it gets makes it count for nothing."""
        before, self._entries = self._entries, {}
        try:
            yield self._entries.clear
        except BaseException:
            self._entries = before
            raise
        part, self._entries = self._entries, before
        for entry in part.values():
            self._add(entry)

    def write(self, connection: Connection) -> None:
        """Puts the entries into the log, as the last thing before the commit."""
        if not self._entries:
            return
        if connection.dialect.name == "postgresql":  # entries are numbered in the order of the commits
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRESQL_LOCK})
        now = int(time())
        connection.execute(
            insert(Change),
            [
                {
                    "created_at": now,
                    "event": entry.event,
                    "action": entry.action,
                    "object_id": entry.object_id,
                    "account_id": entry.account_id,
                    "user_id": self.author.user_id,
                    "grant_id": self.author.grant_id,
                    "request_id": self.author.request_id,
                    "before": entry.before,
                    "after": entry.after,
                }
                for entry in self._entries.values()
            ],
        )

    def _collect(self, session: Session) -> None:
        for obj in session.new:
            if obj.__event__:
                self._add(Entry(obj, "created", None, _values(obj)))
        for obj in session.dirty:
            if obj.__event__ and (changed := _changed(obj)):
                self._add(Entry(obj, "updated", *changed))
        for obj in session.deleted:
            if obj.__event__:
                self._add(Entry(obj, "deleted", _values(obj), None))

    def _add(self, entry: Entry) -> None:
        key = (entry.event, entry.object_id)
        earlier = self._entries.get(key)
        if earlier is None:
            self._entries[key] = entry
        elif earlier.action == "created" and entry.action == "deleted":
            del self._entries[key]
        else:
            earlier.follow(entry)


_FLUSHING = "alpage.flushing"


def guard(engine: Engine) -> None:
    """Makes the engine refuse statements that change a logged table outside a unit of work."""

    @event.listens_for(engine, "before_execute")
    def refuse(connection: Connection, statement: Any, *_rest: Any) -> None:
        if getattr(statement, "is_dml", False) and _is_logged(statement.table) and _FLUSHING not in connection.info:
            raise RuntimeError(f"{statement.table.name} is written through a session only, for the change log")


@cache
def _is_logged(table: Table) -> bool:
    return any(mapper.local_table is table and mapper.class_.__event__ for mapper in Base.registry.mappers)


@cache
def _columns(mapper: Mapper[Any]) -> tuple[tuple[str, bool], ...]:
    return tuple((attribute.key, SECRET in attribute.columns[0].info) for attribute in mapper.column_attrs)


def _values(obj: Any) -> dict[str, Any]:
    loaded: Mapping[str, Any] = inspect(obj).dict
    return {key: HIDDEN if secret else loaded.get(key) for key, secret in _columns(inspect(obj).mapper)}


def _changed(obj: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    state = inspect(obj)
    before, after, unmodified = {}, {}, state.unmodified
    for key, secret in _columns(state.mapper):
        if key not in unmodified and (history := get_history(obj, key)).has_changes():
            before[key] = HIDDEN if secret else next(iter(history.deleted or ()), None)
            after[key] = HIDDEN if secret else next(iter(history.added or ()), None)
    return (before, after) if after else None
