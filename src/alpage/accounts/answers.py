"""Answers to invitations: who has the link of one looks at it, accepts it or rejects it."""

from typing import Annotated, Any

from sqlalchemy import select

from alpage.accounts import grants, invitations
from alpage.accounts.accounts import Account
from alpage.accounts.grants import InvitationTeam
from alpage.accounts.invitations import Invitation, Status
from alpage.accounts.members import WRITE, Membership, Role, TeamMember
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.routes import PUBLIC, Loaded, Routes, Shape
from alpage.identity.users import User

routes = Routes("Invitations")

PATH = "/1/invitations/{key}"
GUESSES = "30/minute"

# on the wire


class Offer(Shape):
    """What an invitation offers, and to whom."""

    account_id: int
    account_name: str
    email: str
    first_name: str
    last_name: str
    role_type: Role
    status: Status
    expired_at: int


# who sees it


def _invited(call: Call, invitation: Invitation) -> User:
    """The caller, if he is invited. Raises `access_denied`, and `object_not_found` beyond the limits of his token."""
    accounts = call.caller.account_ids
    if call.caller.product_ids is not None or (accounts is not None and invitation.account_id not in accounts):
        raise not_found("Invitation", invitation.id)
    user = call.session.get_one(User, call.caller.user_id)
    if user.email.lower() != invitation.email or (invitation.strict and not user.is_email_checked):
        raise ApiError("access_denied", model="Invitation", id=invitation.id, required_right="invited")
    return user


# the verbs


def _join(call: Call, invitation: Invitation, user: User) -> None:
    place = select(Membership.id).where(Membership.account_id == invitation.account_id, Membership.user_id == user.id)
    if call.session.execute(place).first() is not None:
        raise ApiError("object_already_exists", model="User", attribute="user_id")
    call.session.add(
        Membership(
            account_id=invitation.account_id,
            user_id=user.id,
            role_type=invitation.role_type,
            has_billing_access=invitation.has_billing,
            is_correspondent=invitation.has_mailing,
            is_correspondent_billing=invitation.has_billing_mailing,
            created_at=call.now,
        )
    )
    team_ids = select(InvitationTeam.team_id).where(InvitationTeam.invitation_id == invitation.id)
    call.session.add_all(
        TeamMember(account_id=invitation.account_id, team_id=team_id, user_id=user.id)
        for team_id in call.session.scalars(team_ids).all()
    )
    call.session.add_all(grants.rights_brought(call, invitation, user.id))
    user.current_account_id = user.current_account_id or invitation.account_id


# the routes

InvitationOfPath = Annotated[Invitation, Loaded(invitations.find_by_key, is_secret=True)]


@routes.get(PATH, scope=PUBLIC, answer=Offer, limit=GUESSES)
def show_offer(call: Call, key: InvitationOfPath) -> dict[str, Any]:
    """Show what an invitation offers, to who has its link."""
    name = call.transaction.execute(select(Account.name).where(Account.id == key.account_id)).scalar_one()
    return {
        "account_id": key.account_id,
        "account_name": name,
        **{field: getattr(key, field) for field in Offer.model_fields if field not in ("account_id", "account_name")},
    }


@routes.post(PATH + "/accept", scope=WRITE, answer=invitations.InvitationDetails, errors=("state_conflict",))
def accept_invitation(call: Call, key: InvitationOfPath) -> Invitation:
    """Accept an invitation: become a member, with the role, the teams and the rights it names.

    The token must belong to the user with the invited address.
    """
    user = _invited(call, key)
    invitations.require_pending(call, key)
    _join(call, key, user)
    key.status, key.user_id, key.updated_at = "accepted", user.id, call.now
    return key


@routes.post(
    PATH + "/reject", status=200, scope=WRITE, answer=invitations.InvitationDetails, errors=("state_conflict",)
)
def reject_invitation(call: Call, key: InvitationOfPath) -> Invitation:
    """Reject an invitation.

    The token must belong to the user with the invited address.
    """
    user = _invited(call, key)
    invitations.require_pending(call, key)
    key.status, key.user_id, key.updated_at = "rejected", user.id, call.now
    return key
