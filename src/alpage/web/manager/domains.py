"""Domains: their names, until when they are one's own, who serves them, and what vouches for them."""

from collections.abc import Mapping
from time import time
from typing import Any

from starlette.responses import Response

from alpage.client import Answer, ApiError
from alpage.web.design.parts import Choice, Difference, Link, Step
from alpage.web.manager import calls, shell, zones
from alpage.web.manager.account import administers, path_of
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

DOMAIN_SERVICE = 14
SOON_SECONDS = 60 * 86_400
MOST = 1000  # what a list of the API answers at most
COLORS = 9  # of tags; the manager knows so many
OURS, OWN = "ours", "own"
Write = tuple[str, str, dict[str, Any]]  # method, path and body of a call
NAMES = {"domain": N_("Domain"), "dns.zone": N_("Zone")}  # what the plan of a domain is about
ATTRIBUTES = {
    "nameservers": N_("Name servers"),
    "dnssec_data": N_("Keys at the registry"),
    "dnssec_is_enabled": N_("DNSSEC"),
}


@pages.get("/domains")
def list_domains(visit: Visit) -> Response:
    """The domains of the organisation."""
    asked = {"order_by": "name", **shell.listing(visit)}
    tag = visit.query.get("tag", "")
    tags = calls.api(visit).get(path_of(visit, "/tags"), order_by="name")
    tagged = _tags_by_domain(visit)
    found = _of_tag(visit, asked, tag, tagged) if tag.isdecimal() else calls.api(visit).list(_list_path(visit), **asked)
    if found.data:
        calls.api(visit).will("POST", _exports(visit), what=visit.gettext("Export all zones"))
    now = time()
    return shell.show(
        visit,
        "manager/domains.html",
        domains=found,
        tag=tag,
        tags=[Choice("", visit.gettext("Every tag"))] + [Choice(str(one["id"]), one["name"]) for one in tags],
        tagged=tagged,
        state_of=lambda domain: state_of(domain["expired_at"], now),
    )


@pages.post("/domains/export")
def export_zones(visit: Visit) -> Response:
    """Begins the export of all zones of the organisation."""
    task = calls.api(visit).call("POST", _exports(visit)).data
    return visit.redirect(f"/tasks/{task['uuid']}")


@pages.get("/domains/{name}")
def show_domain(visit: Visit, name: str) -> Response:
    """A domain; a name below one leads to it."""
    api = calls.api(visit)
    try:
        domain = api.get(_path(name))
    except ApiError as error:
        above = name.partition(".")[2]
        if error.status != 404 or "." not in above or visit.method != "GET":
            raise
        return visit.redirect(f"/domains/{above}")
    product = _product(visit, domain)
    dnssec = api.get(f"/2/domains/{name}/dnssec/check")
    zones_of = api.get(_path(name, "/zones"))
    may_change = bool(product and product["rights"]["technical"])
    all_tags = api.get(f"/1/accounts/{domain['account_id']}/tags", order_by="name") if may_change else []
    if may_change and product:
        _tell_calls(visit, name, domain, product)
    is_served_here = api.get(f"/1/domains/account/{domain['account_id']}/domain/{name}")["is_dns_managed_by_infomaniak"]
    return shell.show(
        visit,
        "manager/domain.html",
        domain=domain,
        product=product,
        may_change=may_change,
        dnssec=dnssec,
        is_served_here=is_served_here,
        zones=zones_of,
        readable=zones.readable,
        state=state_of(domain["expires_at"], time()),
        has_own_servers=visit.form.get("servers", OURS if is_served_here else OWN) == OWN,
        all_tags=[Choice(str(one["id"]), one["name"]) for one in all_tags],
        may_make_tags=administers(visit) if may_change else False,
        given=[one["id"] for one in product["tags"]] if product else [],
        crumbs=[
            Link(visit.gettext("Domains"), visit.url("/domains")),
            Link(domain["name_idn"], visit.url(f"/domains/{name}"), current=True),
        ],
        lately=zones.lately(visit, zones_of[0]["fqdn"]) if zones_of else [],
    )


@pages.post("/domains/{name}/nameservers")
def replace_nameservers(visit: Visit, name: str) -> Response:
    """Delegates a domain to other name servers, after it was said what that changes."""
    hosts = visit.form.get("nameservers", "").split()
    own = visit.form.get("servers") == OWN
    body: dict[str, Any] = {"nameservers": hosts} if own else {"use_infomaniak_ns": True}
    return _write(
        visit,
        name,
        ("PUT", _path(name, "/nameservers"), body),
        visit.gettext("Change the name servers"),
        visit.gettext("The name servers were changed. The world notices as its caches run out."),
    )


@pages.post("/domains/{name}/dnssec")
def change_dnssec(visit: Visit, name: str) -> Response:
    """Publishes the keys of a domain, or has its registry forget them, after it was said what that changes."""
    if "disable" in visit.form:
        call: Write = ("POST", f"/2/domains/{name}/dnssec/disable", {})
        return _write(visit, name, call, visit.gettext("Turn DNSSEC off"), visit.gettext("DNSSEC is off."))
    lines = [line.strip() for line in visit.form.get("dnssec_data", "").splitlines() if line.strip()]
    call = ("POST", f"/2/domains/{name}/dnssec/enable", {"dnssec_data": lines})
    return _write(visit, name, call, visit.gettext("Turn DNSSEC on"), visit.gettext("DNSSEC is on."))


@pages.post("/domains/{name}/tags")
def tag_domain(visit: Visit, name: str) -> Response:
    """Puts tags on a domain; a new one can be made on the way."""
    api = calls.api(visit)
    domain = api.get(_path(name))
    chosen = [int(one) for one in visit.form.getlist("tags") if one.isdecimal()]
    new = visit.form.get("name", "").strip()
    try:
        if new:
            color = sum(map(ord, new)) % COLORS + 1
            made = api.call("POST", f"/1/accounts/{domain['account_id']}/tags", {"name": new, "color": color})
            chosen.append(made.data["id"])
        api.call("PUT", f"/1/products/{domain['id']}/tags", {"tag_ids": chosen})
    except ApiError as error:
        return shell.again(visit, show_domain, error, name=name)
    return shell.done(visit, f"/domains/{name}", visit.gettext("The tags were saved."))


@pages.post("/domains/{name}/zones")
def create_zone(visit: Visit, name: str) -> Response:
    """Makes the zone of a domain, or one below it."""
    below = visit.form.get("below", "").strip().strip(".").lower()
    fqdn = f"{below}.{name}" if below else name
    try:
        made = calls.api(visit).call("POST", zones.path_of(fqdn), {}).data
    except ApiError as error:
        if error.status >= 500 or error.status == 403:
            raise
        visit.kept["errors"] = shell.Errors(below=error.description)
        return show_domain(visit, name)
    return shell.done(visit, f"/zones/{made['fqdn']}", visit.gettext("The zone was made. Now add its records."))


def state_of(ends_at: int | None, now: float) -> tuple[str, str]:
    """How a domain is, by when it ends, as a kind of state and a message."""
    if ends_at is not None and ends_at <= now:
        return "bad", N_("Expired")
    if ends_at is not None and ends_at <= now + SOON_SECONDS:
        return "warning", N_("Ends soon")
    return "good", N_("Active")


def _path(name: str, below: str = "") -> str:
    return f"/2/domains/domains/{name}{below}"


def _list_path(visit: Visit) -> str:
    return f"/1/domains/account{path_of(visit).removeprefix('/1/accounts')}"


def _exports(visit: Visit) -> str:
    return path_of(visit, "/zones/exports")


def _tags_by_domain(visit: Visit) -> dict[int, list[dict[str, Any]]]:
    """The tags of the domains, by their numbers."""
    query = {"filter[service_ids]": [DOMAIN_SERVICE]}
    products = calls.api(visit).get(path_of(visit, "/products"), **query, limit=MOST)
    return {one["id"]: one["tags"] for one in products}


def _of_tag(visit: Visit, asked: Mapping[str, Any], tag: str, tagged: Mapping[int, list[dict[str, Any]]]) -> Answer:
    """The domains with a tag, which the list of domains itself cannot be asked for."""
    found = calls.api(visit).list(_list_path(visit), **{**asked, "page": 1, "per_page": MOST})
    kept = [one for one in found.data if int(tag) in [mark["id"] for mark in tagged.get(one["id"], [])]]
    start, size = (asked["page"] - 1) * asked["per_page"], asked["per_page"]
    root = {"total": len(kept), "page": asked["page"], "pages": max(1, -(-len(kept) // size))}
    return Answer(200, kept[start : start + size], root, {})


def _product(visit: Visit, domain: Mapping[str, Any]) -> dict[str, Any] | None:
    """A domain as the product it is: with tags, and what the visitor may do with it."""
    found = calls.api(visit).get("/1/products", product_id=domain["id"])
    return found[0] if found else None


def _tell_calls(visit: Visit, name: str, domain: Mapping[str, Any], product: Mapping[str, Any]) -> None:
    api = calls.api(visit)
    servers = {"nameservers": domain["nameservers"]}
    api.will("PUT", _path(name, "/nameservers"), servers, what=visit.gettext("Change the name servers"))
    data = {"dnssec_data": ["2371 13 2 …"]}
    api.will("POST", f"/2/domains/{name}/dnssec/enable", data, what=visit.gettext("Turn DNSSEC on"))
    api.will("POST", f"/2/domains/{name}/dnssec/disable", what=visit.gettext("Turn DNSSEC off"))
    tags = {"tag_ids": [one["id"] for one in product["tags"]]}
    api.will("PUT", f"/1/products/{domain['id']}/tags", tags, what=visit.gettext("Save the tags"))
    api.will("POST", zones.path_of(name), {}, what=visit.gettext("Make a zone"))


def _write(visit: Visit, name: str, call: Write, label: str, sentence: str) -> Response:
    """Shows what a write would change, and makes it once that was agreed to."""
    api = calls.api(visit)
    try:
        changes = api.plan(*call)
        if "agreed" in visit.form:
            api.call(*call)
            return shell.done(visit, f"/domains/{name}", sentence)
    except ApiError as error:
        return shell.again(visit, show_domain, error, name=name)
    steps = [_step(visit, one) for one in changes if one["event"] in NAMES]
    api.will(*call, what=label)
    fields = [(field, value) for field, value in visit.form.multi_items() if field != "csrf"]
    return shell.show(
        visit,
        "manager/domain_plan.html",
        name=zones.readable(name),
        back=visit.url(f"/domains/{name}"),
        label=label,
        steps=steps,
        fields=dict(fields),
        crumbs=[
            Link(visit.gettext("Domains"), visit.url("/domains")),
            Link(zones.readable(name), visit.url(f"/domains/{name}")),
        ],
    )


def _step(visit: Visit, change: Mapping[str, Any]) -> Step:
    before, after = change["before"], change["after"]
    differences = [
        Difference(visit.gettext(label), _words(visit, before[name]), _words(visit, after[name]))
        for name, label in ATTRIBUTES.items()
        if name in after
    ]
    about = NAMES[change["event"]]
    return Step("update", visit.gettext(about), differences)


def _words(visit: Visit, value: Any) -> str | None:
    if isinstance(value, bool):
        return visit.gettext("on") if value else visit.gettext("off")
    return ", ".join(value) or None
