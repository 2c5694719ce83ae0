"""What an account has in it: every row that names the account, or hangs on one that does.

It is read off the tables, so that a new product's are among them without a word here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select, tuple_
from sqlalchemy.orm import Mapper

from alpage.accounts.accounts import Account
from alpage.sandbox.demonstration import Demonstration
from alpage.storage.changes import Change
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

OWN = "account_id"  # the column that names an account
STAYING = (Account.__table__, Change.__table__, Demonstration.__table__)
SOME = 500  # keys in one statement

Key = tuple[Any, ...]


def delete(transaction: Transaction, account_id: int) -> int:
    """Deletes what is in an account, and tells how many rows that were. The account itself stays, and the log."""
    keys = _keys(transaction, account_id)
    mappers = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    for table in reversed(Base.metadata.sorted_tables):
        for leaves in _leaves_first(transaction, table, keys[table]):
            _delete_rows(transaction, mappers[table], leaves)
    return sum(map(len, keys.values()))


def _keys(transaction: Transaction, account_id: int) -> dict[Table, set[Key]]:
    """The keys of the rows of each table that belong to an account."""
    found: dict[Table, set[Key]] = defaultdict(set)
    for table in Base.metadata.sorted_tables:
        if table not in STAYING:
            while new := {*_rows_of(transaction, table, account_id, found)} - found[table]:
                found[table] |= new
    return found


def _rows_of(transaction: Transaction, table: Table, account_id: int, found: Mapping[Table, set[Key]]) -> Iterator[Key]:
    key = table.primary_key.columns
    if OWN in table.c:
        yield from _read(transaction, select(*key).where(table.c[OWN] == account_id))
    for reference in table.foreign_key_constraints:
        for among in _among(reference.columns, found[reference.referred_table]):
            yield from _read(transaction, select(*key).where(among))


def _leaves_first(transaction: Transaction, table: Table, keys: set[Key]) -> Iterator[set[Key]]:
    """The keys in an order in which no row goes before one of the same table that hangs on it."""
    own = [reference for reference in table.foreign_key_constraints if reference.referred_table is table]
    while keys:
        needed: set[Key] = set()
        for reference in own:
            for among in _among(table.primary_key.columns, keys):
                needed.update(_read(transaction, select(*reference.columns).where(among)))
        leaves = keys - needed
        yield leaves
        keys = keys - leaves


def _delete_rows(transaction: Transaction, mapper: Mapper[Any], keys: set[Key]) -> None:
    """Deletes rows through the unit of work, which puts them on record."""
    session = transaction.session
    for among in _among(mapper.primary_key, keys):
        for row in session.scalars(select(mapper.class_).where(among)).all():
            session.delete(row)
    session.flush()


def _read(transaction: Transaction, query: Select[Any]) -> Iterator[Key]:
    return (tuple(row) for row in transaction.execute(query))


def _among(columns: Iterable[ColumnElement[Any]], keys: set[Key]) -> Iterator[ColumnElement[bool]]:
    """The conditions that columns have one of the keys, as many keys at once as a statement may have."""
    ordered, (column, *others) = sorted(keys), columns
    for at in range(0, len(ordered), SOME):
        some = ordered[at : at + SOME]
        yield tuple_(column, *others).in_(some) if others else column.in_([key[0] for key in some])
