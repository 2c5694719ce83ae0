"""Pebble, the ACME server that certificate clients ask for their certificates."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.clients.processes import HOST, answers, free_port, started, until

# Without the pauses and the refused nonces it makes by chance: a test must not depend on them.
CALM = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}


@contextmanager
def running_acme_server(authority: trustme.CA, dns_port: int, folder: Path) -> Iterator[str]:
    """Runs an ACME server that validates through the name server on a port, until the block ends.

    Answers with the address of its directory.
    """
    port = free_port()
    issued = authority.issue_cert(HOST)
    issued.cert_chain_pems[0].write_to_path(str(folder / "pebble.pem"))
    issued.private_key_pem.write_to_path(str(folder / "pebble.key"))
    configuration = {
        "listenAddress": f"{HOST}:{port}",
        "managementListenAddress": "",
        "certificate": "pebble.pem",
        "privateKey": "pebble.key",
        "httpPort": free_port(),
        "tlsPort": free_port(),
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": configuration}))
    command = ["pebble", "-config", "pebble.json", "-dnsserver", f"{HOST}:{dns_port}", "-strict"]
    with started("pebble", command, folder, CALM):
        until(lambda: answers(port), bool)
        yield f"https://{HOST}:{port}/dir"
