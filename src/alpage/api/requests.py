"""Requests: what the tokens of a user called lately, for him to see. Neither queries nor bodies are kept.

A request in hand only puts a line on a list in memory; a thread writes the list into the database once a second. A
process that is killed loses the last second, and one that is flooded the oldest lines: this is no audit, which is the
change log's.
"""

from collections import deque
from threading import Event, Lock, Thread
from time import time
from typing import Any, Literal

from sqlalchemy import Index, Select, String, delete, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import logs
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import ANY_TOKEN, Filter, Routes, Shape
from alpage.api.validation import Number
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Requests")

EVERY_TOKEN = "tokens:read"  # noqa: S105 - the scope to see what a user's other tokens called
WRITE_SECONDS = 1.0
PRUNE_SECONDS = 600
KEPT_SECONDS = 86_400
MOST_KEPT = 200_000
MOST_WAITING = 500  # lines a second: at 16 µs each (measured), a hundredth of a core

StatusClass = Literal["2xx", "3xx", "4xx", "5xx"]

log = logs.get("requests")

# stored


class RecordedRequest(Base):
    """A request somebody's token made. It passes within a day, and is no change of anything."""

    __tablename__ = "requests"
    __table_args__ = (Index(None, "user_id", "number"), STEADY_IDS)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(24), unique=True)  # `X-Request-Id`
    user_id: Mapped[int]
    grant_id: Mapped[int]
    application_id: Mapped[int | None]
    method: Mapped[str] = mapped_column(String(8))
    route: Mapped[str]
    path: Mapped[str]
    status: Mapped[int]
    ms: Mapped[float]
    cost: Mapped[int]
    created_at: Mapped[int]


COLUMNS = tuple(column.name for column in RecordedRequest.__table__.c if column.name != "number")

# on the wire


class RequestDetails(Shape):
    """A request of the caller. `token_id` is the token's number, or that of the access an application was given.

    `cost` is what it took from the limit of requests, or from that of items.
    """

    id: str
    token_id: int
    application_id: int | None
    method: str
    route: str
    path: str
    status: int
    ms: float
    cost: int
    created_at: int


class RequestFilter(Filter):
    """Which requests to list."""

    status: StatusClass | None = None
    route: str | None = None
    token_id: Number | None = None


# who sees it


def visible(caller: Caller) -> Select[Any]:
    """What the tokens of the caller called; without the scope to see his tokens, or within limits, this one only."""
    found = select(RecordedRequest.__table__, RecordedRequest.grant_id.label("token_id")).where(
        RecordedRequest.user_id == caller.user_id
    )
    if caller.has_scope(EVERY_TOKEN) and caller.account_ids is None and caller.product_ids is None:
        return found
    return found.where(RecordedRequest.grant_id == caller.grant_id)


# the verbs


class Recorder:
    """Takes down the requests of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[tuple[Any, ...]] = deque(maxlen=MOST_WAITING)
        self._ending = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._next_prune = 0.0

    def add(self, *line: Any) -> None:
        """Takes down a request: the values of `COLUMNS`."""
        self._waiting.append(line)
        if self._thread is None:
            self._start()

    def stop(self) -> None:
        """Writes what waits, and ends."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="requests", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._ending.wait(WRITE_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not lines:
            return
        try:
            with self._database.transaction(NOBODY) as transaction:
                rows = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
                transaction.execute(insert(RecordedRequest), rows)
        except DBAPIError as error:
            log.warning("lost", requests=len(lines), reason=type(error).__name__)
            return
        if time() >= self._next_prune:
            self._next_prune = time() + PRUNE_SECONDS
            self._prune(int(time()))

    def _prune(self, now: int) -> None:
        """Lets go of what is older than a day, or comes before so many others."""
        old = select(func.max(RecordedRequest.number)).where(RecordedRequest.created_at < now - KEPT_SECONDS)
        with self._database.transaction(NOBODY) as transaction:
            last = transaction.execute(select(func.max(RecordedRequest.number))).scalar() or 0
            until = max(transaction.execute(old).scalar() or 0, last - MOST_KEPT)
            transaction.execute(delete(RecordedRequest).where(RecordedRequest.number <= until))


# the routes


@routes.get(
    "/1/requests",
    scope=ANY_TOKEN,
    answer=list[RequestDetails],
    sort={
        "created_at": RecordedRequest.number,  # the order they were taken down in, which no two share
        "route": RecordedRequest.route,
        "status": RecordedRequest.status,
        "ms": RecordedRequest.ms,
    },
    search=(RecordedRequest.path,),
    recounts=True,
)
def list_requests(call: Call, filter: RequestFilter) -> Select[Any]:
    """List the requests of your tokens within the last day, oldest first unless `order=desc` is given.

    A token without the scope `tokens:read`, or limited to accounts or products, sees its own requests only. A request
    appears within a second or two.
    """
    found = visible(call.caller)
    if filter.status is not None:
        first = int(filter.status[0]) * 100
        found = found.where(RecordedRequest.status.between(first, first + 99))
    if filter.route is not None:
        found = found.where(RecordedRequest.route == filter.route)
    if filter.token_id is not None:
        found = found.where(RecordedRequest.grant_id == filter.token_id)
    return found


@routes.get("/1/requests/{request}", scope=ANY_TOKEN, answer=RequestDetails)
def show_request(call: Call, request: str) -> Any:
    """Show a request, by the `X-Request-Id` of its answer."""
    found = call.transaction.execute(visible(call.caller).where(RecordedRequest.id == request)).one_or_none()
    if found is None:
        raise not_found("Request", request)
    return found
