"""octoDNS keeps a zone as its files say, with the provider for the reference API."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.clients.processes import run, until
from tests.clients.python_clients import PythonClients
from tests.clients.running import DOMAIN

LONG = "v=DKIM1\\; k=rsa\\; p=" + "MIIBIjANBgkqhkiG" * 30
VALUES = {
    "": [
        {"type": "A", "ttl": 300, "values": ["192.0.2.1", "192.0.2.2"]},
        {"type": "AAAA", "ttl": 300, "value": "2001:db8::1"},
        {
            "type": "CAA",
            "ttl": 1800,
            "values": [
                {"flags": 0, "tag": "iodef", "value": "mailto:security@example.org"},
                {"flags": 0, "tag": "issue", "value": "ca.example.net"},
                {"flags": 128, "tag": "issuewild", "value": ";"},
            ],
        },
        {
            "type": "MX",
            "ttl": 1800,
            "values": [
                {"exchange": "mx1.example.org.", "preference": 10},
                {"exchange": "mx2.example.org.", "preference": 20},
            ],
        },
        {"type": "TXT", "ttl": 600, "values": ["another text", "v=spf1 mx -all"]},
    ],
    "*.wild": {"type": "A", "ttl": 300, "value": "192.0.2.9"},
    "_dmarc": {"type": "TXT", "ttl": 600, "value": "v=DMARC1\\; p=none\\; rua=mailto:dmarc@example.org"},
    "_443._tcp.www": {
        "type": "TLSA",
        "ttl": 300,
        "value": {
            "certificate_association_data": "ab" * 32,
            "certificate_usage": 3,
            "matching_type": 1,
            "selector": 1,
        },
    },
    "_sip._tcp": {
        "type": "SRV",
        "ttl": 300,
        "values": [
            {"port": 5060, "priority": 10, "target": "sip1.example.org.", "weight": 60},
            {"port": 5060, "priority": 20, "target": "sip2.example.org.", "weight": 0},
        ],
    },
    "branch": {"type": "NS", "ttl": 1800, "values": ["ns1.example.org.", "ns2.example.org."]},
    "key._domainkey": {"type": "TXT", "ttl": 600, "value": LONG},
    "mail": {"type": "SSHFP", "ttl": 300, "value": {"algorithm": 4, "fingerprint": "cd" * 32, "fingerprint_type": 2}},
    "shop": {"type": "CNAME", "ttl": 300, "value": "www.example.org."},
    "www": [
        {"type": "A", "ttl": 300, "values": ["192.0.2.3", "192.0.2.4"]},
        {"type": "AAAA", "ttl": 300, "value": "2001:db8::3"},
    ],
}


@dataclass(frozen=True, slots=True)
class Octodns:
    """octoDNS's commands, on a folder with the file of one zone."""

    zone: str
    programs: PythonClients
    folder: Path
    environment: dict[str, str]

    def desire(self, values):
        (self.folder / "zones" / f"{self.zone}.yaml").write_text(yaml.safe_dump(values))

    def sync(self, *arguments):
        return self._run("sync", *arguments)

    def dump(self):
        """The zone as octoDNS writes it from what the API has, without the platform's own name servers."""
        self._run("dump", "--output-dir", "dumped", f"{self.zone}.", "platform")
        values = yaml.safe_load((self.folder / "dumped" / f"{self.zone}.yaml").read_text())
        return {**values, "": [record for record in values.get("", []) if record["type"] != "NS"]}

    def _run(self, name, *arguments):
        command = [self.programs.program(f"octodns-{name}"), "--config-file", "octodns.yaml", *arguments]
        return run(command, self.folder, self.environment)


@pytest.fixture
def octodns(running, redirected, python_clients, tmp_path, request):
    zone = running.make_zone(f"{request.param}.{DOMAIN}")
    configuration = {
        "providers": {
            "files": {"class": "octodns.provider.yaml.YamlProvider", "directory": "zones"},
            "platform": {"class": "octodns_infomaniak.InfomaniakProvider", "token": "env/TOKEN"},
        },
        "zones": {f"{zone}.": {"sources": ["files"], "targets": ["platform"]}},
    }
    (tmp_path / "zones").mkdir()
    (tmp_path / "octodns.yaml").write_text(yaml.safe_dump(configuration))
    return Octodns(zone, python_clients, tmp_path, {**redirected, "TOKEN": running.token})


@pytest.mark.parametrize("octodns", ["octodns"], indirect=True)
def test_a_zone_becomes_and_stays_what_its_file_says(running, octodns):
    octodns.desire(VALUES)
    octodns.sync("--doit", "--force")
    assert "No changes were planned" in octodns.sync()
    assert octodns.dump() == VALUES
    zone = octodns.zone
    until(lambda: running.ask(f"_dmarc.{zone}", "TXT"), bool)
    assert running.ask(f"_dmarc.{zone}", "TXT") == ['"v=DMARC1; p=none; rua=mailto:dmarc@example.org"']
    assert running.ask(zone, "CAA")[-1] == '128 issuewild ";"'

    changed = {name: records for name, records in VALUES.items() if name not in {"branch", "mail", "shop"}}
    changed["www"] = {"type": "A", "ttl": 600, "values": ["192.0.2.4", "192.0.2.5"]}
    changed["new"] = {"type": "CNAME", "ttl": 300, "value": "www.example.org."}
    octodns.desire(changed)
    octodns.sync("--doit", "--force")
    assert "No changes were planned" in octodns.sync()
    assert octodns.dump() == changed
    until(lambda: running.ask(f"www.{zone}", "A"), lambda found: found == ["192.0.2.4", "192.0.2.5"])
    until(lambda: running.ask(f"shop.{zone}", "CNAME"), lambda found: not found)


@pytest.mark.parametrize("octodns", ["octodns-quotes"], indirect=True)
def test_quotes_in_a_text_are_served_as_written(running, octodns):
    octodns.desire({"inside": {"type": "TXT", "value": 'say "hi"'}, "around": {"type": "TXT", "value": '"all of it"'}})
    octodns.sync("--doit", "--force")
    until(lambda: running.ask(f"inside.{octodns.zone}", "TXT"), lambda found: found == ['"say \\"hi\\""'])
    until(lambda: running.ask(f"around.{octodns.zone}", "TXT"), lambda found: found == ['"all of it"'])
