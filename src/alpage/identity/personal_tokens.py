"""Personal tokens: what a user makes for programs of his own. What they are is in `grants.py` and `tokens.py`.

A token never gives what it has not: one that is made with another has at most its scopes and lies within its limits.
One that an application makes ends with the access the application was given; one that the user makes in the manager is
his own.
"""

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import Select, and_, case, func, literal, or_, select

from alpage.api.callers import Caller, not_authorized
from alpage.api.calls import Call
from alpage.api.errors import ApiError, invalid, not_found
from alpage.api.routes import Filter, Loaded, Routes, Shape
from alpage.api.validation import Name, Number, fault, not_among
from alpage.identity import grants
from alpage.identity.applications import Application
from alpage.identity.credentials import pepper_of
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import ALIASES, OFFLINE, SCOPES
from alpage.identity.security_events import note_call
from alpage.identity.sessions import Session
from alpage.identity.token_limits import beyond, out_of_time, outside
from alpage.identity.tokens import Token, make_personal

routes = Routes("Tokens")

READ, WRITE = "tokens:read", "tokens:write"
ACTIVE, REVOKED, EXPIRED = "active", "revoked", "expired"
MAX_ITEMS = 100
REPORTS = "30/minute"

State = Literal["active", "revoked", "expired"]

# on the wire


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise fault("attribute_ip", family="network") from None


def _not_empty(networks: list[str]) -> list[str]:
    if not networks:  # a least number of items would also be missed for each one that is no network
        raise fault("attribute_min_items", min_items=1)
    return networks


Ids = Annotated[list[Number], Field(min_length=1, max_length=MAX_ITEMS)]
IpRange = Annotated[str, Field(max_length=64), AfterValidator(_network)]
IpRanges = Annotated[list[IpRange], Field(max_length=MAX_ITEMS), AfterValidator(_not_empty)]


class PersonalToken(Shape):
    """A personal token. None in a limit: not limited."""

    id: int
    name: str
    last_four: str
    scopes: list[str]
    account_ids: list[int] | None
    product_ids: list[int] | None
    ip_ranges: list[str] | None
    not_before: int | None
    expires_at: int | None
    created_at: int
    last_used_at: int | None
    revoked_at: int | None
    state: State


class NewPersonalToken(PersonalToken):
    """A new personal token; this is the only time `token` is seen."""

    token: str


class TokenBody(Shape):
    """A token to make. What is not given is as with the token that makes it."""

    name: Name
    scopes: Annotated[list[str], Field(min_length=1, max_length=MAX_ITEMS)]
    account_ids: Ids | None = None
    product_ids: Ids | None = None
    ip_ranges: IpRanges | None = None
    not_before: Number | None = None
    expires_at: Number | None = None


class TokenChanges(Shape):
    """What to change of a token: its limits may become narrower, and its end sooner."""

    name: Name | None = None
    ip_ranges: IpRanges | None = None
    expires_at: Number | None = None


class TokenFilter(Filter):
    """Which tokens to list."""

    state: State | None = None


# who sees it


def visible(caller: Caller) -> Select[Grant]:
    """The personal tokens of the caller; one that is limited sees itself, and those made with it."""
    found = select(Grant).where(Grant.user_id == caller.user_id, Grant.grant_type == grants.PERSONAL)
    if caller.account_ids is None and caller.product_ids is None:
        return found
    return found.where(or_(Grant.id == caller.grant_id, Grant.maker_id == caller.grant_id))


def find(call: Call, token_id: int) -> Grant:
    """The token of a path. Raises `object_not_found`."""
    found: Grant | None = call.transaction.find(visible(call.caller).where(Grant.id == token_id))
    if found is None:
        raise not_found("Token", token_id)
    return found


def _described(call: Call, *conditions: Any) -> Select[Any]:
    return (
        visible(call.caller)
        .with_only_columns(
            *Grant.__table__.c, Token.last_four, GrantUse.used_at.label("last_used_at"), _state(call.now).label("state")
        )
        .join(Token, and_(Token.grant_id == Grant.id, Token.kind == "pat"))
        .outerjoin(GrantUse, GrantUse.grant_id == Grant.id)
        .where(*conditions)
    )


def _state(now: int) -> Any:
    return case(
        (Grant.revoked_at.is_not(None), literal(REVOKED)),
        (func.coalesce(Grant.expires_at <= now, False), literal(EXPIRED)),
        else_=literal(ACTIVE),
    )


# the verbs


def _policy(call: Call, body: TokenBody) -> dict[str, Any]:
    """What a new token may do: what is asked for, or else the caller's own. Raises all faults at once."""
    caller, maker = call.caller, _maker(call)
    last = _end_of(call, maker)
    faults = [
        *beyond("account_ids", body.account_ids, caller.account_ids),
        *beyond("product_ids", body.product_ids, caller.product_ids),
        *outside(body.ip_ranges, maker.ip_ranges),
        *out_of_time(body.expires_at, max(call.now, body.not_before or 0), last),
    ]
    scopes = [ALIASES.get(scope, scope) for scope in body.scopes]
    own = [scope for scope in SCOPES if caller.has_scope(scope)]
    faults += [
        not_among("attribute_in", f"scopes.{index}", scope, own)
        for index, scope in enumerate(scopes)
        if scope not in own
    ]
    if faults:
        raise invalid(*faults)
    return {
        "name": body.name,
        "scopes": scopes,
        "account_ids": body.account_ids or _as_list(caller.account_ids),
        "product_ids": body.product_ids or _as_list(caller.product_ids),
        "ip_ranges": body.ip_ranges or maker.ip_ranges,
        "not_before": body.not_before,
        "expires_at": body.expires_at or last,
    }


def _maker(call: Call) -> Grant:
    """What the token of the call belongs to, held against who would end it meanwhile. Raises `not_authorized`."""
    maker: Grant = call.session.get_one(Grant, call.caller.grant_id, with_for_update=True)
    if maker.revoked_at is not None:  # since the caller was remembered
        raise not_authorized("revoked")
    return maker


def _end_of(call: Call, maker: Grant) -> int | None:
    """When access ends by itself: that of an application with the session it was given in, unless it goes on then."""
    ends = [maker.expires_at]
    if maker.session_id is not None and OFFLINE not in maker.scopes:
        application = call.session.get(Application, maker.application_id)
        if application is not None and not application.is_own:
            ends.append(call.session.get_one(Session, maker.session_id).expires_at)
    return min((end for end in ends if end is not None), default=None)


def _as_list(ids: frozenset[int] | None) -> list[int] | None:
    return None if ids is None else sorted(ids)


def _require_active(call: Call, token: Grant) -> None:
    if token.revoked_at is not None:
        raise ApiError("state_conflict", model="Token", id=token.id, state=REVOKED, allowed_states=[ACTIVE])


# the routes

TokenOfPath = Annotated[Grant, Loaded(find, by=int)]


@routes.get(
    "/1/tokens",
    scope=READ,
    answer=list[PersonalToken],
    sort={
        "id": Grant.id,
        "name": Grant.name,
        "created_at": Grant.created_at,
        "expires_at": Grant.expires_at,
        "last_used_at": GrantUse.used_at,
    },
    search=(Grant.name, Token.last_four),
    recounts=True,
)
def list_tokens(call: Call, filter: TokenFilter) -> Select[Any]:
    """List your personal tokens.

    A token that is limited to accounts or products sees itself, and those made with it.
    """
    return _described(call, *([] if filter.state is None else [_state(call.now) == filter.state]))


@routes.post("/1/tokens", scope=WRITE, answer=NewPersonalToken)
def create_token(call: Call, body: TokenBody) -> dict[str, Any]:
    """Make a personal token.

    It never does more than the token that makes it: its scopes are among that one's, its accounts, products, networks
    and end within that one's. `token` is shown this once.
    """
    grant, secret = make_personal(
        call.session,
        pepper_of(call.settings),
        now=call.now,
        user_id=call.caller.user_id,
        maker_id=call.caller.grant_id,
        **_policy(call, body),
    )
    note_call(call, "token_made", grant_id=grant.id, application_id=call.caller.application_id, name=grant.name)
    made = call.transaction.execute(_described(call, Grant.id == grant.id)).one()
    return {**PersonalToken.present(made, call), "token": secret}


@routes.get("/1/tokens/{token}", scope=READ, answer=PersonalToken)
def show_token(call: Call, token: TokenOfPath) -> Select[Any]:
    """Show a personal token, without the token itself."""
    return _described(call, Grant.id == token.id)


@routes.patch("/1/tokens/{token}", scope=WRITE, answer=PersonalToken, errors=("state_conflict",))
def update_token(call: Call, token: TokenOfPath, body: TokenChanges) -> Select[Any]:
    """Rename a personal token, narrow its networks, or let it end sooner."""
    _require_active(call, token)
    faults = [*outside(body.ip_ranges, token.ip_ranges), *out_of_time(body.expires_at, call.now, token.expires_at)]
    if faults:
        raise invalid(*faults)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(token, name, value)
    return _described(call, Grant.id == token.id)


@routes.delete("/1/tokens/{token}", scope=WRITE, answer=bool)
def revoke_token(call: Call, token: TokenOfPath) -> bool:
    """Revoke a personal token. It stays in the list, and works no more after a few seconds.

    Tokens that were made with it are tokens of their own; report it as leaked to end them together.
    """
    if token.revoked_at is None:
        token.revoked_at = call.now
        note_call(call, "token_revoked", grant_id=token.id, name=token.name)
    return True
