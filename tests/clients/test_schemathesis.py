"""Schemathesis sends what the OpenAPI description allows, and what it does not, and holds the answers against it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from alpage.identity.scopes import SCOPES
from tests.clients.processes import run
from tests.clients.running import DOMAIN, running_platform

ST = Path(sys.executable).with_name("st")
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
OFTEN = 0.8  # how likely a known value is taken; else anything
LOST = [f"lost{number}.{DOMAIN}" for number in range(6)]  # zones that may be replaced and deleted


@pytest.fixture
def own(tmp_path):
    """A platform of its own: what is tried out here may change and delete anything."""
    with running_platform(tmp_path) as platform:
        for number in range(20):
            platform.make_record(DOMAIN, f"host{number}", "A", "192.0.2.1")
        for zone in LOST:
            platform.call("POST", f"/2/zones/{zone}", {})
        for number in range(3):
            platform.call("POST", "/1/tokens", {"name": f"spare {number}", "scopes": ["dns:read"]})
        # The first token is ended in passing: 1 is the least number there can be, and so it is tried.
        token = platform.call("POST", "/1/tokens", {"name": "tried with", "scopes": [*SCOPES]})["token"]
        platform.client.headers["Authorization"] = f"Bearer {token}"
        yield replace(platform, token=token)


def known_values(platform):
    """Values of parameters and bodies that make an operation do its work, so that not every answer is a refusal."""

    def every(path, field="id"):
        return [one[field] for one in platform.call("GET", path)]

    (account,) = every("/1/accounts")
    products = every("/1/products")
    return {
        "path.account": [account],
        "path.account_id": [account],
        "path.action_id": every("/1/actions"),
        "path.domain": [DOMAIN, *products],
        "path.product": products,
        "path.record": every(f"/2/zones/{DOMAIN}/records"),
        "path.serial": every(f"/2/zones/{DOMAIN}/versions", "serial"),
        "path.tag": [1, 2, 3],
        "path.team": [1, 2, 3],
        "path.template": every("/2/dns/templates", "name"),
        "path.timezone_id": every("/1/timezones")[:10],
        "path.zone": [DOMAIN],
        "body.dnssec_data[*]": [f"12345 13 2 {'ab' * 32}"],
        "body.email": [f"guest{number}@example.org" for number in range(10)],
        "body.nameservers[*]": ["ns1.example.org", "ns2.example.org"],
        "body.source": [".", "www", "*.wild", "host1", "a.b"],
        "body.target": [
            "192.0.2.1",
            "2001:db8::1",
            "host.example.org",
            "10 mail.example.org",
            '0 issue "ca.example.net"',
        ],
        "body.user_ids[*]": every(f"/2/accounts/{account}/users", "user_id"),
    }


def spare_tokens(platform):
    return [token["id"] for token in platform.call("GET", "/1/tokens") if token["name"].startswith("spare")]


def configuration(values, spare):
    """The file of settings with these values in it; JSON's lists and strings are TOML's too."""
    dictionaries = [_dictionary(name, known) for name, known in {**values, "lost": LOST, "spare": spare}.items()]
    parameters = [f'"{name}" = {{ dictionary = "{name}", probability = {OFTEN} }}' for name in values]
    return "\n".join([CONFIGURATION.read_text(), *dictionaries, "[parameters]", *parameters])


def _dictionary(name, known):
    return f"[dictionaries.{json.dumps(name)}]\nvalues = {json.dumps(known)}"


@pytest.mark.timeout(660)
def test_every_operation_answers_as_described(own, tmp_path):
    (tmp_path / "schemathesis.toml").write_text(configuration(known_values(own), spare_tokens(own)))
    # One worker: parsing in two threads at once fails now and then on CPython 3.11 (its issue 106905).
    arguments = ["run", f"{own.url}/openapi.json", "--header", f"Authorization: Bearer {own.token}", "--workers", "1"]
    run([ST, "--no-color", *arguments], tmp_path, timeout=600)
    assert own.call("GET", f"/2/zones/{DOMAIN}/exists"), "what was tried out could not work any more"
