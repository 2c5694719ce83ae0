"""`alpage token`, on the data folder."""

import subprocess

import pytest

from alpage.cli import demo, platform
from alpage.settings import load
from tests.cli.running import ALPAGE


def alpage(*arguments):
    return subprocess.run([ALPAGE, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    demo.demonstrate(platform.open_platform(data), load(data=data))
    return data


def test_create_list_revoke(folder):
    made = alpage(
        "token", "create", "--user", "demo@alpage.example", "--scope", "dns:read", "--days", "3", "--data", folder
    )
    secret = made.stdout.strip()
    assert secret.startswith("alp_pat_")
    listed = alpage("token", "list", "--data", folder).stdout.splitlines()
    assert secret not in "".join(listed)
    number = next(line.split("\t")[0] for line in listed if secret[-4:] in line)
    assert alpage("token", "revoke", number, "--data", folder).returncode == 0
    assert f"{number}\t…{secret[-4:]}\trevoked" in alpage("token", "list", "--data", folder).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--user", "nobody@example.org"], "there is no user nobody@example.org"),
        (["create", "--user", "demo@alpage.example", "--scope", "dns:reed"], "there is no scope dns:reed"),
        (["revoke", "999"], "there is no token 999"),
    ],
)
def test_what_cannot_be_is_said(folder, arguments, said):
    answer = alpage("token", *arguments, "--data", folder)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
