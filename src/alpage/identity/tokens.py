"""Tokens: what a caller shows, and the check every request begins with.

A token belongs to a grant (`grants.py`), which says what it may do. A caller is remembered for `REMEMBERED_SECONDS`,
which bounds how long a revoked token still works.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from threading import Lock
from time import time
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Select, String, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.api import logs
from alpage.api.callers import CHALLENGE, Caller, Proof, not_authorized
from alpage.api.clocks import Clocks
from alpage.api.errors import ApiError
from alpage.identity import dpop
from alpage.identity.applications import Application
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.scopes import normalise_scopes
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.storage.tables import STEADY_IDS, Base

REMEMBERED_SECONDS = 3
REMEMBERED_TOKENS = 10_000
STAMP_SECONDS = 60  # how exact "last used" is: one write a minute and grant, not one a request
DPOP = "dpop"  # the scheme of tokens that are bound to a key
CALLING_KINDS = ("pat", "at")  # what may call the API

log = logs.get("tokens")


class Token(Base):
    """A token. Its grant is on record in the change log; tokens that come and go by the hour are not."""

    __tablename__ = "tokens"
    __table_args__ = (Index(None, "expires_at"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(3))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    last_four: Mapped[str] = mapped_column(String(4))
    scopes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # fewer than the grant's; none: the same
    audience: Mapped[list[str] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # whom it is for (RFC 8707); none: the API
    key_thumbprint: Mapped[str | None] = mapped_column(String(64))  # of the key it is bound to (RFC 9449)
    generation: Mapped[int] = mapped_column(default=0)  # of a refresh token: how many came before it
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    consumed_at: Mapped[int | None]  # of a refresh token: when its successor was given out


def make_personal(
    session: Session,
    pepper: bytes,
    *,
    now: int,
    user_id: int,
    name: str,
    scopes: Iterable[str],
    account_ids: list[int] | None = None,
    product_ids: list[int] | None = None,
    ip_ranges: list[str] | None = None,
    not_before: int | None = None,
    expires_at: int | None = None,
    maker_id: int | None = None,
) -> tuple[Grant, str]:
    """A new personal token: its grant, and its secret, which is seen this once."""
    secret = new_secret("pat")
    grant = Grant(
        user_id=user_id,
        maker_id=maker_id,
        name=name,
        scopes=normalise_scopes(scopes),
        account_ids=account_ids,
        product_ids=product_ids,
        ip_ranges=ip_ranges,
        not_before=not_before,
        expires_at=expires_at,
        created_at=now,
    )
    session.add(grant)
    session.flush()
    digest = keyed_hash(pepper, secret)
    session.add(Token(grant_id=grant.id, kind="pat", hash=digest, last_four=secret[-4:], created_at=now))
    session.flush()
    return grant, secret


@dataclass(frozen=True, slots=True)
class Remembered:
    """A token that was looked up a moment ago."""

    caller: Caller
    ip_ranges: tuple[str, ...] | None
    not_before: int | None
    expires_at: int | None
    key_thumbprint: str | None
    until: float


class Tokens:
    """Makes personal tokens and knows the callers behind all tokens."""

    def __init__(self, database: Database, pepper: bytes, clocks: Clocks, *, needs_nonces: bool = False) -> None:
        self.database = database
        self.pepper = pepper
        self.clocks = clocks
        self.needs_nonces = needs_nonces  # in proofs of possession
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()  # by what the header says
        self._stamped: dict[int, float] = {}
        self._lock = Lock()

    def create(self, session: Session, **policy: Any) -> tuple[Grant, str]:
        """A new personal token, as `make_personal` makes it now."""
        return make_personal(session, self.pepper, now=int(time()), **policy)

    def hash(self, secret: str) -> str:
        """A credential as it is kept."""
        return keyed_hash(self.pepper, secret)

    def identify(self, authorization: str, ip: str, proof: Proof | None = None) -> Caller:
        """The caller behind an `Authorization` header. Raises `not_authorized`.

        A token that is bound to a key comes with a proof of holding it (RFC 9449), and never as a bearer token.
        """
        now = time()
        remembered = self._check(authorization, ip, now)
        if remembered.key_thumbprint is not None:
            self._require_proof(authorization, remembered.key_thumbprint, proof, int(now))
        self._stamp(remembered.caller.grant_id, now)
        return remembered.caller

    def recheck(self, authorization: str, ip: str) -> None:
        """Raises `not_authorized` if a token that was identified before is not good any more."""
        self._check(authorization, ip, time())

    def for_next_proof(self) -> list[tuple[str, str]]:
        """The headers of an answer to a request with a proof: the nonce that the next one must be over (RFC 9449)."""
        return dpop.for_next_proof(self.pepper, int(time())) if self.needs_nonces else []

    def _check(self, authorization: str, ip: str, now: float) -> Remembered:
        remembered = self._remembered.get(authorization)
        if remembered is None or remembered.until <= now:
            remembered = self._remember(authorization, now)
        by_his_clock = now + self.clocks.ahead(remembered.caller.account_id)
        if remembered.expires_at is not None and remembered.expires_at <= by_his_clock:
            raise not_authorized("expired")
        if remembered.not_before is not None and remembered.not_before > by_his_clock:
            raise not_authorized("not_yet_valid")
        if remembered.ip_ranges is not None and not _is_within(ip, remembered.ip_ranges):
            raise not_authorized("address")
        return remembered

    def _remember(self, authorization: str, now: float) -> Remembered:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        is_bound = scheme.lower() == DPOP
        if not (is_bound or scheme.lower() == "bearer") or not is_well_formed(token):
            raise not_authorized("malformed")
        remembered = self._look_up(self.hash(token), now + REMEMBERED_SECONDS)
        if is_bound != (remembered.key_thumbprint is not None):
            raise not_proven("the token is not bound to a key" if is_bound else "the token is bound to a key")
        with self._lock:
            self._remembered[authorization] = remembered
            self._remembered.move_to_end(authorization)
            if len(self._remembered) > REMEMBERED_TOKENS:
                self._remembered.popitem(last=False)
        return remembered

    def _look_up(self, key: str, until: float) -> Remembered:
        with self.database.reading() as transaction:
            row = transaction.execute(_BY_HASH, {"hash": key}).one_or_none()
        if row is None or row.audience is not None:  # a token for somebody else's API opens none of ours
            raise not_authorized("unknown")
        caller = _caller(row, row.scopes if row.token_scopes is None else row.token_scopes)
        ends = [moment for moment in (row.expires_at, row.token_expires_at) if moment is not None]
        ranges = None if row.ip_ranges is None else tuple(row.ip_ranges)
        return Remembered(caller, ranges, row.not_before, min(ends, default=None), row.key_thumbprint, until)

    def of_grant(self, grant_id: int, scopes: frozenset[str]) -> Caller:
        """The caller a grant stands for, with those of the scopes it has. Raises `not_authorized` when it has ended."""
        with self.database.reading() as transaction:
            row = transaction.execute(_BY_GRANT, {"grant": grant_id}).one()
        if row.expires_at is not None and row.expires_at <= time() + self.clocks.ahead(row.current_account_id):
            raise not_authorized("expired")
        return _caller(row, scopes.intersection(row.scopes))

    def forget(self, authorization: str) -> None:
        """Looks a token up anew the next time it is shown to this process."""
        with self._lock:
            self._remembered.pop(authorization, None)

    def _require_proof(self, authorization: str, thumbprint: str, proof: Proof | None, now: int) -> None:
        """Raises `not_authorized` unless the proof is over this very request, made now, with the token's key."""
        if proof is None:
            raise not_proven("the proof is missing")
        if proof.is_checked:
            return
        token = authorization.partition(" ")[2].strip()
        try:
            shown, ticket = dpop.key_of(proof, self.pepper, now, token, needs_nonce=self.needs_nonces)
            if shown != thumbprint:
                raise dpop.BadProofError("another key has signed it")
            with self.database.transaction(NOBODY) as transaction:
                dpop.use(transaction, ticket, now)
        except dpop.BadNonceError as error:
            raise not_proven(str(error), "use_dpop_nonce", dpop.for_next_proof(self.pepper, now)) from None
        except dpop.BadProofError as error:
            raise not_proven(str(error), "invalid_dpop_proof") from None

    def _stamp(self, grant_id: int, now: float) -> None:
        if now - self._stamped.get(grant_id, 0) < STAMP_SECONDS:
            return
        self._stamped[grant_id] = now
        try:
            with self.database.transaction(NOBODY) as transaction:
                transaction.session.merge(GrantUse(grant_id=grant_id, used_at=int(now)))
        except DBAPIError:  # a database that cannot be written can still be read
            log.warning("last use not noted", grant_id=grant_id)


def not_proven(why: str, code: str = "invalid_token", told: Sequence[tuple[str, str]] = ()) -> ApiError:
    """The error of a request that does not prove to hold the key of its token (RFC 9449, 7.1)."""
    algorithms = " ".join(dpop.ALGORITHMS)
    challenge = f'DPoP error="{code}", error_description="{why}", algs="{algorithms}"'
    return ApiError("not_authorized", headers=[(CHALLENGE, challenge), *told], reason="proof")


def _caller(row: Any, scopes: Iterable[str]) -> Caller:
    """The caller behind a grant. Raises `not_authorized` where it was taken back."""
    if row.revoked_at or row.application_revoked_at or row.blocked_at:
        raise not_authorized("revoked")
    return Caller(
        user_id=row.user_id,
        grant_id=row.grant_id,
        scopes=frozenset(scopes),
        account_ids=None if row.account_ids is None else frozenset(row.account_ids),
        product_ids=None if row.product_ids is None else frozenset(row.product_ids),
        application_id=row.application_id,
        session_id=row.session_id,
        authenticated_at=row.authenticated_at or 0,
        account_id=row.current_account_id,
        limit=row.rate_limit or "",
    )


_OF_GRANT = (
    *(column for column in Grant.__table__.c if column.name != "id"),
    Grant.id.label("grant_id"),
    Application.rate_limit,
    Application.revoked_at.label("application_revoked_at"),
    User.blocked_at,
    User.current_account_id,
)
_BY_GRANT: Select[Any] = (
    select(*_OF_GRANT)
    .join(User, User.id == Grant.user_id)
    .outerjoin(Application, Application.id == Grant.application_id)
    .where(Grant.id == bindparam("grant"))
)
_BY_HASH: Select[Any] = (
    select(
        *_OF_GRANT,
        Token.audience,
        Token.key_thumbprint,
        Token.scopes.label("token_scopes"),
        Token.expires_at.label("token_expires_at"),
    )
    .select_from(Token)
    .join(Grant, Grant.id == Token.grant_id)
    .join(User, User.id == Grant.user_id)
    .outerjoin(Application, Application.id == Grant.application_id)
    .where(Token.hash == bindparam("hash"), Token.kind.in_(CALLING_KINDS))
)


def _is_within(ip: str, ranges: Iterable[str]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in ranges)
