"""Zones: what all pages of one share, and the zone as a whole — its export, its end, what happened to it lately."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import idna
from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Change, Link
from alpage.web.manager import calls, plans, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

LATELY = 8
OF_THE_PLAN = ("csrf", "plan", "force")  # fields a plan's own form has, besides those of the form it came from
PLACES = (  # the tabs of a zone
    ("", N_("Records")),
    ("/paste", N_("Paste")),
    ("/import", N_("Import and export")),
    ("/templates", N_("Templates")),
    ("/versions", N_("Versions")),
    ("/settings", N_("Settings")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write would do, as a form is told before it is done.

    `refusal`: the API wants it to be meant (`force`). `has_moved`: the zone is no longer what the plan that was agreed
    to was made for. `is_agreed`: this very plan was shown, and agreed to.
    """

    plan: plans.Plan
    notes: list[Mapping[str, Any]]
    refusal: ApiError | None
    has_moved: bool
    is_agreed: bool


def show(visit: Visit, fqdn: str, template: str, status: int = 200, **values: Any) -> Response:
    """A page of a zone, with its tabs and what happened to it lately."""
    here = visit.path.removeprefix(f"/zones/{fqdn}").replace("/compare", "/versions")
    places = [(place, label) for place, label in PLACES if place]
    current = next((place for place, _ in places if here.startswith(place)), "")
    return shell.show(
        visit,
        template,
        status,
        fqdn=fqdn,
        name=readable(fqdn),
        zone_tabs=[
            Link(visit.gettext(label), visit.url(f"/zones/{fqdn}{place}"), current=place == current)
            for place, label in PLACES
        ],
        crumbs=[
            Link(visit.gettext("Domains"), visit.url("/domains")),
            Link(readable(fqdn), visit.url(f"/domains/{fqdn}")),
            Link(visit.gettext("DNS"), visit.url(f"/zones/{fqdn}"), current=True),
        ],
        lately=lately(visit, fqdn),
        sent={name: value for name, value in visit.form.items() if name not in OF_THE_PLAN},
        **values,
    )


def path_of(fqdn: str, below: str = "") -> str:
    """The path of the API to something of a zone."""
    return f"/2/zones/{fqdn}{below}"


def readable(name: str) -> str:
    """A name of the DNS as people write it; one that is no valid IDNA stays as it is."""
    try:
        return idna.decode(name) if "xn--" in name else name
    except idna.IDNAError:
        return name


def records_of(visit: Visit, fqdn: str) -> list[dict[str, Any]]:
    """All records of a zone; asked once a visit."""
    if "records" not in visit.kept:
        visit.kept["records"] = calls.api(visit).get(path_of(fqdn, "/records"))
    found: list[dict[str, Any]] = visit.kept["records"]
    return found


def consider(visit: Visit, fqdn: str, method: str, path: str, body: Mapping[str, Any]) -> Outcome:
    """What a write to a zone would do. Raises ApiError for what would be refused whatever one agrees to."""
    api = calls.api(visit)
    records = records_of(visit, fqdn)
    refusal = None
    try:
        answer = api.call(method, path, body, dry_run=1)
    except ApiError as error:
        if error.code != "blast_radius_exceeded":
            raise
        refusal = error
        answer = api.call(method, path, {**body, "force": True}, dry_run=1)
    plan = plans.of_changes(answer.root["changes"], records, visit.gettext)
    agreed = visit.form.get("plan", "")
    is_agreed = agreed == plan.digest and (refusal is None or "force" in visit.form)
    return Outcome(plan, answer.root.get("notes", []), refusal, bool(agreed) and agreed != plan.digest, is_agreed)


def lately(visit: Visit, fqdn: str) -> list[Change]:
    """The latest versions of a zone; the last one can be taken back."""
    found = calls.api(visit).get(path_of(fqdn, "/versions"), order_by="id", order="desc", limit=LATELY)
    people = names_of(visit, found)
    changes = []
    for number, version in enumerate(found):
        previous = version["previous_serial"]
        undo = visit.url(f"/zones/{fqdn}/versions/{previous}/restore") if number == 0 and previous else ""
        changes.append(
            Change(
                who=people[version["user_id"]],
                what=summary(visit, version),
                at=version["created_at"],
                href=visit.url(f"/zones/{fqdn}/versions/{version['serial']}"),
                undo=undo,
            )
        )
    return changes


def summary(visit: Visit, version: Mapping[str, Any]) -> str:
    """What a version did, in a few words."""
    added, removed = version["added_count"], version["removed_count"]
    if version["previous_serial"] is None:
        return visit.gettext("made the zone")
    if not added and not removed:
        return visit.gettext("changed its name servers")
    if not removed:
        return visit.ngettext("added a record", "added %(num)s records", added)
    if not added:
        return visit.ngettext("deleted a record", "deleted %(num)s records", removed)
    return visit.ngettext("changed a record", "changed %(num)s records", max(added, removed))


def names_of(visit: Visit, versions: Iterable[Mapping[str, Any]]) -> dict[int | None, str]:
    """The names of who made versions, by the numbers of the users."""
    ids = {one["user_id"] for one in versions}
    person = shell.profile(visit)
    known: dict[int | None, str] = {None: "Alpage", person["id"]: person["display_name"]}
    unknown = sorted(one for one in ids - known.keys() if one is not None)
    account = shell.account(visit)
    if unknown and account is not None:
        members = calls.api(visit).get(f"/2/accounts/{account['id']}/users", **{"filter[user_ids]": unknown})
        known.update((one["user_id"], one["display_name"]) for one in members)
    return {**{one: visit.gettext("User %(number)s", number=one) for one in unknown}, **known}


@pages.get("/zones/{fqdn}/export")
def export_zone(visit: Visit, fqdn: str) -> Response:
    """The zone as a zone file."""
    text = calls.api(visit).get(path_of(fqdn), **{"with": ["skel"]})["skel"]
    name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in fqdn)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zone"'}
    return Response(text, 200, headers, "text/plain; charset=utf-8")


@pages.get("/zones/{fqdn}/settings")
def show_settings(visit: Visit, fqdn: str) -> Response:
    """The name servers of the zone, and its end."""
    api = calls.api(visit)
    zone = api.get(path_of(fqdn))
    api.will("DELETE", path_of(fqdn), what=visit.gettext("Delete"))
    return show(visit, fqdn, "manager/zone_settings.html", zone=zone)


@pages.post("/zones/{fqdn}/delete")
def delete_zone(visit: Visit, fqdn: str) -> Response:
    """Deletes a zone; first it says what goes with it."""
    outcome = consider(visit, fqdn, "DELETE", path_of(fqdn), {})
    if not outcome.is_agreed:
        return show(visit, fqdn, "manager/zone_delete.html", outcome=outcome)
    calls.api(visit).call("DELETE", path_of(fqdn))
    return shell.done(visit, "/domains", visit.gettext("The zone %(zone)s was deleted.", zone=readable(fqdn)))
