"""Who is calling: what a token's check answers, and whether its scopes reach a route.

`identity` makes callers out of tokens; this room only knows their shape.
"""

from dataclasses import dataclass
from functools import cache
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Integer, bindparam

from alpage.api.errors import ApiError

if TYPE_CHECKING:  # a call has a caller
    from alpage.api.calls import Request

EVERY_TOKEN = "tokens:read"  # noqa: S105 - the scope to see what a user's other tokens called
CHALLENGE = "WWW-Authenticate"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user acting through a token. None in a limit means: not limited."""

    user_id: int
    grant_id: int  # what the token belongs to; of a personal token, the number its owner's list shows
    scopes: frozenset[str]
    account_ids: frozenset[int] | None = None
    product_ids: frozenset[int] | None = None
    application_id: int | None = None  # the application that acts for him
    session_id: int | None = None  # the browser session the access was given in
    authenticated_at: int = 0  # when he last proved who he is, for this access; 0 where nobody signs in
    account_id: int | None = None  # the account he works in at present
    limit: str = ""  # a limit of the application's own, in place of the common one

    @property
    def template(self) -> "Caller":
        """A caller like this one whose values are left open, for statements that are built once.

        They are executed with `values`.
        """
        return _template(self.account_ids is not None, self.product_ids is not None)

    @property
    def values(self) -> dict[str, Any]:
        """What the open values of the template stand for."""
        given: dict[str, Any] = {"caller_user_id": self.user_id}
        if self.account_ids is not None:
            given["caller_account_ids"] = self.account_ids
        if self.product_ids is not None:
            given["caller_product_ids"] = self.product_ids
        return given

    def has_scope(self, scope: str) -> bool:
        """Whether the token carries the scope, or the coarse one that contains it (`dns` contains `dns:read`)."""
        return scope in self.scopes or scope.partition(":")[0] in self.scopes

    @property
    def sees_all_tokens(self) -> bool:
        """Whether the token may see what the user's other tokens do: with the scope, and without limits."""
        return self.has_scope(EVERY_TOKEN) and self.account_ids is None and self.product_ids is None


@cache
def _template(has_accounts: bool, has_products: bool) -> Caller:
    user_id: Any = bindparam("caller_user_id", type_=Integer)
    account_ids: Any = bindparam("caller_account_ids", type_=Integer, expanding=True) if has_accounts else None
    product_ids: Any = bindparam("caller_product_ids", type_=Integer, expanding=True) if has_products else None
    return Caller(user_id, 0, frozenset(), account_ids, product_ids)


ANONYMOUS = Caller(user_id=0, grant_id=0, scopes=frozenset())


class Callers(Protocol):
    """Finds the caller behind an `Authorization` header."""

    def identify(self, authorization: str, ip: str, proof: "Proof | None" = None) -> Caller:
        """The caller. Raises `not_authorized` when the token is unknown, expired, revoked or not for this address."""
        ...

    def of_grant(self, grant_id: int, scopes: frozenset[str]) -> Caller:
        """The caller a grant stands for, with those of the scopes it has. Raises `not_authorized` when it has ended."""
        ...

    def recheck(self, authorization: str, ip: str) -> None:
        """Raises `not_authorized` if a token that was identified before is not good any more."""
        ...

    def for_next_proof(self) -> list[tuple[str, str]]:
        """The headers of an answer to a request with a proof: the nonce that the next one must be over (RFC 9449)."""
        ...


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request says to prove that its sender holds the key its token is bound to (RFC 9449)."""

    jwt: str
    method: str
    url: str
    is_checked: bool = False  # it was shown and used up, by a request that is gone through once more


def proof_of(request: "Request", public_url: str) -> Proof | None:
    """The proof a request carries."""
    jwt = request.headers.get("dpop")
    return None if jwt is None else Proof(jwt, request.sent_as, public_url + request.path, request.is_repeated)


def require_scope(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Raises `all_scopes` unless the caller has one of the scopes (any token will do where none is named)."""
    if not scopes or any(caller.has_scope(scope) for scope in scopes):
        return
    challenge = f'Bearer error="insufficient_scope", scope="{scopes[0]}"'
    raise ApiError(
        "all_scopes",
        headers=[(CHALLENGE, challenge)],
        scopes=list(scopes),
        granted=sorted(caller.scopes),
    )


def require_fresh_login(caller: Caller, seconds: int | None) -> None:
    """Raises `login_too_old` unless the caller has signed in within so many seconds (RFC 9470)."""
    if seconds is None or caller.authenticated_at + seconds >= time():
        return
    challenge = f'Bearer error="insufficient_user_authentication", max_age={seconds}'
    raise ApiError("login_too_old", headers=[(CHALLENGE, challenge)], max_age=seconds)


def with_metadata(headers: list[tuple[str, str]], url: str) -> list[tuple[str, str]]:
    """Headers whose challenges say where the API's metadata are, and so where access is given (RFC 9728, 5.1)."""
    return [
        (name, f'{value}{", " if " " in value else " "}resource_metadata="{url}"' if name == CHALLENGE else value)
        for name, value in headers
    ]


def not_authorized(reason: str) -> ApiError:
    """The error of a request without a usable token."""
    return ApiError("not_authorized", headers=[(CHALLENGE, "Bearer")], reason=reason)
