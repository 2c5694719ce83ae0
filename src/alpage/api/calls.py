"""One call: a request on its way through the conventions, and what a handler gets to see of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any

from alpage.api.callers import Caller
from alpage.storage.database import Transaction

if TYPE_CHECKING:  # the route holds functions that take a call
    from sqlalchemy.orm import Session

    from alpage.api.limits import Limits
    from alpage.api.routes import Route
    from alpage.api.totals import Totals
    from alpage.api.versions import RouteTable
    from alpage.settings import Settings


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
    transaction: Transaction = field(init=False)
    wanted: frozenset[str] = frozenset()  # the expansions asked for by `with`
    query: Mapping[str, Any] = field(default_factory=dict)
    is_dry_run: bool = False
    root: dict[str, Any] = field(default_factory=dict)  # what stands in the envelope besides `data`
    ignored: list[str] = field(default_factory=list)
    now: int = field(default_factory=lambda: int(time()))

    @property
    def writes(self) -> bool:
        """Whether this call may change something."""
        return self.route.method != "GET"

    @property
    def session(self) -> "Session":
        """The unit of work of a call that writes."""
        return self.transaction.session
