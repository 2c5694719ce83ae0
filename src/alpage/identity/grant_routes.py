"""The access a user gave to applications, for him to see and to take back. The grants themselves are in `grants.py`."""

from collections.abc import Iterable
from typing import Annotated, Any

from sqlalchemy import Select, or_, select

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Loaded, Routes, Shape
from alpage.api.validation import Number
from alpage.identity import grants
from alpage.identity.applications import Application, ApplicationSummary
from alpage.identity.client_metadata import OWN
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import ScopeInWords, in_words
from alpage.identity.security_events import note_call

routes = Routes("Grants")

READ, WRITE = "tokens:read", "tokens:write"

# on the wire


class GrantDetails(Shape):
    """Access that was given to an application. None in a limit: not limited."""

    id: int
    application: ApplicationSummary
    scopes: list[ScopeInWords]
    account_ids: list[int] | None
    product_ids: list[int] | None
    created_at: int
    expires_at: int | None
    last_used_at: int | None

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The grant, with its application and its scopes in words."""
        return {
            "id": row.grant_id,
            "application": ApplicationSummary.present(row, call),
            "scopes": in_words(row.granted_scopes),
            "account_ids": row.account_ids,
            "product_ids": row.product_ids,
            "created_at": row.granted_at,
            "expires_at": row.expires_at,
            "last_used_at": row.last_used_at,
        }


class OfApplication(Shape):
    """The application whose access to take back."""

    application_id: Number


# who sees it


def visible(caller: Caller, now: int) -> Select[Grant]:
    """The access the caller gave to applications, and that has not ended; a limited token sees its own.

    The platform's own applications, and what an application may do for itself, are no access somebody gave.
    """
    found = (
        select(Grant)
        .join(Application, Application.id == Grant.application_id)
        .where(
            Grant.user_id == caller.user_id,
            Grant.grant_type != OWN,
            Grant.revoked_at.is_(None),
            or_(Grant.expires_at.is_(None), Grant.expires_at > now),
            Application.revoked_at.is_(None),
            Application.is_own.is_(False),
        )
    )
    if caller.account_ids is None and caller.product_ids is None:
        return found
    return found.where(Grant.id == caller.grant_id)


def find(call: Call, grant_id: int) -> Grant:
    """The grant of a path. Raises `object_not_found`."""
    found: Grant | None = call.transaction.find(visible(call.caller, call.now).where(Grant.id == grant_id))
    if found is None:
        raise not_found("Grant", grant_id)
    return found


# the verbs


def take_back(call: Call, given: Iterable[Grant]) -> None:
    """Ends access that was given, with the personal tokens made by it; each goes on record."""
    for grant in given:
        grants.revoke(call.session, [grant], call.now)
        note_call(call, "access_revoked", grant_id=grant.id, application_id=grant.application_id)


# the routes


@routes.get(
    "/1/grants",
    scope=READ,
    answer=list[GrantDetails],
    sort={"id": Grant.id, "name": Application.name, "created_at": Grant.created_at, "last_used_at": GrantUse.used_at},
    search=(Application.name,),
    recounts=True,
)
def list_grants(call: Call) -> Select[Any]:
    """List the access you gave to applications."""
    return (
        visible(call.caller, call.now)
        .with_only_columns(
            Grant.id.label("grant_id"),
            Grant.scopes.label("granted_scopes"),
            Grant.account_ids,
            Grant.product_ids,
            Grant.created_at.label("granted_at"),
            Grant.expires_at,
            GrantUse.used_at.label("last_used_at"),
            *(Application.__table__.c[name] for name in ApplicationSummary.model_fields),
        )
        .outerjoin(GrantUse, GrantUse.grant_id == Grant.id)
    )


@routes.delete("/1/grants/{grant}", scope=WRITE, answer=bool)
def take_back_grant(call: Call, grant: Annotated[Grant, Loaded(find, by=int)]) -> bool:
    """Take access back from an application: its tokens work no more after a few seconds."""
    take_back(call, [grant])
    return True


@routes.delete("/1/grants", scope=WRITE, answer=int)
def take_back_grants(call: Call, query: OfApplication) -> int:
    """Take back all access you gave to one application, and tell how many grants that were."""
    found = visible(call.caller, call.now).where(Grant.application_id == query.application_id)
    given = call.session.scalars(found).all()
    take_back(call, given)
    return len(given)
