"""The routes of sessions: where a user is signed in, and how he ends that."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Routes, Shape
from alpage.identity import security_events, sessions, user_agents
from alpage.identity.sessions import Session, SessionUse

routes = Routes("Sessions")

# on the wire


class SessionShape(Shape):
    """A browser the caller is signed in with."""

    id: int
    browser: str
    device: str
    ip: str
    user_agent: str
    methods: list[str]
    authenticated_at: int
    created_at: int
    last_accessed_at: int
    expires_at: int
    is_current: bool

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The session, in words people know; `is_current` is the one this access was given in."""
        return {
            "id": row.id,
            "browser": user_agents.browser_of(row.user_agent),
            "device": user_agents.device_of(row.user_agent),
            "ip": row.ip,
            "user_agent": row.user_agent,
            "methods": row.methods,
            "authenticated_at": row.authenticated_at,
            "created_at": row.created_at,
            "last_accessed_at": row.last_accessed_at,
            "expires_at": row.expires_at,
            "is_current": row.id == call.caller.session_id,
        }


# who sees it


def visible(caller: Caller, now: int) -> Select[Session]:
    """The sessions of the caller that have not ended."""
    return select(Session).where(
        Session.user_id == caller.user_id, Session.ended_at.is_(None), Session.expires_at > now
    )


# the verbs


def of_caller(call: Call) -> list[dict[str, Any]]:
    """The sessions of the caller as his profile shows them. Where an address lies on earth is not looked up."""
    rows = call.transaction.execute(_described(call).order_by(Session.id))
    return [
        {
            "browser": user_agents.browser_of(row.user_agent),
            "last_accessed_at": row.last_accessed_at,
            "device": user_agents.device_of(row.user_agent),
            "location": "",
            "ip": row.ip,
            "user_agent": row.user_agent,
        }
        for row in rows
    ]


def _described(call: Call) -> Select[Any]:
    return (
        visible(call.caller, call.now)
        .with_only_columns(*Session.__table__.c, LAST_ACCESSED_AT.label("last_accessed_at"))
        .outerjoin(SessionUse, SessionUse.session_id == Session.id)
    )


def _end(call: Call, session: Session) -> None:
    sessions.end(call.transaction, session, call.real_now)
    security_events.note(
        call.transaction,
        "session_ended",
        user_id=session.user_id,
        now=call.real_now,
        ip=call.request.ip,
        user_agent=call.request.user_agent,
        session_id=session.id,
    )


LAST_ACCESSED_AT: ColumnElement[int] = func.coalesce(SessionUse.used_at, Session.created_at)

# the routes


@routes.get(
    "/1/profile/sessions",
    scope="security:read",
    answer=list[SessionShape],
    recounts=True,  # uses are joined to it, which the change log does not watch
    sort={
        "id": Session.id,
        "authenticated_at": Session.authenticated_at,
        "created_at": Session.created_at,
        "last_accessed_at": LAST_ACCESSED_AT,
        "expires_at": Session.expires_at,
    },
    search=(Session.ip, Session.user_agent),
)
def list_sessions(call: Call) -> Select[Any]:
    """List the browsers the caller is signed in with.

    `methods` says how he signed in, in the words of RFC 8176: `pwd` a password, `otp` an authenticator, `hwk` or `swk`
    a passkey.
    """
    return _described(call)


@routes.delete("/1/profile/sessions/{session_id}", scope="security:write", answer=bool)
def end_session(call: Call, session_id: int) -> bool:
    """End a session: that browser is signed out, and the access given in it ends."""
    session = call.transaction.find(visible(call.caller, call.now).where(Session.id == session_id))
    if session is None:
        raise not_found("Session", session_id)
    _end(call, session)
    return True


@routes.delete("/1/profile/sessions", scope="security:write", answer=bool)
def end_other_sessions(call: Call) -> bool:
    """End all sessions but the one this access was given in.

    A personal token belongs to no session: with one, all of them end.
    """
    for session in call.session.scalars(visible(call.caller, call.now)).all():
        if session.id != call.caller.session_id:
            _end(call, session)
    return True
