"""Routes: declared once, beside the resource they serve; everything else is read off the declaration.

A resource file says

    routes = Routes("DNS records")

    @routes.get("/2/zones/{zone}/records", scope="dns:read", answer=list[Record], sort={…})
    def list_records(call: Call, zone: ZoneOfPath, filter: RecordFilter) -> Select[Any]:
        \"\"\"List the records of a zone.\"\"\"

The function's parameters name what it wants: `call`; a placeholder of the path, as `int`, `str` or an object that
`Loaded` finds; `body`, `query` and `filter`, each a `Shape`. It answers with a query, rows, an object, or a value.
"""

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter, itemgetter
from types import ModuleType
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row

from alpage.api.calls import Call
from alpage.discovery import modules

Handler = TypeVar("Handler", bound=Callable[..., Any])
Expansion = Callable[[Call, Sequence[Any], list[dict[str, Any]]], None]

PUBLIC: tuple[str, ...] | None = None  # a route anybody may call, without a token
ANY_TOKEN: tuple[str, ...] = ()  # a route any valid token may call
DEFAULT_CAP = 1000


class Shape(BaseModel):
    """What goes over the wire: the fields of an object, of a body, of a query.

    `expansions` are the optional fields that `with` loads; each gets all rows of an answer at once, with the objects
    made from them, to add its field to. `parts` are loaded in the same way, but always: required fields that stand in
    other tables.
    """

    model_config = ConfigDict(extra="ignore")
    expansions: ClassVar[Mapping[str, Expansion]] = {}
    parts: ClassVar[Mapping[str, Expansion]] = {}

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The object on the wire, from a row of a query, an object of the unit of work, or a dict of its fields."""
        if isinstance(row, dict):
            return {**row}
        names, values = cls._reader()
        return dict(zip(names, values(row), strict=True))

    @classmethod
    def present_all(cls, rows: Sequence[Any], call: Call) -> list[dict[str, Any]]:
        """The objects on the wire of many rows: for rows of a query quicker than one by one."""
        if cls.present.__func__ is not Shape.present.__func__ or not (rows and isinstance(rows[0], Row)):  # type: ignore[attr-defined]  # a class method has it
            return [cls.present(row, call) for row in rows]
        names, _ = cls._reader()
        fields = rows[0]._fields
        values = itemgetter(*(fields.index(name) for name in names), 0)
        return [dict(zip(names, values(row), strict=False)) for row in rows]

    @classmethod
    def _reader(cls) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
        if "_read" not in cls.__dict__:
            required = [name for name, info in cls.model_fields.items() if info.is_required()]
            names = tuple(name for name in required if name not in cls.parts)
            values = attrgetter(*names) if len(names) > 1 else lambda row: tuple(getattr(row, name) for name in names)
            type.__setattr__(cls, "_read", (names, values))
        return typing.cast("tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]", cls.__dict__["_read"])


class Filter(Shape):
    """The fields of a route's `filter[…]`."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Marks a path parameter as an object that `load` finds, with the caller's right on it.

    Raises what `load` raises: `object_not_found` for what the caller may not see, `access_denied` for what he may see
    and not change.
    """

    load: Callable[[Call, Any], Any]
    by: type = str
    is_secret: bool = False  # what finds it opens something: no log has it


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A placeholder of a route's path."""

    name: str
    type: type
    load: Callable[[Call, Any], Any] | None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when a route is not to be used any more, when it goes, and what takes its place: a route's name."""

    since: date
    sunset: date | None
    successor: str


@dataclass(slots=True)
class Route:
    """One declared route."""

    method: str
    version: int
    path: str  # without its version: `/zones/{zone}`
    function: Callable[..., Any]
    group: str
    scopes: tuple[str, ...] | None
    status: int
    answer: Any  # a Shape, list[Shape], or a plain type
    shape: type[Shape] | None
    is_list: bool
    parameters: tuple[PathParameter, ...]
    body: type[Shape] | None
    query: type[Shape] | None
    filter: type[Filter] | None
    sort: Mapping[str, Any]  # wire name → column; the first is the key that always sorts last
    search: Sequence[Any]
    cap: int | None
    cursor: Any  # the column of a key that no two rows share: the list has a cursor instead of pages
    limit: str
    items: Callable[[Any], int] | None
    errors: tuple[str, ...]
    text_context: bool
    deprecated: Deprecation | None
    free: bool
    fresh_seconds: int | None  # how long ago the caller may have signed in, at most
    streams: bool  # answers with an `EventStream` to who accepts `text/event-stream`
    recounts: bool  # its total is counted each time: it moves with the clock, or on a table the change log has not

    @property
    def summary(self) -> str:
        """The first line of what the customer reads."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """What the customer reads below the first line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[2].strip()

    @property
    def name(self) -> str:
        """The route as people write it: `GET /2/profile`."""
        return f"{self.method} /{self.version}{self.path}"


class Routes:
    """The routes of one resource."""

    def __init__(self, group: str, *, text_context: bool = False) -> None:
        self.group = group
        self.text_context = text_context
        self.declared: list[Route] = []

    def get(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declares a route that reads."""
        return self._declare("GET", path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declares a route that creates; it answers 201 unless it says otherwise."""
        return self._declare("POST", path, **{"status": 201, **declared})

    def patch(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declares a route that changes in part."""
        return self._declare("PATCH", path, **declared)

    def put(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declares a route that replaces."""
        return self._declare("PUT", path, **declared)

    def delete(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declares a route that deletes."""
        return self._declare("DELETE", path, **declared)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        scope: str | tuple[str, ...] | None,
        answer: Any,
        status: int = 200,
        sort: Mapping[str, Any] | None = None,
        search: Sequence[Any] = (),
        cap: int | None = DEFAULT_CAP,
        cursor: Any = None,
        limit: str = "",
        items: Callable[[Any], int] | None = None,
        errors: Iterable[str] = (),
        deprecated: Deprecation | None = None,
        free: bool = False,
        fresh_seconds: int | None = None,
        streams: bool = False,
        recounts: bool = False,
    ) -> Callable[[Handler], Handler]:
        version, rest = _split_version(path)
        is_list = get_origin(answer) is list
        inner = get_args(answer)[0] if is_list else answer

        def decorate(function: Handler) -> Handler:
            hints = get_type_hints(function, include_extras=True)
            self.declared.append(
                Route(
                    method=method,
                    version=version,
                    path=rest,
                    function=function,
                    group=self.group,
                    scopes=(scope,) if isinstance(scope, str) else scope,
                    status=status,
                    answer=answer,
                    shape=inner if isinstance(inner, type) and issubclass(inner, Shape) else None,
                    is_list=is_list,
                    parameters=tuple(_path_parameter(name, hints[name]) for name in re.findall(r"{(\w+)}", rest)),
                    body=hints.get("body"),
                    query=hints.get("query"),
                    filter=hints.get("filter"),
                    sort=sort or ({} if cursor is None else {cursor.key: cursor}),
                    search=search,
                    cap=cap,
                    cursor=cursor,
                    limit=limit,
                    items=items,
                    errors=tuple(errors),
                    text_context=self.text_context,
                    deprecated=deprecated,
                    free=free,
                    fresh_seconds=fresh_seconds,
                    streams=streams,
                    recounts=recounts,
                )
            )
            return function

        return decorate


def collect(package: ModuleType) -> list[Route]:
    """The routes of every module of a package that has a `routes`."""
    found: list[Route] = []
    for module in modules(package):
        routes = getattr(module, "routes", None)
        if isinstance(routes, Routes):
            found.extend(routes.declared)
    return found


def _split_version(path: str) -> tuple[int, str]:
    version, _, rest = path[1:].partition("/")
    return int(version), "/" + rest


def _path_parameter(name: str, hint: Any) -> PathParameter:
    if get_origin(hint) is Annotated:
        loaded = next(mark for mark in get_args(hint)[1:] if isinstance(mark, Loaded))
        return PathParameter(name, loaded.by, loaded.load, loaded.is_secret)
    return PathParameter(name, hint, None)
