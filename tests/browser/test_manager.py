"""The manager, as a person meets it: first visit to first token, application to consent to revoke."""

from pathlib import Path
from urllib.parse import urlencode

import httpx

from tests.browser.visitors import Visitor
from tests.clients.pages import running_site
from tests.clients.processes import until
from tests.tasks.receivers import Reply, receiving

APPLICATION = Path(__file__).with_name("application.html")
REMEMBERED_SECONDS = 3
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
WEBHOOKS = "/v3/ng/accounts/webhooks"
APPLICATIONS = "/manager/v3/ng/accounts/applications"


def status_of_profile(platform, token):
    return httpx.get(f"{platform.url}/2/profile", headers={"Authorization": f"Bearer {token}"}).status_code


def test_first_visit_to_first_token(running, manager):
    manager.go("/manager/")
    manager.reads("Welcome, ")
    manager.look("home")
    manager.follow("Access tokens")
    manager.look("tokens")
    manager.press("New token")
    manager.look("token-new")
    manager.type("Name", "backup at night")
    manager.page.get_by_label("Profile", exact=True).select_option(index=1)
    manager.press("Make the token")
    manager.look("token-made")
    token = manager.page.get_by_role("group", name="Your access token").inner_text()
    assert status_of_profile(running, token) == 200

    manager.press("I have kept it")
    assert token not in manager.page.content(), "it is shown once"
    manager.press("backup at night")
    manager.look("token")
    manager.press("Revoke")
    manager.look("token-revoke")
    manager.press("Revoke the token")
    until(lambda: status_of_profile(running, token), (401).__eq__, seconds=REMEMBERED_SECONDS + 1)


def test_an_application_to_consent_to_revoke(running, manager):
    with running_site(APPLICATION, {}) as origin:
        manager.go("/manager/")
        manager.follow("Applications")
        manager.look("applications")
        manager.press("New application")
        manager.look("application-new")
        manager.type("Name", "Hut Booking")
        manager.type("Where people come back to", f"{origin}/callback")
        manager.press("Register it")
        manager.look("application-made")
        made = running.call("GET", "/1/accounts/1/applications?search=Hut")[0]
        manager.go(f"{APPLICATIONS}/{made['id']}")
        manager.look("application")
        for page in ("edit", "secrets/new", "delete"):
            manager.go(f"{APPLICATIONS}/{made['id']}/{page}")
            manager.look(f"application-{page.replace('/', '-')}")
        query = {
            "response_type": "code",
            "client_id": made["client_id"],
            "redirect_uri": f"{origin}/callback",
            "scope": "openid",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        address = f"{running.issuer}/authorize?{urlencode(query)}"
        manager.go(address)
        manager.press("Allow")
        assert "?code=" in manager.page.url

        manager.go("/manager/grants")
        manager.look("grants")
        manager.page.get_by_role("row", name="Hut Booking").get_by_role("link", name="Take back").click()
        manager.look("grant-revoke")
        manager.press("Take the access back")
        assert manager.page.get_by_text("Hut Booking").count() == 0
        manager.go(address)
        manager.reads("Let Hut Booking in?")


def test_a_session_that_ends_while_somebody_types(running, manager):
    manager.go("/manager/v3/ng/accounts/token/new")
    manager.type("Name", "written at length")
    manager.page.get_by_label("Profile", exact=True).select_option(index=1)
    for cookie in ("__Host-manager-session", "__Host-login"):
        manager.page.context.clear_cookies(name=cookie)
    manager.press("Make the token")
    manager.reads("Your session has ended")
    manager.reads("written at length")
    manager.look("session-ended")
    with manager.page.context.expect_page() as opened:
        manager.page.get_by_role("link", name="Sign in").click()
    other = Visitor(opened.value, running)
    other.sign_in()
    other.reads("Close this tab")
    other.look("signed-in-again")
    manager.press("I have signed in, send it")
    manager.reads("written at length")
    assert "alp_pat_" in manager.page.content()


def test_a_webhook_from_its_first_message_to_its_end(manager):
    with receiving() as receiver:
        receiver.replies = [Reply(500, body=b"not yet"), Reply(200)]
        manager.go("/manager/")
        manager.follow("Webhooks")
        manager.press("New webhook")
        manager.look("webhook-new")
        manager.type("Address", receiver.url)
        manager.page.get_by_label("Only the events chosen below").check()
        manager.page.get_by_text("Choose the events").click()
        manager.page.get_by_label("webhook.*", exact=True).check()
        manager.press("Make the webhook")
        manager.look("webhook-made")
        manager.press("I have kept it")
        receiver.wait_for(2)
        manager.press("Send a ping")
        [*_, ping] = receiver.wait_for(4)  # one of the first two has come again
        manager.page.reload()
        manager.reads(ping.id if ping.event["type"] == "ping" else "msg_")
        manager.look("webhook-message")
        manager.go(f"/manager{WEBHOOKS}/1")
        manager.look("webhook")
        manager.press("All messages")
        manager.look("webhook-messages")
        manager.go(f"/manager{WEBHOOKS}/1/replay")
        manager.look("webhook-replay")
        manager.press("See the plan")
        manager.look("webhook-replay-plan")
        manager.press("Send them")
        receiver.wait_for(6)
        manager.go(f"/manager{WEBHOOKS}/1/secrets/new")
        manager.look("webhook-secret-new")
        manager.go(f"/manager{WEBHOOKS}/1/delete")
        manager.look("webhook-delete")
        manager.press("Delete the webhook")
        manager.reads("No webhooks yet")


def test_signing_out(running, visitor):
    visitor.go(running.manager)
    visitor.sign_in()
    visitor.sign_out()
    visitor.go(running.manager)
    assert visitor.page.get_by_label("Password", exact=True).is_visible()
