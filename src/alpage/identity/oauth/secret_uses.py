"""When client secrets were last used, noted at most once a minute each, so that owners see which one may go."""

from alpage.identity.application_secrets import ApplicationSecretUse
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database

STAMP_SECONDS = 60


class SecretUses:
    """The uses one process has noted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[int, int] = {}

    def note(self, secret_id: int, now: int) -> None:
        """Notes that a secret was used."""
        if now - self._noted.get(secret_id, 0) < STAMP_SECONDS:
            return
        self._noted[secret_id] = now
        with self._database.transaction(NOBODY) as transaction:
            transaction.session.merge(ApplicationSecretUse(secret_id=secret_id, used_at=now))
