"""An organisation: somebody is invited into a team, comes, works there, and is taken out again."""

from collections.abc import Callable

from tests.browser.people import link_in_mail, make_somebody
from tests.browser.visitors import Visitor
from tests.clients.running import DOMAIN, RunningPlatform


def test_a_member_from_invitation_to_leaving(
    running: RunningPlatform, manager: Visitor, visit: Callable[..., Visitor], width: int
) -> None:
    owner, guest = manager, visit()
    for person in (owner, guest):
        person.resize(width)
        person.looks = width == 360
    dora = make_somebody(running, f"Dora{width}")
    team = f"Guides {width}"

    make_team(owner, team)
    invite(owner, dora.email, team)
    guest.go(link_in_mail(running, dora.email, f"{running.manager}/join"))
    guest.sign_in(dora.email, dora.password)
    guest.reads("Demo invites you to become a member.")
    guest.look("join")
    guest.press("Accept")
    guest.reads("Welcome! You are a member now.")
    guest.look("home-of-a-member")
    guest.go(f"{running.manager}/domains")
    guest.reads(DOMAIN)
    for page in ("account", "members", "teams", "invitations", "v3/ng/accounts/applications/list"):
        guest.go(f"{running.manager}/{page}")
        guest.look(f"{page.replace('/', '-')}-of-a-member")

    owner.go(f"{running.manager}/members")
    owner.look("members")
    owner.press(f"Dora{width} Test")
    owner.reads(team)
    owner.look("member")
    owner.press("Take out …")
    owner.reads("Place in a team")
    owner.look("member-remove")
    owner.press("Take out")
    owner.reads("The member was removed.")

    guest.go(f"{running.manager}/domains")
    assert guest.page.get_by_text(DOMAIN).count() == 0
    guest.look("domains-of-nobody")


def make_team(owner: Visitor, name: str) -> None:
    owner.go(f"{owner.platform.manager}/teams")
    owner.press("Create a team")
    owner.look("team-new")
    owner.type("Name", name)
    owner.page.get_by_role("checkbox").first.check()
    owner.press("Create")
    owner.reads("The team was created.")
    owner.look("team")


def invite(owner: Visitor, email: str, team: str) -> None:
    owner.go(f"{owner.platform.manager}/invitations")
    owner.press("Invite a person")
    owner.look("invitation-new")
    owner.type("E-mail address", email)
    owner.type("First name", email.partition("@")[0].title())
    owner.type("Last name", "Test")
    owner.page.get_by_role("checkbox", name=team).check()
    owner.press("Invite")
    owner.reads(f"It was sent to {email}")
    owner.look("invitation")
