"""Taking changes back, as the tests of each kind of object do it."""

from typing import Any

from tests.conftest import Person


def latest(person: Person, event: str, action: str = "*") -> dict[str, Any]:
    """The latest change of a kind."""
    query = f"order=desc&filter[event]={event}" + ("" if action == "*" else f"&filter[action]={action}")
    changes: list[dict[str, Any]] = person.call("GET", f"/1/changes?{query}").json()["data"]
    return changes[0]


def revert(person: Person, change: dict[str, Any], *, dry_run: bool = False, **body: Any) -> Any:
    """Takes a change back and answers with the response."""
    return person.call("POST", f"/1/changes/{change['id']}/revert{'?dry_run=1' if dry_run else ''}", body)


def revert_request(person: Person, request_id: str, **body: Any) -> Any:
    """Takes a request back and answers with the response."""
    return person.call("POST", "/1/changes/revert", {"request_id": request_id, **body})


def reasons(answer: Any) -> list[tuple[str, str]]:
    """Why something was not taken back: code and attribute of each reason."""
    assert answer.status_code == 409, answer.text
    error = answer.json()["error"]
    assert error["code"] == "change_not_revertible", error
    return [(fault["code"], fault["context"]["attribute"]) for fault in error["errors"]]


def taken_back(person: Person, event: str, action: str = "*", by: Person | None = None) -> dict[str, Any]:
    """Takes the latest change of a kind back, first as a plan, and answers with what it did to that object."""
    change = latest(person, event, action)
    planned = revert(by or person, change, dry_run=True)
    assert planned.status_code == 201, planned.text
    assert latest(person, event)["id"] == change["id"] or action != "*"
    answer = revert(by or person, change)
    assert answer.status_code == 201, answer.text
    done = answer.json()["data"]
    assert change["id"] in done["reverts"]
    assert change["object_id"] in [one["object_id"] for one in done["changes"] if one["event"] == event]
    assert latest(person, event)["reverts"] is not None
    return change
