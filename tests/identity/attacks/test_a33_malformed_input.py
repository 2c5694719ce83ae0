"""A33: a running platform answers every request, however malformed, and never with an error of its own.

`ALPAGE_TEST_FUZZ` is the number of requests a database; they are sent in rounds, each on a database made anew, over
several connections at once. What fails once fails again: a round is made by its number.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import httpx
import pytest

from tests.identity.attacks.corpus import corpus
from tests.identity.attacks.fuzzed import Fuzzer
from tests.identity.attacks.seeds import Seeds
from tests.identity.attacks.served import Served, serving
from tests.identity.attacks.wire import BrokenProtocolError, Sent, Wire

REQUESTS = int(os.environ.get("ALPAGE_TEST_FUZZ", "5000"))
A_ROUND = 10_000
LOST = '"event":"lost"'  # what was asked, and could not be taken down
CONNECTIONS = 8
MOST_TOGETHER, MOST_BYTES = 16, 16_000  # of one write: it never has to wait for the server to read


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two server processes, which log nothing but trouble."""
    with serving(tmp_path_factory.mktemp("fuzzed"), request.param, workers=2, log_level="warning") as served:
        yield served


@pytest.mark.timeout(120 + REQUESTS / 200)
def test_a33_malformed_input(server: Served) -> None:
    answered: Counter[int] = Counter()
    for number, start in enumerate(range(0, REQUESTS, A_ROUND)):
        requests = min(A_ROUND, REQUESTS - start)
        answered += fuzz(server, number, requests)
        assert server.trouble(LOST) == [], f"in round {number}"
        with server.client() as client:
            assert client.get("/health").json() == {"status": "ok"}

    assert answered.total() >= REQUESTS
    assert sum(answered[status] for status in (200, 201, 204, 303)) > REQUESTS / 10  # much of it gets somewhere
    assert {200, 201, 303, 400, 401, 403, 404, 405, 415, 422} <= answered.keys()


def fuzz(server: Served, number: int, requests: int) -> Counter[int]:
    """How often each status was answered in a round; 0 stands for no answer to what was no HTTP."""
    seeds = Seeds(server)
    url = httpx.URL(server.program.url)
    given = f"{url.host}:{url.port}".encode(), corpus(seeds, chance_of(f"{number}")), seeds.known, seeds.authorizations
    shares = [len(range(place, requests, CONNECTIONS)) for place in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        sending = [
            pool.submit(send, Fuzzer(chance_of(f"{number}/{place}"), *given), share)
            for place, share in enumerate(shares)
        ]
        return sum((sender.result() for sender in sending), Counter())


def chance_of(name: str) -> Random:
    return Random(name)  # noqa: S311 - no secret


def send(fuzzer: Fuzzer, requests: int) -> Counter[int]:
    """Sends so many requests over one connection, as many at once as may be."""
    host, _, port = fuzzer.host.decode().partition(":")
    wire, answered = Wire(host, int(port)), Counter[int]()
    together: list[Sent] = []
    for _ in range(requests):
        sent = fuzzer.next()
        alone = sent.may_end or not sent.is_whole
        if alone or len(together) == MOST_TOGETHER or sum(len(one.data) for one in together) > MOST_BYTES:
            answered.update(exchange(wire, together))
            together = []
        if not sent.is_whole:
            answered.update(provoke(wire, sent))
        elif sent.may_end:
            answered.update(exchange(wire, [sent]))
        else:
            together.append(sent)
    answered.update(exchange(wire, together))
    wire.close()
    return answered


def exchange(wire: Wire, requests: list[Sent]) -> list[int]:
    try:
        statuses = wire.exchange(requests)
    except (BrokenProtocolError, OSError) as error:
        raise AssertionError(f"{error!r} at one of {[request.data for request in requests]}") from error
    for request, status in zip(requests, statuses, strict=True):
        assert status < 500, f"{status} for {request.data!r}"
    return statuses


def provoke(wire: Wire, request: Sent) -> list[int]:
    try:
        statuses = wire.provoke(request)
    except OSError as error:
        raise AssertionError(f"{error!r} at {request.data!r}") from error
    assert all(status < 500 for status in statuses), f"{statuses} for {request.data!r}"
    return statuses or [0]
