"""lego gets a certificate by the DNS challenge, through version 1 of the DNS routes."""

import pytest
from cryptography import x509

from tests.clients.processes import HOST, run
from tests.clients.running import DOMAIN

pytestmark = pytest.mark.needs("lego", "pebble")


def obtain(running, acme_server, trusted, folder, *domains, token=""):
    environment = {
        "INFOMANIAK_ENDPOINT": running.url,
        "INFOMANIAK_ACCESS_TOKEN": token or running.token,
        "LEGO_CA_CERTIFICATES": str(trusted),
    }
    command = [
        "lego",
        "--path",
        str(folder),
        "--server",
        acme_server,
        "--accept-tos",
        "--email",
        running.user,
    ]
    command += ["--dns", "infomaniak", "--dns.resolvers", f"{HOST}:{running.dns_port}"]
    # lego's wait for the authoritative servers asks them on port 53 only, which ours cannot have in a test.
    command += ["--dns.disable-cp"]
    for domain in domains:
        command += ["--domains", domain]
    return run([*command, "run"], folder, environment, timeout=90)


def test_a_certificate_for_a_domain_and_all_below_it(running, acme_server, trusted, tmp_path):
    obtain(running, acme_server, trusted, tmp_path, DOMAIN, f"*.{DOMAIN}")
    certificate = x509.load_pem_x509_certificate((tmp_path / "certificates" / f"{DOMAIN}.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(names.get_values_for_type(x509.DNSName)) == [f"*.{DOMAIN}", DOMAIN]
    assert records_of_challenges(running) == []


def test_a_certificate_for_a_name_far_below(running, acme_server, trusted, tmp_path):
    name = f"a.b.c.{DOMAIN}"
    obtain(running, acme_server, trusted, tmp_path, name)
    assert (tmp_path / "certificates" / f"{name}.crt").exists()
    assert records_of_challenges(running) == []


def test_what_lego_says_of_a_wrong_token(running, acme_server, trusted, tmp_path):
    with pytest.raises(AssertionError, match="not_authorized"):
        obtain(running, acme_server, trusted, tmp_path, DOMAIN, token="alp_pat_wrong")


def records_of_challenges(running):
    records = running.call("GET", f"/2/zones/{DOMAIN}/records")
    return [record for record in records if "_acme-challenge" in record["source"]]
