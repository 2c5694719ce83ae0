"""Invitations: how a person who is not yet a member comes into an account, with a role, teams and rights.

An invitation has a link that nobody can guess, and is sent by mail; who is invited answers it in `answers.py`. The link
is made of a random text and the platform's key, neither of which is of use alone; of what the link carries only a keyed
hash is kept.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, Field
from sqlalchemy import JSON, ForeignKey, Index, Select, String, bindparam, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts import grants, services, teams
from alpage.accounts.grants import Permission
from alpage.accounts.members import (
    OWNER,
    READ,
    WRITE,
    AdministeredAccount,
    Membership,
    Role,
    administered,
    find_to_administer,
    require_owner,
)
from alpage.accounts.teams import TeamSummary
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, invalid, not_found
from alpage.api.history import CONSENT, Subject, Undo, Work, put_back
from alpage.api.routes import Filter, Routes, Shape
from alpage.identity import emails, languages
from alpage.identity.credentials import keyed_hash, pepper_of
from alpage.identity.users import User
from alpage.settings import Settings
from alpage.storage.changes import SECRET
from alpage.storage.tables import STEADY_IDS, Base
from alpage.tasks import mail_texts, mails

routes = Routes("Invitations")

DAYS_VALID = 14
DAY_SECONDS = 86_400

Status = Literal["accepted", "cancelled", "pending", "rejected"]
PENDING: Status = "pending"
CANCELLED: Status = "cancelled"
EXPIRED = "expired"  # what a pending one is called in an error, once its time is over

# stored


class Invitation(Base):
    """An invitation into an account."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "account_id", "status"), STEADY_IDS)
    __event__ = "account.invitation"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    nonce: Mapped[str] = mapped_column(String(43), info={SECRET: True})
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    email: Mapped[str] = mapped_column(String(255), index=True)
    first_name: Mapped[str] = mapped_column(String(128))
    last_name: Mapped[str] = mapped_column(String(128))
    role_type: Mapped[str]
    status: Mapped[str] = mapped_column(default=PENDING)
    strict: Mapped[bool]
    language_id: Mapped[int]
    has_billing: Mapped[bool]
    has_billing_mailing: Mapped[bool]
    has_mailing: Mapped[bool]
    permissions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # as `Permission` has them
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), default=None)  # who answered
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    sent_at: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[int]
    updated_at: Mapped[int]
    expired_at: Mapped[int]


# on the wire

Name = Annotated[str, Field(min_length=1, max_length=128)]
Locale = Literal["de_DE", "en_GB", "es_ES", "fr_FR", "it_IT"]


class InvitationDetails(Shape):
    """An invitation."""

    id: int
    first_name: str
    last_name: str
    email: str
    strict: bool
    status: Status
    role_type: Role
    language_id: int
    locale: str
    account_id: int
    has_ksuite: bool
    has_billing: bool
    has_billing_mailing: bool
    has_mailing: bool
    sent_at: int | None
    created_at: int
    updated_at: int
    expired_at: int | None
    url_accept: str
    teams: tuple[TeamSummary, ...] = ()
    permissions: tuple[Permission, ...] = ()
    service_permissions: tuple[Permission, ...] = ()

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The invitation, with its link."""
        return {
            "id": row.id,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "email": row.email,
            "strict": row.strict,
            "status": row.status,
            "role_type": row.role_type,
            "language_id": row.language_id,
            "locale": languages.locale_of(row.language_id),
            "account_id": row.account_id,
            "has_ksuite": False,
            "has_billing": row.has_billing,
            "has_billing_mailing": row.has_billing_mailing,
            "has_mailing": row.has_mailing,
            "sent_at": row.sent_at,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "expired_at": row.expired_at,
            "url_accept": write_link(call.settings, {"nonce": row.nonce}),
        }


class Notifications(Shape):
    """What the new member will be written about."""

    billing: bool = False
    products: bool = False


class AccountPermissions(Shape):
    """What the new member may see of the account besides its products."""

    billing: bool = False


class NewInvitation(Shape):
    """A person to invite. `strict`: only a user with a confirmed address may accept; `silent`: without a mail."""

    email: Annotated[str, Field(min_length=5, max_length=255), AfterValidator(emails.normalise)]
    first_name: Name
    last_name: Name
    locale: Locale
    role_type: Role
    notifications: Notifications = Notifications()
    permissions: AccountPermissions = AccountPermissions()
    silent: bool = False
    strict: bool = False
    teams: tuple[Annotated[int, Field(ge=1)], ...] = ()


class InvitationChanges(Shape):
    """What to change of an invitation that has not been answered."""

    has_billing: bool | None = None
    has_billing_mailing: bool | None = None
    has_mailing: bool | None = None
    language_id: Annotated[int, Field(ge=1, le=len(languages.LOCALES))] | None = None
    permissions: list[Permission] | None = None
    role_type: Role | None = None
    team_ids: list[int] | None = None


class InvitationFilter(Filter):
    """Which invitations to list."""

    role_type: Role | None = None
    status: Status | None = None


class RoleQuery(Shape):
    """The role the invitations are for."""

    type: Role | None = None


# who sees it


def visible(caller: Caller) -> Select[Invitation]:
    """The invitations into the accounts a caller administers."""
    return select(Invitation).where(Invitation.account_id.in_(administered(caller)))


def find(call: Call, account_id: int, invitation_id: int) -> Invitation:
    """An invitation of an account. Raises `object_not_found`."""
    statement = _to_change if call.writes else _in_account
    found: Invitation | None = call.find(statement, account_id=account_id, invitation_id=invitation_id)
    if found is None:
        raise not_found("Invitation", invitation_id)
    return found


def _in_account(caller: Caller) -> Select[Invitation]:
    of_account = visible(caller).where(Invitation.account_id == bindparam("account_id"))
    return of_account.where(Invitation.id == bindparam("invitation_id"))


def _to_change(caller: Caller) -> Select[Invitation]:
    return _in_account(caller).with_for_update()


def find_by_key(call: Call, key: str) -> Invitation:
    """The invitation a link belongs to. Raises `object_not_found`."""
    query = select(Invitation).where(Invitation.key_hash == keyed_hash(pepper_of(call.settings), key))
    found: Invitation | None = call.transaction.find(query.with_for_update() if call.writes else query)
    if found is None:
        raise not_found("Invitation", key)
    return found


# the verbs


def require_pending(call: Call, invitation: Invitation) -> None:
    """Raises `state_conflict` when an invitation has been answered or cancelled, or its time is over."""
    state = invitation.status
    if state == PENDING and invitation.expired_at <= call.now:
        state = EXPIRED
    if state != PENDING:
        raise ApiError("state_conflict", model="Invitation", id=invitation.id, state=state, allowed_states=[PENDING])


def _key(settings: Settings, nonce: str) -> str:
    return keyed_hash(pepper_of(settings), f"invitation {nonce}")


def write_link(settings: Settings, content: Mapping[str, Any]) -> str:
    """The link of an invitation, from its nonce: to the page of the manager where it is answered."""
    return f"{settings.manager_address}/join?{urlencode({'key': _key(settings, content['nonce'])})}"


def _send(call: Call, invitation: Invitation, locale: str) -> None:
    from alpage.accounts.accounts import Account  # noqa: PLC0415 - it knows invitations

    invitation.sent_at = call.now
    mails.enqueue(
        call.transaction,
        invitation.email,
        "invitation",
        locale,
        call.now,
        display_name=f"{invitation.first_name} {invitation.last_name}",
        inviter=call.session.get_one(User, call.caller.user_id).display_name,
        account_name=call.session.get_one(Account, invitation.account_id).name,
        nonce=invitation.nonce,
    )


mail_texts.LINKS["invitation"] = write_link


def _require_not_invited(call: Call, account_id: int, email: str) -> None:
    """Raises `object_already_exists` for a member or who has an open invitation; one whose time is over makes room."""
    if call.transaction.execute(_MEMBER_OF, {"account_id": account_id, "email": email}).first() is not None:
        raise ApiError("object_already_exists", model="User", attribute="email")
    for earlier in call.session.scalars(_OPEN, {"account_id": account_id, "email": email}).all():
        if earlier.expired_at > call.now:
            raise ApiError("object_already_exists", model="Invitation", attribute="email")
        earlier.status = CANCELLED


def _add_teams(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    found = grants.teams_of_invitations(call, [row.id for row in rows])
    for row, shown in zip(rows, objects, strict=True):
        shown["teams"] = found[row.id]


def _add_permissions(_call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    for row, shown in zip(rows, objects, strict=True):
        shown["permissions"] = [one for one in row.permissions if not one["apply_to_all"]]


def _add_service_permissions(_call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    for row, shown in zip(rows, objects, strict=True):
        shown["service_permissions"] = [one for one in row.permissions if one["apply_to_all"]]


InvitationDetails.expansions = {
    "teams": _add_teams,
    "permissions": _add_permissions,
    "service_permissions": _add_service_permissions,
}

# the routes

SORTS = {
    "id": Invitation.id,
    "email": Invitation.email,
    "last_name": Invitation.last_name,
    "created_at": Invitation.created_at,
    "expired_at": Invitation.expired_at,
}
SEARCHED = (Invitation.email, Invitation.first_name, Invitation.last_name)
PATH = "/1/accounts/{account}/invitations"


@routes.get(PATH, scope=READ, answer=list[InvitationDetails], sort=SORTS, search=SEARCHED)
def list_invitations(call: Call, account: AdministeredAccount, filter: InvitationFilter) -> Select[Any]:
    """List the invitations into an account."""
    query = visible(call.caller).where(Invitation.account_id == account.account_id)
    if filter.status is not None:
        query = query.where(Invitation.status == filter.status)
    return query if filter.role_type is None else query.where(Invitation.role_type == filter.role_type)


@routes.get(PATH + "/users/{user}", scope=READ, answer=list[InvitationDetails], sort=SORTS)
def list_invitations_of_user(call: Call, account: AdministeredAccount, user: int, query: RoleQuery) -> Select[Any]:
    """List the invitations into an account that went to one of its members."""
    member = select(User.email).join(Membership, Membership.user_id == User.id)
    email = call.transaction.execute(
        member.where(Membership.account_id == account.account_id, User.id == user)
    ).scalar_one_or_none()
    if email is None:
        raise not_found("User", user)
    went_to_him = or_(Invitation.user_id == user, Invitation.email == email)
    found = visible(call.caller).where(Invitation.account_id == account.account_id, went_to_him)
    return found if query.type is None else found.where(Invitation.role_type == query.type)


@routes.get(PATH + "/{invitation}", scope=READ, answer=InvitationDetails)
def show_invitation(call: Call, account: AdministeredAccount, invitation: int) -> Invitation:
    """Show an invitation."""
    return find(call, account.account_id, invitation)


@routes.post(PATH, scope=WRITE, answer=InvitationDetails, errors=("object_already_exists",))
def create_invitation(call: Call, account: AdministeredAccount, body: NewInvitation) -> Invitation:
    """Invite a person into an account.

    The link in `url_accept` goes to him by mail, and is valid for 14 days. Only an owner may invite an owner.
    """
    if body.role_type == OWNER:
        require_owner(account)
    if faults := teams.unknown_teams(call, account.account_id, body.teams, "teams"):
        raise invalid(*faults)
    _require_not_invited(call, account.account_id, body.email)
    nonce = secrets.token_urlsafe(32)
    invitation = Invitation(
        account_id=account.account_id,
        nonce=nonce,
        key_hash=keyed_hash(pepper_of(call.settings), _key(call.settings, nonce)),
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        role_type=body.role_type,
        strict=body.strict,
        language_id=languages.number_of(body.locale) or 1,
        has_billing=body.permissions.billing,
        has_billing_mailing=body.notifications.billing,
        has_mailing=body.notifications.products,
        created_by_id=call.caller.user_id,
        created_at=call.now,
        updated_at=call.now,
        expired_at=call.now + DAYS_VALID * DAY_SECONDS,
    )
    call.session.add(invitation)
    call.session.flush()
    grants.put_into_teams(call, invitation, body.teams)
    if not body.silent:
        _send(call, invitation, body.locale)
    return invitation


@routes.patch(PATH + "/{invitation}", scope=WRITE, answer=InvitationDetails, errors=("state_conflict",))
def update_invitation(call: Call, account: AdministeredAccount, invitation: int, body: InvitationChanges) -> Invitation:
    """Change what an invited person will get, as long as he has not answered.

    Only an owner may make it an invitation for an owner.
    """
    found = find(call, account.account_id, invitation)
    require_pending(call, found)
    if OWNER in (body.role_type, found.role_type):
        require_owner(account)
    _check(call, account.account_id, body)
    for name in ("has_billing", "has_billing_mailing", "has_mailing", "language_id", "role_type"):
        if (value := getattr(body, name)) is not None:
            setattr(found, name, value)
    if body.permissions is not None:
        found.permissions = [one.model_dump() for one in body.permissions]
    if body.team_ids is not None:
        grants.put_into_teams(call, found, body.team_ids)
    found.updated_at = call.now
    return found


def _check(call: Call, account_id: int, body: InvitationChanges) -> None:
    permissions = body.permissions or []
    faults = [
        *services.unknown([one.service_id for one in permissions], "permissions.{}.service_id"),
        *grants.unknown_products(call, account_id, permissions),
        *teams.unknown_teams(call, account_id, body.team_ids or [], "team_ids"),
    ]
    if faults:
        raise invalid(*faults)


@routes.delete(PATH + "/{invitation}", scope=WRITE, answer=bool, errors=("state_conflict",))
def cancel_invitation(call: Call, account: AdministeredAccount, invitation: int) -> bool:
    """Cancel an invitation: its link is of no more use."""
    found = find(call, account.account_id, invitation)
    if found.status != PENDING:
        require_pending(call, found)
    found.status, found.updated_at = CANCELLED, call.now
    return True


_MEMBER_OF = (
    select(Membership.id)
    .join(User, User.id == Membership.user_id)
    .where(Membership.account_id == bindparam("account_id"), User.email == bindparam("email"))
)
_OPEN = select(Invitation).where(
    Invitation.account_id == bindparam("account_id"),
    Invitation.email == bindparam("email"),
    Invitation.status == PENDING,
)


# taken back


def _may_change_all(work: Work) -> None:
    for item in work.items:
        place = find_to_administer(work.call, item.account_id or 0)
        invitation = find(work.call, place.account_id, item.object_id)
        require_pending(work.call, invitation)
        if OWNER in (item.before.get("role_type"), invitation.role_type):
            require_owner(place)


def _may_change_their_teams(work: Work) -> None:
    for item in work.items:
        place = find_to_administer(work.call, item.account_id or 0)
        brought_by = (item.before or item.after)["invitation_id"]
        require_pending(work.call, find(work.call, place.account_id, brought_by))


def _cancel_or_put_back(work: Work) -> None:
    for item in work.items:
        if item.action == "created":
            item.row.status, item.row.updated_at = CANCELLED, work.call.now
    put_back(replace(work, items=[item for item in work.items if item.action != "created"]))


subjects = [
    Subject(
        Invitation,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            apply=_cancel_or_put_back,
            actions=("created", "updated"),
            fields=[name for name in InvitationChanges.model_fields if name != "team_ids"],
            otherwise=CONSENT,
            ends=True,
        ),
        follows=frozenset({"sent_at", "updated_at"}),
    ),
    Subject(
        grants.InvitationTeam,
        reads=(READ,),
        undo=Undo(writes=WRITE, guard=_may_change_their_teams, actions=("created", "deleted")),
    ),
]
