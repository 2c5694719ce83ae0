"""`alpage application`, on the data folder."""

import pytest

from alpage.cli import demo, platform
from alpage.settings import load
from tests.cli.test_token import alpage


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    demo.demonstrate(platform.open_platform(data), load(data=data))
    return data


DEMO = ("--account", "1", "--user", "demo@alpage.example")


def make(folder, *arguments):
    made = alpage("application", "create", "Calendar", *DEMO, *arguments, "--data", folder)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()


def test_create_list_show(folder):
    client_id, secret = make(folder, "--redirect", "https://app.example/cb", "--scope", "openid", "--scope", "dns:read")
    assert secret.startswith("alp_cs_")
    listed = alpage("application", "list", "--account", "1", "--data", folder).stdout
    assert f"{client_id}\tactive\t1\t0\tCalendar" in listed.splitlines()
    shown = alpage("application", "show", client_id, "--data", folder).stdout
    assert "grant_types\tauthorization_code refresh_token" in shown
    assert "scopes\topenid dns:read" in shown
    assert f"secret\t…{secret[-4:]}\twithout end" in shown
    assert secret not in listed + shown


def test_a_device_and_one_that_acts_by_itself(folder):
    (device,) = make(folder, "--public", "--device")
    assert "device_code refresh_token\n" in alpage("application", "show", device, "--data", folder).stdout
    job, _ = make(folder, "--own", "--scope", "dns")
    assert "grant_types\tclient_credentials\n" in alpage("application", "show", job, "--data", folder).stdout


def test_secrets_follow_each_other(folder):
    client_id, first = make(folder, "--redirect", "https://app.example/cb")
    second = alpage("application", "secret", client_id, "--expire-others-in", "3600", "--data", folder).stdout.strip()
    assert second.startswith("alp_cs_")
    full = alpage("application", "secret", client_id, "--data", folder)
    assert (full.returncode, "two secrets" in full.stderr) == (2, True)
    third = alpage("application", "secret", client_id, "--expire-others-in", "0", "--data", folder).stdout.strip()
    shown = alpage("application", "show", client_id, "--data", folder).stdout
    assert [secret[-4:] in shown for secret in (first, second, third)] == [False, False, True]


def test_revoke(folder):
    client_id, _ = make(folder, "--redirect", "https://app.example/cb")
    assert alpage("application", "revoke", client_id, "--data", folder).returncode == 0
    assert f"{client_id}\trevoked" in alpage("application", "list", "--data", folder).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "A", "--account", "1", "--user", "nobody@example.org"], "redirect_uris"),
        (["create", "A", *DEMO, "--redirect", "http://app.example/"], "cannot be a redirect address: scheme"),
        (["create", "A", *DEMO, "--redirect", "https://app.example/", "--scope", "dns:reed"], "scopes.0"),
        (["create", "A", *DEMO, "--public", "--own"], "grant_types"),
        (["create", "A", "--device", "--account", "1", "--user", "nobody@example.org"], "there is no user"),
        (["create", "A", "--device", "--account", "99", "--user", "demo@alpage.example"], "does not administer"),
        (["show", "nothing"], "there is no application nothing"),
        (["secret", "nothing"], "there is no application nothing"),
        (["revoke", "nothing"], "there is no application nothing"),
    ],
)
def test_what_cannot_be_is_said(folder, arguments, said):
    answer = alpage("application", *arguments, "--data", folder)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
