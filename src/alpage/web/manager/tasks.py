"""Tasks: long work the person who is signed in has started, how far it is, and what has come of it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Link
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.problems import PageError
from alpage.web.translations.catalogues import N_

pages = Pages()

EXPORT = "dns.zones.export"
NAMES = {EXPORT: N_("Export of all zones"), "api.request": N_("Request that was put off")}
STATES = {
    "spooled": ("waiting", N_("Waiting")),
    "running": ("waiting", N_("Running")),
    "executed": ("good", N_("Done")),
    "failed": ("bad", N_("Failed")),
}
CANCELLED = ("off", N_("Cancelled"))
GOING_ON = ("spooled", "running")


@pages.get("/tasks")
def list_tasks(visit: Visit) -> Response:
    """The tasks of the person, the latest first."""
    status = visit.query.get("status", "")
    asked = {"order_by": "id", "order": "desc", **shell.listing(visit)}
    found = calls.api(visit).list("/1/async/tasks", **{"filter[status]": status or None}, **asked)
    return shell.show(
        visit,
        "manager/tasks.html",
        tasks=found,
        wanted=status,
        names=NAMES,
        state_of=state_of,
        live=visit.here() if any(task["status"] in GOING_ON for task in found.data) else "",
        tabs=[
            Link(visit.gettext(label), visit.here(status=name or None, page=None), current=name == status)
            for name, label in {"": N_("All"), **{name: label for name, (_kind, label) in STATES.items()}}.items()
        ],
    )


@pages.get("/tasks/{uuid}")
def show_task(visit: Visit, uuid: str) -> Response:
    """A task."""
    api = calls.api(visit)
    task = api.get(path(uuid))
    if is_going_on := task["status"] in GOING_ON:
        api.will("POST", path(uuid, "/cancel"), what=visit.gettext("Cancel"))
    if downloads := task["name"] == EXPORT and task["status"] == "executed":
        api.will("GET", _archive(visit, task), what=visit.gettext("Download"))
    label = NAMES.get(task["name"])
    name = visit.gettext(label) if label else task["name"]
    return shell.show(
        visit,
        "manager/task.html",
        task=task,
        name=name,
        state=state_of(task),
        live=visit.url(f"/tasks/{uuid}") if is_going_on else "",
        downloads=downloads,
        crumbs=[
            Link(visit.gettext("Tasks"), visit.url("/tasks")),
            Link(name, visit.url(f"/tasks/{uuid}"), current=True),
        ],
    )


@pages.post("/tasks/{uuid}/cancel")
def cancel_task(visit: Visit, uuid: str) -> Response:
    """Cancels a task."""
    try:
        calls.api(visit).call("POST", path(uuid, "/cancel"))
    except ApiError as error:
        if error.status != 409:
            raise
        return shell.done(visit, f"/tasks/{uuid}", error.description, "warning")
    return shell.done(visit, f"/tasks/{uuid}", visit.gettext("The task was cancelled."))


@pages.get("/tasks/{uuid}/archive")
def download_archive(visit: Visit, uuid: str) -> Response:
    """The archive that an export has packed."""
    task = calls.api(visit).get(path(uuid))
    if task["name"] != EXPORT or task["status"] != "executed":
        raise PageError(404)
    answer = calls.api(visit).call("GET", _archive(visit, task))
    headers = {"Content-Disposition": 'attachment; filename="zones.zip"'}
    return Response(answer.content, media_type="application/zip", headers=headers)


def path(uuid: str, below: str = "") -> str:
    """The path of the API to a task, or to something of it."""
    return f"/1/async/tasks/{uuid}{below}"


def state_of(task: Mapping[str, Any]) -> tuple[str, str]:
    """How a task is: the kind of its state, and the state in words."""
    is_cancelled = task.get("error") is not None and task["error"]["code"] == "task_cancelled"
    return CANCELLED if is_cancelled else STATES[task["status"]]


def _archive(visit: Visit, task: Mapping[str, Any]) -> str:
    """The path of the archive of an export."""
    url: str = task["response"]["url"]
    return url.removeprefix(visit.surface.api_url)
