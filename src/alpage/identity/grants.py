"""Grants: what somebody was allowed to do in a user's name, and for how long.

A grant owns its tokens. One without an application is a personal token; one with an application is the access a user
gave it on the consent page, or the access an application has for itself. Revoking a grant, its session, its application
or its user is one update, and no token of it works any more; nor do the personal tokens an application made through it,
which end in the same transaction.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Select, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from alpage.api.history import CREDENTIAL, Subject
from alpage.identity.applications import Application
from alpage.identity.users import User
from alpage.storage.tables import STEADY_IDS, Base

PERSONAL = "personal_token"


class Grant(Base):
    """What its tokens may do: the user's rights now, cut down to what stands here."""

    __tablename__ = "grants"
    __table_args__ = (Index(None, "application_id", "user_id"), STEADY_IDS)
    __event__ = "grant"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey(Application.id))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("grants.id"), index=True)  # whose token made this one
    grant_type: Mapped[str] = mapped_column(default=PERSONAL)  # how it came about: this, or OAuth's word for it
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    agreed: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # all the user had agreed to by then
    claims: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # asked for one by one (`claims.py`)
    account_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    product_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    ip_ranges: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    not_before: Mapped[int | None]
    expires_at: Mapped[int | None]
    revoked_at: Mapped[int | None]
    authenticated_at: Mapped[int | None]  # when the user had last proved who he is, as he gave it
    methods: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # how (RFC 8176)
    created_at: Mapped[int]


class GrantUse(Base):
    """When a token of a grant was last used; not a change of the grant."""

    __tablename__ = "grant_uses"

    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.id"), primary_key=True)
    used_at: Mapped[int]


subjects = [Subject(Grant, reads=("tokens:read",), never=CREDENTIAL)]


def revoke(session: Session, found: Iterable[Grant], now: int) -> None:
    """Ends grants, and the personal tokens that were made through them: none works any more.

    That is within what a process remembers. What a user made in the manager is his own doing, and stays.
    """
    ended = [*found]
    _end(ended, now)
    session.flush()  # first of all: who makes a token through one of them at this moment has done so, or cannot
    _end(with_made(session, ended), now)


def revoke_application(session: Session, application: Application, now: int) -> None:
    """Ends an application: all access it was given, in this one update, and the personal tokens it made with that."""
    application.revoked_at, application.resource = application.revoked_at or now, None
    given = select(Grant.id).where(Grant.application_id == application.id)
    revoke(session, session.scalars(select(Grant).where(Grant.maker_id.in_(given))), now)


def of_session(session: Session, session_id: int) -> list[Grant]:
    """The grants given in a browser session."""
    return [*session.scalars(select(Grant).where(Grant.session_id == session_id, Grant.revoked_at.is_(None)))]


def with_made(session: Session, found: Iterable[Grant], *, in_manager: bool = False) -> list[Grant]:
    """Grants, and the personal tokens that were made with theirs, and with those; or those of the manager as well."""
    together = {grant.id: grant for grant in found}
    newest = [*together]
    while newest:
        made = _made(newest).where(Grant.id.not_in([*together]))
        followed = made if in_manager else made.where(func.coalesce(Application.is_own, False).is_(False))
        newest = [grant.id for grant in session.scalars(followed) if together.setdefault(grant.id, grant)]
    return [*together.values()]


def _made(makers: list[int]) -> Select[Any]:
    """The grants that were made with those, each beside the application of its maker."""
    maker = aliased(Grant)
    return (
        select(Grant)
        .join(maker, maker.id == Grant.maker_id)
        .outerjoin(Application, Application.id == maker.application_id)
        .where(maker.id.in_(makers))
    )


def _end(grants: Iterable[Grant], now: int) -> None:
    for grant in grants:
        grant.revoked_at = grant.revoked_at or now
