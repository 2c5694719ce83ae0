"""The comparison: every contender in every round, each time in a fresh process.

So what the machine does meanwhile (other work, heat) meets all contenders alike.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.contenders import Contender, Route
from bench.cores import Cores
from bench.load import Load, run_wrk
from bench.servers import Form, Server, free_port, post_form, request, serve

WARM_UP_SECONDS = 2


@dataclass(frozen=True)
class Run:
    """One route of one contender under load, once."""

    contender: str
    route: str
    round: int
    load: Load
    cpu_us_per_request: float


@dataclass(frozen=True)
class Start:
    """One start of one contender: how long to the first answer, how heavy when idle, how heavy at most."""

    contender: str
    round: int
    seconds: float
    idle_pss_bytes: int
    peak_rss_bytes: int


def run_rounds(
    contenders: Sequence[Contender], cores: Cores, *, rounds: int, seconds: int
) -> tuple[list[Run], list[Start]]:
    """Measure all contenders one after the other, as many times as there are rounds."""
    runs: list[Run] = []
    starts: list[Start] = []
    for number in range(1, rounds + 1):
        for contender in contenders:
            new_runs, start = run_contender(contender, cores, number, seconds)
            runs += new_runs
            starts.append(start)
    return runs, starts


def run_contender(contender: Contender, cores: Cores, number: int, seconds: int) -> tuple[list[Run], Start]:
    """Start a contender, load its routes one after the other, stop it."""
    with start_contender(contender, cores) as server:
        idle = server.idle_pss_bytes()
        for route in contender.routes:
            warm_up(contender, route, server, cores)
        runs = [
            run_route(contender, route, server, cores, number=number, seconds=seconds) for route in contender.routes
        ]
        return runs, Start(contender.name, number, server.start_seconds, idle, server.peak_rss_bytes())


def start_contender(contender: Contender, cores: Cores) -> AbstractContextManager[Server]:
    """Run a contender on its core until the block ends."""
    port = free_port()
    return serve(
        contender.command(port),
        port=port,
        ready=contender.ready_path,
        environment=contender.environment,
        directory=contender.directory,
        core=cores.server,
        token=contender.token,
    )


def warm_up(contender: Contender, route: Route, server: Server, cores: Cores) -> None:
    """See that the answer is right, then load the route for a moment; all routes are warm before any is measured."""
    form = route.form(server.port) if route.form else None
    verify(contender, route, server.port, form)
    run_wrk(address(server, route), token=contender.token, form=form, seconds=WARM_UP_SECONDS, core=cores.load)


def address(server: Server, route: Route) -> str:
    """Write the address of a route on a running server."""
    return f"http://127.0.0.1:{server.port}{route.path}"


def run_route(contender: Contender, route: Route, server: Server, cores: Cores, *, number: int, seconds: int) -> Run:
    """Load a route and say what a request cost."""
    form = route.form(server.port) if route.form else None
    before = server.cpu_seconds()
    load = run_wrk(address(server, route), token=contender.token, form=form, seconds=seconds, core=cores.load)
    spent = server.cpu_seconds() - before
    print(f"  {number}. {contender.name:8} {route.name:18} {load.requests_per_second:9,.0f}/s", flush=True)
    return Run(contender.name, route.name, number, load, spent / load.requests * 1e6)


def verify(contender: Contender, route: Route, port: int, form: Form | None) -> None:
    """Raise RuntimeError unless the route gives the answer that every contender has to give."""
    answer = post_form(port, route.path, form) if form else request(port, "GET", route.path, token=contender.token)
    fault = f"status {answer.status}" if answer.status != 200 else route.fault(answer.body)
    if fault:
        raise RuntimeError(f"{contender.name} answers {route.path} wrongly: {fault}")
