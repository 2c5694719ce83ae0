"""`Prefer: respond-async` (RFC 7240): a write over a limit is put off rather than refused; a task makes it later."""

from collections.abc import Callable

from alpage.api import dry_run
from alpage.api.calls import Call
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.api.limits import ITEMS, REQUESTS

Postpone = Callable[[Call, ApiError], Response | None]  # none: it is refused after all


def is_postponed(call: Call, refused: ApiError) -> bool:
    """Whether a call that was refused is to be put off: one that writes in earnest, for a user, over a common limit."""
    preferences = [one.strip().lower() for one in call.request.headers.get("prefer", "").split(",")]
    return (
        "respond-async" in preferences
        and refused.code == "too_many_requests"
        and refused.context["policy"] in (REQUESTS, ITEMS, call.caller.limit)
        and call.writes
        and bool(call.caller.user_id)
        and dry_run.PARAMETER not in call.request.query_string
        and call.request.acting is None
    )
