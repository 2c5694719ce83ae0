"""The login under load: introspection and client credentials beside node-oidc-provider, codes for tokens alone.

node-oidc-provider keeps everything in memory. What this platform has answered is in its SQLite database by then, where
no killed process takes it back; as `alpage-full` (`synchronous` is `FULL`), not even a power cut does.
"""

import subprocess
import sys
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench import figures
from bench.contenders import PEERS, Contender, Route
from bench.cores import Cores, on_core
from bench.figures import Figure
from bench.load import run_wrk
from bench.project import UNLIMITED, Installation, install
from bench.rounds import Run, run_rounds
from bench.servers import Answer, Form, Forms, Server, free_port, post_form, request, serve

FULL = {**UNLIMITED, "ALPAGE_SYNCHRONOUS": "FULL"}
PEER = PEERS / "oidc_provider" / "server.js"
PEER_CLIENT = ("the-client-of-the-bench", "a-client-secret-of-the-usual-length-0123456789")
REDIRECT_URI = "https://client.example/callback"
SCOPE = "user_info"
INTROSPECTION, CREDENTIALS, CODES = "introspection", "client-credentials", "code-to-token"
CODES_A_SECOND = 1_500  # more than can be redeemed: the load must not run out of them
CODE_SECONDS = 4  # of load; a code lives a minute, and making so many takes a part of that
REVOCATIONS = 10
REFUSALS = 40  # in a row: by then each server process has refused


@dataclass(frozen=True)
class Client:
    """A client of a login, and where that login has its endpoints."""

    id: str
    secret: str
    token_path: str
    introspection_path: str

    def form(self, **fields: str) -> Form:
        """Write a form that the client sends."""
        return Form(urlencode(fields), self.authorization)

    @property
    def authorization(self) -> str:
        """The header that says who it is (RFC 6749, 2.3.1)."""
        return "Basic " + b64encode(f"{self.id}:{self.secret}".encode()).decode()

    def new_token(self, port: int) -> str:
        """Get a token for the client itself; raises RuntimeError when the login refuses."""
        answer = post_form(port, self.token_path, self.form(grant_type="client_credentials", scope=SCOPE))
        return str(succeeded(answer)["access_token"])

    def routes(self) -> tuple[Route, ...]:
        """What is compared: a token asked about, and a token got."""
        return (
            Route(
                INTROSPECTION,
                self.introspection_path,
                self.introspection_fault,
                lambda port: self.form(token=self.new_token(port)),
            ),
            Route(
                CREDENTIALS,
                self.token_path,
                credentials_fault,
                lambda _port: self.form(grant_type="client_credentials", scope=SCOPE),
            ),
        )

    def introspection_fault(self, body: Any) -> str | None:
        """See that the token is known as what it is."""
        right = {"active": True, "client_id": self.id, "scope": SCOPE}
        told = {name: body.get(name) for name in right}
        return None if told == right else f"it is told {told} instead of {right}"


def credentials_fault(body: Any) -> str | None:
    """See that a bearer token came, for the scope that was asked for."""
    is_right = body["access_token"] and body["token_type"].lower() == "bearer" and body["scope"] == SCOPE
    return None if is_right else f"{sorted(body)} is no answer to client credentials"


def measure_identity(scratch: Path, cores: Cores, *, rounds: int, seconds: int) -> tuple[list[Run], list[Figure]]:
    """Take all figures of the login; gives the runs they come from beside them."""
    installation = install(scratch, {})
    client = register(installation)
    contenders = [
        as_login("alpage", installation, client, UNLIMITED),
        as_login("alpage-full", installation, client, FULL),
        prepare_oidc_provider(scratch),
    ]
    runs, _ = run_rounds(contenders, cores, rounds=rounds, seconds=seconds)
    codes = measure_codes(installation, client, cores, rounds=rounds)
    return [*runs, *codes], [
        figures.introspection(share_of_peer(runs, "alpage", INTROSPECTION)),
        figures.client_credentials("no killed process", share_of_peer(runs, "alpage", CREDENTIALS)),
        figures.client_credentials("no power cut", share_of_peer(runs, "alpage-full", CREDENTIALS)),
        figures.codes_for_tokens(median(run.load.requests_per_second for run in codes)),
        figures.revocation(measure_revocation(installation, client)),
    ]


def share_of_peer(runs: Sequence[Run], contender: str, route: str) -> float:
    """Divide a contender's median of requests a second by node-oidc-provider's."""
    own, peer = (
        median(run.load.requests_per_second for run in runs if (run.contender, run.route) == (name, route))
        for name in (contender, "oidc-provider")
    )
    return own / peer


def prepare_oidc_provider(directory: Path) -> Contender:
    """node-oidc-provider, which makes its key and its client when it starts."""
    return Contender(
        name="oidc-provider",
        command=lambda port: ["node", PEER, str(port), *PEER_CLIENT],
        directory=directory,
        environment={"NODE_ENV": "production"},
        routes=Client(*PEER_CLIENT, "/token", "/token/introspection").routes(),
        ready="/.well-known/openid-configuration",
    )


def as_login(name: str, installation: Installation, client: Client, environment: Mapping[str, str]) -> Contender:
    """The platform's login under some settings, ready to be compared."""
    return Contender(
        name=name,
        command=lambda port: installation.command(port, "--no-dns"),
        directory=installation.directory,
        environment=environment,
        routes=client.routes(),
        ready="/health",
    )


def register(installation: Installation) -> Client:
    """Register an application by the API, for its own tokens and for codes."""
    body = {
        "name": "bench",
        "is_confidential": True,
        "grant_types": ["client_credentials", "authorization_code"],
        "scopes": ["openid", SCOPE],
        "redirect_uris": [REDIRECT_URI],
    }
    with running(installation, core=None) as server:
        accounts = request(server.port, "GET", "/1/accounts", token=installation.token)
        path = f"/1/accounts/{succeeded(accounts)['data'][0]['id']}/applications"
        made = succeeded(request(server.port, "POST", path, token=installation.token, body=body))["data"]
    return Client(made["client_id"], made["client_secret"], "/login/token", "/login/introspect")


def running(installation: Installation, *options: str, core: int | None) -> AbstractContextManager[Server]:
    """Run the platform without its name server until the block ends."""
    port = free_port()
    return serve(
        installation.command(port, "--no-dns", *options),
        port=port,
        ready="/health",
        environment=UNLIMITED,
        directory=installation.directory,
        core=core,
    )


def succeeded(answer: Answer) -> Any:
    """The body of an answer; raises RuntimeError when it is a refusal."""
    if answer.status not in (200, 201):
        raise RuntimeError(f"The login refused: {answer}")
    return answer.body


# Codes for tokens


def measure_codes(installation: Installation, client: Client, cores: Cores, *, rounds: int) -> list[Run]:
    """Redeem codes that were made just before, each once, for an access token and an ID token signed with RS256."""
    with running(installation, core=cores.server) as server:
        redeem_one(installation, client, server, cores)
        redeem(installation, client, server, cores, seconds=1)  # warms up
        return [
            Run("alpage", CODES, number, *redeem(installation, client, server, cores, seconds=CODE_SECONDS))
            for number in range(1, rounds + 1)
        ]


def redeem_one(installation: Installation, client: Client, server: Server, cores: Cores) -> None:
    """See that a code brings what it has to; raises RuntimeError."""
    forms = make_codes(installation, client, cores, 1)
    answer = succeeded(
        post_form(server.port, client.token_path, Form(forms.file.read_text().strip(), forms.authorization))
    )
    head = answer["id_token"].partition(".")[0]
    if b'"RS256"' not in urlsafe_b64decode(head + "=" * (-len(head) % 4)):
        raise RuntimeError(f"The ID token is not signed with RS256: {head}")


def redeem(
    installation: Installation, client: Client, server: Server, cores: Cores, *, seconds: int
) -> tuple[Any, float]:
    """Redeem codes for some seconds; gives the load, and the processor time of a request in microseconds."""
    forms = make_codes(installation, client, cores, CODES_A_SECOND * seconds)
    before = server.cpu_seconds()
    load = run_wrk(f"http://127.0.0.1:{server.port}{client.token_path}", form=forms, seconds=seconds, core=cores.load)
    return load, (server.cpu_seconds() - before) / load.requests * 1e6


def make_codes(installation: Installation, client: Client, cores: Cores, number: int) -> Forms:
    """Have a user allow the application so many times, beside the running server."""
    file = installation.directory / "codes.txt"
    make = [sys.executable, "-m", "bench.codes", installation.directory, client.id, REDIRECT_URI, str(number), file]
    subprocess.run([*on_core(cores.load), *make], check=True)
    return Forms(file, client.authorization)


# How long a revoked token goes on


def measure_revocation(installation: Installation, client: Client) -> float:
    """Revoke tokens that two server processes have in mind; gives the longest time one was still taken, in seconds."""
    with running(installation, "--workers", "2", core=None) as server:
        return max(outlive_revocation(client, server.port) for _ in range(REVOCATIONS))


def outlive_revocation(client: Client, port: int) -> float:
    """Give the seconds from the revocation's answer to the last call that was made in time to be answered."""
    token = client.new_token(port)
    for _ in range(REFUSALS):  # over connections of their own, so that each process gets to know it
        succeeded(request(port, "GET", "/2/profile", token=token))
    succeeded_at = post_revocation(client, port, token)
    last, refusals = 0.0, 0
    while refusals < REFUSALS:
        called = time.perf_counter()
        status = request(port, "GET", "/2/profile", token=token).status
        if status == 200:
            last = called - succeeded_at
        refusals = refusals + 1 if status == 401 else 0
        time.sleep(0.005)
    return last


def post_revocation(client: Client, port: int, token: str) -> float:
    """Revoke a token; gives the time of the answer."""
    answer = post_form(port, "/login/revoke", client.form(token=token))
    if answer.status != 200:
        raise RuntimeError(f"The revocation was refused: {answer}")
    return time.perf_counter()
