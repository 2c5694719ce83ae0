"""`dry_run`: a write that does everything, keeps nothing, and tells what would have changed."""

from collections.abc import Mapping
from typing import Any

from alpage.api import validation
from alpage.api.envelope import Response
from alpage.api.errors import Fault
from alpage.api.routes import Route, Shape

PARAMETER = "dry_run"


class _Asked(Shape):
    dry_run: bool = False


def read(route: Route, query: Mapping[str, Any], faults: list[Fault]) -> bool:
    """Whether a dry run is asked for. Neither yes nor no is a fault: a slip must not write in earnest."""
    if route.method == "GET":
        return False
    asked = validation.validate(_Asked, query, faults)
    return asked is not None and asked.dry_run


def has_failed(response: Response) -> bool:
    """Whether an answer says that a write would not be possible, which costs nothing to learn."""
    return response.status >= 400
