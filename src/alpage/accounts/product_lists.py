"""Lists of products of every kind: all that a user reaches, and those of one account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from alpage.accounts import products, tags
from alpage.accounts.members import ADMINISTRATORS, OWNER, READ, AccountId, Membership, TeamMember
from alpage.accounts.product_filters import AccountProductFilter, CurrentAccountProductFilter, ProductQuery
from alpage.accounts.products import Product
from alpage.accounts.rights import RIGHTS, ProductRight
from alpage.accounts.tags import TagSummary
from alpage.api.callers import require_scope
from alpage.api.calls import Call
from alpage.api.expansion import attribute, computed
from alpage.api.routes import ANY_TOKEN, Expansion, Routes, Shape
from alpage.identity.users import User

routes = Routes("Products")

# on the wire


class Rights(Shape):
    """What a user may do with a product."""

    technical: bool
    statistic: bool
    check: bool
    sale: bool


class Maintenance(Shape):
    """Who has put a product under maintenance."""

    technical: bool
    superuser: bool
    infomaniak: bool


class Locked(Shape):
    """Who has locked a product."""

    superuser: bool
    infomaniak: bool


class ProductStatus(Shape):
    """What state a product is in, and since when."""

    maintenance: Maintenance
    locked: Locked
    activated_by: list[Any]
    activated_at: int


class ProductUser(Shape):
    """A user with rights on a product."""

    user_id: int
    rights: Rights


class ProductAdministrator(Shape):
    """Who answers for a product: the first owner of its account."""

    user_id: int
    email: str
    display_name: str


class ProductDetails(Shape):
    """A product: what every kind has in common."""

    id: int
    account_id: int
    service_id: int
    service_name: str
    customer_name: str
    internal_name: str | None
    created_at: int
    expired_at: int | None
    version: int
    has_maintenance: bool
    is_locked: bool
    has_operation_in_progress: bool
    tags: list[TagSummary]
    unique_id: int
    is_free: bool
    is_zero_price: bool
    is_trial: bool
    rights: Rights
    deleted_at: int = 0
    description: str = ""
    bill_reference: str = ""
    fqdn: str = ""
    parent_id: int = 0
    parent_service_id: int = 0
    parent_service_name: str = ""
    status: ProductStatus | None = None
    users: tuple[ProductUser, ...] = ()
    admin: ProductAdministrator | None = None
    is_managed_by_partner: bool = False
    flags: tuple[str, ...] = ()
    renew_preferences: tuple[str, ...] = ()
    is_transferable: bool = False

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The product, with the rights of the caller put together."""
        return {
            "id": row.id,
            "account_id": row.account_id,
            "service_id": row.service_id,
            "service_name": row.service_name,
            "customer_name": row.customer_name,
            "internal_name": row.internal_name,
            "created_at": row.created_at,
            "expired_at": row.expired_at,
            "version": row.version,
            "has_maintenance": row.has_maintenance,
            "is_locked": row.is_locked,
            "has_operation_in_progress": row.has_operation_in_progress,
            "unique_id": row.id,
            "is_free": row.is_free,
            "is_zero_price": row.is_free,
            "is_trial": row.is_trial,
            "rights": {right: getattr(row, right) for right in RIGHTS},
        }


# who sees it


def visible(call: Call) -> Select[Any]:
    """The products the caller has any right on, each with the rights he has."""
    return products.visible(call.caller).add_columns(*products.rights_of(call.caller))


# the verbs


def _status(row: Any) -> dict[str, Any]:
    return {
        "maintenance": {"technical": row.has_maintenance, "superuser": False, "infomaniak": False},
        "locked": {"superuser": False, "infomaniak": row.is_locked},
        "activated_by": [],
        "activated_at": row.created_at,
    }


def _flags(row: Any) -> list[str]:
    states = {
        "free": row.is_free,
        "trial": row.is_trial,
        "maintenance": row.has_maintenance,
        "locked": row.is_locked,
        "operation_in_progress": row.has_operation_in_progress,
    }
    return [name for name, holds in states.items() if holds]


def _parent(name: str, column: Any) -> Expansion:
    def add(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        parents = {row.parent_id for row in rows if row.parent_id is not None}
        statement = select(Product.id, column.label("value")).where(Product.id.in_(parents))
        values = {parent.id: parent.value for parent in call.transaction.execute(statement)}
        for row, shown in zip(rows, objects, strict=True):
            if row.parent_id in values:
                shown[name] = values[row.parent_id]

    return add


def _add_admin(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    require_scope(call.caller, (READ,))  # addresses of people are not for any token
    statement = (
        select(Membership.account_id, User.id, User.email, User.display_name)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role_type == OWNER, Membership.account_id.in_({row.account_id for row in rows}))
        .order_by(Membership.id.desc())
    )
    owners = {
        owner.account_id: {"user_id": owner.id, "email": owner.email, "display_name": owner.display_name}
        for owner in call.transaction.execute(statement)
    }
    for row, shown in zip(rows, objects, strict=True):
        if row.account_id in owners:
            shown["admin"] = owners[row.account_id]


def _add_users(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    require_scope(call.caller, (READ,))
    accounts = {row.account_id for row in rows}
    administrators = call.transaction.execute(
        select(Membership.account_id, Membership.user_id).where(
            Membership.account_id.in_(accounts), Membership.role_type.in_(ADMINISTRATORS)
        )
    ).all()
    grants = call.transaction.execute(_grants(accounts)).all()
    for row, shown in zip(rows, objects, strict=True):
        rights = {
            one.user_id: dict.fromkeys(RIGHTS, True) for one in administrators if one.account_id == row.account_id
        }
        for grant in grants:
            if _reaches(grant, row):
                held = rights.setdefault(grant.user_id, dict.fromkeys(RIGHTS, False))
                rights[grant.user_id] = {right: held[right] or getattr(grant, right) for right in RIGHTS}
        shown["users"] = [{"user_id": user_id, "rights": rights[user_id]} for user_id in sorted(rights)]


def _grants(accounts: set[int]) -> Select[Any]:
    """The rights given in accounts, to each member for himself and to each for each of his teams."""
    given = [getattr(ProductRight, right) for right in RIGHTS]
    return (
        select(ProductRight.account_id, ProductRight.service_id, ProductRight.product_id, Membership.user_id, *given)
        .outerjoin(TeamMember, TeamMember.team_id == ProductRight.team_id)
        .join(
            Membership,
            (Membership.account_id == ProductRight.account_id)
            & (Membership.user_id == func.coalesce(ProductRight.user_id, TeamMember.user_id)),
        )
        .where(ProductRight.account_id.in_(accounts))
    )


def _reaches(grant: Any, product: Any) -> bool:
    same_service = (grant.account_id, grant.service_id) == (product.account_id, product.service_id)
    return same_service and grant.product_id in (None, product.id)


ProductDetails.parts = {"tags": tags.add_tags_of_products}
ProductDetails.expansions = {
    **{name: attribute(name) for name in ("deleted_at", "description", "bill_reference", "fqdn", "parent_id")},
    "parent_service_id": _parent("parent_service_id", Product.service_id),
    "parent_service_name": _parent("parent_service_name", Product.service_name),
    "status": computed("status", _status),
    "users": _add_users,
    "admin": _add_admin,
    "is_managed_by_partner": computed("is_managed_by_partner", lambda _: False),
    "flags": computed("flags", _flags),
    "renew_preferences": computed("renew_preferences", lambda _: []),  # nothing renews by itself yet
    "is_transferable": computed("is_transferable", lambda row: not row.is_locked and row.parent_id is None),
}

# the routes

SORTS = {
    name: getattr(Product, name)
    for name in (
        "id",
        "account_id",
        "customer_name",
        "internal_name",
        "service_id",
        "service_name",
        "created_at",
        "expired_at",
    )
}
SEARCHED = (Product.customer_name, Product.internal_name)


@routes.get("/1/products", scope=ANY_TOKEN, answer=list[ProductDetails], sort=SORTS, search=SEARCHED)
def list_products(call: Call, query: ProductQuery) -> Select[Any]:
    """List the products you have any right on, in all your accounts.

    Seeing `users` and `admin` needs the scope `accounts:read`.
    """
    return visible(call).where(*query.conditions())


@routes.get("/1/accounts/current/products", scope=ANY_TOKEN, answer=list[ProductDetails], sort=SORTS, search=SEARCHED)
def list_products_of_current_account(call: Call, filter: CurrentAccountProductFilter) -> Select[Any]:
    """List the products of your current account that you have any right on."""
    current = select(User.current_account_id).where(User.id == call.caller.user_id).scalar_subquery()
    return visible(call).where(Product.account_id == current, *filter.conditions())


@routes.get(
    "/1/accounts/{account_id}/products", scope=ANY_TOKEN, answer=list[ProductDetails], sort=SORTS, search=SEARCHED
)
def list_products_of_account(call: Call, account_id: AccountId, filter: AccountProductFilter) -> Select[Any]:
    """List the products of an account that you have any right on."""
    return visible(call).where(Product.account_id == account_id, *filter.conditions())
