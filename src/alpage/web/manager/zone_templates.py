"""Templates: ready sets of records to fill in and add to a zone."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, plans, shell, zones
from alpage.web.manager.records import in_full
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

VARIABLE = "variables."


@pages.get("/zones/{fqdn}/templates")
def list_templates(visit: Visit, fqdn: str) -> Response:
    """The templates there are."""
    templates = calls.api(visit).get("/2/dns/templates")
    return zones.show(visit, fqdn, "manager/zone_templates.html", templates=templates)


@pages.get("/zones/{fqdn}/templates/{template}")
def show_template(visit: Visit, fqdn: str, template: str) -> Response:
    """A template, with what to fill in."""
    return _page(visit, fqdn, template)


@pages.post("/zones/{fqdn}/templates/{template}")
def apply_template(visit: Visit, fqdn: str, template: str) -> Response:
    """What a template would change; once that was agreed to, changes it."""
    path = zones.path_of(fqdn, f"/templates/{template}")
    body = _filling(visit)
    try:
        outcome = zones.consider(visit, fqdn, "POST", path, body)
    except ApiError as error:
        if error.status in (403, 404) or error.status >= 500:
            raise
        visit.kept["errors"] = _wrong(error)
        return _page(visit, fqdn, template)
    if not outcome.is_agreed or not outcome.plan.steps:
        return _page(visit, fqdn, template, outcome)
    force = {"force": True} if outcome.refusal else {}
    calls.api(visit).call("POST", path, {**body, **force})
    return shell.done(visit, f"/zones/{fqdn}", visit.gettext("The records of the template are in the zone."))


def _page(visit: Visit, fqdn: str, template: str, outcome: zones.Outcome | None = None) -> Response:
    api = calls.api(visit)
    found = api.get(f"/2/dns/templates/{template}")
    gaps = {"variables": {one["name"]: one["default"] or "…" for one in found["variables"]}}
    body = _filling(visit) if visit.method == "POST" else gaps
    path = zones.path_of(fqdn, f"/templates/{template}")
    api.will("POST", path, body, what=visit.gettext("Plan"), dry_run=1)
    api.will("POST", path, body, what=visit.gettext("Apply"))
    return zones.show(visit, fqdn, "manager/zone_template.html", ready=found, lines=_lines(found), outcome=outcome)


def _lines(template: Mapping[str, Any]) -> str:
    """The records of a template, one a line, with their gaps."""
    return "\n".join(map(plans.line_of, template["records"]))


def _filling(visit: Visit) -> dict[str, Any]:
    values = {
        name.removeprefix(VARIABLE): value.strip()
        for name, value in visit.form.multi_items()
        if name.startswith(VARIABLE) and value.strip()
    }
    return {"variables": values, "replace": "replace" in visit.form}


def _wrong(error: ApiError) -> shell.Errors:
    """What is wrong, by variable."""
    found = shell.Errors()
    for fault in error.faults:
        name = fault.attribute if fault.attribute.startswith(VARIABLE) else shell.EVERYTHING
        found.setdefault(name, in_full(fault.description, fault.context))
    if not found:
        found[shell.EVERYTHING] = in_full(error.description, error.context)
    return found
