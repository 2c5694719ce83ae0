"""Routes that exist for these tests only, and show what no real route shows by itself."""

from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import Select, select

from alpage.api.calls import Call
from alpage.api.routes import ANY_TOKEN, Filter, Routes, Shape
from alpage.api.streams import EndedError, Event, EventStream
from alpage.identity.users import User

routes = Routes("Probe")

NUMBERS = [{"id": number, "name": f"n{number % 3}"} for number in range(1, 26)]


class Person(Shape):
    """Somebody of the introduction's example."""

    name: str
    age: int = Field(ge=18)


class Number(Shape):
    """A number, with what `with` adds to it."""

    id: int
    name: str
    square: int = 0

    @staticmethod
    def _square(_call: Call, _rows: Any, objects: list[dict[str, Any]]) -> None:
        for number in objects:
            number["square"] = number["id"] ** 2

    expansions: ClassVar[Any] = {"square": _square}

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        return {"id": row["id"], "name": row["name"]}


class NumberFilter(Filter):
    """Which numbers."""

    names: list[str] | None = None
    even: bool | None = None


class Ids(Shape):
    """Numbers."""

    ids: list[int]


class UserShape(Shape):
    """A user."""

    id: int
    first_name: str


@routes.post("/1/probe/people", scope=ANY_TOKEN, answer=dict)
def create_person(call: Call, body: Person) -> dict[str, Any]:
    """Create nobody."""
    return {"method": call.route.method, **body.model_dump()}


@routes.delete("/1/probe/people", scope=ANY_TOKEN, answer=dict)
def delete_person(call: Call, body: Person) -> dict[str, Any]:
    """Delete nobody."""
    return {"method": call.route.method, **body.model_dump()}


@routes.get(
    "/1/probe/numbers", scope=ANY_TOKEN, answer=list[Number], sort={"id": None, "name": None}, search=["name"], cap=20
)
def list_numbers(call: Call, filter: NumberFilter) -> list[dict[str, Any]]:
    """List numbers."""
    return [
        number
        for number in NUMBERS
        if (filter.names is None or number["name"] in filter.names)
        and (filter.even is None or (number["id"] % 2 == 0) == filter.even)
    ]


@routes.get("/1/probe/numbers/{number}", scope=ANY_TOKEN, answer=Number)
def show_number(call: Call, number: int) -> dict[str, Any]:
    """Show the first version of a number."""
    return {"id": number, "name": "one"}


@routes.get("/2/probe/numbers/{number}", scope=ANY_TOKEN, answer=Number)
def show_number_again(call: Call, number: int) -> dict[str, Any]:
    """Show the second version of a number."""
    return {"id": number, "name": "two"}


@routes.get(
    "/1/probe/users",
    scope=ANY_TOKEN,
    answer=list[UserShape],
    sort={"id": User.id, "first_name": User.first_name},
    search=[User.first_name],
)
def list_users(call: Call) -> Select[Any]:
    """List users."""
    return select(User.__table__)


@routes.get(
    "/1/probe/crowd",
    scope=ANY_TOKEN,
    answer=list[UserShape],
    sort={"id": User.id, "first_name": User.first_name},
    cursor=User.id,
)
def walk_users(call: Call) -> Select[Any]:
    """Walk through users."""
    return select(User.__table__)


@routes.patch("/1/probe/users/{user}", scope=ANY_TOKEN, answer=UserShape)
def rename_user(call: Call, user: int) -> User:
    """Rename a user."""
    found = call.session.get_one(User, user)
    found.first_name = "Renamed"
    return found


@routes.get("/1/probe/limited", scope=ANY_TOKEN, answer=bool, limit="2/minute")
def limited(call: Call) -> bool:
    """Answer twice a minute."""
    return True


@routes.post("/1/probe/bulk", scope=ANY_TOKEN, answer=int, items=lambda body: len(body.ids))
def bulk(call: Call, body: Ids) -> int:
    """Count."""
    return len(body.ids)


@routes.get("/1/probe/failure", scope=ANY_TOKEN, answer=bool)
def fail(call: Call) -> bool:
    """Fail."""
    raise RuntimeError("a secret of the inside")


@routes.get("/1/probe/counting", scope=ANY_TOKEN, answer=int, streams=True)
def count(call: Call) -> int | EventStream:
    """Count to three, from what the listener has heard."""
    heard = int(call.last_event_id or 0)
    if not call.wants_stream:
        return heard
    numbers = iter(range(heard + 1, 5))

    def read() -> list[Event]:
        number = next(numbers)
        if number > 3:
            raise EndedError
        return [Event({"number": number}, id=str(number), name="counted")]

    return EventStream(read)


@routes.get("/1/probe/endless", scope=ANY_TOKEN, answer=bool, streams=True)
def go_on(call: Call) -> EventStream:
    """Say nothing, for ever."""
    return EventStream(list)


SEEN: list[str] = []  # the ids of the requests `ripen` has seen


@routes.get("/1/probe/ripening", scope=ANY_TOKEN, answer=int)
def ripen(call: Call) -> int:
    """Answer at the third look, to those who wait."""
    SEEN.append(call.request.id)
    looks = SEEN.count(call.request.id)
    if looks < 3:
        call.wait(float(call.query.get("wait", 0)))
    return looks


BROKEN = False


@routes.post("/1/probe/mending", scope=ANY_TOKEN, answer=bool)
def mend(call: Call) -> bool:
    """Fail while it is broken."""
    if BROKEN:
        raise RuntimeError("broken")
    return True


def pause() -> None:
    """What a test has `take_time` wait for."""


@routes.post("/1/probe/pausing", scope=ANY_TOKEN, answer=bool)
def take_time(call: Call) -> bool:
    """Take as long as the test wants."""
    pause()
    return True
