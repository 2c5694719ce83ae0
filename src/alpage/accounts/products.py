"""Products: what accounts own, of every kind. A kind keeps what is its own in tables beside this one, by the same id.

Product packages find, check and create their products here; the lists of all kinds are in `product_lists.py`.
"""

from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts.rights import RIGHTS, Right, may
from alpage.api.callers import Caller
from alpage.api.calls import Call, Statement
from alpage.api.errors import ApiError, not_found
from alpage.api.history import Subject
from alpage.storage.tables import STEADY_IDS, Base


class Product(Base):
    """Something an account owns."""

    __tablename__ = "products"
    __table_args__ = (Index(None, "service_name", "customer_name"), Index(None, "account_id", "service_id"), STEADY_IDS)
    __event__ = "product"
    __audience__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    service_id: Mapped[int]
    service_name: Mapped[str] = mapped_column(String(32))
    customer_name: Mapped[str] = mapped_column(String(255))
    internal_name: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    bill_reference: Mapped[str | None] = mapped_column(default=None)
    fqdn: Mapped[str | None] = mapped_column(String(255), default=None)
    version: Mapped[int] = mapped_column(default=1)
    has_maintenance: Mapped[bool] = mapped_column(default=False)
    is_locked: Mapped[bool] = mapped_column(default=False)
    has_operation_in_progress: Mapped[bool] = mapped_column(default=False)
    is_free: Mapped[bool] = mapped_column(default=False)
    is_trial: Mapped[bool] = mapped_column(default=False)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), default=None)
    created_at: Mapped[int]
    expired_at: Mapped[int | None] = mapped_column(default=None)
    deleted_at: Mapped[int | None] = mapped_column(default=None)  # when it will be gone, once that is decided

    @property
    def product_id(self) -> int:
        """The product a change of this row belongs to."""
        return self.id


def visible(caller: Caller) -> Select[Product]:
    """The products a caller has any right on."""
    return select(Product).where(may(caller, Product))


def rights_of(caller: Caller) -> list[ColumnElement[bool]]:
    """One column for each right: whether the caller has it on the product of the row."""
    return [may(caller, Product, right).label(right) for right in RIGHTS]


def require(call: Call, product: Any, right: Right, *, model: str) -> None:
    """Raises `access_denied` unless the caller has the right on a product he can see.

    `product` has the values `id`, `account_id` and `service_id`; `model` is what the caller knows it as.
    """
    if not is_permitted(call, product.id, right):
        raise ApiError("access_denied", model=model, id=product.id, required_right=right)


def is_permitted(call: Call, product_id: int, right: Right) -> bool:
    """Whether the caller has the right on a product."""
    return call.recall(_PERMITTED[right], product_id=product_id) is not None


def _permitted(right: Right) -> Statement:
    def of_product(caller: Caller) -> Select[Any]:
        return select(Product.id).where(Product.id == bindparam("product_id"), may(caller, Product, right))

    return of_product


_PERMITTED = {right: _permitted(right) for right in RIGHTS}


def find(call: Call, product_id: int) -> Product:
    """The product of a path. Raises `object_not_found`."""
    product: Product | None = call.find(_by_id, product_id=product_id)
    if product is None:
        raise not_found("Product", product_id)
    return product


def _by_id(caller: Caller) -> Select[Product]:
    return visible(caller).where(Product.id == bindparam("product_id"))


subjects = [Subject(Product)]
