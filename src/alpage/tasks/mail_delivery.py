"""Mail delivery: the worker that sees the mails of the list off.

A mail is claimed for a while before it is sent, so that of several workers one sends it; if that one dies, the mail is
due again when the while is over. A mail that cannot leave is tried again after ever longer waits, for three days.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from threading import Event, Thread
from time import time
from typing import Any

from jinja2 import TemplateError
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from alpage.api import logs
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database
from alpage.tasks import mail_texts
from alpage.tasks.mail_carriers import Carrier, RefusedError, carrier
from alpage.tasks.mails import Mail

PAUSE_SECONDS = 1.0
CLAIM_SECONDS = 600
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 30, 4 * 3600
GIVEN_UP_SECONDS = 3 * 24 * 3600
BATCH = 100
MAX_TROUBLE_LENGTH = 500

log = logs.get("mails")


class Deliverer:
    """Sends what is due."""

    def __init__(self, settings: Settings, database: Database, taker: Carrier) -> None:
        self._settings = settings
        self._database = database
        self._carrier = taker
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="mails", daemon=True)

    def start(self) -> None:
        """Begins to look for mails that are due."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after the mail that is being sent."""
        self._stopping.set()
        self._thread.join()

    def deliver(self, now: int) -> int:
        """Sends the mails that are due; answers with how many there were."""
        with self._database.reading() as transaction:
            due = transaction.execute(_DUE, {"now": now}).all()
        for mail in due:
            if not self._stopping.is_set() and self._claim(mail, now):
                self._send(mail, now)
        return len(due)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.deliver(int(time()))
            except SQLAlchemyError:
                log.exception("database out of reach")

    def _claim(self, mail: Any, now: int) -> bool:
        values = {"claimed_id": mail.id, "seen": mail.next_try_at, "until": now + CLAIM_SECONDS}
        with self._database.transaction(NOBODY) as transaction:
            return transaction.execute(_CLAIM, values).first() is not None

    def _send(self, mail: Any, now: int) -> None:
        try:
            self._carrier.carry(compose(self._settings, mail, now))
        except OSError as error:
            self._try_again(mail, now, str(error))
        except (RefusedError, TemplateError, LookupError, ValueError) as error:  # as it is, it never will leave
            log.exception("mail given up", mail_id=mail.id, template=mail.template)
            self._note(mail, next_try_at=None, sent_at=None, trouble=f"{type(error).__name__}: {error}")
        else:
            self._note(mail, next_try_at=None, sent_at=now, trouble=None)

    def _try_again(self, mail: Any, now: int, trouble: str) -> None:
        wait = min(FIRST_WAIT_SECONDS << mail.tries, LONGEST_WAIT_SECONDS)
        is_over = now + wait > mail.created_at + GIVEN_UP_SECONDS
        log.warning("mail not sent", mail_id=mail.id, trouble=trouble, tries=mail.tries + 1, given_up=is_over)
        self._note(mail, next_try_at=None if is_over else now + wait, sent_at=None, trouble=trouble)

    def _note(self, mail: Any, *, next_try_at: int | None, sent_at: int | None, trouble: str | None) -> None:
        values = {"next_try_at": next_try_at, "sent_at": sent_at, "trouble": trouble and trouble[:MAX_TROUBLE_LENGTH]}
        with self._database.transaction(NOBODY) as transaction:
            transaction.execute(update(Mail).where(Mail.id == mail.id).values(**values))


def compose(settings: Settings, mail: Any, now: int) -> EmailMessage:
    """A mail of the list as it leaves. It has the same Message-ID each time it is tried."""
    text = mail_texts.write(settings, mail.template, mail.language, mail.content)
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.mail_from
    message["To"] = mail.recipient
    message["Subject"] = text.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    message["Message-ID"] = f"<{mail.created_at}.{mail.id}@{parseaddr(settings.mail_from)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # nobody's holiday notice should answer (RFC 3834)
    message.set_content(text.plain)
    message.add_alternative(text.html, subtype="html")
    message["Content-Language"] = text.language
    return message


def worker(settings: Settings, database: Database) -> Deliverer:
    """What delivers the mails of a database: to a relay, or into the folder of captured mails."""
    return Deliverer(settings, database, carrier(settings))


_DUE = select(Mail.__table__).where(Mail.next_try_at <= bindparam("now")).order_by(Mail.next_try_at).limit(BATCH)
_CLAIM = (
    update(Mail)
    .where(Mail.id == bindparam("claimed_id"), Mail.next_try_at == bindparam("seen"))
    .values(next_try_at=bindparam("until"), tries=Mail.tries + 1)
    .returning(Mail.id)
    .execution_options(synchronize_session=False)
)
