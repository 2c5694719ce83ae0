"""Idempotency keys: an unsafe request that is sent again with its `Idempotency-Key` gets the first answer again.

The answer is kept with what the request did, in its transaction: who lost it asks again, and nothing happens twice.
Kept answers are encrypted under the key they are asked for by, so that a secret in one of them is as safe as ever.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Index, String, bindparam, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.api.errors import ApiError, Fault, invalid
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

HEADER = "Idempotency-Key"
REPLAYED = ("Idempotency-Replayed", "true")
LONGEST_KEY = 255
KEPT_SECONDS = 24 * 3600
RETRY_AFTER_SECONDS = 1
NOT_FINAL = {  # with the same key it is another try
    "idempotency_in_progress",
    "idempotency_key_reused",
    "lock_error",
    "precondition_failed",
    "too_many_requests",
}
NONCE = bytes(12)  # each encryption key encrypts one answer, so it may always be the same

# stored


class KeptAnswer(Base):
    """The answer to a request that had a key."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index(None, "created_at"),)

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    sealed: Mapped[bytes]
    created_at: Mapped[int]


# the verbs


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its request sent it, and what follows from it and from who sent it."""

    text: str
    hash: str
    fingerprint: str
    encryption: bytes


class Answers:
    """The answers of the last day, and the requests that are being answered."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._running: set[str] = set()
        self._lock = Lock()

    def key_of(self, request: Request, who: str) -> Key | None:
        """The key of a request that has one. Raises `validation_failed` for one that is empty or too long."""
        given = request.headers.get("idempotency-key")
        if given is None:
            return None
        if not given:
            raise invalid(Fault("attribute_min_length", HEADER, {"min_length": 1}))
        if len(given) > LONGEST_KEY:
            raise invalid(Fault("attribute_max_length", HEADER, {"max_length": LONGEST_KEY}))
        what = (request.method, request.path, request.query_string)
        fingerprint = sha256("\n".join(what).encode() + b"\n" + request.body).hexdigest()
        return Key(given, self._derive("hash", who, given).hex(), fingerprint, self._derive("seal", who, given))

    @contextmanager
    def claimed(self, key: Key, transaction: Transaction) -> Iterator[Response | None]:
        """The answer kept under a key, or None: then it is the caller's, as long as the block runs.

        Raises `idempotency_in_progress` while another request has it, `idempotency_key_reused` where another had it.
        On SQLite a request of another process waits for the first instead, which holds the database's only pen.
        """
        with self._lock:
            if key.hash in self._running:
                raise in_progress(key)
            self._running.add(key.hash)
        try:
            _claim(key, transaction)
            yield self._find(key, transaction)
        finally:
            self._running.discard(key.hash)

    def keep(self, transaction: Transaction, key: Key, response: Response, now: int) -> None:
        """Keeps an answer, for as long as `KEPT_SECONDS`."""
        content = orjson.dumps([response.headers, response.content_type]) + b"\n" + response.body
        values = {
            "key_hash": key.hash,
            "fingerprint": key.fingerprint,
            "status": response.status,
            "sealed": AESGCM(key.encryption).encrypt(NONCE, content, None),
            "created_at": now,
        }
        transaction.execute(_KEEP, values)

    def _find(self, key: Key, transaction: Transaction) -> Response | None:
        kept = transaction.execute(_BY_HASH, {"key_hash": key.hash}).one_or_none()
        if kept is None:
            return None
        if kept.fingerprint != key.fingerprint:
            raise ApiError("idempotency_key_reused", key=key.text)
        head, _, body = AESGCM(key.encryption).decrypt(NONCE, kept.sealed, None).partition(b"\n")
        headers, content_type = orjson.loads(head)
        told = [(name, value) for name, value in headers]
        return Response(kept.status, body, [*told, REPLAYED], content_type)

    def _derive(self, purpose: str, who: str, key: str) -> bytes:
        return hmac.new(self._secret, "\n".join((purpose, who, key)).encode(), sha256).digest()


def in_progress(key: Key) -> ApiError:
    """The error of a request whose first is still being answered."""
    headers = [("Retry-After", str(RETRY_AFTER_SECONDS))]
    return ApiError("idempotency_in_progress", headers=headers, key=key.text, retry_after=RETRY_AFTER_SECONDS)


def is_replayed(response: Response) -> bool:
    """Whether an answer is that of an earlier request with the same key."""
    return REPLAYED in response.headers


def is_final(error: Exception) -> bool:
    """Whether a refusal answers its request: not about the key, no failure of ours, asking for no other try."""
    return isinstance(error, ApiError) and error.status < 500 and error.code not in NOT_FINAL


def _claim(key: Key, transaction: Transaction) -> None:
    """Takes the key from the requests of all processes until the transaction ends."""
    if transaction.is_on_postgresql and not transaction.execute(_TRY_LOCK, {"key": int(key.hash[:15], 16)}).scalar():
        raise in_progress(key)


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_BY_HASH = select(KeptAnswer.fingerprint, KeptAnswer.status, KeptAnswer.sealed).where(
    KeptAnswer.key_hash == bindparam("key_hash")
)
_KEEP = insert(KeptAnswer)
