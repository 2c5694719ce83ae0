"""The product of a name, as the oldest DNS clients look it up: `GET /1/product?service_name=domain&customer_name=…`.

They walk up the labels of a name until this list has an entry, so one without is no error; they compare `customer_name`
with what they asked for, byte by byte; and they know some fields by older names.
"""

from typing import Any, ClassVar

from sqlalchemy import Select

from alpage.accounts.product_lists import SORTS, Rights, visible
from alpage.accounts.products import Product
from alpage.accounts.rights import RIGHTS
from alpage.accounts.spellings import spellings
from alpage.accounts.tags import TagSummary, add_tags_of_products
from alpage.api.calls import Call
from alpage.api.routes import ANY_TOKEN, Expansion, Routes, Shape

routes = Routes("Products (older)", text_context=True)

# on the wire


class FoundProduct(Shape):
    """A product under the names of the older routes."""

    id: int
    account_id: int
    service_id: int
    service_name: str
    customer_name: str
    internal_name: str | None
    created_at: int
    expired_at: int | None
    version: int
    maintenance: bool
    locked: bool
    operation_in_progress: bool
    tags: list[TagSummary]
    unique_id: int
    is_free: bool
    is_zero_price: bool
    is_trial: bool
    rights: Rights

    parts: ClassVar[dict[str, Expansion]] = {"tags": add_tags_of_products}

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The product, its name spelt as it was asked for."""
        return {
            "id": row.id,
            "account_id": row.account_id,
            "service_id": row.service_id,
            "service_name": row.service_name,
            "customer_name": call.query.get("customer_name") or row.customer_name,
            "internal_name": row.internal_name,
            "created_at": row.created_at,
            "expired_at": row.expired_at,
            "version": row.version,
            "maintenance": row.has_maintenance,
            "locked": row.is_locked,
            "operation_in_progress": row.has_operation_in_progress,
            "unique_id": row.id,
            "is_free": row.is_free,
            "is_zero_price": row.is_free,
            "is_trial": row.is_trial,
            "rights": {right: getattr(row, right) for right in RIGHTS},
        }


class Lookup(Shape):
    """Which products to find: by service, by the whole name in Unicode or punycode."""

    service_name: str | None = None
    customer_name: str | None = None


# the routes


@routes.get("/1/product", scope=ANY_TOKEN, answer=list[FoundProduct], sort=SORTS)
def find_products(call: Call, query: Lookup) -> Select[Any]:
    """Find the products of a name. A name nobody has answers an empty list."""
    found = visible(call)
    if query.service_name is not None:
        found = found.where(Product.service_name == query.service_name)
    if query.customer_name is not None:
        found = found.where(Product.customer_name.in_(spellings(query.customer_name)))
    return found
