"""What an invitation brings besides the role: teams, and rights on products."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import model_validator
from sqlalchemy import ForeignKey, Select, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts.products import Product
from alpage.accounts.rights import RIGHTS, ProductRight, Right
from alpage.accounts.teams import Team, TeamSummary
from alpage.api.calls import Call
from alpage.api.errors import Fault
from alpage.api.routes import Shape
from alpage.api.validation import fault
from alpage.storage.tables import STEADY_IDS, Base

# stored


class InvitationTeam(Base):
    """A team the invited person will be in."""

    __tablename__ = "invitation_teams"
    __table_args__ = (UniqueConstraint("invitation_id", "team_id"), STEADY_IDS)
    __event__ = "account.invitation.team"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)


# on the wire


class Permission(Shape):
    """Rights on one product, or on all of a service; all four rights unless some are named."""

    service_id: int
    product_id: int | None = None
    apply_to_all: bool = False
    types: tuple[Right, ...] = RIGHTS

    @model_validator(mode="after")
    def _reaches_something(self) -> "Permission":
        if self.apply_to_all == (self.product_id is not None):
            raise fault("attribute_one_of_required", attributes=["product_id", "apply_to_all"])
        return self


# the verbs


def unknown_products(call: Call, account_id: int, permissions: Sequence[Permission]) -> list[Fault]:
    """The faults of permissions that name products the account has not, or has of another service."""
    named = {one.product_id for one in permissions if one.product_id is not None}
    found = call.transaction.execute(_PRODUCTS, {"account_id": account_id, "ids": named})
    known = {(row.id, row.service_id) for row in found}
    return [
        Fault("attribute_exists", f"permissions.{index}.product_id", {"model": "Product", "value": one.product_id})
        for index, one in enumerate(permissions)
        if one.product_id is not None and (one.product_id, one.service_id) not in known
    ]


def put_into_teams(call: Call, invitation: Any, team_ids: Iterable[int]) -> None:
    """Lets an invitation bring these teams, and no others."""
    wanted = set(team_ids)
    for place in call.session.scalars(_PLACES, {"invitation_id": invitation.id}).all():
        if place.team_id in wanted:
            wanted.remove(place.team_id)
        else:
            call.session.delete(place)
    call.session.add_all(
        InvitationTeam(account_id=invitation.account_id, invitation_id=invitation.id, team_id=team_id)
        for team_id in sorted(wanted)
    )


def teams_of_invitations(call: Call, invitation_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The teams of invitations, by invitation."""
    found = defaultdict(list)
    for row in call.transaction.execute(_TEAMS, {"ids": [*invitation_ids]}):
        found[row.invitation_id].append(TeamSummary.present(row, call))
    return found


def rights_brought(call: Call, invitation: Any, user_id: int) -> list[ProductRight]:
    """The rights an invitation brings; those on products that have gone meanwhile are left out."""
    present = set(call.session.scalars(select(Product.id).where(Product.account_id == invitation.account_id)))
    return [
        ProductRight(
            account_id=invitation.account_id,
            user_id=user_id,
            service_id=one["service_id"],
            product_id=one["product_id"],
            **{right: right in one["types"] for right in RIGHTS},
        )
        for one in invitation.permissions
        if one["apply_to_all"] or one["product_id"] in present
    ]


_PRODUCTS = select(Product.id, Product.service_id).where(
    Product.account_id == bindparam("account_id"), Product.id.in_(bindparam("ids", expanding=True))
)
_PLACES = select(InvitationTeam).where(InvitationTeam.invitation_id == bindparam("invitation_id"))
_TEAMS: Select[Any] = (
    select(InvitationTeam.invitation_id, *Team.__table__.c)
    .join(Team, Team.id == InvitationTeam.team_id)
    .where(InvitationTeam.invitation_id.in_(bindparam("ids", expanding=True)))
    .order_by(Team.name, Team.id)
)
