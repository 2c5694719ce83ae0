"""A24, A25, A28, A32: pushed requests, addresses of others, logout, scripts of other sites."""

from itertools import product
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from alpage.identity.oauth.backchannel_logout import LogoutNotice
from alpage.identity.oauth.origins import REMEMBERED_SECONDS
from alpage.identity.sessions import Session
from alpage.identity.tickets import Ticket
from alpage.storage.database import Database
from tests.conftest import Person
from tests.identity.attacks.login import RunningLogin, code_of, is_asked_to_sign_in, is_refused_here, told
from tests.identity.oauth.test_backchannel_logout import Listener, listener
from tests.identity.oauth_support import CHALLENGE, REDIRECT, Shop

__all__ = ["listener"]  # a fixture

REQUEST = {
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "scope": "openid email",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def pushed(shop: Shop, **fields: Any) -> str:
    answer = shop.post("/par", **{**REQUEST, **fields})
    assert answer.status_code == 201, answer.text
    assert 0 < answer.json()["expires_in"] <= 60
    uri: str = answer.json()["request_uri"]
    return uri


def reference(shop: Shop, uri: str) -> str:
    return urlencode({"client_id": shop.client_id, "request_uri": uri})


def let_pass(database: Database, seconds: int) -> None:
    """Brings the end of everything that waits closer."""
    with database.engine.begin() as connection:
        tickets: Any = Ticket.__table__
        connection.execute(tickets.update().values(expires_at=tickets.c.expires_at - seconds))


def test_a24_a_pushed_request_is_answered_once(login: RunningLogin, shop: Shop, session: Session) -> None:
    query = reference(shop, pushed(shop))
    first, second = (login.ask(query, session) for _ in range(2))

    assert "code" in told(first.submit("/consent", "Allow"))
    assert is_refused_here(login.ask(query, session))
    assert is_refused_here(second.submit("/consent", "Allow"))


def test_a24_a_pushed_request_is_its_clients(login: RunningLogin, shop: Shop) -> None:
    uri, thief = pushed(shop), login.shop()

    assert is_refused_here(login.ask(reference(thief, uri)))
    assert is_asked_to_sign_in(login.ask(reference(shop, uri)))
    assert shop.post("/par", **REQUEST, client_secret="wrong").status_code == 401


def test_a24_a_pushed_request_waits_a_minute(login: RunningLogin, shop: Shop) -> None:
    query = reference(shop, pushed(shop))
    let_pass(login.platform.database, 61)

    assert is_refused_here(login.ask(query))


def test_a24_one_that_was_begun_in_time_may_be_ended(login: RunningLogin, shop: Shop, session: Session) -> None:
    query = reference(shop, pushed(shop))
    consent = login.ask(query, session)
    let_pass(login.platform.database, 270)

    assert "code" in told(consent.submit("/consent", "Allow"))

    begun = reference(shop, pushed(shop))
    login.ask(begun, session)
    let_pass(login.platform.database, 3600)
    assert is_refused_here(login.ask(begun, session))


def test_a24_a_client_may_have_to_push(login: RunningLogin) -> None:
    strict = login.shop(requires_par=True)

    assert told(login.ask(strict.query()))["error"] == "invalid_request"
    assert is_asked_to_sign_in(login.ask(reference(strict, pushed(strict))))


@pytest.mark.parametrize("fields", [{"redirect_uri": "https://evil.example"}, {"scope": "x"}, {"code_challenge": None}])
def test_a24_a_pushed_request_is_checked_at_once(shop: Shop, fields: dict[str, Any]) -> None:
    assert shop.post("/par", **{**REQUEST, **fields}).status_code == 400


@pytest.mark.parametrize("uri", ["https://evil.example/request", "http://169.254.169.254/", "urn:ietf:params:oauth:x"])
def test_a25_requests_elsewhere_are_not_looked_at(login: RunningLogin, shop: Shop, uri: str) -> None:
    for query in (reference(shop, uri), shop.query(request_uri=uri)):
        page = login.ask(query)
        assert is_refused_here(page)
        assert code_of(page) == "invalid_request_uri"
    assert shop.post("/par", **REQUEST, request_uri=uri).status_code == 400


def test_a25_nothing_is_fetched(login: RunningLogin, shop: Shop, heidi: Person, listener: Listener) -> None:
    headers = {"Authorization": f"Bearer {heidi.token}"}
    for query in (reference(shop, listener.url), shop.query(request_uri=listener.url)):
        assert is_refused_here(login.ask(query))
    for name in ("jwks_uri", "logo_uri", "client_uri", "sector_identifier_uri", "request_uris"):
        fields = {"redirect_uris": [REDIRECT], name: [listener.url] if name.endswith("s") else listener.url}
        login.client.post("/login/register", json=fields, headers=headers)

    assert listener.asked == 0


def test_a25_nothing_is_sent_inside(login: RunningLogin, session: Session, listener: Listener) -> None:
    shop = login.shop(backchannel_logout_uri=listener.url)
    shop.tokens(session)
    browser = login.browsers[session.id]
    browser.get("/login/signout").submit("/signout", "Sign out")

    assert wait_for_trouble(login.platform.database) == "the address is refused: scheme"
    assert listener.asked == 0


def wait_for_trouble(database: Database) -> str:
    """Why the one notice of a logout was not sent; the engine that sends it looks once a second."""
    deadline = monotonic() + 30
    while monotonic() < deadline:
        with database.reading() as transaction:
            trouble = transaction.execute(select(LogoutNotice.trouble)).scalar_one()
        if trouble is not None:
            return str(trouble)
        sleep(0.1)
    raise AssertionError("nobody has tried to send the notice")


def test_a25_keys_and_logos_are_not_fetched(login: RunningLogin, heidi: Person) -> None:
    headers = {"Authorization": f"Bearer {heidi.token}"}
    fields = {"redirect_uris": [REDIRECT], "jwks_uri": "http://169.254.169.254/"}

    refused = login.client.post("/login/register", json=fields, headers=headers)
    ignored = login.client.post(
        "/login/register", json={"redirect_uris": [REDIRECT], "logo_uri": "http://10.0.0.1/"}, headers=headers
    )

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert "logo_uri" not in ignored.json()


SCRIPTS = ["/token", "/oauth2/userinfo", "/revoke", "/jwks", "/.well-known/openid-configuration"]
NO_SCRIPTS = ["/introspect", "/device_authorization", "/par", "/register", "/authorize"]


def test_a32_scripts_of_registered_origins_only(login: RunningLogin) -> None:
    login.shop(origins=["https://spa.example"])
    sleep(REMEMBERED_SECONDS)  # until the server asks again which origins there are

    for path, method in product(SCRIPTS, ("OPTIONS", "GET", "POST")):
        good = login.client.request(method, login.prefix + path, headers={"Origin": "https://spa.example"})
        assert good.headers["access-control-allow-origin"] == "https://spa.example"
        assert "access-control-allow-credentials" not in good.headers
        for origin in ("https://evil.example", "null", "https://spa.example.evil.example", "https://SPA.example"):
            bad = login.client.request(method, login.prefix + path, headers={"Origin": origin})
            assert "access-control-allow-origin" not in bad.headers
            assert "Origin" in bad.headers["vary"]


def test_a32_the_rest_is_no_business_of_scripts(login: RunningLogin) -> None:
    login.shop(origins=["https://spa.example"])

    for path, method in product(NO_SCRIPTS, ("OPTIONS", "GET", "POST")):
        answer = login.client.request(method, login.prefix + path, headers={"Origin": "https://spa.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")], path
