"""An account with receivers of its changes, and a worker that goes by a clock of the test's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from alpage.accounts.webhook_worker import tell_administrators
from alpage.accounts.webhooks import signing_key
from alpage.settings import Settings
from alpage.tasks.outbound import Outbound
from alpage.tasks.webhooks.delivery import Deliverer
from tests.accounts.conftest import anna
from tests.conftest import Person, Platform
from tests.tasks.receivers import Heard, Receiver, receiving

__all__ = ["anna"]  # a fixture

TAGS = ["account.tag.*"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"private_callbacks": True})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Clock:
    """A clock that can be moved."""

    def __init__(self) -> None:
        self.now = int(time())

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: int) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Workers = Callable[[], Deliverer]


@pytest.fixture
def workers(platform: Platform, clock: Clock) -> Iterator[Workers]:
    """Makes workers on the platform, which end with the test."""
    made: list[Deliverer] = []

    def make() -> Deliverer:
        key = signing_key(platform.settings)
        made.append(Deliverer(platform.database, Outbound(private=True), key, tell_administrators, clock))
        return made[-1]

    yield make
    for worker in made:
        if worker._thread.is_alive():
            worker.stop()
        worker._threads.shutdown()
        worker._outbound.close()


@pytest.fixture
def worker(workers: Workers) -> Deliverer:
    return workers()


@dataclass
class Hook:
    """A webhook of somebody's account."""

    owner: Person
    id: int
    secret: str

    @property
    def path(self) -> str:
        return f"/1/accounts/{self.owner.account.id}/webhooks/{self.id}"

    def call(self, method: str, below: str = "", body: Any = None, status: int = 200) -> Any:
        """The data of an answer, which has this status."""
        answer = self.owner.call(method, self.path + below, body)
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        return self.call("GET", "/deliveries")

    @property
    def status(self) -> dict[str, Any]:
        return self.call("GET", "?with=status")["status"]

    def verify(self, heard: Heard) -> Any:
        """What a message says, if it was signed with the secret. Raises WebhookVerificationError."""
        return Verifier(self.secret).verify(heard.body, dict(heard.headers))


def hook(owner: Person, url: str, *, events: list[str] | None = None, **body: Any) -> Hook:
    """A webhook that is told of tags, or of the events named."""
    path = f"/1/accounts/{owner.account.id}/webhooks"
    answer = owner.call("POST", path, {"url": url, "events": TAGS if events is None else events, **body})
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    return Hook(owner, made["id"], made["secret"])


def tag(owner: Person, name: str) -> int:
    """Makes a tag, which is a change of an account; answers with its id."""
    answer = owner.call("POST", f"/1/accounts/{owner.account.id}/tags", {"name": name, "color": 1})
    assert answer.status_code == 201, answer.text
    tag_id: int = answer.json()["data"]["id"]
    return tag_id


def names(heard: list[Heard]) -> list[str]:
    """The names of the tags the messages are about."""
    return [one.event["data"]["after"]["name"] for one in heard]
