"""The organisation itself: what it is, what it has, and its settings."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError
from alpage.web.translations.catalogues import N_

pages = Pages()

LEGAL_ENTITIES = {
    "company": N_("Company"),
    "individual": N_("Individual"),
    "public_body": N_("Public body"),
    "restrict": N_("Association"),
}
LOCALES = {"de_DE": "Deutsch", "en_GB": "English", "es_ES": "Español", "fr_FR": "Français", "it_IT": "Italiano"}
ROLES = {"owner": N_("Owner"), "admin": N_("Administrator"), "normal": N_("Member")}
ROLE_HINTS = {
    "owner": N_("May do everything, and make others owners."),
    "admin": N_("Looks after products, members and teams."),
    "normal": N_("Reaches the products that were opened to this person."),
}
SERVICES = {"domain": N_("Domains")}  # by the names the API has for them
ADDRESS_TYPES = {"main": N_("Main address"), "postal": N_("Postal address"), "billing": N_("Address for invoices")}
OPTIONAL = ("website", "phone", "vat_number")
EXPANSIONS = (
    "timezone", "website", "phone", "vat_number", "addresses", "type", "nb_users", "nb_invitations", "count_owners",
    "is_blocked",
)  # fmt: skip
ADDRESS_FIELDS = ("street", "street2", "zip", "city", "type")
NEW_ADDRESS = {**dict.fromkeys(ADDRESS_FIELDS, ""), "type": "main", "country": {"id": ""}, "for_invoice": False}


def current(visit: Visit) -> dict[str, Any]:
    """The organisation that is worked in. Raises PageError where there is none."""
    found = shell.account(visit)
    if found is None:
        raise PageError(404, visit.gettext("You are not a member of any organisation yet."))
    return found


def path_of(visit: Visit, below: str = "", version: int = 1) -> str:
    """The path of the API to something of the organisation that is worked in."""
    return f"/{version}/accounts/{current(visit)['id']}{below}"


def service_label(visit: Visit, name: str) -> str:
    """What a service is called here; one that is not known here goes by the name of the API."""
    return visit.gettext(SERVICES[name]) if name in SERVICES else name


def choices(visit: Visit, words: Mapping[str, str], hints: Mapping[str, str] | None = None) -> list[Choice]:
    """What a field may be, in the visitor's language."""
    told = hints or {}
    return [
        Choice(value, visit.gettext(label), visit.gettext(told[value]) if value in told else "")
        for value, label in words.items()
    ]


def crumbs(visit: Visit, path: str, label: str, here: str) -> list[Link]:
    """Where one is: a page below the one at a path."""
    return [Link(label, visit.url(path)), Link(here, visit.url(visit.path), current=True)]


def administers(visit: Visit) -> bool:
    """Whether the visitor administers the organisation; asked once a visit."""
    if "administers" not in visit.kept:
        account = calls.api(visit).get(path_of(visit), **{"with": ["type"]})
        visit.kept["administers"] = account["type"] in ("owner", "admin")
    known: bool = visit.kept["administers"]
    return known


@pages.get("/account")
def show_account(visit: Visit) -> Response:
    """What the organisation is and has, and its settings."""
    api = calls.api(visit)
    account = api.get(path_of(visit), **{"with": EXPANSIONS})
    services = [one for one in api.get(path_of(visit, "/services")) if one["count"]]
    may_change = account["type"] in ("owner", "admin")
    if may_change:
        api.will("PATCH", path_of(visit), {"name": account["name"]}, what=visit.gettext("Save"))
    return shell.show(
        visit,
        "manager/account.html",
        account=account,
        services=services,
        service_label=partial(service_label, visit),
        may_change=may_change,
        roles=ROLES,
        entities=choices(visit, LEGAL_ENTITIES),
        language=LOCALES[account["locale"]],
        locales=[Choice(value, label) for value, label in LOCALES.items()],
        timezones=[Choice(one["name"], one["name"]) for one in api.get("/1/timezones")] if may_change else [],
        address_types=ADDRESS_TYPES,
    )


@pages.post("/account")
def save_account(visit: Visit) -> Response:
    """Changes the settings: what is left empty is taken away."""
    fields = ("name", "legal_entity_type", "locale", "timezone", *OPTIONAL)
    body = {name: visit.form[name].strip() for name in fields if name in visit.form}
    try:
        calls.api(visit).call("PATCH", path_of(visit), body)
    except ApiError as error:
        return shell.again(visit, show_account, error)
    return shell.done(visit, "/account", visit.gettext("The settings were saved."))


@pages.get("/account/addresses/new")
def show_new_address(visit: Visit) -> Response:
    """The form of a new address."""
    return _address_page(visit, NEW_ADDRESS)


@pages.post("/account/addresses/new")
def create_address(visit: Visit) -> Response:
    """Adds an address."""
    try:
        calls.api(visit).call("POST", path_of(visit, "/addresses"), _address(visit))
    except ApiError as error:
        return shell.again(visit, show_new_address, error)
    return shell.done(visit, "/account", visit.gettext("The address was added."))


@pages.get("/account/addresses/{id:int}")
def show_address(visit: Visit, id: int) -> Response:
    """The form of an address."""
    found = calls.api(visit).get(path_of(visit, "/addresses"))
    address = next((one for one in found if one["id"] == id), None)
    if address is None:
        raise PageError(404)
    return _address_page(visit, address)


@pages.post("/account/addresses/{id:int}")
def save_address(visit: Visit, id: int) -> Response:
    """Changes an address, or deletes it."""
    path = path_of(visit, f"/addresses/{id}")
    if "delete" in visit.form:
        calls.api(visit).call("DELETE", path)
        return shell.done(visit, "/account", visit.gettext("The address was deleted."))
    try:
        calls.api(visit).call("PATCH", path, _address(visit))
    except ApiError as error:
        return shell.again(visit, show_address, error, id=id)
    return shell.done(visit, "/account", visit.gettext("The address was saved."))


def _address_page(visit: Visit, address: Mapping[str, Any]) -> Response:
    here = visit.gettext("Address") if "id" in address else visit.gettext("New address")
    countries = calls.api(visit).get("/1/countries", order_by="name")
    path = path_of(visit, "/addresses")
    if "id" in address:
        calls.api(visit).will("PATCH", f"{path}/{address['id']}", {"city": address["city"]}, what=visit.gettext("Save"))
        calls.api(visit).will("DELETE", f"{path}/{address['id']}", what=visit.gettext("Delete"))
    else:
        calls.api(visit).will("POST", path, {"street": "…", "zip": "…", "city": "…"}, what=visit.gettext("Save"))
    return shell.show(
        visit,
        "manager/address.html",
        title=here,
        address=address,
        crumbs=crumbs(visit, "/account", current(visit)["name"], here),
        types=choices(visit, ADDRESS_TYPES),
        countries=[Choice("", "")] + [Choice(str(one["id"]), one["name"]) for one in countries],
    )


def _address(visit: Visit) -> dict[str, Any]:
    country = visit.form.get("country_id", "")
    return {
        **{name: visit.form.get(name, "").strip() for name in ADDRESS_FIELDS},
        "country_id": int(country) if country.isdecimal() else 0,
        "for_invoice": "for_invoice" in visit.form,
    }
