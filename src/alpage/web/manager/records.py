"""The records of a zone: the table, with a row that turns into a form, and the form of a new one."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice
from alpage.web.manager import calls, shell, zones
from alpage.web.manager.bulk import TTL_SECONDS
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

PER_PAGE = 100
TYPES = {  # those one writes here, the usual ones first
    "A": N_("an IPv4 address"),
    "AAAA": N_("an IPv6 address"),
    "CNAME": N_("another name that this one stands for"),
    "MX": N_("priority and mail server, such as 10 mail.example.com"),
    "TXT": N_("a text"),
    "SRV": N_("priority, weight, port and server"),
    "CAA": N_("who may issue certificates, such as 0 issue \"letsencrypt.org\""),
    "NS": N_("a name server for a name below this zone"),
    "DNAME": N_("another name that everything below this one stands for"),
    "DS": N_("the key of a zone below"),
    "SMIMEA": N_("the certificate of an e-mail address"),
    "SSHFP": N_("the fingerprint of an SSH key"),
    "TLSA": N_("the certificate of a service"),
}  # fmt: skip
FIELDS = ("source", "type", "ttl", "target")
OWN_QUERY = ("edit", "add", "check")  # what of the address opens or asks something; the rest is what is looked at


@pages.get("/zones/{fqdn}")
def list_records(visit: Visit, fqdn: str) -> Response:
    """The records, as they are asked for; `?edit=` has a form in the place of one, `?check=` asks for one."""
    wanted = visit.query.get("type", "")
    asked = {"order_by": ["source_idn", "type"], **shell.listing(visit), "per_page": PER_PAGE, "with": ["idn"]}
    found = calls.api(visit).list(zones.path_of(fqdn, "/records"), **{"filter[types]": wanted or None}, **asked)
    edited, checked = _number(visit, "edit"), _number(visit, "check")
    _tell_calls(visit, fqdn, found.data, edited)
    return zones.show(
        visit,
        fqdn,
        "manager/records.html",
        records=found,
        is_grouped=asked["order_by"] in ("source_idn", ["source_idn", "type"]),
        wanted=wanted,
        is_narrowed=bool(visit.query.get("search") or wanted),
        adds="add" in visit.query or bool(visit.kept.get("adds")),
        edited=visit.kept.get("edited", edited),
        checked=checked,
        verdict=_check(visit, fqdn, checked) if checked else None,
        ttl=TTL_SECONDS,
        types=TYPES,
        type_choices=[Choice(name, name) for name in TYPES],
        filter_choices=[Choice("", visit.gettext("Every type")), *(Choice(name, name) for name in TYPES)],
        address=_address(visit, fqdn),
    )


@pages.post("/zones/{fqdn}/records")
def create_record(visit: Visit, fqdn: str) -> Response:
    """Adds a record."""
    try:
        made = calls.api(visit).call("POST", zones.path_of(fqdn, "/records"), _record(visit)).data
    except ApiError as error:
        visit.kept["adds"] = True
        return _again(visit, fqdn, error)
    sentence = visit.gettext("%(type)s record added.", type=made["type"])
    return shell.done(visit, _back(visit, fqdn), sentence)


@pages.post("/zones/{fqdn}/records/{id:int}")
def save_record(visit: Visit, fqdn: str, id: int) -> Response:
    """Changes a record."""
    try:
        saved = calls.api(visit).call("PUT", zones.path_of(fqdn, f"/records/{id}"), _record(visit)).data
    except ApiError as error:
        visit.kept["edited"] = id
        return _again(visit, fqdn, error)
    sentence = visit.gettext("%(type)s record saved.", type=saved["type"])
    return shell.done(visit, _back(visit, fqdn), sentence)


@pages.post("/zones/{fqdn}/records/{id:int}/delete")
def delete_record(visit: Visit, fqdn: str, id: int) -> Response:
    """Deletes a record: the version before brings it back."""
    calls.api(visit).call("DELETE", zones.path_of(fqdn, f"/records/{id}"))
    return shell.done(visit, _back(visit, fqdn), visit.gettext("The record was deleted. The versions bring it back."))


def wrong(error: ApiError) -> shell.Errors:
    """What is wrong with a record, by field, with what the API says of it in particular."""
    found = shell.Errors()
    contexts = [(one.attribute, one.description, one.context) for one in error.faults]
    for attribute, description, context in contexts or [
        (str(error.context.get("attribute", "")), error.description, error.context)
    ]:
        field = attribute.rpartition(".")[2]
        found.setdefault(field if field in FIELDS else shell.EVERYTHING, in_full(description, context))
    return found


def in_full(description: str, context: Mapping[str, Any]) -> str:
    """What the API says of a record that it does not take, and what exactly it is about."""
    detail = context.get("detail")
    return f"{description}. {detail}" if detail else description


def _again(visit: Visit, fqdn: str, error: ApiError) -> Response:
    if error.status in (403, 404) or error.status >= 500:
        raise error
    visit.kept["errors"] = wrong(error)
    return list_records(visit, fqdn)


def _record(visit: Visit) -> dict[str, Any]:
    ttl = visit.form.get("ttl", "").strip()
    sent: dict[str, Any] = {name: visit.form.get(name, "").strip() for name in FIELDS}
    return {**sent, "ttl": int(ttl) if ttl.isdecimal() else ttl}


def _number(visit: Visit, name: str) -> int:
    text = visit.query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _check(visit: Visit, fqdn: str, record_id: int) -> tuple[str, str]:
    """Whether the name servers answer with a record, as a kind of state and in words."""
    try:
        is_there = calls.api(visit).get(zones.path_of(fqdn, f"/records/{record_id}/check"))
    except ApiError as error:
        return "off", error.description
    if is_there:
        return "good", visit.gettext("Every name server that answers has it")
    return "waiting", visit.gettext("Not on every name server yet")


def _tell_calls(visit: Visit, fqdn: str, records: list[dict[str, Any]], edited: int) -> None:
    """The calls the forms of the table will make; one record stands for all."""
    api = calls.api(visit)
    example = {"source": "www", "type": "A", "ttl": TTL_SECONDS, "target": "192.0.2.1"}
    api.will("POST", zones.path_of(fqdn, "/records"), example, what=visit.gettext("Add a record"))
    for record in [one for one in records if one["id"] == edited] or records[:1]:
        path = zones.path_of(fqdn, f"/records/{record['id']}")
        api.will("PUT", path, {name: record[name] for name in FIELDS}, what=visit.gettext("Save"))
        api.will("DELETE", path, what=visit.gettext("Delete"))
        api.will("GET", f"{path}/check", what=visit.gettext("Ask the name servers"))


def _address(visit: Visit, fqdn: str) -> Callable[..., str]:
    """The address of a path of the zone that keeps what is looked at: what is found, in which order, which page."""
    looked_at = {name: value for name, value in visit.query.multi_items() if name not in OWN_QUERY}

    def address(below: str = "", **query: Any) -> str:
        return visit.url(f"/zones/{fqdn}{below}", **looked_at, **query)

    return address


def _back(visit: Visit, fqdn: str) -> str:
    return _address(visit, fqdn)().removeprefix(visit.place.base)
