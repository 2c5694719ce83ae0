"""Origins: whose scripts in a browser may read the login's answers (CORS). Applications are registered with them."""

from threading import Lock
from time import monotonic

from sqlalchemy import select

from alpage.identity.applications import Application
from alpage.storage.database import Database

REMEMBERED_SECONDS = 3
PREFLIGHT_SECONDS = "600"


class Origins:
    """The registered origins, as one process knows them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[str] = frozenset()
        self._until = 0.0
        self._lock = Lock()

    def headers(self, origin: str) -> list[tuple[str, str]]:
        """What lets a script of this origin read an answer; of another, nothing does."""
        varies = [("Vary", "Origin")]
        if origin not in self._registered():
            return varies
        exposed = "WWW-Authenticate, DPoP-Nonce, Retry-After"
        return [*varies, ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", exposed)]

    def preflight(self, origin: str, methods: str) -> list[tuple[str, str]]:
        """What lets a script of this origin send more than a plain form."""
        allowed = self.headers(origin)
        if len(allowed) == 1:
            return allowed
        return [
            *allowed,
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
            ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
        ]

    def _registered(self) -> frozenset[str]:
        now = monotonic()
        if now < self._until:
            return self._known
        with self._lock, self._database.reading() as transaction:
            rows = transaction.execute(_ALL).scalars().all()
            self._known = frozenset(origin for origins in rows for origin in origins)
            self._until = now + REMEMBERED_SECONDS
        return self._known


_ALL = select(Application.origins).where(Application.revoked_at.is_(None))
