"""Sessions: ending those of other browsers, or one."""

from starlette.responses import Response

from alpage.web.design.parts import Step
from alpage.web.manager import calls, shell
from alpage.web.manager.security import SECURITY, crumbs
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages

pages = Pages()

SESSIONS = "/1/profile/sessions"
BELOW = f"{SECURITY}/sessions"


@pages.post(BELOW + "/{session_id:int}/end")
def end_session(visit: Visit, session_id: int) -> Response:
    """Ends a session."""
    calls.api(visit).call("DELETE", f"{SESSIONS}/{session_id}")
    return shell.done(visit, SECURITY, visit.gettext("That browser is signed out."))


@pages.get(f"{BELOW}/end")
def ask_to_end_others(visit: Visit) -> Response:
    """Asks before all sessions but this one are ended."""
    api = calls.api(visit)
    ended = {change["object_id"] for change in api.plan("DELETE", SESSIONS) if change["event"] == "user.session"}
    api.will("DELETE", SESSIONS, what=visit.gettext("End all other sessions"))
    return shell.show(
        visit,
        "manager/sessions_end.html",
        steps=[
            Step("delete", f"{one['browser']} · {one['device']} · {one['ip']}")
            for one in api.get(SESSIONS)
            if one["id"] in ended
        ],
        crumbs=crumbs(visit, visit.gettext("Sessions")),
    )


@pages.post(f"{BELOW}/end")
def end_others(visit: Visit) -> Response:
    """Ends all sessions but this one."""
    calls.api(visit).call("DELETE", SESSIONS)
    return shell.done(visit, SECURITY, visit.gettext("All other browsers are signed out."))
