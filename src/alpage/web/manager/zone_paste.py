"""Many records at once: pasted lines become a plan, and then one call."""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice
from alpage.web.manager import bulk, calls, pasting, shell, zones
from alpage.web.manager.bulk import Draft
from alpage.web.manager.pasting import Reading, Remark
from alpage.web.manager.records import in_full
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

ADD, REPLACE = "add", "replace"
MODES = {
    ADD: (N_("Add them"), N_("What is in the zone stays.")),
    REPLACE: (
        N_("Replace what has the same name and type"),
        N_("Records of these names and types that are not pasted are deleted."),
    ),
}


@pages.get("/zones/{fqdn}/paste")
def show_paste(visit: Visit, fqdn: str) -> Response:
    """A place to paste records into."""
    return _page(visit, fqdn)


@pages.post("/zones/{fqdn}/paste")
def paste(visit: Visit, fqdn: str) -> Response:
    """What the pasted lines would change; once that was agreed to, changes it."""
    reading = pasting.read(visit.form.get("text", ""), fqdn)
    records = zones.records_of(visit, fqdn)
    replaces = visit.form.get("mode") == REPLACE
    made = bulk.draft(reading.lines, records, fqdn, replaces=replaces)
    reading.faults += made.faults
    if reading.faults or not made:
        return _page(visit, fqdn, reading, made)
    path = zones.path_of(fqdn, "/records")
    try:
        outcome = zones.consider(visit, fqdn, "PATCH", path, made.body)
    except ApiError as error:
        known = _lines_there(error, made)
        if not known:
            return _refused(visit, fqdn, reading, made, error)
        made = bulk.draft(bulk.without(reading.lines, known), records, fqdn, replaces=False)
        made.present += len(known)
        if not made:
            return _page(visit, fqdn, reading, made)
        try:
            outcome = zones.consider(visit, fqdn, "PATCH", path, made.body)
        except ApiError as second:
            return _refused(visit, fqdn, reading, made, second)
    if not outcome.is_agreed:
        return _page(visit, fqdn, reading, made, outcome)
    force = {"force": True} if outcome.refusal else {}
    calls.api(visit).call("PATCH", path, {**made.body, **force})
    count = len(outcome.plan.steps)
    return shell.done(
        visit, f"/zones/{fqdn}", visit.ngettext("One record was changed.", "%(num)s records were changed.", count)
    )


def _page(
    visit: Visit,
    fqdn: str,
    reading: Reading | None = None,
    made: Draft | None = None,
    outcome: zones.Outcome | None = None,
) -> Response:
    path = zones.path_of(fqdn, "/records")
    example: dict[str, Any] = {"create": [], "update": [], "delete": []}
    body = made.body if made else example
    calls.api(visit).will("PATCH", path, body, what=visit.gettext("Plan"), dry_run=1)
    calls.api(visit).will("PATCH", path, body, what=visit.gettext("Apply"))
    return zones.show(
        visit,
        fqdn,
        "manager/zone_paste.html",
        422 if reading and reading.faults else 200,
        reading=reading,
        made=made,
        outcome=outcome,
        modes=[Choice(name, visit.gettext(label), visit.gettext(hint)) for name, (label, hint) in MODES.items()],
    )


def _refused(visit: Visit, fqdn: str, reading: Reading, made: Draft, error: ApiError) -> Response:
    """The page with what the API refuses, at its lines."""
    if error.status in (403, 404) or error.status >= 500 or not error.faults:
        raise error
    for fault in error.faults:
        place = ".".join(fault.attribute.split(".")[:2])
        reading.faults.append(Remark(made.places.get(place, 0), in_full(fault.description, fault.context)))
    reading.faults.sort(key=lambda fault: fault.number)
    return _page(visit, fqdn, reading, made)


def _lines_there(error: ApiError, made: Draft) -> set[int]:
    """The lines whose records the zone has already, spelled otherwise; none if anything else is wrong."""
    if not error.faults or any(fault.code != "dns_record_already_exists" for fault in error.faults):
        return set()
    places = (".".join(fault.attribute.split(".")[:2]) for fault in error.faults)
    return {made.places[place] for place in places if place.startswith("create.") and place in made.places}
