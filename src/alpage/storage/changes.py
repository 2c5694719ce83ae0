"""The change log: every committed write leaves one entry, in the order of the commits.

It is complete by construction. The unit of work hands over what it flushed, with the values before and after; the
entries are written in the same transaction; and a statement that would change a logged table without passing through a
unit of work is refused by the engine. Audit, synchronisation, webhooks, undo and the staleness of counts read this log.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from time import time
from typing import Any

from sqlalchemy import JSON, Column, Connection, Engine, Index, Select, Table, event, insert, inspect, select, text
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.sql import visitors

from alpage.storage.tables import STEADY_IDS, Base

SECRET = "secret"  # noqa: S105 - in a column's `info`: its values never enter the log
HIDDEN = "•••"
POSTGRESQL_LOCK = 0x416C70  # any number, but always the same: who holds it writes the next entries


class Change(Base):
    """An entry of the log."""

    __tablename__ = "changes"
    __table_args__ = (
        Index(None, "event", "id"),
        Index(None, "event", "object_id", "id"),
        Index(None, "account_id", "id"),
        Index(None, "account_id", "event", "id"),
        Index(None, "product_id", "id"),
        Index(None, "owner_id", "id"),
        Index(None, "user_id", "id"),
        Index(None, "request_id", "id"),
        Index(None, "reverts"),
        STEADY_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[int]
    event: Mapped[str]
    action: Mapped[str]
    object_id: Mapped[int]
    account_id: Mapped[int | None]  # whose administrators may read it
    product_id: Mapped[int | None]  # so may who has a right on this product
    owner_id: Mapped[int | None]  # the user whose own it is; then it has neither account nor product
    user_id: Mapped[int | None]  # who did it
    grant_id: Mapped[int | None]
    request_id: Mapped[str | None]
    reverts: Mapped[int | None]  # the entry it takes back
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and by which request."""

    user_id: int | None = None
    grant_id: int | None = None
    request_id: str | None = None


NOBODY = Author()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row belongs, which says who may read its changes."""

    account_id: int | None = None
    product_id: int | None = None
    owner_id: int | None = None


NOWHERE = Place()


class Entry:
    """One object's change within one transaction."""

    __slots__ = ("action", "after", "before", "event", "object_id", "place")

    def __init__(
        self,
        event: str,
        object_id: int,
        place: Place,
        *,
        action: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        self.event = event
        self.object_id = object_id
        self.place = place
        self.action = action
        self.before = before
        self.after = after

    @classmethod
    def of(cls, obj: Any, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> "Entry":
        """The entry of an object of the unit of work."""
        return cls(obj.__event__, obj.id, _place(obj), action=action, before=before, after=after)

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
        self.reverts: dict[tuple[str, int], int] = {}  # by event and object: the entry that is taken back
        self._entries: dict[tuple[str, int], Entry] = {}
        self._news: Counter[str] = Counter()

    def watch(self, session: Session, connection: Connection) -> None:
        """Takes note of everything the session flushes to its connection from now on."""

        def prepare(*_arguments: Any) -> None:
            connection.info[_FLUSHING] = True
            for obj in session.deleted:
                if _cascades(inspect(obj).mapper):
                    self._note_cascade(connection, inspect(obj).mapper, [obj.id], _place(obj))

        def collect(*_arguments: Any) -> None:
            connection.info.pop(_FLUSHING, None)
            self._collect(session)

        event.listen(session, "before_flush", prepare)
        event.listen(session, "after_flush", collect)

    def entries(self) -> list[Entry]:
        """What the transaction has changed so far."""
        return list(self._entries.values())

    def news_of(self, query: Select[Any]) -> int:
        """How many changes there have been to the tables of a query."""
        return sum(self._news[event] for event in _events(query))

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
                    "account_id": entry.place.account_id,
                    "product_id": entry.place.product_id,
                    "owner_id": entry.place.owner_id,
                    "user_id": self.author.user_id,
                    "grant_id": self.author.grant_id,
                    "request_id": self.author.request_id,
                    "reverts": self.reverts.get((entry.event, entry.object_id)),
                    "before": entry.before,
                    "after": entry.after,
                }
                for entry in self._entries.values()
            ],
        )

    def _note_cascade(self, connection: Connection, mapper: Mapper[Any], ids: list[int], place: Place) -> None:
        """Takes note of the logged rows that the database deletes with those of these ids."""
        for child, column in _cascades(mapper):
            model = child.class_
            visible = {key: column for key, column, is_secret in _columns(child) if not is_secret}
            query = select(*(column.label(key) for key, column in visible.items())).where(column.in_(ids))
            rows = connection.execute(query.order_by(model.__table__.c.id)).mappings().all()
            if not rows:
                continue
            own = place if model.__audience__ == "product" else Place(account_id=place.account_id)
            self._note_cascade(connection, child, [row["id"] for row in rows], own)
            for row in rows:
                before = {key: row.get(key, HIDDEN) for key, _, _ in _columns(child)}
                self._note(Entry(model.__event__, row["id"], own, action="deleted", before=before, after=None))

    def _collect(self, session: Session) -> None:
        for obj in session.new:
            if obj.__event__:
                self._note(Entry.of(obj, "created", None, _values(obj)))
        for obj in session.dirty:
            if obj.__event__ and (changed := _changed(obj)):
                self._note(Entry.of(obj, "updated", *changed))
        for obj in session.deleted:
            if obj.__event__:
                self._note(Entry.of(obj, "deleted", _values(obj), None))

    def _note(self, entry: Entry) -> None:
        self._news[entry.event] += 1
        self._add(entry)

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
def _events(query: Select[Any]) -> tuple[str, ...]:
    """The events of the tables a query reads, which must all be logged."""
    events = {mapper.local_table: mapper.class_.__event__ for mapper in Base.registry.mappers}
    tables = {element for element in visitors.iterate(query) if isinstance(element, Table)}
    if unlogged := sorted(table.name for table in tables if not events.get(table)):
        raise RuntimeError(f"the change log has no news of {', '.join(unlogged)}")
    return tuple(events[table] for table in tables)


@cache
def _columns(mapper: Mapper[Any]) -> tuple[tuple[str, Any, bool], ...]:
    """The attributes of a table, with their columns, and whether their values are secret."""
    attributes = ((attribute.key, attribute.columns[0]) for attribute in mapper.column_attrs)
    return tuple((key, column, SECRET in column.info) for key, column in attributes)


@cache
def _cascades(mapper: Mapper[Any]) -> tuple[tuple[Mapper[Any], Column[Any]], ...]:
    """The logged tables whose rows the database deletes with a row of this one, and the columns that refer to it."""
    return tuple(
        (child, key.parent)
        for child in Base.registry.mappers
        if child.class_.__event__
        for key in child.local_table.foreign_keys
        if key.ondelete == "CASCADE" and key.column.table is mapper.local_table
    )


def _place(obj: Any) -> Place:
    match obj.__audience__:
        case "account":
            return Place(account_id=obj.account_id)
        case "product":
            return Place(account_id=obj.account_id, product_id=obj.product_id)
        case "user":
            return Place(owner_id=obj.user_id)
        case _:
            return NOWHERE


def _values(obj: Any) -> dict[str, Any]:
    loaded: Mapping[str, Any] = inspect(obj).dict
    return {key: HIDDEN if secret else loaded.get(key) for key, _, secret in _columns(inspect(obj).mapper)}


def _changed(obj: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    state = inspect(obj)
    before, after, unmodified = {}, {}, state.unmodified
    for key, _, secret in _columns(state.mapper):
        if key not in unmodified and (history := get_history(obj, key)).has_changes():
            before[key] = HIDDEN if secret else next(iter(history.deleted or ()), None)
            after[key] = HIDDEN if secret else next(iter(history.added or ()), None)
    return (before, after) if after else None
