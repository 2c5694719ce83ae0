"""`alpage event`: what goes on with the platform, announced by who runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import time
from typing import Annotated

from cyclopts import App, Parameter
from sqlalchemy import select
from sqlalchemy.orm import Session

from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.identity import users
from alpage.products.status import events
from alpage.products.status.events import Event, Language, Said, Text, Type

app = App(name="event", help="Announce, list and close what goes on with the platform.")


@app.command
def create(
    title: str,
    /,
    *,
    body: str = "",
    language: Language = "en",
    type: Type = "public",  # noqa: A002 - the flag's name
    start: datetime | None = None,
    end: datetime | None = None,
    service: Annotated[list[str], Parameter(negative=())] = (),  # type: ignore[assignment]  # cyclopts reads a list
    cyberattack: bool = False,
    automatic: bool = False,
    user: str | None = None,
    data: Data = None,
) -> None:
    """Announce an event and print its number.

    Parameters
    ----------
    title
        What it is, in a few words.
    body
        What it is, in full.
    language
        The language of both.
    type
        Whom it concerns; `internal` is told to people with a token only.
    start
        When it begins (`2026-11-30T02:00`, in UTC unless it says otherwise); now if not given.
    end
        When it ends, if that is known.
    service
        A service it concerns (`dns`, `mail`, `public_cloud`), repeated for more.
    cyberattack
        Whether it is an attack.
    automatic
        Whether a program announces it.
    user
        E-mail address of who announces it.
    """
    now = int(time())
    event = Event(
        type=type,
        started_at=now if start is None else _seconds(start),
        ended_at=None if end is None else _seconds(end),
        is_cyberattack=cyberattack,
        is_automatic=automatic,
        created_at=now,
    )
    if event.ended_at is not None and event.ended_at < event.started_at:
        stop("an event cannot end before it begins")
    with open_platform(data).writing() as transaction:
        if user is not None:
            event.user_id = _user_id(transaction.session, user)
        events.announce(transaction.session, event, Said(language=language, title=title, body=body), service)
    print(event.id)


@app.command(name="list")
def list_events(*, data: Data = None) -> None:
    """List the events there are, the latest first."""
    query = (
        select(Event.id, events.status(int(time())).label("status"), Event.type, Event.started_at, Text.title)
        .join(Text, (Text.event_id == Event.id) & Text.comment_id.is_(None))
        .where(Event.deleted_at.is_(None))
        .order_by(Event.started_at.desc(), Event.id.desc(), Text.id)
    )
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(query):
            begins = datetime.fromtimestamp(row.started_at, UTC).isoformat(timespec="minutes")
            print(f"{row.id}\t{row.status}\t{row.type}\t{begins}\t{row.title}")


@app.command
def translate(event_id: int, title: str, /, *, language: Language, body: str = "", data: Data = None) -> None:
    """Say what an event is in another language.

    Parameters
    ----------
    event_id
        Number of the event.
    title
        What it is, in a few words.
    language
        The language.
    body
        What it is, in full.
    """
    with _event(event_id, data) as (session, event):
        events.translate(session, event, Said(language=language, title=title, body=body))


@app.command
def comment(event_id: int, title: str, /, *, body: str = "", language: Language = "en", data: Data = None) -> None:
    """Say how an event goes on.

    Parameters
    ----------
    event_id
        Number of the event.
    title
        The news, in a few words.
    body
        The news, in full.
    language
        The language of both.
    """
    with _event(event_id, data) as (session, event):
        events.comment_on(session, event, Said(language=language, title=title, body=body), int(time()))


@app.command
def close(event_id: int, /, *, reviewed: bool = False, data: Data = None) -> None:
    """End an event now, unless it has ended.

    Parameters
    ----------
    event_id
        Number of the event.
    reviewed
        Whether what happened has been reviewed, too.
    """
    now = int(time())
    with _event(event_id, data) as (_, event):
        if event.ended_at is None or event.ended_at > now:
            event.ended_at = now
        if reviewed:
            event.reviewed_at = event.reviewed_at or now


@app.command
def remove(event_id: int, /, *, data: Data = None) -> None:
    """Take an event back that should not have been announced.

    Parameters
    ----------
    event_id
        Number of the event.
    """
    with _event(event_id, data) as (_, event):
        event.deleted_at = event.deleted_at or int(time())


@contextmanager
def _event(event_id: int, data: Data) -> Iterator[tuple[Session, Event]]:
    with open_platform(data).writing() as transaction:
        event = transaction.session.get(Event, event_id)
        if event is None:
            stop(f"there is no event {event_id}; `alpage event list` shows them")
        yield transaction.session, event


def _user_id(session: Session, email: str) -> int:
    user = users.find_by_email(session, email)
    if user is None:
        stop(f"there is no user {email}")
    return user.id


def _seconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
