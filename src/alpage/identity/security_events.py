"""Security events: what happened around a user's sign-in and tokens, good or bad, for him to see and for the audit."""

from typing import Any, Literal

from sqlalchemy import JSON, ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.history import RECORD, Subject
from alpage.api.routes import Filter, Routes, Shape
from alpage.api.validation import Several
from alpage.storage.database import Transaction
from alpage.storage.tables import STEADY_IDS, Base

routes = Routes("Security events")

Kind = Literal[
    "signed_in",
    "sign_in_failed",
    "sign_in_blocked",
    "second_factor_failed",
    "signed_out",
    "password_changed",
    "password_reset_asked",
    "password_reset",
    "email_verified",
    "email_changed",
    "passkey_added",
    "passkey_removed",
    "passkey_copied",
    "totp_enabled",
    "totp_disabled",
    "recovery_codes_made",
    "recovery_code_used",
    "access_given",
    "access_refused",
    "access_revoked",
    "code_replayed",
    "refresh_token_replayed",
    "token_made",
    "token_revoked",
    "token_leaked",
    "secret_made",
    "secret_revoked",
    "session_ended",
    "factors_reset",
    "user_blocked",
    "user_unblocked",
]


# stored


class SecurityEvent(Base):
    """Something that happened around a user's sign-in or tokens."""

    __tablename__ = "security_events"
    __table_args__ = (Index(None, "user_id", "id"), STEADY_IDS)
    __event__ = "user.security_event"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(32))
    application_id: Mapped[int | None]
    grant_id: Mapped[int | None]
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    context: Mapped[dict[str, Any]] = mapped_column(JSON)  # never a secret
    created_at: Mapped[int]


subjects = [Subject(SecurityEvent, reads=("security:read",), never=RECORD)]

# on the wire


class SecurityEventShape(Shape):
    """Something that happened around the caller's sign-in or tokens."""

    id: int
    kind: str
    ip: str
    user_agent: str
    application_id: int | None
    grant_id: int | None
    context: dict[str, Any]
    created_at: int


class SecurityEventFilter(Filter):
    """Which events."""

    kind: Several[Kind] | None = None


# who sees it


def visible(caller: Caller) -> Select[SecurityEvent]:
    """The events of the caller."""
    return select(SecurityEvent).where(SecurityEvent.user_id == caller.user_id)


# the verbs


def note(
    transaction: Transaction,
    kind: Kind,
    *,
    user_id: int | None,
    now: int,
    ip: str = "",
    user_agent: str = "",
    application_id: int | None = None,
    grant_id: int | None = None,
    **context: Any,
) -> None:
    """Puts an event on record, in the transaction of what caused it."""
    transaction.session.add(
        SecurityEvent(
            user_id=user_id,
            kind=kind,
            application_id=application_id,
            grant_id=grant_id,
            ip=ip[:45],
            user_agent=user_agent[:255],
            context=context,
            created_at=now,
        )
    )


def note_call(
    call: Call,
    kind: Kind,
    *,
    user_id: int | None = None,
    application_id: int | None = None,
    grant_id: int | None = None,
    **context: Any,
) -> None:
    """Puts an event on record that a call causes; to its caller, unless another user is named."""
    note(
        call.transaction,
        kind,
        user_id=user_id or call.caller.user_id or None,
        now=call.real_now,
        ip=call.request.ip,
        user_agent=call.request.headers.get("user-agent", ""),
        application_id=application_id,
        grant_id=grant_id,
        **context,
    )


# the routes


@routes.get(
    "/1/profile/security_events",
    scope="security:read",
    answer=list[SecurityEventShape],
    sort={"id": SecurityEvent.id, "kind": SecurityEvent.kind, "created_at": SecurityEvent.created_at},
    search=(SecurityEvent.ip, SecurityEvent.user_agent),
)
def list_security_events(call: Call, filter: SecurityEventFilter) -> Select[Any]:
    """List what happened around the caller's sign-in and tokens.

    `order=desc` shows the latest first.
    """
    found = visible(call.caller)
    return found if filter.kind is None else found.where(SecurityEvent.kind.in_(filter.kind))
