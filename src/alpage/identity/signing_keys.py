"""Signing keys: what ID tokens, JWT access tokens, logout tokens and signed userinfo are signed with.

A key has three times. It is published `PUBLISHED_BEFORE_SECONDS` before it signs, so that no application meets a key it
could not know; it signs for `SIGNS_SECONDS`; and it stays published until what it signed last is over. Nothing runs on
a schedule: whoever asks for a key when the next one is due makes it.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key
from sqlalchemy import Select, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from alpage.identity.credentials import seal, unseal
from alpage.storage.changes import NOBODY, SECRET
from alpage.storage.database import Database, Transaction
from alpage.storage.tables import Base

Algorithm = Literal["RS256", "ES256"]
ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256")
RSA_BITS = 2048
DAY = 86_400
SIGNS_SECONDS = 90 * DAY
PUBLISHED_BEFORE_SECONDS = 7 * DAY
PUBLISHED_AFTER_SECONDS = DAY  # longer than anything that is signed lives
LOOKED_UP_SECONDS = 60  # how long a process does without asking the database
PURPOSE = "signing keys"
POSTGRESQL_LOCK = 0x616C706B  # any number, but always the same: who holds it makes the next keys

# stored


class SigningKey(Base):
    """A key pair. Before it signs it is published for a while, and after it has signed until what it signed is over."""

    __tablename__ = "signing_keys"
    __event__ = "signing_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    alg: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[str] = mapped_column(info={SECRET: True})  # the private JWK
    created_at: Mapped[int]
    signs_from: Mapped[int]
    signs_until: Mapped[int]
    published_until: Mapped[int]


# the verbs


@dataclass(frozen=True, slots=True)
class Loaded:
    """A key at hand."""

    kid: str
    alg: str
    key: RSAKey | ECKey
    signs_from: int
    signs_until: int
    published_until: int

    def signs(self, now: int) -> bool:
        """Whether it is this key's time to sign."""
        return self.signs_from <= now < self.signs_until


class SigningKeys:
    """The keys of a platform, as one process knows them."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper
        self._loaded: tuple[Loaded, ...] = ()
        self._looked_up_at = 0
        self._published: tuple[tuple[Loaded, ...], bytes] = ((), b"")
        self._lock = Lock()

    def sign(self, claims: dict[str, Any], alg: str, now: int, kind: str = "JWT") -> str:
        """The claims as a JWT of a kind (its `typ`)."""
        current = next(key for key in self._keys(now) if key.alg == alg and key.signs(now))
        return jwt.encode({"alg": alg, "kid": current.kid, "typ": kind}, claims, current.key, [alg])

    def read(self, token: str, now: int, kind: str = "JWT") -> dict[str, Any]:
        """The claims of a JWT that was signed here, be its time over or not. Raises ValueError for any other."""
        try:
            header = orjson.loads(_unpadded(token.partition(".")[0]))
            key = next(key for key in self._keys(now) if key.kid == header["kid"])
            read = jwt.decode(token, key.key, [key.alg])
        except (JoseError, ValueError, TypeError, KeyError, StopIteration):
            raise ValueError("this was not signed here") from None
        if read.header.get("typ") != kind:
            raise ValueError("this is another kind of token")
        return read.claims

    def published(self, now: int) -> bytes:
        """The public keys, as a JWK set (RFC 7517, 5)."""
        keys = self._keys(now)
        if self._published[0] is not keys:
            public = [key.key.as_dict(private=False, kid=key.kid, alg=key.alg, use="sig") for key in keys]
            self._published = (keys, orjson.dumps({"keys": public}))
        return self._published[1]

    def ready(self, now: int) -> None:
        """Makes the keys that are due, for who will need one within a transaction of his own."""
        self._keys(now)

    def _keys(self, now: int) -> tuple[Loaded, ...]:
        is_fresh = 0 <= now - self._looked_up_at < LOOKED_UP_SECONDS
        if is_fresh and not _missing(self._loaded, now) and all(key.published_until > now for key in self._loaded):
            return self._loaded
        with self._lock:
            with self._database.reading() as transaction:
                self._loaded = self._load(transaction, now)
            if _missing(self._loaded, now):
                with self._database.transaction(NOBODY) as transaction:
                    self._make(transaction, now)
                    self._loaded = self._load(transaction, now)
            self._looked_up_at = now
        return self._loaded

    def _load(self, transaction: Transaction, now: int) -> tuple[Loaded, ...]:
        known = {key.kid: key for key in self._loaded}
        rows = transaction.execute(_ALL).all()
        return tuple(known.get(row.kid) or self._unseal(row) for row in rows if row.published_until > now)

    def _unseal(self, row: Any) -> Loaded:
        key: Any = import_key(orjson.loads(unseal(self._pepper, PURPOSE, row.sealed)))
        return Loaded(row.kid, row.alg, key, row.signs_from, row.signs_until, row.published_until)

    def _make(self, transaction: Transaction, now: int) -> None:
        session = transaction.session
        if session.connection().dialect.name == "postgresql":  # on SQLite there is one writer anyhow
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRESQL_LOCK})
        for alg, signs_from in _missing(self._load(transaction, now), now):
            key = RSAKey.generate_key(RSA_BITS) if alg == "RS256" else ECKey.generate_key("P-256")
            signs_until = signs_from + SIGNS_SECONDS
            session.add(
                SigningKey(
                    kid=key.thumbprint(),
                    alg=alg,
                    sealed=seal(self._pepper, PURPOSE, orjson.dumps(key.as_dict(private=True))),
                    created_at=now,
                    signs_from=signs_from,
                    signs_until=signs_until,
                    published_until=signs_until + PUBLISHED_AFTER_SECONDS,
                )
            )
        for old in session.scalars(select(SigningKey).where(SigningKey.published_until <= now)):
            session.delete(old)
        session.flush()


def _missing(keys: Iterable[Loaded], now: int) -> list[tuple[Algorithm, int]]:
    """The keys that are due: algorithm, and since when they sign."""
    due: list[tuple[Algorithm, int]] = []
    for alg in ALGORITHMS:
        end = max((key.signs_until for key in keys if key.alg == alg), default=0)
        if end <= now:
            due.append((alg, now))  # nobody asked in time: it signs before applications could know it
            end = now + SIGNS_SECONDS
        if end - PUBLISHED_BEFORE_SECONDS <= now:
            due.append((alg, end))
    return due


def _unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


_ALL: Select[Any] = select(SigningKey.__table__).order_by(SigningKey.id)
