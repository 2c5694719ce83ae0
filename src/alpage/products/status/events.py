"""Events: what goes on with the platform, from the announcement to the review. `alpage event` writes them.

The stage an event is in follows from its times, and is never stored.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict

from sqlalchemy import ColumnElement, ForeignKey, Select, String, UniqueConstraint, case, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.api.callers import ANONYMOUS, Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.languages import DEFAULT
from alpage.api.routes import PUBLIC, Routes, Shape
from alpage.api.validation import Number, Several
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Events")

Type = Literal["internal", "public", "server", "streaming"]
Status = Literal["inprogress", "planned", "reviewed", "terminated"]
Language = Literal["de", "en", "es", "fr", "it"]
Found = Select[*tuple[Any, ...]]  # a query for the columns that `visible` names

INTERNAL = "internal"  # for people with a token only
PUBLIC_CLOUD = "public_cloud"  # the service whose events have a route of their own

# stored


class Event(Base):
    """Something that goes on with the platform, from `started_at` until `ended_at`."""

    __tablename__ = "status_events"
    __event__ = "status.event"

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[int] = mapped_column(index=True)
    ended_at: Mapped[int | None] = mapped_column(default=None)
    reviewed_at: Mapped[int | None] = mapped_column(default=None)
    is_cyberattack: Mapped[bool] = mapped_column(default=False)
    is_automatic: Mapped[bool] = mapped_column(default=False)  # announced by a program
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), default=None)  # who announced it
    created_at: Mapped[int]
    deleted_at: Mapped[int | None] = mapped_column(default=None)


class Comment(Base):
    """How an event goes on."""

    __tablename__ = "status_comments"
    __event__ = "status.comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("status_events.id"), index=True)
    started_at: Mapped[int]


class Text(Base):
    """What is said in one language of an event, or of a comment on it."""

    __tablename__ = "status_texts"
    __table_args__ = (UniqueConstraint("event_id", "comment_id", "language"), STEADY_IDS)
    __event__ = "status.text"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("status_events.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("status_comments.id"), default=None)
    language: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(String(255))
    body: Mapped[str]


class Service(Base):
    """A service that events concern."""

    __tablename__ = "status_services"
    __event__ = "status.service"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)


class Concern(Base):
    """That an event concerns a service."""

    __tablename__ = "status_concerns"
    __table_args__ = (UniqueConstraint("event_id", "service_id"), STEADY_IDS)
    __event__ = "status.concern"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("status_events.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("status_services.id"), index=True)


# on the wire


class EventTranslation(Shape):
    """What is said in one language."""

    title: str
    body: str
    language: Language


class EventDescription(Shape):
    """What is said of an event, in the reader's language if there is a translation."""

    title: str
    description: str
    translations: list[EventTranslation]


class EventComment(Shape):
    """How an event goes on, in the reader's language if there is a translation."""

    title: str
    body: str
    started_at: int
    translations: list[EventTranslation]


class EventTag(Shape):
    """A service that an event concerns."""

    id: int
    name: str


def _describe(call: Call, _rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    wanted = Text.event_id.in_([shown["id"] for shown in objects]), Text.comment_id.is_(None)
    said = _by(Text.event_id.key, call.transaction.execute(select(Text.__table__).where(*wanted).order_by(Text.id)))
    for shown in objects:
        title, body, translations = _say(call, said[shown["id"]])
        shown["description"] = {"title": title, "description": body, "translations": translations}


def _comment(call: Call, _rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    events = [shown["id"] for shown in objects]
    texts = select(Text.__table__).where(Text.event_id.in_(events), Text.comment_id.is_not(None)).order_by(Text.id)
    said = _by(Text.comment_id.key, call.transaction.execute(texts))
    comments = select(Comment.__table__).where(Comment.event_id.in_(events)).order_by(Comment.started_at, Comment.id)
    of_event = _by(Comment.event_id.key, call.transaction.execute(comments))
    for shown in objects:
        shown["comments"] = [_show_comment(call, row, said[row.id]) for row in of_event[shown["id"]]]


def _show_comment(call: Call, comment: Any, texts: Sequence[Any]) -> dict[str, Any]:
    title, body, translations = _say(call, texts)
    return {"title": title, "body": body, "started_at": comment.started_at, "translations": translations}


def _name_services(call: Call, _rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    concerned = (
        select(Concern.event_id, Service.id, Service.name)
        .join(Service, Service.id == Concern.service_id)
        .where(Concern.event_id.in_([shown["id"] for shown in objects]))
        .order_by(Service.name)
    )
    services = _by(Concern.event_id.key, call.transaction.execute(concerned))
    for shown in objects:
        shown["services"] = [{"id": row.id, "name": row.name} for row in services[shown["id"]]]


def _by(key: str, rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    sorted_rows: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        sorted_rows[getattr(row, key)].append(row)
    return sorted_rows


def _say(call: Call, texts: Sequence[Any]) -> tuple[str, str, list[dict[str, Any]]]:
    language = str(call.query.get("locale") or call.language)
    chosen = min(texts, key=lambda text: (text.language != language, text.language != DEFAULT))
    translations = [{"title": text.title, "body": text.body, "language": text.language} for text in texts]
    return chosen.title, chosen.body, translations


class EventShape(Shape):
    """Something that goes on with the platform."""

    id: int
    url: str
    type: Type
    status: Status
    description: EventDescription
    comments: list[EventComment]
    services: list[EventTag]
    started_at: int
    ended_at: int | None

    parts = {"description": _describe, "comments": _comment, "services": _name_services}  # noqa: RUF012 - as in Shape


class EventQuery(Shape):
    """Which events to list."""

    date_from: Number | None = None
    date_to: Number | None = None
    event_type: Type | None = None
    event_types: Several[Type] = ()
    is_cyberattack: bool | None = None
    locale: Language | None = None
    show_auto: bool = False
    status: Status | None = None
    user_id: Number | None = None
    with_trashed: bool = False


class OneEventQuery(Shape):
    """How to show an event."""

    locale: Language | None = None


# who sees it


def visible(caller: Caller, now: int) -> Found:
    """The events a caller may know of, deleted ones too, with the stage each is in."""
    stage = status(now).label("status")
    found = select(Event.id, Event.type, stage, Event.started_at, Event.ended_at)
    return found.where(Event.type != INTERNAL) if caller is ANONYMOUS else found


# the verbs


class Said(TypedDict):
    """What is said in one language."""

    language: str
    title: str
    body: str


def status(now: int) -> ColumnElement[str]:
    """The stage an event is in at a moment."""
    return case(
        (Event.reviewed_at.is_not(None), "reviewed"),
        (Event.ended_at <= now, "terminated"),
        (Event.started_at > now, "planned"),
        else_="inprogress",
    )


def announce(session: Session, event: Event, said: Said, services: Iterable[str]) -> Event:
    """Writes an event down, with what is said of it and the names of the services it concerns."""
    session.add(event)
    session.flush()
    translate(session, event, said)
    for name in sorted(set(services)):
        session.add(Concern(event_id=event.id, service_id=_service(session, name).id))
    return event


def comment_on(session: Session, event: Event, said: Said, now: int) -> Comment:
    """Says how an event goes on."""
    comment = Comment(event_id=event.id, started_at=now)
    session.add(comment)
    session.flush()
    session.add(Text(event_id=event.id, comment_id=comment.id, **said))
    return comment


def translate(session: Session, event: Event, said: Said) -> None:
    """Says what an event is in one language, in place of what was said in it before."""
    of_event = select(Text).where(
        Text.event_id == event.id, Text.comment_id.is_(None), Text.language == said["language"]
    )
    text = session.scalars(of_event).one_or_none() or Text(event_id=event.id, language=said["language"])
    text.title, text.body = said["title"], said["body"]
    session.add(text)


def _service(session: Session, name: str) -> Service:
    service = session.scalars(select(Service).where(Service.name == name)).one_or_none()
    if service is None:
        service = Service(name=name)
        session.add(service)
        session.flush()
    return service


def _wanted(query: EventQuery, now: int) -> Iterator[ColumnElement[bool]]:
    if not query.with_trashed:
        yield Event.deleted_at.is_(None)
    if not query.show_auto:
        yield Event.is_automatic.is_(False)
    if types := {*query.event_types, query.event_type} - {None}:
        yield Event.type.in_(types)
    if query.status is not None:
        yield status(now) == query.status
    if query.is_cyberattack is not None:
        yield Event.is_cyberattack.is_(query.is_cyberattack)
    if query.user_id is not None:
        yield Event.user_id == query.user_id
    if query.date_from is not None:
        yield or_(Event.ended_at.is_(None), Event.ended_at >= query.date_from)
    if query.date_to is not None:
        yield Event.started_at <= query.date_to


def _present(call: Call, found: Found) -> list[dict[str, Any]]:
    rows = call.transaction.execute(found.order_by(Event.started_at.desc(), Event.id.desc())).all()
    return [
        {
            "id": row.id,
            "url": f"{call.settings.public_url}/2/events/{row.id}",
            "type": row.type,
            "status": row.status,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]


# the routes


@routes.get(
    "/2/events",
    scope=PUBLIC,
    answer=list[EventShape],
    sort=dict.fromkeys(("id", "type", "status", "started_at", "ended_at")),
)
def list_events(call: Call, query: EventQuery) -> list[dict[str, Any]]:
    """List what goes on with the platform, the latest first.

    `date_from` and `date_to` keep what went on between them; `show_auto` adds what programs have announced.
    """
    return _present(call, visible(call.caller, call.now).where(*_wanted(query, call.now)))


@routes.get("/2/events/public-cloud-status", scope=PUBLIC, answer=dict)
def show_public_cloud_status(call: Call) -> dict[str, Any]:
    """Show how the public cloud is: `disturbed` while something goes on with it, else `operational`.

    `events` has what goes on and what is planned.
    """
    concerned = select(Concern.event_id).join(Service, Service.id == Concern.service_id)
    found = visible(call.caller, call.now).where(
        Event.id.in_(concerned.where(Service.name == PUBLIC_CLOUD)),
        Event.deleted_at.is_(None),
        status(call.now).in_(("inprogress", "planned")),
    )
    events = _present(call, found)
    for load in EventShape.parts.values():
        load(call, events, events)
    is_disturbed = any(event["status"] == "inprogress" for event in events)
    return {"status": "disturbed" if is_disturbed else "operational", "events": events}


@routes.get("/2/events/{event_id}", scope=PUBLIC, answer=EventShape)
def show_event(call: Call, event_id: int, query: OneEventQuery) -> dict[str, Any]:  # noqa: ARG001 - read by `_say`
    """Show something that goes on with the platform."""
    found = visible(call.caller, call.now).where(Event.id == event_id, Event.deleted_at.is_(None))
    events = _present(call, found)
    if not events:
        raise not_found("Event", event_id)
    return events[0]
