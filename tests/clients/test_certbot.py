"""Certbot gets a certificate by the DNS challenge, with the plugin for the reference API."""

import pytest
from cryptography import x509

from tests.clients.processes import run
from tests.clients.running import DOMAIN

pytestmark = pytest.mark.needs("pebble")


@pytest.fixture
def obtain(running, acme_server, redirected, python_clients, tmp_path):
    def certonly(*domains, token=running.token):
        environment = {**redirected, "INFOMANIAK_API_TOKEN": token}
        command = [python_clients.program("certbot"), "certonly", "--non-interactive", "--agree-tos"]
        command += ["--server", acme_server, "--email", running.user]
        for kind in ("config", "work", "logs"):
            command += [f"--{kind}-dir", tmp_path / kind]
        command += ["--authenticator", "dns-infomaniak", "--dns-infomaniak-propagation-seconds", "2"]
        for domain in domains:
            command += ["--domain", domain]
        return run(command, tmp_path, environment, timeout=90)

    return certonly


def test_a_certificate_for_a_domain_and_all_below_it(running, obtain, tmp_path):
    obtain(DOMAIN, f"*.{DOMAIN}")
    certificate = x509.load_pem_x509_certificate((tmp_path / "config" / "live" / DOMAIN / "cert.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(names.get_values_for_type(x509.DNSName)) == [f"*.{DOMAIN}", DOMAIN]
    records = running.call("GET", f"/2/zones/{DOMAIN}/records")
    assert [record for record in records if "_acme-challenge" in record["source"]] == []


def test_a_certificate_for_a_zone_below_another(running, obtain, tmp_path):
    zone = running.make_zone(f"certbot.{DOMAIN}")
    obtain(f"www.{zone}")
    assert (tmp_path / "config" / "live" / f"www.{zone}" / "cert.pem").exists()
    records = running.call("GET", f"/2/zones/{zone}/records")
    assert [record for record in records if record["type"] == "TXT"] == []


def test_what_certbot_says_of_a_wrong_token(obtain):
    with pytest.raises(AssertionError, match="cannot authenticate"):
        obtain(DOMAIN, token="alp_pat_wrong")
