"""Authorization: the answer an application gets to its request, and what the user agreed to (RFC 6749, 4.1.2).

The pages of the login read a request, find out who the user is and what he wants, and send the answer on.
"""

from collections.abc import Sequence
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy import Select, bindparam, select, update

from alpage.identity import security_events, sessions, tickets
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.grants import Grant
from alpage.identity.oauth import authorization_requests, clients, redirects
from alpage.identity.oauth.authorization_requests import CODE, AuthorizationError, AuthorizationRequest, error_told
from alpage.identity.oauth.clients import Client
from alpage.identity.oauth.parameters import Parameters, RepeatedParameterError, read_query
from alpage.identity.oauth.provider import level_of
from alpage.identity.oauth.redirects import Answer
from alpage.identity.scopes import contains
from alpage.identity.tickets import Ticket
from alpage.settings import Settings
from alpage.storage.database import Transaction

CODE_SECONDS = 60
PUSHED_SECONDS = 60  # how long a pushed request waits to be used
BEGUN_SECONDS = 900  # how long after it was pushed its answer must be there
PUSHED_PREFIX = "urn:ietf:params:oauth:request_uri:"
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


class Authorizations:
    """Reads authorization requests and answers them."""

    def __init__(self, settings: Settings, pepper: bytes) -> None:
        self._settings = settings
        self._pepper = pepper

    def read(self, transaction: Transaction, query_string: str, now: int) -> AuthorizationRequest:
        """The request of a query string. Raises AuthorizationError.

        A pushed request (RFC 9126) may be read again while the user signs in, and is used up by its answer; the
        transaction must be one that writes.
        """
        try:
            parameters = read_query(query_string)
        except RepeatedParameterError as error:
            raise self._repeated(transaction, query_string, error) from None
        except InvalidRequestError as error:
            raise AuthorizationError("invalid_request", str(error.description)) from None
        client = clients.find(transaction, parameters.get("client_id"))
        if client is None:
            raise AuthorizationError("invalid_request", "there is no such application")
        pushed = ""
        if "request_uri" in parameters.values:
            parameters, pushed = self._pushed(transaction, client, parameters, now)
        return authorization_requests.check(self._settings, transaction, client, parameters, pushed=pushed)

    def push(self, transaction: Transaction, client: Client, parameters: Parameters, now: int) -> tuple[str, int]:
        """Keeps a checked request for its client (RFC 9126): the `request_uri` it is known by, for so many seconds.

        Raises AuthorizationError.
        """
        if "request_uri" in parameters.values:
            raise AuthorizationError("invalid_request", "a pushed request cannot refer to another")
        authorization_requests.check(self._settings, transaction, client, parameters, pushing=True)
        kept = {name: value for name, value in parameters.values.items() if name not in _CREDENTIALS}
        content = {
            "client_id": client.get_client_id(),
            "values": kept,
            "resources": list(parameters.resources),
            "at": now,
        }
        secret = new_secret("ot")
        tickets.put(transaction, "pushed_request", keyed_hash(self._pepper, secret), content, now + PUSHED_SECONDS)
        return PUSHED_PREFIX + secret, PUSHED_SECONDS

    def agreed(self, transaction: Transaction, request: AuthorizationRequest, user_id: int) -> list[str]:
        """The scopes the user has agreed to for this application, until now.

        Signing out ends access, not the agreement. Taking access back ends what was agreed to until then.
        """
        given = transaction.execute(_AGREED, {"application": request.application.id, "user": user_id}).all()
        taken_back = max((row.revoked_at for row in given if not _stands(row)), default=0)
        last = next((row for row in given if _stands(row) and row.created_at > taken_back), None)
        return [] if last is None else [*(last.agreed or last.scopes)]

    def consented(self, transaction: Transaction, request: AuthorizationRequest, user_id: int) -> bool:
        """Whether the user need not be asked: he agreed to as much, or the application is the platform's own."""
        if request.application.is_own:
            return True
        agreed = self.agreed(transaction, request, user_id)
        return all(contains(agreed, scope) for scope in request.wanted)

    def approve(
        self,
        transaction: Transaction,
        request: AuthorizationRequest,
        session: sessions.Session,
        scopes: Sequence[str],
        now: int,
    ) -> Answer:
        """The answer that gives what the user agrees to of what is wanted: makes the grant and the code.

        Where no scope is left, it tells of `access_denied`. Raises AuthorizationError.
        """
        if request.pushed:
            taken = tickets.take(transaction, "pushed_request", request.pushed, now)
            if taken is None or not taken.is_first:
                raise AuthorizationError("invalid_request", "this request was answered before")
        if not {*request.scopes} & {*scopes}:
            return self.refuse(request, "access_denied")
        grant = self._grant(transaction, request, session, scopes, now)
        code = new_secret("ac")
        content = {
            "application_id": request.application.id,
            "grant_id": grant.id,
            "redirect_uri": request.redirect_uri,
            "scopes": grant.scopes,
            "is_offline": request.is_offline,
            "code_challenge": request.code_challenge,
            "nonce": request.nonce,
            "resources": list(request.resources),
            "key_thumbprint": request.key_thumbprint,
        }
        tickets.put(transaction, "code", keyed_hash(self._pepper, code), content, now + CODE_SECONDS)
        told = {"code": code, "iss": self._settings.issuer}
        if request.state:
            told["state"] = request.state
        return redirects.answer(request.redirect_uri, request.response_mode, told)

    def refuse(self, request: AuthorizationRequest, code: str, description: str = "") -> Answer:
        """The answer that tells the application of an error: `access_denied`, `login_required` and the like."""
        told = error_told(self._settings, code, description, request.state)
        return redirects.answer(request.redirect_uri, request.response_mode, told)

    def _pushed(
        self, transaction: Transaction, client: Client, parameters: Parameters, now: int
    ) -> tuple[Parameters, str]:
        uri = parameters.get("request_uri")
        secret = uri.removeprefix(PUSHED_PREFIX)
        if secret == uri or not is_well_formed(secret, "ot"):  # an address elsewhere is never looked at (A25)
            raise AuthorizationError("invalid_request_uri", "request_uri is not that of a pushed request")
        key = keyed_hash(self._pepper, secret)
        content = tickets.look(transaction, "pushed_request", key, now)
        if content is None or content["client_id"] != client.get_client_id():
            raise AuthorizationError("invalid_request_uri", "there is no such pushed request any more")
        transaction.execute(_PROLONG, {"key": key, "until": content["at"] + BEGUN_SECONDS})
        return Parameters(content["values"], tuple(content["resources"])), key

    def _repeated(
        self, transaction: Transaction, query_string: str, error: RepeatedParameterError
    ) -> AuthorizationError:
        """Told to the application if what is repeated is not what says where it is told."""
        description = str(error.description)
        if error.name in ("client_id", "redirect_uri", "state", "response_mode"):
            return AuthorizationError("invalid_request", description)
        names = ("client_id", "redirect_uri", "state", "response_mode")
        once = [part for part in query_string.split("&") if part.partition("=")[0] in names]
        try:
            parameters = read_query("&".join(once))
            client = clients.find(transaction, parameters.get("client_id"))
        except InvalidRequestError:
            return AuthorizationError("invalid_request", description)
        redirect_uri = parameters.get("redirect_uri")
        if client is None or not redirects.is_registered(redirect_uri, client.application.redirect_uris):
            return AuthorizationError("invalid_request", description)
        told = error_told(self._settings, "invalid_request", description, parameters.get("state"))
        return AuthorizationError("invalid_request", description, redirects.answer(redirect_uri, "query", told))

    def _grant(
        self,
        transaction: Transaction,
        request: AuthorizationRequest,
        session: sessions.Session,
        agreed: Sequence[str],
        now: int,
    ) -> Grant:
        before = self.agreed(transaction, request, session.user_id)
        grant = Grant(
            user_id=session.user_id,
            application_id=request.application.id,
            session_id=session.id,
            grant_type=CODE,
            name=request.application.name,
            scopes=[scope for scope in request.scopes if scope in agreed],
            agreed=_together(before, agreed, request.wanted),
            claims=request.claims.about(agreed.__contains__) or None,
            authenticated_at=session.authenticated_at,
            methods=session.methods,
            created_at=now,
        )
        transaction.session.add(grant)
        transaction.session.flush()
        security_events.note(
            transaction,
            "access_given",
            user_id=session.user_id,
            now=now,
            ip=session.ip,
            user_agent=session.user_agent,
            application_id=request.application.id,
            grant_id=grant.id,
            scopes=grant.scopes,
            level=level_of(session.methods),
        )
        return grant


def _together(before: Sequence[str], now: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What a user has agreed to in the end: what he agreed to before, but for what he does not agree to any more."""
    refused = [scope for scope in wanted if scope not in now]
    kept = [scope for scope in before if not any(contains([scope], other) for other in refused)]
    return [*dict.fromkeys((*kept, *(scope for scope in wanted if scope in now)))]


def _stands(given: Any) -> bool:
    return given.revoked_at is None or given.revoked_at == given.ended_at


_AGREED: Select[Any, Any, Any, Any, Any] = (
    select(Grant.scopes, Grant.agreed, Grant.created_at, Grant.revoked_at, sessions.Session.ended_at)
    .outerjoin(sessions.Session, sessions.Session.id == Grant.session_id)
    .where(
        Grant.application_id == bindparam("application"),
        Grant.user_id == bindparam("user"),
        Grant.grant_type == CODE,
    )
    .order_by(Grant.id.desc())
    .limit(100)
)
_PROLONG = (
    update(Ticket)
    .where(Ticket.hash == bindparam("key"))
    .values(expires_at=bindparam("until"))
    .execution_options(synchronize_session=False)
)
