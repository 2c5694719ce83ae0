"""`alpage zone`: zones as files, for who runs the platform."""

import sys
from pathlib import Path
from time import time

from cyclopts import App
from sqlalchemy import func, select

from alpage.api.errors import ApiError
from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.products.dns import edits, names, zones
from alpage.products.dns.tables import Zone
from alpage.products.domains.domains import Domain
from alpage.settings import Settings
from alpage.storage.database import Transaction

app = App(name="zone", help="Export and import zone files.")


@app.command(name="export")
def export_zone(name: str, file: Path | None = None, /, *, data: Data = None) -> None:
    """Write a zone as a zone file.

    Parameters
    ----------
    name
        Name of the zone, in Unicode or punycode.
    file
        File to write; standard output if not given.
    """
    with open_platform(data).database.reading() as transaction:
        zone = transaction.find(select(Zone).where(Zone.fqdn == _read_name(name)))
        if zone is None:
            stop(f"there is no zone {name}")
        text = zones.text_of(transaction, zone)
    if file is None:
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")


@app.command(name="import")
def import_zone(name: str, file: Path | None = None, /, *, data: Data = None) -> None:
    """Replace the records of a zone by those of a zone file. A zone that is new belongs to the domain it is in.

    Parameters
    ----------
    name
        Name of the zone, in Unicode or punycode.
    file
        File to read; standard input if not given.
    """
    text = sys.stdin.read() if file is None else _read_file(file)
    now, platform = int(time()), open_platform(data)
    with platform.writing() as transaction:
        zone = _find_or_create(transaction, platform.settings, _read_name(name), now)
        try:
            notes = zones.take_text(transaction, zone, text, now)
        except ApiError as error:
            stop("\n".join(_sentences(error)))
    for note in notes:
        print(f"line {note.line}: {note.message}", file=sys.stderr)


def _find_or_create(transaction: Transaction, settings: Settings, fqdn: str, now: int) -> Zone:
    zone = transaction.session.scalar(select(Zone).where(Zone.fqdn == fqdn))
    if zone is not None:
        return zone
    longest = select(Domain).where(Domain.name.in_(names.with_parents(fqdn))).order_by(func.length(Domain.name).desc())
    domain = transaction.session.scalars(longest.limit(1)).first()
    if domain is None:
        stop(f"there is no domain {fqdn}; `alpage domain create` makes one")
    return edits.found_zone(
        transaction,
        fqdn,
        account_id=domain.account_id,
        product_id=domain.id,
        nameservers=settings.dns_nameservers,
        now=now,
    )


def _sentences(error: ApiError) -> list[str]:
    contexts = [fault.context for fault in error.faults] or [error.context]
    return [f"line {context['line']}: {context['detail']}" for context in contexts]


def _read_name(text: str) -> str:
    try:
        return names.domain(text)
    except names.InvalidNameError as error:
        stop(error.message)


def _read_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{file}: {error}")
