"""The platform as a process: started like a customer's would be, and spoken to over HTTP and DNS."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import httpx

from tests.clients.processes import HOST, free_port, started, until

ALPAGE = Path(sys.executable).with_name("alpage")
DOMAIN = "demo.example"  # the domain of the demonstration data
GENEROUS = {"ALPAGE_RATE_LIMIT": "100000/minute", "ALPAGE_ITEMS_LIMIT": "1000000/minute"}


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """A platform with demonstration data that answers on ports of its own."""

    client: httpx.Client  # brings the token
    url: str
    token: str
    user: str
    password: str
    port: int
    dns_port: int
    data: Path
    issuer: str  # the address of its login
    manager: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of an answer of the API; AssertionError with the answer if it is an error."""
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    def make_zone(self, fqdn: str) -> str:
        """Makes a zone at a name below the demonstration domain, and waits until it is served."""
        self.call("POST", f"/2/zones/{fqdn}", {})
        until(lambda: self.ask(fqdn, "SOA"), bool)
        return fqdn

    def make_record(self, zone: str, source: str, kind: str, target: str, ttl_seconds: int = 300) -> int:
        """Makes a record, and answers with its id."""
        body = {"source": source, "type": kind, "target": target, "ttl": ttl_seconds}
        made: int = self.call("POST", f"/2/zones/{zone}/records", body)["id"]
        return made

    def ask(self, name: str, kind: str) -> list[str]:
        """What the name server has at a name, sorted, in presentation form."""
        return ask(self.dns_port, name, kind)


@contextmanager
def running_platform(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[RunningPlatform]:
    """Runs a platform on a new data folder until the block ends; `{port}` in a setting stands for its port."""
    port, dns_port = free_port(), free_port()
    data = folder / "data"
    own = {name: value.replace("{port}", str(port)) for name, value in (settings or {}).items()}
    command = [ALPAGE, "serve", "--demo", "--data", data, "--port", str(port), "--dns-port", str(dns_port)]
    with (
        started("alpage", [*map(str, command)], folder, {**GENEROUS, **own}) as process,
        httpx.Client(base_url=f"http://{HOST}:{port}", timeout=30, trust_env=False) as client,
    ):
        until(lambda: process.poll() is not None or _is_healthy(client), bool, seconds=60)
        assert process.poll() is None, "the platform did not start"
        until(lambda: ask(dns_port, DOMAIN, "SOA"), bool, seconds=30)
        demo = dict(line.split("=", 1) for line in (data / "demo.env").read_text().splitlines())
        client.headers["Authorization"] = f"Bearer {demo['ALPAGE_TOKEN']}"
        yield RunningPlatform(
            client=client,
            url=demo["ALPAGE_API"],
            token=demo["ALPAGE_TOKEN"],
            user=demo["ALPAGE_USER"],
            password=demo["ALPAGE_PASSWORD"],
            port=port,
            dns_port=dns_port,
            data=data,
            issuer=own.get("ALPAGE_LOGIN_URL", f"{demo['ALPAGE_API']}/login"),
            manager=own.get("ALPAGE_MANAGER_URL", f"{demo['ALPAGE_API']}/manager"),
        )


def ask(port: int, name: str, kind: str) -> list[str]:
    """What a name server of this machine has at a name, sorted, in presentation form; nothing if it does not answer."""
    question = dns.message.make_query(name, kind)
    try:
        answer = dns.query.tcp(question, HOST, port=port, timeout=2)
    except (OSError, EOFError, dns.exception.DNSException):
        return []
    wanted = dns.rdatatype.from_text(kind)
    return sorted(rdata.to_text() for rrset in answer.answer if rrset.rdtype == wanted for rdata in rrset)


def _is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False
