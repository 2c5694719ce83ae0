"""The base of every table."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase

CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
WHOLE_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # seconds go on after 2038
STEADY_IDS = {"sqlite_autoincrement": True}  # an id, once given, is never given again


class Base(DeclarativeBase):
    """The base of every table.

    `__event__` is the name its changes carry in the log (`dns.zone`); a table that is no customer's business (last-used
    stamps, say) has none and is not logged.
    """

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map: ClassVar = {int: WHOLE_NUMBER}
    __table_args__: Any = STEADY_IDS
    __event__ = ""
