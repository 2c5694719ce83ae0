"""The routes of sessions: where somebody is signed in, and how it ends."""

import pyotp
import pytest
from sqlalchemy import select

from alpage.identity import factors, user_agents
from alpage.identity.security_events import SecurityEvent
from alpage.identity.sessions import Session, SessionUse
from alpage.storage.changes import NOBODY
from tests.identity.signed_in import BROWSER, signed_in

PATH = "/1/profile/sessions"
TELEPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)


def sessions(person):
    return person.call("GET", PATH).json()["data"]


def test_sessions_are_shown_in_words(heidi, peter):
    signed_in(peter)
    here, there = signed_in(heidi, ago=60), signed_in(heidi, user_agent=TELEPHONE)
    first, second = sessions(here)
    assert (first["browser"], first["device"], first["is_current"]) == ("Firefox", "Linux", True)
    assert (second["browser"], second["device"], second["is_current"]) == ("Safari", "iPhone", False)
    assert (first["ip"], first["user_agent"], first["methods"]) == ("192.0.2.1", BROWSER, ["pwd"])
    assert second["authenticated_at"] - first["authenticated_at"] in (60, 61)
    assert [one["is_current"] for one in sessions(there)] == [False, True]
    assert [one["is_current"] for one in sessions(heidi)] == [False, False]


def test_the_last_use_is_told(heidi, platform):
    here = signed_in(heidi)
    (session,) = sessions(here)
    assert session["last_accessed_at"] == session["created_at"]
    platform.add(SessionUse(session_id=session["id"], used_at=session["created_at"] + 90))
    assert sessions(here)[0]["last_accessed_at"] == session["created_at"] + 90


def test_a_session_that_ends_takes_its_access_along(heidi, platform):
    here, there = signed_in(heidi), signed_in(heidi)
    (_, other) = sessions(here)
    assert here.call("DELETE", f"{PATH}/{other['id']}").json()["data"] is True
    assert there.call("GET", PATH).status_code == 401
    assert len(sessions(here)) == 1
    assert here.call("DELETE", f"{PATH}/{other['id']}").status_code == 404
    with platform.database.reading() as transaction:
        (event,) = transaction.execute(select(SecurityEvent.__table__)).all()
    assert (event.kind, event.context) == ("session_ended", {"session_id": other["id"]})


def test_all_others_end(heidi, peter):
    here = [signed_in(heidi) for _ in range(3)][1]
    theirs = signed_in(peter)
    assert here.call("DELETE", PATH).json()["data"] is True
    (left,) = sessions(here)
    assert left["is_current"]
    assert len(sessions(theirs)) == 1


def test_with_a_personal_token_all_end(heidi):
    signed_in(heidi)
    assert heidi.call("DELETE", PATH).json()["data"] is True
    assert sessions(heidi) == []


def test_a_session_of_somebody_else_is_not_there(heidi, peter):
    (session,) = sessions(signed_in(heidi))
    assert peter.call("DELETE", f"{PATH}/{session['id']}").status_code == 404


def test_what_is_over_is_not_shown(heidi, platform):
    here = signed_in(heidi)
    signed_in(heidi)
    over = sessions(here)[1]["id"]
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(Session, over).expires_at = 1
    assert len(sessions(here)) == 1


def test_reading_does_not_end_sessions(heidi):
    heidi.token = heidi.platform.token(heidi.user, "security:read")
    assert heidi.call("GET", PATH).status_code == 200
    assert heidi.call("DELETE", PATH).status_code == 403


def test_the_profile_shows_sessions_and_the_last_sign_in(heidi, platform):
    before = heidi.call("GET", "/2/profile?with=sessions,preferences.security,preferences.account").json()["data"]
    assert before["sessions"] == []
    assert before["preferences"]["security"]["last_login_at"] == 0
    here = signed_in(heidi)
    after = here.call("GET", "/2/profile?with=sessions,preferences.security,preferences.account").json()["data"]
    (session,) = sessions(here)
    shown = {name: session[name] for name in ("browser", "device", "ip", "user_agent", "last_accessed_at")}
    assert after["sessions"] == [{**shown, "location": ""}]
    assert after["preferences"]["security"]["last_login_at"] == session["authenticated_at"]
    assert after["preferences"]["account"]["last_login_at"] == session["authenticated_at"]


def test_the_profile_shows_the_factors(heidi, platform):
    here = signed_in(heidi)

    def security():
        return here.call("GET", "/2/profile?with=preferences.security").json()["data"]["preferences"]["security"]

    names = ("otp", "double_auth", "double_auth_method", "remaining_rescue_code")
    assert [security()[name] for name in names] == [False, False, "none", 0]

    made = here.call("POST", "/1/profile/authenticators").json()["data"]
    code = pyotp.TOTP(made["secret"]).now()
    here.call("POST", f"/1/profile/authenticators/{made['id']}/confirm", {"code": code})
    here.call("POST", "/1/profile/recovery_codes")
    assert [security()[name] for name in names] == [True, True, "otp", 10]
    with platform.database.transaction(NOBODY) as transaction:
        factors.reset(transaction, heidi.user, 1)
    assert [security()[name] for name in names] == [False, False, "none", 0]


@pytest.mark.parametrize(
    ("user_agent", "browser", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome", "Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "Safari", "Mac"),
        ("curl/8.14.1", "curl", ""),
        ("", "", ""),
    ],
)
def test_browsers_are_told_apart(user_agent, browser, device):
    assert (user_agents.browser_of(user_agent), user_agents.device_of(user_agent)) == (browser, device)
