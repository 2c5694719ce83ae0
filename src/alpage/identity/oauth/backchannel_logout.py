"""Back-channel logout: tells applications that a user has signed out (OpenID Connect Back-Channel Logout 1.0).

Whoever ends a session puts what is to be told on this list, in the same transaction; a worker sends it. The logout
token is made when it is sent, so none lies in the database. Applications name the addresses, so that they are called as
such are (`tasks/outbound.py`; A25).
"""

from threading import Event, Thread
from time import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import ForeignKey, Index, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import logs
from alpage.identity import sessions
from alpage.identity.applications import Application
from alpage.identity.credentials import pepper_of
from alpage.identity.grants import Grant
from alpage.identity.signing_keys import SigningKeys
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, Transaction
from alpage.storage.tables import STEADY_IDS, Base
from alpage.tasks.outbound import Outbound, RefusedAddressError, UndeliveredError

EVENT = "http://schemas.openid.net/event/backchannel-logout"
KIND = "logout+jwt"
TOKEN_SECONDS = 120
RETRY_SECONDS = (5, 30, 300, 1800)
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
LOOK_SECONDS = 1.0
AT_ONCE = 20
CLAIMED_SECONDS = 60  # how long a notice is left to the process that took it

log = logs.get("backchannel_logout")

# stored


class LogoutNotice(Base):
    """Somebody who is to be told of a logout, or was."""

    __tablename__ = "logout_notices"
    __table_args__ = (Index(None, "next_try_at"), STEADY_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    session: Mapped[str] = mapped_column(String(32))  # its public id
    created_at: Mapped[int]
    next_try_at: Mapped[int | None]  # none: it was told, or given up
    tries: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[int | None] = mapped_column(default=None)
    trouble: Mapped[str | None] = mapped_column(default=None)


# the verbs


def announce(transaction: Transaction, session: sessions.Session, now: int) -> None:
    """Puts all who took part in a session that ends on the list; its grants may be revoked already."""
    rows = transaction.execute(_TAKING_PART, {"session": session.id}).scalars()
    transaction.session.add_all(
        LogoutNotice(
            application_id=application_id,
            user_id=session.user_id,
            session=session.public_id,
            created_at=now,
            next_try_at=now,
        )
        for application_id in rows.all()
    )


def worker(settings: Settings, database: Database) -> "Teller":
    """What tells them."""
    return Teller(settings, database)


class Teller:
    """Tells applications of logouts, with a thread of its own."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._outbound = Outbound(private=settings.private_callbacks)
        self._ending = Event()
        self._thread = Thread(target=self._work, name="backchannel-logout", daemon=True)
        self._keys: SigningKeys | None = None

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after what is being sent."""
        self._ending.set()
        self._thread.join()
        self._outbound.close()

    def tell_all(self, now: int) -> int:
        """Tells all who are to be told by now, and answers how many were."""
        notices = self._claim(now)
        for notice in notices:
            trouble = self._tell(notice, now)
            self._note(notice, trouble, now)
        return len(notices)

    def _work(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            try:
                while self.tell_all(int(time())) == AT_ONCE:
                    pass
            except Exception:
                log.exception("failed")

    def _claim(self, now: int) -> list[Any]:
        """The notices that are due, left to this process for a while."""
        with self._database.reading() as transaction:
            due = transaction.execute(_DUE, {"now": now}).all()
        if not due:
            return []
        claimed = []
        with self._database.transaction(NOBODY) as transaction:
            for notice in due:
                values = {"notice": notice.id, "seen": notice.next_try_at, "until": now + CLAIMED_SECONDS}
                if transaction.execute(_CLAIM, values).one_or_none() is not None:
                    claimed.append(notice)
        return claimed

    def _tell(self, notice: Any, now: int) -> str | None:
        """Sends one notice; answers what went wrong, if something did."""
        form = urlencode({"logout_token": self._token(notice, now)}).encode()
        try:
            answer = self._outbound.send("POST", notice.backchannel_logout_uri, HEADERS, form)
        except (RefusedAddressError, UndeliveredError) as error:
            return str(error)
        return None if answer.status in (200, 204) else f"status {answer.status}"

    def _token(self, notice: Any, now: int) -> str:
        """The logout token (Back-Channel Logout 1.0, 2.4)."""
        if self._keys is None:  # made in the process that works, not in the one that forks it
            self._keys = SigningKeys(self._database, pepper_of(self._settings))
        claims = {
            "iss": self._settings.issuer,
            "aud": notice.client_id,
            "sub": str(notice.user_id),
            "sid": notice.session,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": uuid4().hex,
            "events": {EVENT: {}},
        }
        return self._keys.sign(claims, notice.id_token_alg, now, KIND)

    def _note(self, notice: Any, trouble: str | None, now: int) -> None:
        waits = RETRY_SECONDS[notice.tries] if trouble and notice.tries < len(RETRY_SECONDS) else None
        values = {
            "notice": notice.id,
            "tries_made": notice.tries + 1,
            "next": None if waits is None else now + waits,
            "told": None if trouble else now,
            "what": trouble,
        }
        with self._database.transaction(NOBODY) as transaction:
            transaction.execute(_NOTE, values)


_TAKING_PART = (
    select(Application.id)
    .distinct()
    .join(Grant, Grant.application_id == Application.id)
    .where(
        Grant.session_id == bindparam("session"),
        Application.backchannel_logout_uri.is_not(None),
        Application.revoked_at.is_(None),
    )
)
_DUE = (
    select(
        LogoutNotice.__table__,
        Application.client_id,
        Application.backchannel_logout_uri,
        Application.id_token_alg,
    )
    .join(Application, Application.id == LogoutNotice.application_id)
    .where(LogoutNotice.next_try_at <= bindparam("now"), Application.backchannel_logout_uri.is_not(None))
    .order_by(LogoutNotice.next_try_at)
    .limit(AT_ONCE)
)
_CLAIM = (
    update(LogoutNotice)
    .where(LogoutNotice.id == bindparam("notice"), LogoutNotice.next_try_at == bindparam("seen"))
    .values(next_try_at=bindparam("until"))
    .returning(LogoutNotice.id)
    .execution_options(synchronize_session=False)
)
_NOTE = (
    update(LogoutNotice)
    .where(LogoutNotice.id == bindparam("notice"))
    .values(
        tries=bindparam("tries_made"),
        next_try_at=bindparam("next"),
        told_at=bindparam("told"),
        trouble=bindparam("what"),
    )
    .execution_options(synchronize_session=False)
)
