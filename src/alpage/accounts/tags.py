"""Tags: coloured labels an account puts on its products to find them again."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, bindparam, column, func, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts import products
from alpage.accounts.members import READ, WRITE, AccountId, AdministeredAccount, administers_all
from alpage.accounts.products import Product
from alpage.accounts.rights import may
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.expansion import attribute
from alpage.api.history import Subject, Undo, Work
from alpage.api.routes import Expansion, Loaded, Routes, Shape
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Tags")

NAME_LENGTH = 64

# stored


class Tag(Base):
    """A tag of an account."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("account_id", "name"), STEADY_IDS)
    __event__ = "account.tag"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    color: Mapped[int]


class ProductTag(Base):
    """A tag on a product."""

    __tablename__ = "product_tags"
    __table_args__ = (UniqueConstraint("product_id", "tag_id"), STEADY_IDS)
    __event__ = "product.tag"
    __audience__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), index=True)


# on the wire

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Color = Annotated[int, Field(ge=1, le=99)]


class TagSummary(Shape):
    """A tag."""

    id: int
    name: str
    color: int


class TagDetails(TagSummary):
    """A tag, and how many of the products the caller sees carry it."""

    product_count: int

    expansions: ClassVar[dict[str, Expansion]] = {"product_count": attribute("product_count")}  # there in any case


class NewTag(Shape):
    """A tag to create. `color` is a number the manager knows a colour for."""

    name: Name
    color: Color = 1


class TagChanges(Shape):
    """What to change of a tag."""

    name: Name | None = None
    color: Color | None = None


class TagsOfProduct(Shape):
    """The tags a product shall have, and no others."""

    tag_ids: list[int]


# who sees it


def visible(caller: Caller, account_id: Any) -> Select[Any]:
    """The tags of an account, each with the number of products the caller sees under it."""
    counted = (
        select(func.count())
        .select_from(ProductTag)
        .join(Product, Product.id == ProductTag.product_id)
        .where(ProductTag.tag_id == Tag.id, may(caller, Product))
        .scalar_subquery()
    )
    return select(Tag.__table__, counted.label("product_count")).where(Tag.account_id == account_id)


def find(call: Call, account_id: int, tag_id: int) -> Tag:
    """A tag of an account, to change it. Raises `object_not_found`."""
    tag: Tag | None = call.transaction.find(_BY_ID, {"account_id": account_id, "tag_id": tag_id})
    if tag is None:
        raise not_found("Tag", tag_id)
    return tag


# the verbs


def add_tags_of_products(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds to products their tags."""
    tags = defaultdict(list)
    for tag in call.transaction.execute(_OF_PRODUCTS, {"ids": [row.id for row in rows]}):
        tags[tag.product_id].append(TagSummary.present(tag, call))
    for row, shown in zip(rows, objects, strict=True):
        shown["tags"] = tags[row.id]


def add_tags_of_accounts(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds to accounts the tags they have for their products."""
    tags = defaultdict(list)
    for tag in call.transaction.execute(_OF_ACCOUNTS, {"ids": [row.id for row in rows]}):
        tags[tag.account_id].append(TagSummary.present(tag, call))
    for row, shown in zip(rows, objects, strict=True):
        shown["tags"] = tags[row.id]


def find_to_tag(call: Call, product_id: int) -> Product:
    """The product of a path, for who may change it. Raises `access_denied` for who may only see it."""
    product = products.find(call, product_id)
    products.require(call, product, "technical", model="Product")
    return product


def _require_free_name(call: Call, account_id: int, name: str) -> None:
    if call.transaction.execute(_BY_NAME, {"account_id": account_id, "name": name}).first() is not None:
        raise ApiError("object_already_exists", model="Tag", attribute="name")


def _require_tags(call: Call, account_id: int, tag_ids: Iterable[int]) -> None:
    known = {tag.id for tag in call.transaction.execute(_OF_ACCOUNTS, {"ids": [account_id]})}
    faults = [
        Fault("attribute_exists", f"tag_ids.{index}", {"model": "Tag", "value": tag_id})
        for index, tag_id in enumerate(tag_ids)
        if tag_id not in known
    ]
    if faults:
        raise invalid(*faults)


# the routes

SORTS = {"id": Tag.id, "name": Tag.name, "products": column("product_count")}


@routes.get("/1/accounts/{account}/tags", scope=READ, answer=list[TagDetails], sort=SORTS, search=(Tag.name,))
def list_tags(call: Call, account: AccountId) -> Select[Any]:
    """List the tags of an account."""
    return visible(call.caller, account)


@routes.post("/1/accounts/{account}/tags", scope=WRITE, answer=TagDetails, errors=("object_already_exists",))
def create_tag(call: Call, account: AdministeredAccount, body: NewTag) -> Any:
    """Create a tag."""
    _require_free_name(call, account.account_id, body.name)
    tag = Tag(account_id=account.account_id, name=body.name, color=body.color)
    call.session.add(tag)
    call.session.flush()
    return call.rows(_shown, account_id=account.account_id, tag_id=tag.id).one()


def _shown(caller: Caller) -> Select[Any]:
    return visible(caller, bindparam("account_id")).where(Tag.id == bindparam("tag_id"))


@routes.patch("/1/accounts/{account}/tags/{tag}", scope=WRITE, answer=TagDetails, errors=("object_already_exists",))
def update_tag(call: Call, account: AdministeredAccount, tag: int, body: TagChanges) -> Any:
    """Rename or recolour a tag."""
    found = find(call, account.account_id, tag)
    if body.name is not None and body.name != found.name:
        _require_free_name(call, account.account_id, body.name)
        found.name = body.name
    if body.color is not None:
        found.color = body.color
    return call.rows(_shown, account_id=account.account_id, tag_id=tag).one()


@routes.delete("/1/accounts/{account}/tags/{tag}", scope=WRITE, answer=bool)
def delete_tag(call: Call, account: AdministeredAccount, tag: int) -> bool:
    """Delete a tag, and take it off every product."""
    found = find(call, account.account_id, tag)
    for place in call.session.scalars(_PLACES, {"tag_id": tag}):
        call.session.delete(place)
    call.session.flush()
    call.session.delete(found)
    return True


@routes.put("/1/products/{product}/tags", scope=WRITE, answer=list[TagSummary])
def tag_product(
    call: Call, product: Annotated[Product, Loaded(find_to_tag, by=int)], body: TagsOfProduct
) -> Sequence[Any]:
    """Put these tags on a product, and take off all others."""
    _require_tags(call, product.account_id, body.tag_ids)
    wanted = set(body.tag_ids)
    present = {place.tag_id: place for place in call.session.scalars(_ON_PRODUCT, {"product_id": product.id})}
    for tag_id in present.keys() - wanted:
        call.session.delete(present[tag_id])
    for tag_id in sorted(wanted - present.keys()):
        call.session.add(ProductTag(account_id=product.account_id, product_id=product.id, tag_id=tag_id))
    return call.transaction.execute(_OF_PRODUCTS, {"ids": [product.id]}).all()


_BY_ID = select(Tag).where(Tag.account_id == bindparam("account_id"), Tag.id == bindparam("tag_id"))
_BY_NAME = select(Tag.id).where(Tag.account_id == bindparam("account_id"), Tag.name == bindparam("name"))
_OF_ACCOUNTS: Select[Any] = (
    select(Tag.__table__).where(Tag.account_id.in_(bindparam("ids", expanding=True))).order_by(Tag.name)
)
_OF_PRODUCTS: Select[Any] = (
    select(ProductTag.product_id, *Tag.__table__.c)
    .join(Tag, Tag.id == ProductTag.tag_id)
    .where(ProductTag.product_id.in_(bindparam("ids", expanding=True)))
    .order_by(Tag.name, Tag.id)
)
_PLACES = select(ProductTag).where(ProductTag.tag_id == bindparam("tag_id"))
_ON_PRODUCT = select(ProductTag).where(ProductTag.product_id == bindparam("product_id"))


# taken back


def _may_tag_all(work: Work) -> None:
    for product_id in {item.product_id or 0 for item in work.items}:
        find_to_tag(work.call, product_id)


subjects = [
    Subject(Tag, reads=(READ,), undo=Undo(writes=WRITE, guard=administers_all)),
    Subject(ProductTag, reads=(READ,), undo=Undo(writes=WRITE, guard=_may_tag_all)),
]
