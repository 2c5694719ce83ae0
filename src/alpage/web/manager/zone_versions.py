"""The versions of a zone: who made them and when, what each did, what differs between two, and the way back."""

from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.manager import calls, plans, shell, zones
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError

pages = Pages()


@pages.get("/zones/{fqdn}/versions")
def list_versions(visit: Visit, fqdn: str) -> Response:
    """The versions, the latest first; two of them can be compared."""
    asked = {"order_by": "id", "order": "desc", **shell.listing(visit)}
    found = calls.api(visit).list(zones.path_of(fqdn, "/versions"), **asked)
    _tell_calls(visit, fqdn, found.data[0]["serial"] if found.data else 0)
    return zones.show(
        visit,
        fqdn,
        "manager/zone_versions.html",
        versions=found,
        people=zones.names_of(visit, found.data),
        summaries={one["serial"]: zones.summary(visit, one) for one in found.data},
        newest=_newest(visit, fqdn),
    )


@pages.get("/zones/{fqdn}/compare")
def compare(visit: Visit, fqdn: str) -> Response:
    """What differs between two versions."""
    start, end = _serial(visit, "from"), _serial(visit, "to")
    differences = calls.api(visit).get(zones.path_of(fqdn, f"/versions/{start}/diff"), to=end)
    plan = plans.of_differences(differences, visit.gettext)
    return zones.show(visit, fqdn, "manager/zone_compare.html", start=start, end=end, plan=plan)


@pages.get("/zones/{fqdn}/versions/{serial:int}")
def show_version(visit: Visit, fqdn: str, serial: int) -> Response:
    """What a version did."""
    api = calls.api(visit)
    version = api.get(zones.path_of(fqdn, f"/versions/{serial}"))
    previous = version["previous_serial"]
    differences: list[dict[str, Any]] = []
    if previous is not None:
        differences = api.get(zones.path_of(fqdn, f"/versions/{previous}/diff"), to=serial)
    else:
        differences = [{"change": "added", **one, "before": None, "after": one} for one in version["added"]]
    _tell_calls(visit, fqdn, serial)
    return zones.show(
        visit,
        fqdn,
        "manager/zone_version.html",
        version=version,
        who=zones.names_of(visit, [version])[version["user_id"]],
        newest=_newest(visit, fqdn),
        plan=plans.of_differences(differences, visit.gettext),
    )


@pages.post("/zones/{fqdn}/versions/{serial:int}/restore")
def restore_version(visit: Visit, fqdn: str, serial: int) -> Response:
    """What it would take to make the zone again what it was; once that was agreed to, does so."""
    path = zones.path_of(fqdn, f"/versions/{serial}/restore")
    try:
        outcome = zones.consider(visit, fqdn, "POST", path, {})
    except ApiError as error:
        raise PageError(error.status, error.description) from error
    if not outcome.is_agreed or not outcome.plan.steps:
        calls.api(visit).will("POST", path, {"force": bool(outcome.refusal)}, what=visit.gettext("Restore"))
        return zones.show(visit, fqdn, "manager/zone_restore.html", serial=serial, outcome=outcome)
    calls.api(visit).call("POST", path, {"force": bool(outcome.refusal)})
    return shell.done(visit, f"/zones/{fqdn}", visit.gettext("The zone is again what it was."))


def _newest(visit: Visit, fqdn: str) -> int:
    """The serial of the zone as it is."""
    found = calls.api(visit).get(zones.path_of(fqdn, "/versions"), order_by="id", order="desc", limit=1)
    serial: int = found[0]["serial"] if found else 0
    return serial


def _serial(visit: Visit, name: str) -> int:
    text = visit.query.get(name, "")
    if not text.isdecimal() or len(text) > 10:
        raise PageError(400, visit.gettext("Choose two versions to compare."))
    return int(text)


def _tell_calls(visit: Visit, fqdn: str, serial: int) -> None:
    api = calls.api(visit)
    api.will("GET", zones.path_of(fqdn, f"/versions/{serial}/diff"), what=visit.gettext("Compare with now"))
    path = zones.path_of(fqdn, f"/versions/{serial}/restore")
    api.will("POST", path, {"force": False}, what=visit.gettext("Restore"))
