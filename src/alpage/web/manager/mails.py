"""Mails the platform wrote to the person, where they are captured instead of sent: for trying things out."""

from starlette.responses import Response

from alpage.web.design.parts import Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

MAILS = "/1/profile/mails"


@pages.get("/mails")
def list_mails(visit: Visit) -> Response:
    """The mails, the latest first."""
    found = calls.api(visit).list(MAILS, **{"order_by": "id", "order": "desc", **shell.listing(visit)})
    return shell.show(visit, "manager/mails.html", mails=found.data, root=found.root)


@pages.get("/mails/{mail_id:int}")
def show_mail(visit: Visit, mail_id: int) -> Response:
    """One mail."""
    mail = calls.api(visit).get(f"{MAILS}/{mail_id}")
    crumbs = [
        Link(visit.gettext("Captured mails"), visit.url("/mails")),
        Link(mail["subject"], visit.here(), current=True),
    ]
    return shell.show(visit, "manager/mail.html", mail=mail, crumbs=crumbs)
