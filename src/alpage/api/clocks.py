"""Clocks: in the sandbox the clock of an account can be moved ahead, to see what will have run out by then.

A call goes by the clock of the account its path names, or that what its path names belongs to; where there is none, by
that of the account its caller works in (`Caller.account_id`). What a user has kept at the platform to sign in and to
call it with (tokens, sessions, links sent by mail) goes by that one too. What protects the login goes by the real time
(`Call.real_now`), and so does all that is on record: `docs/sandbox.md` has the whole rule.

Where the setting does not allow it nothing here asks the database, and where no clock was moved, once a second.
"""

from time import monotonic

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.storage.database import Database
from alpage.storage.tables import Base

CLOCK = "X-Sandbox-Clock"  # the header that tells the time of a call whose clock was moved
KNOWN_SECONDS = 1.0  # how soon a process hears of a clock that another has moved


class MovedClock(Base):
    """How far the clock of an account is ahead."""

    __tablename__ = "moved_clocks"
    __event__ = "sandbox.clock"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), unique=True)
    ahead_seconds: Mapped[int]
    updated_at: Mapped[int]


class Clocks:
    """The clocks that were moved, as one process knows them."""

    def __init__(self, database: Database, *, is_sandbox: bool) -> None:
        self._database = database
        self._is_sandbox = is_sandbox
        self._ahead: dict[int, int] = {}
        self._until = self._in_doubt_until = 0.0

    @property
    def any_moved(self) -> bool:
        """Whether any clock was moved."""
        return bool(self._known())

    def ahead(self, account_id: int | None) -> int:
        """How many seconds the clock of an account is ahead."""
        return self._known().get(account_id, 0) if account_id is not None else 0

    def forget(self) -> None:
        """Has this process look each time for a moment: a clock is being moved."""
        self._in_doubt_until = monotonic() + KNOWN_SECONDS

    def _known(self) -> dict[int, int]:
        if self._is_sandbox:
            now = monotonic()
            if now >= self._until or now < self._in_doubt_until:
                self._until = now + KNOWN_SECONDS
                with self._database.reading() as transaction:
                    rows = transaction.execute(_ALL).all()
                self._ahead = {row.account_id: row.ahead_seconds for row in rows}
        return self._ahead


_ALL = select(MovedClock.account_id, MovedClock.ahead_seconds)
