"""Moving clocks, as tests do it."""

from typing import Any

from tests.conftest import Person

DAY = 86_400


def clock_of(person: Person) -> str:
    """The path of the clock of somebody's account."""
    return f"/1/accounts/{person.account.id}/sandbox/clock"


def move(person: Person, days: float = 0, **body: Any) -> dict[str, Any]:
    """Moves the clock of somebody's account, and answers with what it shows then."""
    answer = person.call("PUT", clock_of(person), body or {"ahead_seconds": int(days * DAY)})
    assert answer.status_code == 200, answer.text
    person.platform.tokens.clocks.forget()  # the platform under test has clocks of its own, as another process has
    shown: dict[str, Any] = answer.json()["data"]
    return shown
