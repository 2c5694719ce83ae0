"""Requests: what the tokens of a user called lately, for him to see. Neither queries nor bodies are kept.

A request in hand only puts a line on a list in memory; a thread writes the list into the database once a second. A
process that is killed loses the last second, and one that is flooded the oldest lines: this is no audit, which is the
change log's.
"""

from collections import deque
from collections.abc import Iterable
from threading import Event, Lock, Thread
from time import time
from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, Index, Select, String, bindparam, delete, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import deprecation, logs
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.deprecation import Called
from alpage.api.errors import CATALOGUE, ApiError, not_found
from alpage.api.routes import ANY_TOKEN, Expansion, Filter, Routes, Shape
from alpage.api.validation import Number
from alpage.api.versions import Match
from alpage.storage.changes import NOBODY, Change
from alpage.storage.database import Database
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Requests")

WRITE_SECONDS = 1.0
PRUNE_SECONDS = 600
KEPT_SECONDS = 86_400
MOST_KEPT = 200_000
MOST_CHANGES = 100  # of a request, that it shows
MOST_NAMED, LONGEST_TEXT = 20, 200  # of an error
HIDDEN = "•••"
SECRET_NAMES = ("key", "token", "secret", "password")
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
    ip: Mapped[str] = mapped_column(String(45))
    fault: Mapped[str | None]  # what was to go wrong with it, in the sandbox
    is_replayed: Mapped[bool]  # its answer is that of an earlier one with the same key
    error: Mapped[str | None] = mapped_column(String(64))
    context: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # of the error, without secrets
    steps: Mapped[dict[str, int]] = mapped_column(JSON)  # the microseconds of each, in order


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


class Step(Shape):
    """A step of a request, and how long it took.

    `read` the query and the body, `identify` the caller, take from his `limit`, check the `input`, `load` what the path
    names, run the `handler`, put the `listing` or the object into the answer, `commit`; `answer` is the rest.
    """

    name: str
    ms: float


class RequestError(Shape):
    """What a request was refused for. `errors` are the codes of single attributes."""

    code: str
    context: dict[str, Any]


class ChangeOfRequest(Shape):
    """A change a request made, by its number in the change log."""

    id: int
    event: str
    action: str
    object_id: int
    account_id: int | None


class TaskOfRequest(Shape):
    """A task a request started."""

    uuid: str
    name: str
    status: str


class RequestInFull(RequestDetails):
    """A request of the caller, with where its time went and what came of it.

    `changes` has the first hundred of the `changes_count` changes it made. Neither its query nor its body is kept.
    """

    api_version: int | None
    ip: str
    is_replayed: bool
    fault: str | None
    error: RequestError | None
    steps: tuple[Step, ...]
    changes_count: int
    changes: tuple[ChangeOfRequest, ...]
    tasks: tuple[TaskOfRequest, ...]

    parts: ClassVar[dict[str, Expansion]] = {}

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The request, with its changes."""
        changes = [*call.transaction.execute(_CHANGES, {"request": row.id})]
        return {
            **RequestDetails.present(row, call),
            "api_version": _version_of(row.route),
            "ip": row.ip,
            "is_replayed": row.is_replayed,
            "fault": row.fault,
            "error": None if row.error is None else {"code": row.error, "context": row.context or {}},
            "steps": [{"name": name, "ms": taken / 1000} for name, taken in row.steps.items()],
            "changes_count": call.transaction.execute(_NUMBER_OF_CHANGES, {"request": row.id}).scalar_one(),
            "changes": [ChangeOfRequest.present(change, call) for change in changes],
        }


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
    if caller.sees_all_tokens:
        return found
    return found.where(RecordedRequest.grant_id == caller.grant_id)


# the verbs


class Recorder:
    """Takes down the requests of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[tuple[Any, ...]] = deque(maxlen=MOST_WAITING)
        self._called: deque[Called] = deque(maxlen=MOST_WAITING)
        self._ending = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._next_prune = 0.0

    def add(self, *line: Any) -> None:
        """Takes down a request: the values of `COLUMNS`; in place of the steps, when it began and each was done."""
        self._waiting.append(line)
        if self._thread is None:
            self._start()

    def count(self, called: Called) -> None:
        """Counts a call of a route that will go."""
        self._called.append(called)

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
        lines, called = _taken(self._waiting), _taken(self._called)
        if not lines:
            return
        try:
            with self._database.transaction(NOBODY) as transaction:
                rows = [dict(zip(COLUMNS, (*line, steps_of(laps)), strict=True)) for *line, laps in lines]
                transaction.execute(insert(RecordedRequest), rows)
                deprecation.count(transaction, called)
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
            deprecation.prune(transaction, now)


def _taken(waiting: deque[Any]) -> list[Any]:
    return [waiting.popleft() for _ in range(len(waiting))]


def steps_of(laps: Iterable[tuple[str, float]]) -> dict[str, int]:
    """The microseconds of each step, in order, from when each was done; a step done several times counts as one."""
    taken: dict[str, int] = {}
    done = iter(laps)
    _, begun = next(done)
    for name, moment in done:
        taken[name] = taken.get(name, 0) + int((moment - begun) * 1e6)
        begun = moment
    return taken


def told_of(error: ApiError, match: Match | None) -> dict[str, Any]:
    """The context of an error as it may be kept: what its code names, without what only the caller should know."""
    secrets = frozenset[str]() if match is None else match.secrets
    known = CATALOGUE.entries[error.code]["context"]
    context = {
        name: HIDDEN if name in SECRET_NAMES or str(value) in secrets else _shortened(value)
        for name, value in error.context.items()
        if name in known
    }
    if error.faults:
        faults = [{"code": fault.code, "attribute": _shortened(fault.attribute)} for fault in error.faults]
        context["errors"] = faults[:MOST_NAMED]
    return context


def _shortened(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_shortened(one) for one in value[:MOST_NAMED]]
    return value if isinstance(value, int | float) or value is None else str(value)[:LONGEST_TEXT]


def _version_of(route: str) -> int | None:
    number = route.partition(" /")[2].partition("/")[0]
    return int(number) if number.isdecimal() else None


_CHANGES = (
    select(Change.id, Change.event, Change.action, Change.object_id, Change.account_id)
    .where(Change.request_id == bindparam("request"))
    .order_by(Change.id)
    .limit(MOST_CHANGES)
)
_NUMBER_OF_CHANGES = select(func.count()).select_from(Change).where(Change.request_id == bindparam("request"))


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


@routes.get("/1/requests/{request}", scope=ANY_TOKEN, answer=RequestInFull)
def show_request(call: Call, request: str) -> Any:
    """Show a request, by the `X-Request-Id` of its answer: how it went, where its time went, what it changed."""
    found = call.transaction.execute(visible(call.caller).where(RecordedRequest.id == request)).one_or_none()
    if found is None:
        raise not_found("Request", request)
    return found
