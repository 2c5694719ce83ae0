"""Personal tokens: what a user makes for programs of his own. What they are is in `grants.py` and `tokens.py`.

A token never gives what it has not: one that is made with another has at most its scopes and lies within its limits.
Here is also what any token may ask about itself, and the place to hand in one that was found where it should not be.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Select, and_, case, func, literal, or_, select

from alpage.api.callers import Caller, not_authorized
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.permission import refusals
from alpage.api.routes import ANY_TOKEN, PUBLIC, Filter, Loaded, Routes, Shape
from alpage.api.validation import Number, fault, not_among
from alpage.identity import grants
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.applications import Application, ApplicationSummary
from alpage.identity.credentials import is_well_formed, keyed_hash, pepper_of
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import ALIASES, SCOPES, ScopeInWords, in_words
from alpage.identity.security_events import note_call
from alpage.identity.tokens import Token, make_personal

routes = Routes("Tokens")

READ, WRITE = "tokens:read", "tokens:write"
ACTIVE, REVOKED, EXPIRED = "active", "revoked", "expired"
MAX_NAME, MAX_ITEMS = 128, 100
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


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]
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


class Leak(Shape):
    """A credential that was found where it should not be."""

    token: Annotated[str, Field(max_length=200)]


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
    caller, maker = call.caller, call.session.get_one(Grant, call.caller.grant_id)
    last = maker.expires_at if caller.application_id is None else None
    faults = [
        *_beyond("account_ids", body.account_ids, caller.account_ids),
        *_beyond("product_ids", body.product_ids, caller.product_ids),
        *_outside(body.ip_ranges, maker.ip_ranges),
        *_out_of_time(body.expires_at, max(call.now, body.not_before or 0), last),
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


def _as_list(ids: frozenset[int] | None) -> list[int] | None:
    return None if ids is None else sorted(ids)


def _beyond(attribute: str, wanted: Sequence[int] | None, own: frozenset[int] | None) -> list[Fault]:
    if own is None:
        return []
    return [
        Fault("attribute_in", f"{attribute}.{index}", {"values": sorted(own)})
        for index, one in enumerate(wanted or ())
        if one not in own
    ]


def _outside(wanted: Sequence[str] | None, own: Sequence[str] | None) -> list[Fault]:
    """The faults of networks that are not part of one of others."""
    if own is None:
        return []
    return [
        Fault("attribute_in", f"ip_ranges.{index}", {"values": [*own]})
        for index, one in enumerate(wanted or ())
        if not any(_is_part(one, other) for other in own)
    ]


def _is_part(text: str, of: str) -> bool:
    network, other = ip_network(text), ip_network(of, strict=False)
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return network.subnet_of(other)
    return isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and network.subnet_of(other)


def _out_of_time(wanted: int | None, first: int, last: int | None) -> Iterable[Fault]:
    if wanted is not None and wanted <= first:
        yield Fault("attribute_after", "expires_at", {"date": first})
    if wanted is not None and last is not None and wanted > last:
        yield Fault("attribute_before", "expires_at", {"date": last})


def _require_active(call: Call, token: Grant) -> None:
    if token.revoked_at is not None:
        raise ApiError("state_conflict", model="Token", id=token.id, state=REVOKED, allowed_states=[ACTIVE])


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


def _revoke_leaked(call: Call, secret: str) -> None:
    """Ends what a credential opens: the grant of a token, with the tokens made with it; or a client secret."""
    digest = keyed_hash(pepper_of(call.settings), secret)
    grant = call.session.scalar(select(Grant).join(Token, Token.grant_id == Grant.id).where(Token.hash == digest))
    together = [] if grant is None else grants.with_made(call.session, [grant])
    alive = [one for one in together if one.revoked_at is None]
    if grant is not None and alive:
        grants.revoke(alive, call.now)
        note_call(call, "token_leaked", user_id=grant.user_id, grant_id=grant.id, application_id=grant.application_id)
    found = call.session.scalar(select(ApplicationSecret).where(ApplicationSecret.hash == digest))
    if found is not None and found.revoked_at is None:
        found.revoked_at = call.now
        application = call.session.get_one(Application, found.application_id)
        note_call(
            call,
            "token_leaked",
            user_id=application.user_id,
            application_id=application.id,
            last_four=found.last_four,
        )


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
    faults = [*_outside(body.ip_ranges, token.ip_ranges), *_out_of_time(body.expires_at, call.now, token.expires_at)]
    if faults:
        raise invalid(*faults)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(token, name, value)
    return _described(call, Grant.id == token.id)


@routes.delete("/1/tokens/{token}", scope=WRITE, answer=bool)
def revoke_token(call: Call, token: TokenOfPath) -> bool:
    """Revoke a personal token. It stays in the list, and works no more after a few seconds."""
    if token.revoked_at is None:
        grants.revoke([token], call.now)
        note_call(call, "token_revoked", grant_id=token.id, name=token.name)
    return True


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


@routes.post("/1/tokens/leaked", scope=PUBLIC, answer=bool, status=200, limit=REPORTS)
def report_leaked_token(call: Call, body: Leak) -> bool:
    """Report a credential that was found where it should not be: personal, access or refresh token, or client secret.

    Whatever it is, the answer is the same. If it is one of ours, it works no more, nor do the tokens made with it.
    """
    if is_well_formed(body.token):
        _revoke_leaked(call, body.token)
    return True
