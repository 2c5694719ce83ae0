"""Dynamic DNS: `GET /nic/update`, the dyndns2 protocol that routers and programs like ddclient speak.

It answers in plain text and not in JSON, signs in with HTTP Basic, and writes with a GET; so it is a page beside the
API. A host is any name that has an address record in a zone the user may change: nothing has to be set up, and no name
comes into being by it. The password is an application password, or a token with the scope `dns:write`.
"""

import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import time

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from alpage.api import logs
from alpage.api.callers import Caller
from alpage.api.dispatch import Api
from alpage.api.errors import ApiError
from alpage.identity import application_passwords
from alpage.identity.users import User
from alpage.products.dns import edits, names
from alpage.products.dns.access import WRITE_RIGHT, visible
from alpage.products.dns.records import WRITE
from alpage.products.dns.tables import Record, Zone
from alpage.storage.changes import Author
from alpage.storage.database import Transaction

MOST_HOSTS = 20
OFFLINE = {"A": "0.0.0.0", "AAAA": "::"}  # noqa: S104 - addresses that lead nowhere, not ones to listen on
TRUE = frozenset({"yes", "true", "1", "on"})

Addresses = Mapping[str, str]  # by record type

log = logs.get("dyndns")


@dataclass(frozen=True, slots=True)
class Update:
    """What a client asks for."""

    authorization: str
    ip: str
    hosts: tuple[str, ...]
    addresses: Addresses
    is_offline: bool


def pages(api: Api) -> list[Route]:
    """The page of the protocol."""

    async def update(request: Request) -> Response:
        return await api.workers.run(partial(answer, api), read(request, api))

    return [Route("/nic/update", update)]


def read(request: Request, api: Api) -> Update:
    """The update a request asks for; without an address it is the one the request comes from."""
    query = request.query_params
    ip = api.networks.client(request.client.host if request.client else "", request.headers.get("x-forwarded-for", ""))
    given = f"{query.get('myip', '')},{query.get('myipv6', '')}".split(",")
    return Update(
        authorization=request.headers.get("authorization", ""),
        ip=ip,
        hosts=tuple(host.strip() for host in query.get("hostname", "").split(",")),
        addresses=_addresses(given) or _addresses([ip]),
        is_offline=query.get("offline", "").lower() in TRUE,
    )


def answer(api: Api, update: Update) -> Response:
    """The answer to an update: a line for each host."""
    try:
        return _answer(api, update)
    except ApiError as error:
        if error.code == "too_many_requests":
            return PlainTextResponse("abuse", error.status, dict(error.headers))
        return PlainTextResponse("badauth", 401, {"WWW-Authenticate": 'Basic realm="DNS"'})
    except SQLAlchemyError:
        log.exception("failed", hosts=update.hosts)
        return PlainTextResponse("911", 503)


def _answer(api: Api, update: Update) -> Response:
    now = int(time())
    caller = _identify(api, update, now)
    api.limits.take(str(caller.user_id))
    if len(update.hosts) > MOST_HOSTS:
        return PlainTextResponse("numhost")
    author = Author(caller.user_id, caller.grant_id or None, os.urandom(12).hex())
    with api.database.transaction(author) as transaction:
        lines = [_update(transaction, caller, host, update, now) for host in update.hosts]
    return PlainTextResponse("\n".join(lines))


def _identify(api: Api, update: Update, now: int) -> Caller:
    """Who signs in. Raises an ApiError if nobody does who may write zones."""
    login, password = _read_basic(update.authorization)
    with api.database.transaction(Author()) as transaction:
        user_id = application_passwords.owner(transaction, api.settings, login, password, now)
    if user_id is not None:
        return Caller(user_id=user_id, grant_id=0, scopes=frozenset({WRITE}))
    caller = api.callers.identify(f"Bearer {password}", update.ip)
    with api.database.reading() as transaction:
        user = transaction.execute(select(User.login, User.email).where(User.id == caller.user_id)).one()
    if login.lower() not in (user.login.lower(), user.email.lower()) or not caller.has_scope(WRITE):
        raise ApiError("access_denied")
    return caller


def _read_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        login, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        raise ApiError("not_authorized") from None
    if scheme.lower() != "basic":
        raise ApiError("not_authorized")
    return login, password


def _addresses(given: Sequence[str]) -> Addresses:
    """The addresses among some texts, by record type; what is none is passed over, as the protocol has it."""
    found: dict[str, str] = {}
    for text in given:
        try:
            address: IPv4Address | IPv6Address = ip_address(text.strip())
        except ValueError:
            continue
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        address = mapped or address
        found["A" if isinstance(address, IPv4Address) else "AAAA"] = str(address)
    return found


def _update(transaction: Transaction, caller: Caller, host: str, update: Update, now: int) -> str:
    try:
        fqdn = names.to_ascii(host)
    except names.InvalidNameError:
        return "notfqdn"
    if "." not in fqdn:
        return "notfqdn"
    zone = _zone_of(transaction, caller, fqdn)
    records = _address_records(transaction, zone, fqdn) if zone else {}
    if zone is None or not records or any(len(of_type) > 1 for of_type in records.values()):
        return "nohost"
    addresses = {rtype: OFFLINE[rtype] for rtype in records} if update.is_offline else update.addresses
    try:
        has_changed = _set(transaction, zone, records, addresses, now)
    except ApiError:
        return "dnserr"
    return f"{'good' if has_changed else 'nochg'} {','.join(addresses.values())}"


def _zone_of(transaction: Transaction, caller: Caller, fqdn: str) -> Zone | None:
    """The nearest zone above a name that the caller may change, locked."""
    holding = visible(caller, WRITE_RIGHT).where(Zone.fqdn.in_(names.with_parents(fqdn)))
    nearest = holding.order_by(func.length(Zone.fqdn).desc()).limit(1)
    zone: Zone | None = transaction.find(nearest.with_for_update(of=Zone))
    return zone


def _address_records(transaction: Transaction, zone: Zone, fqdn: str) -> dict[str, list[Record]]:
    source = names.APEX if fqdn == zone.fqdn else fqdn.removesuffix(f".{zone.fqdn}")
    query = select(Record).where(Record.zone_id == zone.id, Record.source == source, Record.type.in_(OFFLINE))
    records: dict[str, list[Record]] = {}
    for record in transaction.session.scalars(query):
        records.setdefault(record.type, []).append(record)
    return records


def _set(
    transaction: Transaction, zone: Zone, records: Mapping[str, Sequence[Record]], addresses: Addresses, now: int
) -> bool:
    """Gives a host its addresses, and tells whether anything changed; other types of address stay."""
    host = next(iter(records.values()))[0].data
    wanted: list[edits.Edit] = []
    for rtype, address in addresses.items():
        after = replace(host, type=rtype, target=address)
        wanted += [edits.change(record, replace(after, ttl=record.ttl)) for record in records.get(rtype, ())]
        wanted += [edits.create(after)] if rtype not in records else []
    edits.write(transaction, zone, wanted, now=now)
    return any(edit.before != edit.after for edit in wanted)
