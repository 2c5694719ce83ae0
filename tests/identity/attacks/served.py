"""A platform that really runs, for tests that speak to it over HTTP and look into its database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex
from time import time
from typing import Any

import httpx
from sqlalchemy import make_url

from alpage import app
from alpage.identity import own_applications
from alpage.identity.signing_keys import SigningKey
from alpage.settings import PREFIX, Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, connect
from alpage.storage.tables import Base
from tests.cli.quick import QUICK_ALPAGE
from tests.cli.running import Running, running
from tests.conftest import POSTGRESQL, Platform

GENEROUS = {"rate_limit": "100000000/minute", "items_limit": "100000000/minute"}
BESIDE_US = "127.0.0.1/32"  # a proxy that is believed: so that a client may come from anywhere
KEPT = (SigningKey.__table__,)  # the server knows them by heart
MARKS_OF_TROUBLE = ('"level":"error"', '"level":"critical"', "Traceback", "[ERROR]", "panicked")


@dataclass
class Served:
    """A running platform, its settings and its database."""

    program: Running
    settings: Settings
    database: Database
    transport: httpx.HTTPTransport = field(default_factory=lambda: httpx.HTTPTransport(verify=False))  # no TLS here
    addresses: Iterator[int] = field(default_factory=count)
    read: int = 0  # how much of the log belongs to what was before

    def platform(self) -> Platform:
        """The platform, with nothing in it that was there before.

        Numbers are not given again, so that what the server remembers by them is of no use to anybody new.
        """
        self._empty()
        with self.database.transaction(NOBODY) as transaction:
            own_applications.ensure(transaction.session, self.settings, int(time()))
        self.read = self.program.log.stat().st_size
        return Platform(self.settings, self.database, app.open_tokens(self.settings, self.database))

    def address(self) -> str:
        """An address nobody has come from, so that no limit is used up."""
        number = next(self.addresses)
        return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"

    def client(self, ip: str = "", **options: Any) -> httpx.Client:
        """A program that speaks to it, from a place of its own."""
        given = {"base_url": self.program.url, "transport": self.transport, "timeout": 60, "trust_env": False}
        headers = {"X-Forwarded-For": ip or self.address(), **options.pop("headers", {})}
        return httpx.Client(**{**given, **options}, headers=headers)

    def log(self) -> str:
        """What was logged since the platform was emptied."""
        with self.program.log.open("rb") as file:
            file.seek(self.read)
            return file.read().decode(errors="replace")

    def trouble(self, *more: str) -> list[str]:
        """The lines of the log that say that something went wrong in the platform; `more` marks them too."""
        marks = (*MARKS_OF_TROUBLE, *more)
        return [line for line in self.log().splitlines() if any(mark in line for mark in marks)]

    def _empty(self) -> None:
        tables = [table for table in reversed(Base.metadata.sorted_tables) if table not in KEPT]
        with self.database.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            for table in tables:
                connection.execute(table.delete())
            connection.commit()


@contextmanager
def serving(folder: Path, kind: str, command: Sequence[str | Path] = QUICK_ALPAGE, **given: Any) -> Iterator[Served]:
    """Runs a platform on a new database until the block ends."""
    with new_database(kind) as address:
        chosen = {**GENEROUS, "trusted_proxies": BESIDE_US, "dns_enabled": "false", "database": address, **given}
        environment = {PREFIX + name.upper(): str(value) for name, value in chosen.items()}
        with running(folder / "data", command=[*command, "serve"], **environment) as program:
            chosen |= {"trusted_proxies": (BESIDE_US,), "data": program.data, "port": httpx.URL(program.url).port}
            settings = Settings(**chosen)
            database = app.open_database(settings)
            served = Served(program, settings, database)
            yield served
            served.transport.close()
            database.close()


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """The address of an empty database, while the block lasts; none for a file in the data folder."""
    if kind == "sqlite":
        yield ""
        return
    name = f"attacked_{token_hex(4)}"
    server = connect(POSTGRESQL).engine.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()
