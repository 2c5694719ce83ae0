"""The outbox: mails to a user where there is no relay, and mails are captured instead; for the sandbox.

Whoever can read it can use the links in it: with a relay there is nothing to see.
"""

from typing import Any

from sqlalchemy import Select, false, select

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Routes, Shape
from alpage.identity.users import User
from alpage.tasks import mail_texts
from alpage.tasks.mails import Mail

routes = Routes("Mails")

# on the wire


class MailShape(Shape):
    """A mail to the caller that was captured."""

    id: int
    recipient: str
    template: str
    subject: str
    language: str
    created_at: int
    sent_at: int | None

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The mail, with its subject as it is read."""
        return _present(row, mail_texts.write(call.settings, row.template, row.language, row.content))


class WholeMail(MailShape):
    """A mail to the caller that was captured, with what it says."""

    text: str
    html: str

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The mail as it is read."""
        text = mail_texts.write(call.settings, row.template, row.language, row.content)
        return {**_present(row, text), "text": text.plain, "html": text.html}


# who sees it


def visible(call: Call) -> Select[Mail]:
    """The mails to the address the caller signs in with; none where mails leave for the world."""
    if call.settings.smtp_url:
        return select(Mail).where(false())
    own = select(User.email).where(User.id == call.caller.user_id).scalar_subquery()
    return select(Mail).where(Mail.recipient == own)


# the verbs


def _present(row: Any, text: mail_texts.Text) -> dict[str, Any]:
    return {
        "id": row.id,
        "recipient": row.recipient,
        "template": row.template,
        "subject": text.subject,
        "language": text.language,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
    }


# the routes


@routes.get(
    "/1/profile/mails",
    scope="security:read",
    answer=list[MailShape],
    sort={"id": Mail.id, "template": Mail.template, "created_at": Mail.created_at},
    search=(Mail.template,),
    recounts=True,
)
def list_mails(call: Call) -> Select[Any]:
    """List the mails to the caller, where mails are captured and sent to nobody."""
    return visible(call)


@routes.get("/1/profile/mails/{mail_id}", scope="security:read", answer=WholeMail)
def show_mail(call: Call, mail_id: int) -> Any:
    """Show a captured mail."""
    mail = call.transaction.find(visible(call).where(Mail.id == mail_id))
    if mail is None:
        raise not_found("Mail", mail_id)
    return mail
