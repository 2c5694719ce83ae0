"""Applications of an account: who administers it registers them. Their table is in `identity/applications.py`.

An application that acts by itself (client credentials) acts as the user who made it, within its account. So only he
changes such a one and makes its secrets, and it never may do more than the token he does it with.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import Select, bindparam, func, or_, select

from alpage.accounts.members import AdministeredAccount, administered, find_to_administer
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.history import CREDENTIAL, Subject, Undo, Work, put_back
from alpage.api.routes import Routes, Shape
from alpage.api.validation import Name, not_among
from alpage.identity import application_secrets, grants
from alpage.identity.applications import Application, new_client_id
from alpage.identity.client_metadata import (
    MAX_URIS,
    OWN,
    SECRET_METHODS,
    AuthMethod,
    GrantType,
    Origin,
    RedirectUri,
    SigningAlg,
    Uri,
    check_endpoint,
    check_jwks,
    check_resource,
    check_web_address,
    contradictions,
)
from alpage.identity.credentials import pepper_of
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import ALIASES, EVERY_SCOPE, SCOPES
from alpage.identity.security_events import note_call

routes = Routes("Applications")

READ, WRITE = "applications:read", "applications:write"
PATH = "/1/accounts/{account}/applications"
ONE = PATH + "/{application}"
MAKER = "maker"  # the right to what acts as who made it

ResourceTokens = Literal["opaque", "jwt"]

# on the wire


def _or_empty(check: Callable[[str], str]) -> AfterValidator:
    """Holds a text against a rule, unless it is empty."""
    return AfterValidator(lambda text: check(text) if text else "")


def _keys_or_none(jwks: dict[str, Any]) -> dict[str, Any]:
    return check_jwks(jwks) if jwks.get("keys") else {}


def _own_names(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(ALIASES.get(scope, scope) for scope in scopes)


Description = Annotated[str, Field(max_length=1000)]
Scopes = Annotated[tuple[str, ...], Field(max_length=len(EVERY_SCOPE)), AfterValidator(_own_names)]
GrantTypes = Annotated[tuple[GrantType, ...], Field(max_length=MAX_URIS)]
RedirectUris = Annotated[tuple[RedirectUri, ...], Field(max_length=MAX_URIS)]
Origins = Annotated[tuple[Origin, ...], Field(max_length=MAX_URIS)]
WebAddress = Annotated[Uri, _or_empty(check_web_address)]
Endpoint = Annotated[Uri, _or_empty(check_endpoint)]
Resource = Annotated[Uri, _or_empty(check_resource)]
UserinfoAlg = Literal["", "RS256", "ES256"]
Keys = Annotated[dict[str, Any], AfterValidator(_keys_or_none)]


class ApplicationDetails(Shape):
    """An application of an account. `user_id` is who made it, and whom it acts for by itself.

    `user_count` is how many users gave it access that they have not taken back.
    """

    id: int
    client_id: str
    account_id: int
    user_id: int
    name: str
    description: str
    website: str | None
    policy_url: str | None
    terms_url: str | None
    logo: str | None
    is_confidential: bool
    token_endpoint_auth_method: AuthMethod
    grant_types: list[GrantType]
    scopes: list[str]
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    origins: list[str]
    backchannel_logout_uri: str | None
    jwks: dict[str, Any] | None
    id_token_alg: SigningAlg
    userinfo_alg: SigningAlg | None
    requires_par: bool
    requires_dpop: bool
    resource: str | None
    resource_tokens: ResourceTokens
    created_at: int
    user_count: int
    last_used_at: int | None


class NewApplication(ApplicationDetails):
    """A new application. `client_secret` is seen this once; null for one that has none."""

    client_secret: str | None


class ApplicationBody(Shape):
    """An application to register. An empty text stands for none.

    `token_endpoint_auth_method` is `client_secret_basic` for a confidential one, `none` for another, unless it is
    given. `resource` is the address of the API it is, if it is one (RFC 8707).
    """

    name: Name
    is_confidential: bool
    description: Description = ""
    website: WebAddress = ""
    policy_url: WebAddress = ""
    terms_url: WebAddress = ""
    token_endpoint_auth_method: AuthMethod | None = None
    grant_types: GrantTypes = ("authorization_code", "refresh_token")
    scopes: Scopes = ("openid",)
    redirect_uris: RedirectUris = ()
    post_logout_redirect_uris: RedirectUris = ()
    origins: Origins = ()
    backchannel_logout_uri: Endpoint = ""
    jwks: Keys = Field(default_factory=dict)
    id_token_alg: SigningAlg = "RS256"  # noqa: S105 - an algorithm
    userinfo_alg: UserinfoAlg = ""
    requires_par: bool = False
    requires_dpop: bool = False
    resource: Resource = ""
    resource_tokens: ResourceTokens = "opaque"


class ApplicationChanges(Shape):
    """What to change of an application. An empty text, or an empty set of keys, takes a value away."""

    name: Name | None = None
    description: Description | None = None
    website: WebAddress | None = None
    policy_url: WebAddress | None = None
    terms_url: WebAddress | None = None
    is_confidential: bool | None = None
    token_endpoint_auth_method: AuthMethod | None = None
    grant_types: GrantTypes | None = None
    scopes: Scopes | None = None
    redirect_uris: RedirectUris | None = None
    post_logout_redirect_uris: RedirectUris | None = None
    origins: Origins | None = None
    backchannel_logout_uri: Endpoint | None = None
    jwks: Keys | None = None
    id_token_alg: SigningAlg | None = None
    userinfo_alg: UserinfoAlg | None = None
    requires_par: bool | None = None
    requires_dpop: bool | None = None
    resource: Resource | None = None
    resource_tokens: ResourceTokens | None = None


NULLABLE = (
    "website", "policy_url", "terms_url", "backchannel_logout_uri", "jwks", "userinfo_alg", "resource",
)  # fmt: skip
CHECKED = (
    "token_endpoint_auth_method", "is_confidential", "grant_types", "scopes", "redirect_uris", "jwks",
    "resource",
)  # fmt: skip

# who sees it


def visible(caller: Caller, now: Any) -> Select[Any]:
    """The applications of the accounts a caller administers, each with who uses it."""
    living = (
        Grant.application_id == Application.id,
        Grant.grant_type != OWN,
        Grant.revoked_at.is_(None),
        or_(Grant.expires_at.is_(None), Grant.expires_at > now),
    )
    users = select(func.count(Grant.user_id.distinct())).where(*living).scalar_subquery()
    used = select(func.max(GrantUse.used_at)).join(Grant, Grant.id == GrantUse.grant_id)
    last_used = used.where(Grant.application_id == Application.id).scalar_subquery()
    return select(Application.__table__, users.label("user_count"), last_used.label("last_used_at")).where(
        Application.account_id.in_(administered(caller)), Application.revoked_at.is_(None)
    )


def find(call: Call, account_id: int, application_id: int) -> Application:
    """An application of an account the caller administers, held until the commit. Raises `object_not_found`."""
    statement = _to_change if call.writes else _in_account
    found: Application | None = call.find(statement, account_id=account_id, application_id=application_id)
    if found is None:
        raise not_found("Application", application_id)
    return found


def _in_account(caller: Caller) -> Select[Application]:
    return select(Application).where(
        Application.account_id == bindparam("account_id"),
        Application.account_id.in_(administered(caller)),
        Application.id == bindparam("application_id"),
        Application.revoked_at.is_(None),
    )


def _to_change(caller: Caller) -> Select[Application]:
    return _in_account(caller).with_for_update()


def require_reach(call: Call, application: Application) -> None:
    """Raises an error unless the caller could do himself what the application can do by itself."""
    if OWN not in application.grant_types:
        return
    if application.user_id != call.caller.user_id:
        raise ApiError("access_denied", model="Application", id=application.id, required_right=MAKER)
    missing = [scope for scope in application.scopes if scope in SCOPES and not call.caller.has_scope(scope)]
    if missing:
        raise ApiError("all_scopes", scopes=missing, granted=sorted(call.caller.scopes))


# the verbs


def _require_sound(call: Call, metadata: Mapping[str, Any]) -> None:
    """Raises all faults of an application's metadata, taken together."""
    faults = [*contradictions(metadata), *_beyond_reach(call.caller, metadata)]
    resource = metadata["resource"] or ""
    ours = [call.settings.public_url, call.settings.issuer, call.settings.manager_address]
    if any(resource == one or resource.startswith(f"{one}/") for one in ours):
        faults.append(Fault("attribute_not_in", "resource", {"values": ours}))
    if faults:
        raise invalid(*faults)


def _beyond_reach(caller: Caller, metadata: Mapping[str, Any]) -> Iterable[Fault]:
    """The faults of an application that would do more by itself than the caller can."""
    if OWN not in metadata["grant_types"]:
        return
    own = [scope for scope in SCOPES if caller.has_scope(scope)]
    for index, scope in enumerate(metadata["scopes"]):
        if scope in SCOPES and scope not in own:
            yield not_among("attribute_in", f"scopes.{index}", scope, own)


def _require_free(call: Call, resource: str | None, application_id: int = 0) -> None:
    if resource is None:
        return
    taken = select(Application.id).where(Application.resource == resource, Application.id != application_id)
    if call.transaction.execute(taken).first() is not None:
        raise ApiError("object_already_exists", model="Application", attribute="resource")


def _columns(body: ApplicationBody | ApplicationChanges) -> dict[str, Any]:
    given = body.model_dump(exclude_none=True)
    values = {name: (value or None) if name in NULLABLE else value for name, value in given.items()}
    return {name: [*value] if isinstance(value, tuple) else value for name, value in values.items()}


# the routes


@routes.get(
    PATH,
    scope=READ,
    answer=list[ApplicationDetails],
    sort={"id": Application.id, "name": Application.name, "created_at": Application.created_at},
    search=(Application.name, Application.client_id),
)
def list_applications(call: Call, account: AdministeredAccount) -> Select[Any]:
    """List the applications of an account."""
    return visible(call.caller, call.now).where(Application.account_id == account.account_id)


@routes.get(ONE, scope=READ, answer=ApplicationDetails)
def show_application(call: Call, account: AdministeredAccount, application: int) -> Any:
    """Show an application."""
    return _row(call, find(call, account.account_id, application))


@routes.post(PATH, scope=WRITE, answer=NewApplication, errors=("object_already_exists",))
def create_application(call: Call, account: AdministeredAccount, body: ApplicationBody) -> dict[str, Any]:
    """Register an application.

    One that authenticates with a secret gets its first one, which is shown this once. One that acts by itself
    (`client_credentials`) acts as you in this account, within its scopes, which must be among those of the token of
    this call.
    """
    metadata = _columns(body)
    metadata.setdefault("token_endpoint_auth_method", SECRET_METHODS[0] if body.is_confidential else "none")
    _require_sound(call, metadata)
    _require_free(call, metadata["resource"])
    application = Application(
        client_id=new_client_id(),
        account_id=account.account_id,
        user_id=call.caller.user_id,
        created_at=call.now,
        **metadata,
    )
    call.session.add(application)
    call.session.flush()
    secret = _first_secret(call, application)
    return {**_present(call, application), "client_secret": secret}


def _first_secret(call: Call, application: Application) -> str | None:
    if application.token_endpoint_auth_method not in SECRET_METHODS:
        return None
    _, secret = application_secrets.make(call.session, application.id, pepper_of(call.settings), call.now)
    note_call(call, "secret_made", application_id=application.id, last_four=secret[-4:])
    return secret


def _present(call: Call, application: Application) -> dict[str, Any]:
    return ApplicationDetails.present(_row(call, application), call)


def _row(call: Call, application: Application) -> Any:
    return call.rows(_shown, now=call.now, application_id=application.id).one()


def _shown(caller: Caller) -> Select[Any]:
    return visible(caller, bindparam("now")).where(Application.id == bindparam("application_id"))


@routes.patch(ONE, scope=WRITE, answer=ApplicationDetails, errors=("object_already_exists",))
def update_application(call: Call, account: AdministeredAccount, application: int, body: ApplicationChanges) -> Any:
    """Change an application.

    One that acts by itself is changed by who made it only.
    """
    found = find(call, account.account_id, application)
    changes = _columns(body)
    metadata = {name: changes.get(name, getattr(found, name)) for name in CHECKED}
    if OWN in {*found.grant_types, *metadata["grant_types"]} and found.user_id != call.caller.user_id:
        raise ApiError("access_denied", model="Application", id=found.id, required_right=MAKER)
    _require_sound(call, metadata)
    _require_free(call, metadata["resource"], found.id)
    for name, value in changes.items():
        setattr(found, name, value)
    return _row(call, found)


@routes.delete(ONE, scope=WRITE, answer=bool)
def delete_application(call: Call, account: AdministeredAccount, application: int) -> bool:
    """Delete an application: all access that was given to it ends, and nobody signs in with it any more."""
    found = find(call, account.account_id, application)
    grants.revoke_application(call.session, found, call.now)
    return True


# taken back


def _may_change_all(work: Work) -> None:
    """What `update_application` and `delete_application` ask of the caller."""
    for item in work.items:
        place = find_to_administer(work.call, item.account_id or 0)
        found = find(work.call, place.account_id, item.object_id)
        acts_by_itself = OWN in {*found.grant_types, *item.before.get("grant_types", ())}
        if item.action == "updated" and acts_by_itself and found.user_id != work.call.caller.user_id:
            raise ApiError("access_denied", model="Application", id=found.id, required_right=MAKER)


def _check_metadata(work: Work) -> None:
    for item in work.items:
        if item.action == "updated":
            _require_sound(work.call, {name: item.value(name) for name in CHECKED})


def _delete_or_put_back(work: Work) -> None:
    for item in work.items:
        if item.action == "created":
            grants.revoke_application(work.call.session, item.row, work.call.now)
    put_back(replace(work, items=[item for item in work.items if item.action != "created"]))


subjects = [
    Subject(
        Application,
        reads=(READ,),
        undo=Undo(
            writes=WRITE,
            guard=_may_change_all,
            check=_check_metadata,
            apply=_delete_or_put_back,
            actions=("created", "updated"),
            fields=[*ApplicationChanges.model_fields],
            otherwise=CREDENTIAL,
            ends=True,
        ),
    )
]
