"""What the DNS product does outside of requests."""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from sqlalchemy import delete, select

from alpage.products.dns.tables import Zone
from alpage.products.dns.zone_exports import TASK, ZoneExport, ZoneExportFile
from alpage.products.dns.zones import text_of
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, Transaction
from alpage.tasks.declarations import PermanentError, declare, every
from alpage.tasks.running import Running

AT_ONCE = 20  # zones that are written down in one transaction


@declare(TASK)
def export_zones(task: Running, export_id: str, zone_ids: list[int]) -> dict[str, Any]:
    """Writes down zones as zone files, some at a time, and packs them into one archive."""
    written = sum(
        task.write("zones", _write_down, task.account_id, export_id, some) for some in task.batches(zone_ids, AT_ONCE)
    )
    size, expires_at = task.write("archive", _pack, export_id)
    url = f"{task.settings.public_url}/1/accounts/{task.account_id}/zones/exports/{export_id}"
    return {"url": url, "zones": written, "size_bytes": size, "expires_at": expires_at}


@every("41 4 * * *", "dns.exports.forget")
def forget_exports(_settings: Settings, database: Database, now: int) -> None:
    """Deletes archives whose time is over."""
    with database.transaction(NOBODY) as transaction:
        transaction.execute(delete(ZoneExport).where(ZoneExport.expires_at < now))


def _write_down(transaction: Transaction, account_id: int, export_id: str, zone_ids: Sequence[int]) -> int:
    """Adds zone files to an export, of those zones that are still there."""
    wanted = select(Zone).where(Zone.id.in_(zone_ids), Zone.account_id == account_id)
    zones = transaction.session.scalars(wanted).all()
    transaction.session.add_all(
        ZoneExportFile(export_id=export_id, fqdn=zone.fqdn, text=text_of(transaction, zone)) for zone in zones
    )
    return len(zones)


def _pack(transaction: Transaction, export_id: str) -> tuple[int, int]:
    """Packs the files of an export; answers with its size, and until when it is kept."""
    export = transaction.session.get(ZoneExport, export_id)
    if export is None:
        raise PermanentError("object_not_found", model="ZoneExport", id=export_id)
    files = select(ZoneExportFile.fqdn, ZoneExportFile.text).where(ZoneExportFile.export_id == export_id)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in transaction.execute(files.order_by(ZoneExportFile.fqdn)):
            archive.writestr(f"{file.fqdn}.zone", file.text)
    export.archive = packed.getvalue()
    transaction.execute(delete(ZoneExportFile).where(ZoneExportFile.export_id == export_id))
    return len(export.archive), export.expires_at
