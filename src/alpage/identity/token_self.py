"""What a token may ask about itself: what it may do and why, and whether a call would be allowed to it."""

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Select, select

from alpage.api.callers import Caller, not_authorized
from alpage.api.calls import Call
from alpage.api.errors import ApiError
from alpage.api.permission import refusals
from alpage.api.routes import ANY_TOKEN, Routes, Shape
from alpage.identity.applications import Application, ApplicationSummary
from alpage.identity.credentials import keyed_hash, pepper_of
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import ScopeInWords, in_words
from alpage.identity.tokens import Token

routes = Routes("Tokens")

# on the wire


class TokenSelf(Shape):
    """What a token may do, and why. None in a limit: not limited."""

    id: int
    kind: Literal["personal", "access"]
    name: str
    user_id: int
    application: ApplicationSummary | None
    scopes: list[ScopeInWords]
    account_ids: list[int] | None
    product_ids: list[int] | None
    ip_ranges: list[str] | None
    not_before: int | None
    expires_at: int | None
    created_at: int
    last_used_at: int | None
    authenticated_at: int | None


class Question(Shape):
    """A call to ask about. Its body, where one is given, is held against what the route takes."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(min_length=1, max_length=2000)]
    body: dict[str, Any] | None = None


class Reason(Shape):
    """Why a call would be refused, in the words of the error it would end in."""

    code: str
    description: str
    context: dict[str, Any]


class Answer(Shape):
    """Whether a call would be allowed, and if not, why."""

    allowed: bool
    reasons: list[Reason]


# the verbs


def _own_token(call: Call) -> Select[Any]:
    """The token this call was made with."""
    secret = call.request.headers["authorization"].partition(" ")[2].strip()
    return (
        select(
            Token.kind,
            Token.expires_at.label("token_expires_at"),
            Grant.__table__,
            GrantUse.used_at.label("last_used_at"),
        )
        .join(Grant, Grant.id == Token.grant_id)
        .outerjoin(GrantUse, GrantUse.grant_id == Grant.id)
        .where(Token.hash == keyed_hash(pepper_of(call.settings), secret))
    )


def _application(call: Call) -> dict[str, Any] | None:
    if call.caller.application_id is None:
        return None
    query = select(Application.__table__).where(Application.id == call.caller.application_id)
    return ApplicationSummary.present(call.transaction.execute(query).one(), call)


def _reason(call: Call, error: ApiError) -> dict[str, Any]:
    encoded = error.encode(call.language, call.request.id)
    context = {**error.context, "errors": encoded["errors"]} if error.faults else error.context
    return {"code": error.code, "description": encoded["description"], "context": context}


def _limits_of(caller: Caller) -> list[ApiError]:
    """What to say besides when an object was not found, or may not be changed: where the token ends."""
    limits: dict[str, Any] = {
        name: sorted(ids)
        for name, ids in (("account_ids", caller.account_ids), ("product_ids", caller.product_ids))
        if ids is not None
    }
    return [ApiError("token_limited", **limits)] if limits else []


# the routes


@routes.get("/1/tokens/self", scope=ANY_TOKEN, answer=TokenSelf)
def show_own_token(call: Call) -> dict[str, Any]:
    """Show what the token of this call may do, and why.

    What it does in the end is bounded by the rights of its user, too. `authenticated_at` is when he had last signed in
    as he gave the access; null where nobody signs in.
    """
    row = call.transaction.execute(_own_token(call)).one_or_none()
    if row is None:  # it was swept away since it was looked up
        raise not_authorized("unknown")
    ends = [moment for moment in (row.expires_at, row.token_expires_at) if moment is not None]
    return {
        **{name: getattr(row, name) for name in TokenSelf.model_fields if name in row._fields},
        "kind": "personal" if row.kind == "pat" else "access",
        "application": _application(call),
        "scopes": in_words(call.caller.scopes),
        "expires_at": min(ends, default=None),
    }


@routes.post("/1/tokens/self/can", scope=ANY_TOKEN, answer=Answer, status=200)
def ask_about_call(call: Call, body: Question) -> dict[str, Any]:
    """Ask whether a call would be allowed to the token of this one, without making it.

    Looks at the route, the scope, how long ago the user signed in, and the accounts, products and other objects that
    the path names and the route finds before it runs; not at what it would decide once it runs.
    """
    errors = refusals(call, body.method, body.path.partition("?")[0], body.body)
    if any(error.code in ("object_not_found", "access_denied") for error in errors):
        errors += _limits_of(call.caller)
    return {"allowed": not errors, "reasons": [_reason(call, error) for error in errors]}
