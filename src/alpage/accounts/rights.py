"""Rights on products: owners and administrators of an account have all of them, other members those given to them.

A right is given to a user or to a team, on one product or on every product of a service.
"""

from typing import Any, Literal

from sqlalchemy import ColumnElement, ForeignKey, Index, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts.members import ADMINISTRATORS, Membership, TeamMember
from alpage.api.callers import Caller
from alpage.storage.tables import STEADY_IDS, Base

Right = Literal["technical", "statistic", "check", "sale"]
RIGHTS: tuple[Right, ...] = ("technical", "statistic", "check", "sale")


class ProductRight(Base):
    """What a user, or a team, may do with a product, or with all products of a service."""

    __tablename__ = "product_rights"
    __table_args__ = (Index(None, "account_id", "user_id"), Index(None, "account_id", "team_id"), STEADY_IDS)
    __event__ = "account.right"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    service_id: Mapped[int]
    product_id: Mapped[int | None]
    technical: Mapped[bool] = mapped_column(default=False)
    statistic: Mapped[bool] = mapped_column(default=False)
    check: Mapped[bool] = mapped_column(default=False)
    sale: Mapped[bool] = mapped_column(default=False)


def may(caller: Caller, product: Any, right: Right | None = None) -> ColumnElement[bool]:
    """The condition that the caller has a right (None: any at all) on a product.

    `product` has the columns `id`, `account_id` and `service_id`. The token's own limits count too.
    """
    own = select(Membership.account_id).where(Membership.user_id == caller.user_id)
    administers = product.account_id.in_(own.where(Membership.role_type.in_(ADMINISTRATORS)))
    teams = select(TeamMember.team_id).where(TeamMember.user_id == caller.user_id)
    given = (
        select(ProductRight.id)
        .where(
            ProductRight.account_id == product.account_id,
            ProductRight.account_id.in_(own),
            ProductRight.service_id == product.service_id,
            or_(ProductRight.product_id.is_(None), ProductRight.product_id == product.id),
            or_(ProductRight.user_id == caller.user_id, ProductRight.team_id.in_(teams)),
            *([] if right is None else [getattr(ProductRight, right)]),
        )
        .exists()
    )
    condition = or_(administers, given)
    if caller.account_ids is not None:
        condition &= product.account_id.in_(caller.account_ids)
    if caller.product_ids is not None:
        condition &= product.id.in_(caller.product_ids)
    return condition
