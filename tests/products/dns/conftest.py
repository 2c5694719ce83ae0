"""Zones to test with."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

import pytest

from alpage.products.domains import domains
from alpage.products.domains.domains import Domain
from alpage.storage.changes import NOBODY
from tests.conftest import Person

FQDN = "example.ch"


@dataclass
class Editor:
    """Somebody with a zone, and the few calls most tests make."""

    person: Person
    domain: Domain
    fqdn: str = FQDN

    def call(self, method: str, path: str = "", body: Any = None, **options: Any) -> Any:
        """Sends a request below the zone and answers with the response."""
        return self.person.call(method, f"/2/zones/{self.fqdn}{path}", body, **options)

    def add(self, line: str, ttl: int = 300) -> dict[str, Any]:
        """Creates a record from `source type target`."""
        answer = self.call("POST", "/records", record(line, ttl))
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def change(self, **body: Any) -> Any:
        """Changes many records and answers with the response."""
        return self.call("PATCH", "/records", body)

    def records(self, query: str = "") -> list[dict[str, Any]]:
        """The records of the zone."""
        return self.call("GET", f"/records?{query}").json()["data"]

    def lines(self) -> list[str]:
        """The records as `source type target`, sorted."""
        return sorted(f"{one['source']} {one['type']} {one['target']}" for one in self.records())

    def versions(self) -> list[dict[str, Any]]:
        """The versions of the zone, oldest first."""
        return self.call("GET", "/versions").json()["data"]

    def serial(self) -> int:
        """The serial of the latest version."""
        return self.versions()[-1]["serial"]


def record(line: str, ttl: int = 300) -> dict[str, Any]:
    """A record as a client sends it, from `source type target`."""
    source, rtype, target = line.split(" ", 2)
    return {"source": source, "type": rtype, "ttl": ttl, "target": target}


def error(answer: Any) -> dict[str, Any]:
    """The error of a response."""
    return answer.json()["error"]


def places(answer: Any) -> list[tuple[str, str]]:
    """The faults of a response: code and attribute of each."""
    return [(fault["code"], fault["context"]["attribute"]) for fault in error(answer)["errors"]]


Register = Callable[..., Domain]


@pytest.fixture
def register() -> Register:
    """Makes a domain of somebody's account, without a zone."""

    def make(person: Person, name: str = FQDN) -> Domain:
        with person.platform.database.transaction(NOBODY) as transaction:
            return domains.create(transaction.session, person.account.id, name, int(time()))

    return make


@pytest.fixture
def editor(heidi: Person, register: Register) -> Editor:
    """Heidi, with an empty zone."""
    domain = register(heidi)
    assert heidi.call("POST", f"/2/zones/{FQDN}", {}).status_code == 200
    return Editor(heidi, domain)
