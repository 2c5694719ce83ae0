"""Applications are told of a logout."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep, time
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from alpage.identity.oauth import backchannel_logout
from alpage.identity.oauth.backchannel_logout import EVENT, RETRY_SECONDS, LogoutNotice, Teller
from alpage.identity.sessions import Session
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.identity.oauth_support import Login


class Listener(ThreadingHTTPServer):
    """An application that listens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[dict[str, list[str]]] = []
        self.hosts: list[str] = []
        self.status = 200
        self.asked = 0  # how often somebody has connected

    def get_request(self) -> Any:
        self.asked += 1
        return super().get_request()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/logout"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(parse_qs(body.decode()))
        self.server.hosts.append(self.headers["Host"])
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"private_callbacks": True})


def announce(login: Login, session: Session) -> None:
    with login.platform.database.transaction(NOBODY) as transaction:
        backchannel_logout.announce(transaction, session, int(time()))


def notices(login: Login) -> list[Any]:
    with login.platform.database.reading() as transaction:
        return [*transaction.execute(select(LogoutNotice.__table__)).all()]


def test_who_took_part_is_told(login: Login, heidi: Person, session: Session, listener: Listener) -> None:
    shop = login.shop(backchannel_logout_uri=listener.url)
    shop.tokens(session)
    login.shop(backchannel_logout_uri=listener.url)  # took no part
    login.shop().tokens(session)  # wants to hear nothing
    announce(login, session)
    teller = Teller(login.platform.settings, login.platform.database)

    assert teller.tell_all(int(time())) == 1

    [heard] = listener.heard
    signed = jwt.decode(heard["logout_token"][0], KeySet.import_key_set(login.get("/jwks").json()), ["RS256"])
    assert signed.header["typ"] == "logout+jwt"
    expected = {"iss": login.issuer, "aud": shop.client_id, "sub": str(heidi.user.id), "sid": session.public_id}
    assert signed.claims.items() >= expected.items()
    assert signed.claims["events"] == {EVENT: {}}
    assert "nonce" not in signed.claims
    assert listener.hosts == [f"localhost:{listener.server_port}"]
    assert teller.tell_all(int(time()) + 3600) == 0


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_who_does_not_listen_is_told_again(login: Login, session: Session, listener: Listener, status: int) -> None:
    login.shop(backchannel_logout_uri=listener.url).tokens(session)
    announce(login, session)
    teller, now = Teller(login.platform.settings, login.platform.database), int(time())
    listener.status = status

    for wait in (0, *RETRY_SECONDS):
        now += wait
        assert teller.tell_all(now) == 1
        assert teller.tell_all(now) == 0

    assert len(listener.heard) == 1 + len(RETRY_SECONDS)  # and nobody was followed elsewhere
    [notice] = notices(login)
    assert (notice.next_try_at, notice.told_at, notice.trouble) == (None, None, f"status {status}")


def test_a25_nobody_inside_is_told(login: Login, session: Session, listener: Listener) -> None:
    login.shop(backchannel_logout_uri=listener.url.replace("http:", "https:")).tokens(session)
    announce(login, session)
    strict = login.platform.settings.model_copy(update={"private_callbacks": False})

    assert Teller(strict, login.platform.database).tell_all(int(time())) == 1

    assert listener.heard == []
    assert notices(login)[0].trouble == "the address is a private one"


def test_the_engine_works_by_itself(login: Login, session: Session, listener: Listener) -> None:
    login.shop(backchannel_logout_uri=listener.url).tokens(session)
    engine = backchannel_logout.worker(login.platform.settings, login.platform.database)
    engine.start()
    announce(login, session)

    deadline = time() + 20
    while not listener.heard and time() < deadline:
        sleep(0.05)
    engine.stop()

    assert len(listener.heard) == 1
