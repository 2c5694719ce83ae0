"""What every test starts from: a platform on a database of its own, and a client that calls it in process.

Tests that ask for `platform` (or `client`, which stands on it) run on SQLite, and on PostgreSQL too where
`ALPAGE_TEST_POSTGRESQL` names a database they may empty (`postgresql://user@host/database`).
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from alpage import app
from alpage.accounts.accounts import Account
from alpage.accounts.members import OWNER, Membership
from alpage.accounts.products import Product
from alpage.accounts.rights import ProductRight
from alpage.api import logs
from alpage.api.versions import RouteTable
from alpage.identity import own_applications, signin, users
from alpage.identity.scopes import SCOPES
from alpage.identity.tokens import Tokens
from alpage.identity.users import User
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.storage.database import Database, connect
from alpage.storage.tables import Base
from alpage.tasks import queue
from tests.cli.quick import QUICK_HASHER

POSTGRESQL = os.environ.get("ALPAGE_TEST_POSTGRESQL", "")
DATABASES = ("sqlite", *(["postgresql"] if POSTGRESQL else []))
IN_CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "redis: the test uses the server ALPAGE_TEST_REDIS names; it fails in CI without"
    )
    config.addinivalue_line("markers", "needs(program, …): the test runs these programs; it fails in CI without them")
    logs.configure("error")
    if IN_CI and not POSTGRESQL:
        raise pytest.UsageError("ALPAGE_TEST_POSTGRESQL is not set: in CI everything runs on PostgreSQL too")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("redis") and not os.environ.get("ALPAGE_TEST_REDIS"):
        (pytest.fail if IN_CI else pytest.skip)("NOT RUN: ALPAGE_TEST_REDIS names no server")
    for marker in item.iter_markers("needs"):
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        missing = [program for program in marker.args if shutil.which(program, path=path) is None]
        if missing and IN_CI:
            pytest.fail(f"not installed: {', '.join(missing)}")
        if missing:
            pytest.skip(f"NOT RUN, not installed: {', '.join(missing)}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not POSTGRESQL:
        terminalreporter.write_line(
            "NOT RUN on PostgreSQL: ALPAGE_TEST_POSTGRESQL names no database", yellow=True, bold=True
        )
    for report in terminalreporter.stats.get("skipped", ()):
        terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2]}", yellow=True, bold=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in ("database", "bare_database"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, DATABASES, indirect=True)


@pytest.fixture(scope="session", autouse=True)
def routes() -> RouteTable:
    """Every route; every room is imported for it, so that every table is known."""
    return app.route_table()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "alpage.db"
    database = connect(f"sqlite:///{path}")
    Base.metadata.create_all(database.engine)
    queue.make_tables(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Database]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = POSTGRESQL + (f"_{worker}" if worker else "")
    database = connect(name)
    Base.metadata.drop_all(database.engine)
    Base.metadata.create_all(database.engine)
    queue.make_tables(database)
    yield database
    database.close()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        kept: Database = request.getfixturevalue("postgresql")
        with kept.engine.begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        yield kept
        return
    path = tmp_path / "alpage.db"
    shutil.copy(empty_sqlite, path)
    fresh = connect(f"sqlite:///{path}")
    yield fresh
    fresh.close()


@pytest.fixture
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        fresh = connect(f"sqlite:///{tmp_path / 'alpage.db'}")
        yield fresh
        fresh.close()
        return
    kept: Database = request.getfixturevalue("postgresql")
    _drop_everything(kept)
    yield kept
    _drop_everything(kept)
    Base.metadata.create_all(kept.engine)


def _drop_everything(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


@pytest.fixture
def real_hashes() -> Iterator[None]:
    """For tests that measure how long a password takes: hashes as they are made and checked outside of tests."""
    signin._hash_of_nobody.cache_clear()
    yield
    signin._hash_of_nobody.cache_clear()


@pytest.fixture(autouse=True)
def quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with little effort: a tenth of a second each would be most of what the tests take."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(users, "_hasher", QUICK_HASHER)


@dataclass
class Platform:
    """A platform under test, with the few steps most tests begin with."""

    settings: Settings
    database: Database
    tokens: Tokens
    made: dict[str, int] = field(default_factory=dict)

    def add(self, *objects: Base) -> None:
        """Writes objects, in one transaction."""
        with self.database.transaction(NOBODY) as transaction:
            transaction.session.add_all(objects)

    def user(self, name: str = "heidi", **values: Any) -> User:
        """A user called `name`, with the address name@example.org."""
        email = f"{name}@example.org"
        given = {"login": email, "email": email, "first_name": name.title(), "last_name": "Test", **values}
        user = User(display_name=f"{given['first_name']} {given['last_name']}", created_at=int(time()), **given)
        self.add(user)
        return user

    def account(self, owner: User, name: str = "Alpine Club", role: str = OWNER) -> Account:
        """An account with one member."""
        account = Account(name=name, created_at=int(time()))
        self.add(account)
        self.member(account, owner, role)
        return account

    def member(self, account: Account, user: User, role: str = "normal") -> None:
        """Makes a user a member of an account."""
        self.add(Membership(account_id=account.id, user_id=user.id, role_type=role, created_at=int(time())))

    def product(
        self, account: Account, name: str = "example.ch", service: tuple[int, str] = (14, "domain"), **values: Any
    ) -> Product:
        """A product of an account; a bare one, without what its own kind keeps beside it."""
        product = Product(
            account_id=account.id,
            service_id=service[0],
            service_name=service[1],
            customer_name=name,
            created_at=int(time()),
            **values,
        )
        self.add(product)
        return product

    def right(self, product: Product, user: User, *rights: str) -> None:
        """Gives a member rights on a product."""
        given = dict.fromkeys(rights, True)
        self.add(
            ProductRight(
                account_id=product.account_id,
                user_id=user.id,
                product_id=product.id,
                service_id=product.service_id,
                **given,
            )
        )

    def token(self, user: User, *scopes: str, **limits: Any) -> str:
        """A token's secret; with all scopes if none is named."""
        with self.database.transaction(NOBODY) as transaction:
            _, secret = self.tokens.create(
                transaction.session, user_id=user.id, name="test", scopes=scopes or list(SCOPES), **limits
            )
        return secret


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, rate_limit="1000000/minute", items_limit="10000000/minute", threads=2)


@pytest.fixture
def platform(settings: Settings, database: Database) -> Platform:
    return Platform(settings, database, app.open_tokens(settings, database))


@pytest.fixture
def client(platform: Platform, routes: RouteTable) -> Iterator[TestClient]:
    """A client without a token; `headers={"Authorization": f"Bearer {token}"}` or the fixture `heidi` brings one."""
    with platform.database.transaction(NOBODY) as transaction:
        own_applications.ensure(transaction.session, platform.settings, int(time()))
    application = app.build(platform.settings, platform.database, routes)
    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


@dataclass
class Person:
    """A user with an account, a token with all scopes, and a client that sends it."""

    platform: Platform
    user: User
    account: Account
    token: str
    client: TestClient

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Sends a request and answers with the response."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.request(method, path, json=body, headers=headers, **options)


@pytest.fixture
def heidi(platform: Platform, client: TestClient) -> Person:
    """The owner of an account."""
    user = platform.user("heidi")
    return Person(platform, user, platform.account(user), platform.token(user), client)


@pytest.fixture
def peter(platform: Platform, client: TestClient) -> Person:
    """The owner of another account, a stranger to heidi's."""
    user = platform.user("peter")
    return Person(platform, user, platform.account(user, "Goat Farm"), platform.token(user), client)
