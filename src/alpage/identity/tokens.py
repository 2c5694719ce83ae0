"""Tokens: what a caller shows, how it is kept, and the check every request begins with.

A token is `alp_<kind>_` + 43 characters of base 62 (256 bits) + 6 of a CRC-32 over all that stands before. The checksum
refuses garbage before anything is looked up. Only an HMAC of it is kept, under a key that is not in the database, with
its last four characters for people to tell tokens apart. What is said of tokens here is said in `identity.md` of the
design: a caller is remembered for `REMEMBERED_SECONDS`, which bounds how long a revoked token still works.
"""

import hmac
import secrets
import string
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Lock
from time import time
from typing import Any, Literal

from sqlalchemy import JSON, ForeignKey, Select, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.api.callers import Caller, not_authorized
from alpage.settings import Settings
from alpage.storage.changes import NOBODY, SECRET
from alpage.storage.database import Database
from alpage.storage.tables import Base

Kind = Literal["pat", "at", "rt", "cs", "dc", "rat", "ap"]

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH = 43
CHECKSUM_LENGTH = 6
REMEMBERED_SECONDS = 3
REMEMBERED_TOKENS = 10_000
STAMP_SECONDS = 60  # how exact "last used" is: one write a minute and token, not one a request

SCOPES: dict[str, str] = {
    "user_info": "See your profile",
    "accounts": "Everything in your organisations: members, teams, invitations",
    "accounts:read": "See your organisations",
    "accounts:write": "Change your organisations",
    "domain": "Everything about your domains",
    "domain:read": "See your domains",
    "domain:write": "Change your domains",
    "dns": "Everything in your DNS zones",
    "dns:read": "See your DNS zones",
    "dns:write": "Change your DNS zones",
}
ALIASES = {"domains": "domain"}


class Token(Base):
    """A token a user has made. The user's rights, cut down to what stands here, are what it may do."""

    __tablename__ = "tokens"
    __event__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True, info={SECRET: True})
    last_four: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    account_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    product_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    ip_ranges: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    not_before: Mapped[int | None]
    expires_at: Mapped[int | None]
    revoked_at: Mapped[int | None]
    created_at: Mapped[int]


class TokenUse(Base):
    """When a token was last used; not a change of the token."""

    __tablename__ = "token_uses"

    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"), primary_key=True)
    used_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A token that was looked up a moment ago."""

    caller: Caller
    ip_ranges: tuple[str, ...] | None
    not_before: int | None
    expires_at: int | None
    until: float


def new_secret(kind: Kind) -> str:
    """A token of a kind, in the clear."""
    body = f"alp_{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return body + checksum(body)


def checksum(body: str) -> str:
    """The last six characters of a token: the CRC-32 of all before, in base 62."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(token: str) -> bool:
    """Whether this could be a token at all."""
    return (
        token.startswith("alp_") and token.isascii() and checksum(token[:-CHECKSUM_LENGTH]) == token[-CHECKSUM_LENGTH:]
    )


def read_pepper(path: Path) -> bytes:
    """The key of the token hashes, made on first use and kept in a file only its owner reads."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip().encode()


def pepper_of(settings: Settings) -> bytes:
    """The key of the token hashes of a platform."""
    return settings.pepper.encode() or read_pepper(settings.data / "pepper")


def keyed_hash(pepper: bytes, secret: str) -> str:
    """A secret as it is kept."""
    return hmac.new(pepper, secret.encode(), sha256).hexdigest()


def normalise_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes under their own names, sorted. Raises ValueError naming one that does not exist."""
    named = {ALIASES.get(scope, scope) for scope in scopes}
    unknown = sorted(named - SCOPES.keys())
    if unknown:
        raise ValueError(f"there is no scope {unknown[0]}; there are: {', '.join(SCOPES)}")
    return sorted(named)


class Tokens:
    """Makes tokens and knows their callers."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()  # by what the header says
        self._stamped: dict[int, float] = {}
        self._lock = Lock()

    def create(
        self,
        session: Session,
        *,
        user_id: int,
        name: str,
        scopes: Iterable[str],
        account_ids: list[int] | None = None,
        product_ids: list[int] | None = None,
        ip_ranges: list[str] | None = None,
        not_before: int | None = None,
        expires_at: int | None = None,
    ) -> tuple[Token, str]:
        """A new personal token, and its secret: the only time it is seen."""
        secret = new_secret("pat")
        token = Token(
            user_id=user_id,
            name=name,
            hash=self._hash(secret),
            last_four=secret[-4:],
            scopes=normalise_scopes(scopes),
            account_ids=account_ids,
            product_ids=product_ids,
            ip_ranges=ip_ranges,
            not_before=not_before,
            expires_at=expires_at,
            revoked_at=None,
            created_at=int(time()),
        )
        session.add(token)
        session.flush()
        return token, secret

    def identify(self, authorization: str, ip: str) -> Caller:
        """The caller behind an `Authorization: Bearer` header. Raises `not_authorized`."""
        now = time()
        remembered = self._remembered.get(authorization)
        if remembered is None or remembered.until <= now:
            remembered = self._remember(authorization, now)
        if remembered.expires_at is not None and remembered.expires_at <= now:
            raise not_authorized("expired")
        if remembered.not_before is not None and remembered.not_before > now:
            raise not_authorized("not_yet_valid")
        if remembered.ip_ranges is not None and not _is_within(ip, remembered.ip_ranges):
            raise not_authorized("address")
        self._stamp(remembered.caller.token_id, now)
        return remembered.caller

    def _remember(self, authorization: str, now: float) -> Remembered:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not is_well_formed(token):
            raise not_authorized("malformed")
        remembered = self._look_up(self._hash(token), now + REMEMBERED_SECONDS)
        with self._lock:
            self._remembered[authorization] = remembered
            self._remembered.move_to_end(authorization)
            if len(self._remembered) > REMEMBERED_TOKENS:
                self._remembered.popitem(last=False)
        return remembered

    def _look_up(self, key: str, until: float) -> Remembered:
        with self._database.reading() as transaction:
            row = transaction.execute(_BY_HASH, {"hash": key}).one_or_none()
        if row is None:
            raise not_authorized("unknown")
        if row.revoked_at is not None:
            raise not_authorized("revoked")
        caller = Caller(
            user_id=row.user_id,
            token_id=row.id,
            scopes=frozenset(row.scopes),
            account_ids=None if row.account_ids is None else frozenset(row.account_ids),
            product_ids=None if row.product_ids is None else frozenset(row.product_ids),
        )
        ranges = None if row.ip_ranges is None else tuple(row.ip_ranges)
        return Remembered(caller, ranges, row.not_before, row.expires_at, until)

    def _stamp(self, token_id: int, now: float) -> None:
        if now - self._stamped.get(token_id, 0) < STAMP_SECONDS:
            return
        self._stamped[token_id] = now
        with self._database.transaction(NOBODY) as transaction:
            transaction.session.merge(TokenUse(token_id=token_id, used_at=int(now)))

    def _hash(self, token: str) -> str:
        return keyed_hash(self._pepper, token)


_BY_HASH: Select[Any] = select(Token.__table__).where(Token.hash == bindparam("hash"))


def _is_within(ip: str, ranges: Iterable[str]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in ranges)
