"""A device signs in: somebody types its code in a browser elsewhere, or follows the address it shows (RFC 8628)."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.clients.applications import DEVICE, REFRESH, decide, register, sign_in
from tests.clients.browsing import Browser
from tests.clients.dialogs import dialog
from tests.clients.processes import started, until

SCRIPT = Path(__file__).with_name("device_login.sh")


@pytest.fixture
def device(running):
    """An application for devices, as a command line would be."""
    return register(running, "device", is_confidential=False, grant_types=[DEVICE, REFRESH])


@pytest.mark.needs("curl")
def test_a_script_and_a_code_that_is_typed(running, device, tmp_path):
    command = [SCRIPT, device.issuer, device.client_id, "user_info"]
    with started("script", command, tmp_path, is_spoken_to=True) as script, Browser() as browser:
        log = tmp_path / "script.log"
        address, code = until(lambda: re.findall(r"Open (\S+) and type (\S+)", log.read_text()), bool)[0]
        page = sign_in(browser, browser.open(address), running)
        page = browser.submit(page, page.form_with("user_code"), {"user_code": code.lower()})
        decide(browser, page)
        token, _ = script.communicate(timeout=30)
    assert script.returncode == 0
    profile = httpx.get(f"{running.url}/2/profile", headers={"Authorization": f"Bearer {token.decode().strip()}"})
    assert profile.json()["data"]["email"] == running.user


@pytest.mark.needs("node", "npm")
def test_openid_client_and_an_address_that_is_opened(running, device, node_clients, tmp_path):
    command = [*node_clients.script("openid_client_device.js"), json.dumps(device.options())]
    with dialog(command, tmp_path) as library, Browser() as browser:
        shown = library.hear()
        page = sign_in(browser, browser.open(shown["go"]), running)
        form = page.form_with("user_code")
        assert form.filled({}, None)["user_code"] == [shown["code"]], "to be compared with what the device shows"
        decide(browser, browser.submit(page, form))
        tokens = library.hear()
    assert tokens["refresh_token"]
    assert set(tokens["scope"].split()) == set(device.scope.split())
