"""ddclient tells the platform a changed address."""

import pytest

from tests.clients.processes import run, until
from tests.clients.running import DOMAIN

pytestmark = pytest.mark.needs("ddclient")


def update(running, folder, address, *hosts, password):
    configuration = folder / "ddclient.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"protocol=dyndns2\nserver=127.0.0.1:{running.port}\nssl=no\nuse=ip\n"
        f"login={running.user}\npassword='{password}'\n{','.join(hosts)}\n"
    )
    files = ["-file", configuration, "-cache", folder / "cache", "-pid", folder / "pid"]
    return run(["ddclient", "-daemon=0", "-force", "-verbose", *files, f"-ip={address}"], folder)


@pytest.fixture
def host(running, request):
    """A host with an address, of a name that no other test uses."""
    source = f"home-{request.node.name.replace('_', '-')}"[:63].rstrip("-")
    running.make_record(DOMAIN, source, "A", "192.0.2.1")
    until(lambda: running.ask(f"{source}.{DOMAIN}", "A"), lambda addresses: addresses == ["192.0.2.1"])
    return f"{source}.{DOMAIN}"


@pytest.fixture
def application_password(running):
    return running.call("POST", "/2/profile/applications/passwords", {"name": "ddclient"})["password"]


def test_a_changed_address_is_served(running, host, application_password, tmp_path):
    printed = update(running, tmp_path, "198.51.100.7", host, password=application_password)
    assert f"updating {host}: good: IP address set to 198.51.100.7" in printed
    until(lambda: running.ask(host, "A"), lambda addresses: addresses == ["198.51.100.7"])


def test_a_token_is_a_password_too(running, host, tmp_path):
    printed = update(running, tmp_path, "198.51.100.8", host, password=running.token)
    assert f"updating {host}: good: IP address set to 198.51.100.8" in printed


def test_an_address_that_did_not_change(running, host, tmp_path):
    printed = update(running, tmp_path, "192.0.2.1", host, password=running.token)
    assert f"updating {host}: nochg" in printed


def test_a_wrong_password(running, host, tmp_path):
    with pytest.raises(AssertionError, match="badauth"):
        update(running, tmp_path, "198.51.100.7", host, password="wrong")
    assert running.ask(host, "A") == ["192.0.2.1"]


def test_a_host_of_nobody(running, tmp_path):
    with pytest.raises(AssertionError, match="nohost"):
        update(running, tmp_path, "198.51.100.7", "home.elsewhere.example", password=running.token)
