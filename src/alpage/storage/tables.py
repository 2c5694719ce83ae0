"""The base of every table."""

from typing import Any, ClassVar, Literal, TypeVar

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, object_session

CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
WHOLE_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # seconds go on after 2038
STEADY_IDS = {"sqlite_autoincrement": True}  # an id, once given, is never given again

Audience = Literal["account", "product", "user", "platform"]


class Base(DeclarativeBase):
    """The base of every table.

    `__event__` is the name its changes carry in the log (`dns.zone`); a table that is no customer's business (last-used
    stamps, say) has none and is not logged. `__audience__` is who may read them: those who administer the row's
    account; besides them those with a right on its product; only the user it belongs to; or nobody. A row has, or
    knows, what that takes: `account_id`, `product_id`, `user_id`.
    """

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map: ClassVar = {int: WHOLE_NUMBER}
    __table_args__: Any = STEADY_IDS
    __event__ = ""
    __audience__: Audience = "platform"


Row = TypeVar("Row", bound=Base)


def parent(row: Base, model: type[Row], id: int) -> Row:
    """The row of another table that a row refers to; of a row in a unit of work, which mostly has both."""
    session = object_session(row)
    if session is None:
        raise RuntimeError(f"{row!r} is in no unit of work")
    return session.get_one(model, id)
