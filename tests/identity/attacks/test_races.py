"""A2, A11: many calls at once, against a running platform of two processes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from time import time
from typing import Any

import httpx
import pytest

from alpage.app import open_login
from alpage.cli.demo import EMAIL
from alpage.cli.platform import open_platform
from alpage.identity.applications import Application
from alpage.identity.oauth.endpoints import OAuth
from alpage.identity.sessions import Session
from alpage.identity.users import find_by_email
from alpage.storage.changes import NOBODY
from tests.cli.running import Running, running
from tests.identity.oauth_support import CHALLENGE, EVERY_GRANT, REDIRECT, SCOPES, VERIFIER

AT_ONCE = 50


class Door:
    """The login of a running platform, and a code for it whenever one is needed."""

    def __init__(self, platform: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALPAGE_URL", platform.url)
        opened = open_platform(platform.data)
        self.url = f"{platform.url}/login"
        self.database = opened.database
        self.oauth: OAuth = open_login(opened.settings, opened.database, opened.tokens)
        self.client_id = token_hex(8)
        now = int(time())
        with self.database.transaction(NOBODY) as transaction:
            user = find_by_email(transaction.session, EMAIL)
            assert user is not None
            self.session = Session(
                user_id=user.id, hash=token_hex(32), public_id=token_hex(16), authenticated_at=now, methods=["pwd"],
                ip="192.0.2.1", user_agent="test", created_at=now, expires_at=now + 3600,
            )  # fmt: skip
            application = Application(
                client_id=self.client_id, name="Race", is_confidential=False, token_endpoint_auth_method="none",
                grant_types=EVERY_GRANT, scopes=SCOPES, redirect_uris=[REDIRECT], created_at=now,
            )  # fmt: skip
            transaction.session.add_all([self.session, application])

    def code(self) -> str:
        """A new code that gives a refresh token."""
        query = httpx.QueryParams(
            response_type="code", client_id=self.client_id, redirect_uri=REDIRECT, scope="openid offline_access",
            code_challenge=CHALLENGE, code_challenge_method="S256",
        )  # fmt: skip
        now = int(time())
        with self.database.transaction(NOBODY) as transaction:
            request = self.oauth.authorizations.read(transaction, str(query), now)
            answer = self.oauth.authorizations.approve(transaction, request, self.session, request.scopes, now)
        return httpx.URL(answer.url).params["code"]

    def together(self, **fields: str) -> list[Any]:
        """The answers to many equal calls of the token endpoint at once."""
        form = {"client_id": self.client_id, **fields}
        with (
            httpx.Client(limits=httpx.Limits(max_connections=AT_ONCE), timeout=60) as client,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            waiting = [pool.submit(client.post, f"{self.url}/token", data=form) for _ in range(AT_ONCE)]
            return [future.result() for future in waiting]

    def redeem(self, code: str) -> list[Any]:
        return self.together(grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        running(tmp_path_factory.mktemp("races") / "data", ALPAGE_WORKERS="2", ALPAGE_DNS_ENABLED="false") as platform,
    ):
        door = Door(platform, monkeypatch)
        yield door
        door.database.close()


def test_a02_code_race(door: Door) -> None:
    for _ in range(3):
        answers = door.redeem(door.code())

        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: AT_ONCE - 1}
        assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_a11_refresh_race(door: Door) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    first = httpx.post(f"{door.url}/token", data={**form, "client_id": door.client_id, "code": door.code()})
    token = first.json()["refresh_token"]

    answers = door.together(grant_type="refresh_token", refresh_token=token)

    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == AT_ONCE
    after = door.together(grant_type="refresh_token", refresh_token=successors.pop())
    assert {answer.status_code for answer in after} == {200}
