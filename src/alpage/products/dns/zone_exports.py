"""Exports: all zones of an account as zone files, in one ZIP archive to take along.

A task writes them down (`tasks.py`); the archive is kept for a week.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import ForeignKey, LargeBinary, Select, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, deferred, mapped_column

from alpage.accounts.members import AccountId
from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.envelope import Response
from alpage.api.errors import not_found
from alpage.api.routes import Routes
from alpage.products.dns.access import visible
from alpage.products.dns.records import READ
from alpage.products.dns.tables import Zone
from alpage.storage.tables import Base
from alpage.tasks import queue
from alpage.tasks.tasks import AsyncTask, Task

routes = Routes("DNS zones")

KEPT_SECONDS = 7 * 24 * 3600
TASK = "dns.zones.export"

# stored


class ZoneExport(Base):
    """An export. It has no archive until its task has packed it."""

    __tablename__ = "dns_zone_exports"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    archive: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    expires_at: Mapped[int] = mapped_column(index=True)


class ZoneExportFile(Base):
    """A zone file that is not packed yet."""

    __tablename__ = "dns_zone_export_files"

    export_id: Mapped[str] = mapped_column(ForeignKey("dns_zone_exports.id", ondelete="CASCADE"), primary_key=True)
    fqdn: Mapped[str] = mapped_column(String(255), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


# who sees it


def exported(caller: Caller) -> Select[Any]:
    """The ids of the zones of an account that a caller sees."""
    return visible(caller).where(Zone.account_id == bindparam("account_id")).with_only_columns(Zone.id)


# the routes


@routes.post("/1/accounts/{account}/zones/exports", scope=READ, answer=AsyncTask, status=202)
def export_zones(call: Call, account: AccountId) -> Task:
    """Export all zones of an account that you see, as zone files in a ZIP archive.

    The `response` of the task has the address of the archive, for a week.
    """
    zone_ids = sorted(call.rows(exported, account_id=account).scalars())
    export = ZoneExport(
        id=str(uuid4()), account_id=account, user_id=call.caller.user_id, expires_at=call.now + KEPT_SECONDS
    )
    call.session.add(export)
    return queue.enqueue(
        call.transaction, TASK, call.real_now, account_id=account, export_id=export.id, zone_ids=zone_ids
    )


@routes.get("/1/accounts/{account}/zones/exports/{export}", scope=READ, answer=Response, errors=("object_not_found",))
def show_export(call: Call, account: AccountId, export: str) -> Response:
    """Answer with the archive of an export of yours."""
    wanted = {"export": export, "account": account, "user": call.caller.user_id, "now": call.now}
    found = call.transaction.execute(_ARCHIVE, wanted).one_or_none()
    if found is None:
        raise not_found("ZoneExport", export)
    headers = [("Content-Disposition", 'attachment; filename="zones.zip"'), ("Cache-Control", "private, no-store")]
    return Response(200, found.archive, headers, "application/zip")


_ARCHIVE = select(ZoneExport.archive).where(
    ZoneExport.id == bindparam("export"),
    ZoneExport.account_id == bindparam("account"),
    ZoneExport.user_id == bindparam("user"),
    ZoneExport.expires_at > bindparam("now"),
    ZoneExport.archive.is_not(None),
)
