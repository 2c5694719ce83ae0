"""A zone in the hands of somebody at a phone and at a desk: records, a paste, an import, versions."""

import pytest

from tests.browser.visitors import Visitor
from tests.clients.running import DOMAIN, RunningPlatform

PASTED = """\
mail  600 IN A 192.0.2.25
@         IN MX 10 mail
- old     IN TXT
"""
IMPORTED = """\
$ORIGIN {fqdn}.
$TTL 3600
@ IN SOA ns1.alpage.example. hostmaster.alpage.example. 1 7200 3600 1209600 300
@ IN NS ns1.alpage.example.
@ IN NS ns2.alpage.example.
www 3600 IN A 192.0.2.99
"""


@pytest.fixture
def zone(running: RunningPlatform, width: int) -> str:
    """A zone with one record."""
    fqdn = running.make_zone(f"w{width}.{DOMAIN}")
    running.make_record(fqdn, "old", "TXT", "not needed any more")
    return fqdn


@pytest.fixture
def editor(manager: Visitor, width: int, zone: str) -> Visitor:
    """The demonstration's user at the records of the zone."""
    manager.resize(width)
    manager.looks = width == 360
    manager.go(f"{manager.platform.manager}/zones/{zone}")
    return manager


def test_editing_a_zone(running: RunningPlatform, editor: Visitor, zone: str) -> None:
    add_and_change(editor)
    paste(editor)
    versions(editor)
    import_file(editor, zone)
    targets = {(one["source"], one["type"]): one["target"] for one in running.call("GET", f"/2/zones/{zone}/records")}
    assert targets["www", "A"] == "192.0.2.99"
    assert ("mail", "A") not in targets


def add_and_change(editor: Visitor) -> None:
    address = editor.page.url
    editor.tap("Add a record")
    editor.type("Name", "www")
    editor.type("Value", "192.0.2.300")
    editor.tap("Add")
    editor.page.locator("#new-target-error").wait_for()
    editor.complains_at("Value")
    editor.look("record-wrong")
    editor.type("Value", "192.0.2.30")
    editor.tap("Add")
    editor.reads("A record added.")
    editor.tap("Change www A")
    editor.page.get_by_role("form", name="Change this record").wait_for()
    editor.look("record-editing")
    editor.type("Value", "192.0.2.31")
    editor.page.keyboard.press("Enter")
    editor.reads("A record saved.")
    editor.reads("192.0.2.31")
    editor.tap("Delete www A")
    editor.reads("The record was deleted.")
    assert editor.page.get_by_text("192.0.2.31").count() == 0
    assert editor.page.url == address, "all of this in one place"


def paste(editor: Visitor) -> None:
    editor.press("Paste")
    editor.type("Records", "www IN A 192.0.2.300")
    editor.press("Show the plan")
    editor.reads("One line cannot be taken")
    editor.look("paste-wrong")
    editor.type("Records", PASTED)
    editor.press("Show the plan")
    editor.reads("2 new records, one deleted.")
    editor.look("paste-plan")
    editor.press("Apply")
    editor.reads("3 records were changed.")
    editor.look("records")


def versions(editor: Visitor) -> None:
    editor.press("Versions")
    editor.look("versions")
    editor.press("Compare")
    editor.reads("2 new records, one deleted.")
    editor.look("compare")
    editor.press("Other versions")
    editor.page.get_by_role("button", name="Restore …").first.click()
    editor.reads("One new record, 2 deleted.")
    editor.look("restore")
    editor.press("Restore")
    editor.reads("The zone is again what it was.")
    editor.reads("not needed any more")


def import_file(editor: Visitor, zone: str) -> None:
    editor.press("Import and export")
    editor.type("Or its text", IMPORTED.format(fqdn=zone))
    editor.press("Show the plan")
    editor.look("import-plan")
    editor.press("Replace the records")
    editor.reads("The zone is now what the file says.")
