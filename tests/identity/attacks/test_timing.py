"""A19: how long a page takes does not tell whom it knows. The platform hashes passwords as it always does."""

import statistics
from collections.abc import Iterator
from time import perf_counter

import pytest

from alpage.identity.attempts import Attempts
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from tests.cli.running import ALPAGE
from tests.conftest import Platform
from tests.identity.attacks.login import HttpBrowser
from tests.identity.attacks.served import Served, serving


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("timing"), request.param, command=[ALPAGE]) as served:
        yield served


def forget_guesses(platform: Platform) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        for one in transaction.session.query(Attempts):
            transaction.session.delete(one)


@pytest.mark.parametrize(("path", "samples"), [("/login/signin", 25), ("/login/forgotten", 60)])
@pytest.mark.usefixtures("real_hashes")
def test_a19_known_and_unknown_addresses_take_the_same_time(
    platform: Platform, browser: HttpBrowser, anna: User, path: str, samples: int
) -> None:
    """The two are measured in turns, and compared with how much one and the same takes longer or shorter by itself."""
    form = browser.get(path).form(path.removeprefix("/login"))
    times: dict[str, list[float]] = {anna.email: [], "nobody@example.org": []}
    for turn in range(samples + 2):
        for email, taken in times.items():
            forget_guesses(platform)
            sent = {**form.fields, "email": email, "password": "wrong password"}
            started = perf_counter()
            browser.post(path, sent)
            if turn >= 2:  # what is loaded on first use is loaded
                taken.append(perf_counter() - started)
    known, unknown = times.values()
    noise = statistics.stdev([*known, *unknown]) / samples**0.5
    difference = abs(statistics.median(known) - statistics.median(unknown))
    assert difference < max(5 * noise, 0.1 * statistics.median(unknown))
