"""A2, A11, A21: many calls at once, against a running platform of two processes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from alpage.identity import attempts
from alpage.identity.attempts import Attempts
from alpage.identity.sessions import Session
from tests.conftest import Platform
from tests.identity.attacks.login import HttpBrowser
from tests.identity.attacks.served import Served, serving
from tests.identity.oauth_support import REDIRECT, VERIFIER, Shop

AT_ONCE = 50


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("races"), request.param, workers=2) as served:
        yield served


def together(server: Served, shop: Shop, **fields: str) -> list[Any]:
    """The answers to many equal calls of the token endpoint at once, each on a connection of its own."""
    form = {"client_id": shop.client_id, "client_secret": shop.secret, **fields}
    limits = httpx.Limits(max_connections=AT_ONCE)
    with (
        server.client(transport=httpx.HTTPTransport(verify=False, limits=limits)) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        waiting = [pool.submit(client.post, "/login/token", data=form) for _ in range(AT_ONCE)]
        return [future.result() for future in waiting]


def test_a02_code_race(server: Served, shop: Shop, session: Session) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    for _ in range(3):
        answers = together(server, shop, **form, code=shop.code(session, scope="openid offline_access"))

        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: AT_ONCE - 1}
        assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_a11_refresh_race(server: Served, shop: Shop, session: Session) -> None:
    token = shop.tokens(session, scope="openid offline_access")["refresh_token"]

    answers = together(server, shop, grant_type="refresh_token", refresh_token=token)

    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == AT_ONCE
    after = together(server, shop, grant_type="refresh_token", refresh_token=successors.pop())
    assert {answer.status_code for answer in after} == {200}


def test_a21_many_guesses_at_once_are_no_more_than_one_after_the_other(
    server: Served, platform: Platform, browser: HttpBrowser
) -> None:
    subject, failures = attempts.of_account("password", "anna@example.org"), attempts.FREE_GUESSES + 9
    # All waits are over, and the next one takes minutes: how fast this machine is does not count.
    platform.add(Attempts(subject=subject, failures=failures, failed_at=int(time()), blocked_until=0))
    forms = [browser.another().get("/login/signin") for _ in range(AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda page: page.submit(email="anna@example.org", password="wrong"), forms))

    with platform.database.reading() as transaction:
        counted = transaction.execute(select(Attempts.failures).where(Attempts.subject == subject)).scalar_one()
    assert counted == failures + 1  # the others found the way blocked
