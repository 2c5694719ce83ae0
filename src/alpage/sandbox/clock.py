"""The clock of an account, which its administrators move ahead in the sandbox, to see what has run out by then.

It only goes ahead: a clock that went back would make undone what was seen. Taking it away brings the real time back,
and what was dated meanwhile keeps its dates.
"""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from alpage.accounts.members import READ, WRITE, AccountOfPath, AdministeredAccount
from alpage.api.calls import Call
from alpage.api.clocks import MovedClock
from alpage.api.errors import Fault, invalid
from alpage.api.faults import require_sandbox
from alpage.api.history import Subject
from alpage.api.routes import Routes, Shape

routes = Routes("Sandbox")

YEAR_SECONDS = 365 * 86_400
MOST_SECONDS = 10 * YEAR_SECONDS

# on the wire


class Clock(Shape):
    """The clock of an account: `now` is the time by it, `real_now` the one everybody else has."""

    now: int
    real_now: int
    ahead_seconds: int


class ClockChange(Shape):
    """Where to move the clock: to a moment, in Unix seconds, or so far ahead of the real time."""

    now: Annotated[int, Field(ge=0, le=2**40)] | None = None
    ahead_seconds: Annotated[int, Field(ge=0, le=MOST_SECONDS)] | None = None


# the verbs


def _moved(call: Call, account_id: int) -> MovedClock | None:
    found: MovedClock | None = call.transaction.find(select(MovedClock).where(MovedClock.account_id == account_id))
    return found


def _shown(call: Call, ahead_seconds: int) -> dict[str, Any]:
    return {"now": call.real_now + ahead_seconds, "real_now": call.real_now, "ahead_seconds": ahead_seconds}


def _wanted(call: Call, body: ClockChange, present: int) -> int:
    """How far ahead the clock is to be. Raises what is wrong with where it is to be moved."""
    if body.now is not None and body.ahead_seconds is not None:
        raise invalid(Fault("attribute_conflict", "ahead_seconds", {"others": ["now"]}))
    if body.now is not None:
        least, most = call.real_now + present, call.real_now + MOST_SECONDS
        return _within("now", body.now, least, most) - call.real_now
    if body.ahead_seconds is not None:
        return _within("ahead_seconds", body.ahead_seconds, present, MOST_SECONDS)
    raise invalid(Fault("attribute_one_of_required", "now", {"attributes": ["now", "ahead_seconds"]}))


def _within(name: str, value: int, least: int, most: int) -> int:
    if value < least:
        raise invalid(Fault("attribute_min_value", name, {"min_value": least}))
    if value > most:
        raise invalid(Fault("attribute_max_value", name, {"max_value": most}))
    return value


# the routes


@routes.get("/1/accounts/{account}/sandbox/clock", scope=READ, answer=Clock, errors=["sandbox_off"])
def show_clock(call: Call, account: AccountOfPath) -> dict[str, Any]:
    """Show the clock of an account."""
    require_sandbox(is_sandbox=call.settings.sandbox)
    found = _moved(call, account.account_id)
    return _shown(call, found.ahead_seconds if found else 0)


@routes.put("/1/accounts/{account}/sandbox/clock", scope=WRITE, answer=Clock, errors=["sandbox_off"])
def move_clock(call: Call, account: AdministeredAccount, body: ClockChange) -> dict[str, Any]:
    """Move the clock of an account ahead.

    What expires in the account, and what its members sign in and call with as long as it is the account they work in,
    goes by it at once: have a token without end at hand, or sign in anew. It goes no further than ten years, and never
    back; `DELETE` brings the real time back.
    """
    require_sandbox(is_sandbox=call.settings.sandbox)
    found = _moved(call, account.account_id)
    ahead = _wanted(call, body, found.ahead_seconds if found else 0)
    if found is None:
        found = MovedClock(account_id=account.account_id)
        call.session.add(found)
    found.ahead_seconds, found.updated_at = ahead, call.real_now
    call.clocks.forget()
    return _shown(call, ahead)


@routes.delete("/1/accounts/{account}/sandbox/clock", scope=WRITE, answer=Clock, errors=["sandbox_off"])
def put_clock_right(call: Call, account: AdministeredAccount) -> dict[str, Any]:
    """Bring the real time back to an account. What was dated meanwhile keeps its dates."""
    require_sandbox(is_sandbox=call.settings.sandbox)
    found = _moved(call, account.account_id)
    if found is not None:
        call.session.delete(found)
    call.clocks.forget()
    return _shown(call, 0)


subjects = [Subject(MovedClock, reads=(READ,))]
