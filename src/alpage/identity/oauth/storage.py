"""Storage: the tokens and grants of the protocol, behind verbs that each are one statement.

Statements are built once. Tables that are on record in the change log are written through the unit of work.
"""

from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, insert, select, update

from alpage.identity import grants, security_events
from alpage.identity.applications import Application
from alpage.identity.credentials import keyed_hash
from alpage.identity.grants import Grant
from alpage.identity.sessions import Session
from alpage.identity.tokens import Token
from alpage.identity.users import User
from alpage.storage.database import Transaction

ACCESS, REFRESH = "at", "rt"


def find_grant(transaction: Transaction, grant_id: int) -> "Row[Any] | None":
    """A grant, with what decides whether it lives."""
    return transaction.execute(_GRANT, {"grant": grant_id}).one_or_none()


def find_token(transaction: Transaction, pepper: bytes, secret: str) -> "Row[Any] | None":
    """An access or refresh token, with its grant and what decides whether it lives."""
    return transaction.execute(_TOKEN, {"digest": keyed_hash(pepper, secret)}).one_or_none()


def add_token(
    transaction: Transaction,
    pepper: bytes,
    secret: str,
    *,
    grant_id: int,
    kind: str,
    scopes: list[str] | None,
    audience: list[str] | None,
    key_thumbprint: str | None,
    now: int,
    expires_at: int | None,
    generation: int = 0,
) -> None:
    """Keeps a token that is given out."""
    row = {
        "grant_id": grant_id,
        "kind": kind,
        "hash": keyed_hash(pepper, secret),
        "last_four": secret[-4:],
        "scopes": scopes,
        "audience": audience,
        "key_thumbprint": key_thumbprint,
        "generation": generation,
        "created_at": now,
        "expires_at": expires_at,
        "consumed_at": None,
    }
    transaction.execute(_ADD, row)


def consume(transaction: Transaction, token_id: int, now: int) -> bool:
    """Uses a refresh token. False for all but the first who does."""
    return transaction.execute(_CONSUME, {"token": token_id, "now": now}).one_or_none() is not None


def forget_token(transaction: Transaction, token_id: int) -> None:
    """Ends one token, and leaves the others of its grant."""
    transaction.execute(_FORGET, {"token": token_id})


def revoke_grant(transaction: Transaction, grant_id: int, kind: security_events.Kind, ip: str, now: int) -> None:
    """Ends a grant with all its tokens, and puts on record why. One that has ended already is left alone."""
    grant = transaction.session.get(Grant, grant_id)
    if grant is None or grant.revoked_at is not None:
        return
    grants.revoke(transaction.session, [grant], now)
    security_events.note(
        transaction,
        kind,
        user_id=grant.user_id,
        now=now,
        ip=ip,
        application_id=grant.application_id,
        grant_id=grant.id,
    )


def is_alive(grant: Any, now: int) -> bool:
    """Whether a grant, as both finders answer it, still gives access."""
    ended = grant.revoked_at or grant.application_revoked_at or grant.blocked_at
    return not ended and (grant.grant_expires_at is None or grant.grant_expires_at > now)


def scopes_of(token: Any) -> list[str]:
    """What a token is for: its grant's scopes, or fewer."""
    scopes: list[str] = token.granted if token.scopes is None else token.scopes
    return scopes


def is_over(token: Any, now: int) -> bool:
    """Whether a token's own time is over."""
    return token.expires_at is not None and token.expires_at <= now


_OF_A_GRANT: tuple[Any, ...] = (
    Grant.user_id,
    Grant.application_id,
    Grant.grant_type,
    Grant.scopes.label("granted"),
    Grant.claims,
    Grant.revoked_at,
    Grant.expires_at.label("grant_expires_at"),
    Grant.authenticated_at,
    Grant.methods,
    Session.public_id.label("session"),
    Application.client_id,
    Application.revoked_at.label("application_revoked_at"),
    User.blocked_at,
)
_GRANT: Select[Any] = (
    select(Grant.id.label("grant_id"), *_OF_A_GRANT)
    .join(User, User.id == Grant.user_id)
    .outerjoin(Application, Application.id == Grant.application_id)
    .outerjoin(Session, Session.id == Grant.session_id)
    .where(Grant.id == bindparam("grant"))
)
_TOKEN: Select[Any] = (
    select(Token.__table__, *_OF_A_GRANT)
    .join(Grant, Grant.id == Token.grant_id)
    .join(User, User.id == Grant.user_id)
    .outerjoin(Application, Application.id == Grant.application_id)
    .outerjoin(Session, Session.id == Grant.session_id)
    .where(Token.hash == bindparam("digest"), Token.kind.in_((ACCESS, REFRESH)))
)
_ADD = insert(Token.__table__)  # type: ignore[arg-type]  # a declared table is a table
_CONSUME = (
    update(Token)
    .where(Token.id == bindparam("token"), Token.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
    .returning(Token.id)
    .execution_options(synchronize_session=False)
)
_FORGET = delete(Token).where(Token.id == bindparam("token")).execution_options(synchronize_session=False)
