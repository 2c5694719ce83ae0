"""How long tasks are kept when they have ended: for a month, on record as any other deletion."""

from sqlalchemy import select

from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.tasks.declarations import every
from alpage.tasks.tasks import ENDED, Task

KEPT_SECONDS = 30 * 24 * 3600
AT_ONCE = 200


@every("23 * * * *", "tasks.forget")
def forget(_settings: Settings, database: Database, now: int) -> None:
    """Deletes tasks that have ended long ago, with their steps."""
    while _forget_some(database, now) == AT_ONCE:
        pass


def _forget_some(database: Database, now: int) -> int:
    old = select(Task).where(Task.status.in_(ENDED), Task.finished_at < now - KEPT_SECONDS).limit(AT_ONCE)
    with database.transaction(NOBODY) as transaction:
        tasks = transaction.session.scalars(old).all()
        for task in tasks:
            transaction.session.delete(task)
        return len(tasks)
