"""The page that shows every part of the family in every state, and one in the calm layout of the login.

What the examples say is made up and stays English; the parts themselves speak the reader's language.
"""

from math import sin
from time import time
from typing import Any

from starlette.responses import Response

from alpage.web.design.figures import DAY, HOUR, Figure, Series
from alpage.web.design.parts import Call, Change, Choice, Column, Difference, Link, Section, Shell, Step
from alpage.web.visits import Visit

SHELL = Shell(
    account="Alpine Club",
    accounts=[Link("Alpine Club", "#", current=True), Link("Goat Farm", "#"), Link("New account", "#", "add")],
    sections=[
        Section("", [Link("Home", "#", "home")]),
        Section("Products", [Link("Domains", "#", "globe"), Link("DNS zones", "#", "list")]),
        Section("Account", [Link("Members", "#", "people"), Link("Invitations", "#", "mail")]),
        Section(
            "Developer",
            [
                Link("Access tokens", "#", "key"),
                Link("Applications", "#", "app"),
                Link("Limits", "#", "limit"),
                Link("Design", "#", "eye", current=True),
            ],
        ),
    ],
    person="Heidi Zgraggen",
    person_links=[Link("Profile", "#", "person"), Link("Security", "#", "shield"), Link("Settings", "#", "settings")],
    search="#",
    sign_out="#",
)
COLUMNS = [
    Column("Name", "#", "asc"),
    Column("State", "#"),
    Column("Records", "#", kind="number"),
    Column("Renews"),
    Column("Actions", kind="actions"),
]
ZONES = [
    ("alpage.example", "good", "Active", 48, 86400 * 311),
    ("sennerei.example", "waiting", "Being created", 2, 86400 * 364),
    ("ziegen-und-kaese.example", "warning", "Ends soon", 1204, 86400 * 6),
    ("alphorn.example", "bad", "Not reachable", 17, 86400 * 92),
    ("murmeltier.example", "off", "Parked", 0, 86400 * 201),
]
STEPS = [
    Step("create", "A record for www.alpage.example", [Difference("target", None, "192.0.2.17")]),
    Step(
        "update",
        "MX record of alpage.example",
        [Difference("priority", "20", "10"), Difference("target", "mail.old.example", "mail.alpage.example")],
    ),
    Step("delete", "TXT record of old.alpage.example", [Difference("target", "v=spf1 -all", None)]),
]
CHOICES = [
    Choice("read", "Read", "See domains and zones"),
    Choice("write", "Read and write", "Change, create and delete them as well"),
    Choice("none", "No access"),
]
CURL = 'curl https://api.alpage.example/2/zones/alpage.example/records \\\n  -H "Authorization: Bearer $ALPAGE_TOKEN"'
CALLS = [
    Call("List the records", CURL, 'client.dns.records.list("alpage.example")', "alpage dns records alpage.example"),
    Call(
        "Create a record",
        CURL + ' \\\n  -d \'{"type": "A", "source": "www", "target": "192.0.2.17"}\'',
        'client.dns.records.create("alpage.example", type="A", source="www", target="192.0.2.17")',
        "alpage dns records create alpage.example --type A --source www --target 192.0.2.17",
    ),
]


def show(visit: Visit[Any]) -> Response:
    """Every part, in the wide layout of the manager."""
    now = int(time())
    return visit.render(
        "design/every_part.html",
        shell=SHELL,
        now=now,
        columns=COLUMNS,
        zones=ZONES,
        choices=CHOICES,
        steps=STEPS,
        colours=("ink", "quiet", "edge", "hairline", "accent", "good", "warning", "danger"),
        errors={"address": "This is not an e-mail address.", "ttl": "The value must be at least 60."},
        requests=_requests(now),
        traffic=_traffic(now),
        lately=_lately(now),
        calls=CALLS,
    )


def show_calm(visit: Visit[Any]) -> Response:
    """The calm layout of the login."""
    return visit.render("design/every_part_calm.html")


def _requests(now: int) -> Figure:
    moments = [now - now % HOUR - HOUR * back for back in range(23, -1, -1)]
    values = [max(0, round(900 + 700 * sin(at / 3.3) + 160 * sin(at * 2.1))) for at in range(24)]
    before = [round(value * 0.7 + 120 * sin(at)) + 200 for at, value in enumerate(values)]
    return Figure("Requests an hour", moments, [Series("today", values), Series("yesterday", before)])


def _traffic(now: int) -> Figure:
    moments = [now - now % DAY - DAY * back for back in range(29, -1, -1)]
    values = [4.2e9 + 2.6e9 * sin(at / 4) + 1.1e9 * sin(at * 1.7) for at in range(30)]
    return Figure("Traffic a day", moments, [Series("Traffic", values)], kind="bars", unit="size")


def _lately(now: int) -> list[Change]:
    return [
        Change("Heidi Zgraggen", "changed the MX record of alpage.example", now - 140, "#", "#"),
        Change("Peter Imhof", "created the zone sennerei.example", now - 3 * HOUR, "#", "#"),
        Change("Deploy", "replaced 48 records of alpage.example", now - DAY, "#"),
        Change("Peter Imhof", "left the team Farmers", now - 9 * DAY),
    ]
