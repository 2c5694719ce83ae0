"""One call: a request on its way through the conventions, and what a handler gets to see of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from time import monotonic, perf_counter, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Result, Select

from alpage.api.callers import Caller
from alpage.storage.database import Transaction

if TYPE_CHECKING:  # the route holds functions that take a call
    from sqlalchemy.orm import Session

    from alpage.api.clocks import Clocks
    from alpage.api.limits import Limits
    from alpage.api.routes import Route
    from alpage.api.totals import Totals
    from alpage.api.versions import RouteTable
    from alpage.settings import Settings


Statement = Callable[[Caller], Select[Any]]  # a function of a module: it is called once, and its statement kept

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom a request is made that no token came with: a grant, with scopes of it."""

    grant_id: int
    scopes: frozenset[str]


@dataclass(slots=True)
class Request:
    """What came over the wire."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    ip: str
    id: str
    began: float = field(default_factory=monotonic)
    acting: Acting | None = None
    sent_as: str = field(init=False)  # the method before it was overridden
    is_repeated: bool = False  # the edge asks again, for a caller who waits
    deprecated: list[str] = field(default_factory=list)  # the routes it called that will go
    laps: list[tuple[str, float]] = field(default_factory=list)  # when each step of it was done

    def lap(self, step: str) -> None:
        """Takes the time: a step is done."""
        self.laps.append((step, perf_counter()))

    def __post_init__(self) -> None:
        self.sent_as = self.method

    @property
    def user_agent(self) -> str:
        """What the sender says it is; empty if it says nothing."""
        return self.headers.get("user-agent", "")


@dataclass(slots=True)
class Call:
    """A request with its route, its caller and its transaction: what a handler works with."""

    request: Request
    route: "Route"
    caller: Caller
    language: str
    settings: "Settings"
    totals: "Totals"
    limits: "Limits"
    table: "RouteTable"
    clocks: "Clocks"
    transaction: Transaction = field(init=False)
    wanted: frozenset[str] = frozenset()  # the expansions asked for by `with`
    query: Mapping[str, Any] = field(default_factory=dict)
    is_dry_run: bool = False
    root: dict[str, Any] = field(default_factory=dict)  # what stands in the envelope besides `data`
    ignored: list[str] = field(default_factory=list)
    real_now: int = field(default_factory=lambda: int(time()))
    ahead_seconds: int = 0  # of its clock
    items: int = 0  # what it has taken from the limit of items
    is_early: bool = False  # the caller would rather wait than have this answer

    @property
    def now(self) -> int:
        """The time by the call's clock, in Unix seconds: what expires and is dated goes by it."""
        return self.real_now + self.ahead_seconds

    def go_by(self, account_id: int | None) -> None:
        """Goes by the clock of an account from now on."""
        self.ahead_seconds = self.clocks.ahead(account_id)

    @property
    def writes(self) -> bool:
        """Whether this call may change something."""
        return self.route.method != "GET"

    @property
    def who(self) -> str:
        """Whose limits it counts against."""
        return who_counts(self.caller, self.request)

    @property
    def wants_stream(self) -> bool:
        """Whether the caller asks for server-sent events."""
        return self.request.method == "GET" and EVENT_STREAM in self.request.headers.get("accept", "")

    @property
    def last_event_id(self) -> str:
        """The id of the last event a returning listener has seen; empty for a new one."""
        return self.request.headers.get("last-event-id", "")

    def find(self, statement: Statement, **values: Any) -> Any:
        """The one object that a statement about the caller finds, or None. The values are for its open parameters."""
        return self.transaction.find(_built(statement, self.caller.template), self.caller.values | values)

    def recall(self, statement: Statement, **values: Any) -> Any:
        """What `find` finds, remembered in a transaction of many calls: what is asked about every one of them."""
        return self.transaction.recall(_built(statement, self.caller.template), self.caller.values | values)

    def rows(self, statement: Statement, **values: Any) -> Result[Any]:
        """The rows of a statement about the caller. The values are for its open parameters."""
        return self.transaction.execute(_built(statement, self.caller.template), self.caller.values | values)

    def wait(self, seconds: float) -> None:
        """Says that the answer is early: the call is made again until it is not, or so long after it came."""
        self.is_early = monotonic() - self.request.began < seconds

    @property
    def session(self) -> "Session":
        """The unit of work of a call that writes."""
        return self.transaction.session


@cache
def _built(statement: Statement, template: Caller) -> Select[Any]:
    """Building a statement takes longer than running it."""
    return statement(template)


def who_counts(caller: Caller, request: Request) -> str:
    """Whose limits a request counts against: its user's; without one, its address's."""
    return str(caller.user_id) if caller.user_id else request.ip
