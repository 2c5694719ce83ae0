"""Zone files: the zone as a text, to take away or to bring."""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, shell, zones
from alpage.web.manager.pasting import Remark
from alpage.web.manager.records import in_full
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()


@pages.get("/zones/{fqdn}/import")
def show_import(visit: Visit, fqdn: str) -> Response:
    """A place to bring a zone file to."""
    return _page(visit, fqdn)


@pages.post("/zones/{fqdn}/import")
def import_zone(visit: Visit, fqdn: str) -> Response:
    """What a zone file would change; once that was agreed to, changes it."""
    text = _text(visit)
    if text is None:
        faults = [Remark(0, visit.gettext("This is not a text in UTF-8."))]
        return _page(visit, fqdn, faults=faults)
    if not text.strip():
        return _page(visit, fqdn, faults=[Remark(0, visit.gettext("Choose a file, or paste its text."))])
    path = zones.path_of(fqdn)
    try:
        outcome = zones.consider(visit, fqdn, "PUT", path, {"skel": text})
    except ApiError as error:
        if error.status in (403, 404) or error.status >= 500:
            raise
        return _page(visit, fqdn, text, faults=_faults(error))
    if not outcome.is_agreed or not outcome.plan.steps:
        return _page(visit, fqdn, text, outcome=outcome)
    calls.api(visit).call("PUT", path, {"skel": text})
    return shell.done(visit, f"/zones/{fqdn}", visit.gettext("The zone is now what the file says."))


def _page(
    visit: Visit,
    fqdn: str,
    text: str = "",
    *,
    faults: list[Remark] | None = None,
    outcome: zones.Outcome | None = None,
) -> Response:
    api = calls.api(visit)
    api.will("GET", zones.path_of(fqdn), what=visit.gettext("Export"), **{"with": ["skel"]})
    api.will("PUT", zones.path_of(fqdn), {"skel": "…"}, what=visit.gettext("Plan"), dry_run=1)
    api.will("PUT", zones.path_of(fqdn), {"skel": "…"}, what=visit.gettext("Apply"))
    status = 422 if faults else 200
    return zones.show(visit, fqdn, "manager/zone_import.html", status, text=text, faults=faults or [], outcome=outcome)


def _text(visit: Visit) -> str | None:
    """The text of the file, or what was pasted; None for a file that is no text."""
    file = visit.files.get("file")
    if file is None:
        return visit.form.get("text", "")
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _faults(error: ApiError) -> list[Remark]:
    told: list[tuple[str, Any]] = [(one.description, one.context) for one in error.faults]
    found = [
        Remark(int(context.get("line", 0)), in_full(description, context))
        for description, context in told or [(error.description, error.context)]
    ]
    return sorted(found, key=lambda fault: fault.number)
