"""A6, A7: tricks with redirect URIs. What holds for all of them is in `tests/properties/test_oauth.py`."""

from typing import Any

import pytest

from alpage.identity.sessions import Session
from tests.conftest import Person
from tests.identity.attacks.login import RunningLogin, is_refused_here
from tests.identity.oauth_support import CHALLENGE, Login, Shop

WEB = "https://shop.example/callback"
LOOPBACK = "http://127.0.0.1:7777/callback"
REQUEST = {"response_type": "code", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}

MUTATIONS = [
    "https://shop.example/Callback", "https://SHOP.example/callback", "HTTPS://shop.example/callback",
    "http://shop.example/callback", "https://shop.example:443/callback", "https://shop.example:8443/callback",
    "https://shop.example//callback", "https://shop.example/callback/", "https://shop.example/callback//",
    "https://shop.example/./callback", "https://shop.example/x/../callback", "https://shop.example/callback/..",
    "https://shop.example/callback/../callback", "https://shop.example/%63allback", "https://shop.example/callback%2f",
    "https://shop.example%2fcallback", "https://shop.example/callback%00", "https://shop.example/callback%0a",
    "https://shop.example/callback%20", "https://shop.example/callback ", " https://shop.example/callback",
    "https://shop.example/callback\t", "https://shop.example/callback\n", "https://shop.example/callback\r\n",
    "https://shop.example/callback#", "https://shop.example/callback#fragment", "https://shop.example/callback?",
    "https://shop.example/callback?a=1", "https://shop.example/callback?code=1", "https://shop.example/callback&a=1",
    "https://shop.example/callback;a=1", "https://user@shop.example/callback", "https://user:pw@shop.example/callback",
    "https://shop.example@evil.example/callback", "https://evil.example/shop.example/callback",
    "https://evil.example#https://shop.example/callback", "https://evil.example?https://shop.example/callback",
    "https://shop.example.evil.example/callback", "https://evilshop.example/callback", "https://evil.shop.example/callback",
    "https://shop.example./callback", "https://shop.example\\@evil.example/callback", "https://shop.example\\callback",
    "https:\\\\shop.example\\callback", "https:/shop.example/callback", "https:shop.example/callback",
    "https:///shop.example/callback", "//shop.example/callback", "/callback", "callback", "shop.example/callback",
    "https://shop。example/callback", "https://shop．example/callback", "https://shop.example/ⅽallback",
    "https://ѕhop.example/callback", "https://xn--hop-i4d.example/callback", "https://shop.example/callback\u200b",
    "https://shop.example/callbac", "https://shop.example/callback2", "https://shop.example", "https://shop.example/",
    "https://[::1]/callback", "https://127.0.0.1/callback", "javascript:alert(1)//https://shop.example/callback",
    "data:text/html,https://shop.example/callback", "https://*.example/callback", "https://shop.example/*", "",
]  # fmt: skip

LOOPBACK_MUTATIONS = [
    "http://127.0.0.1:7777/Callback", "http://127.0.0.1:7777/callback/", "http://127.0.0.1:7777/callback?a=1",
    "http://127.0.0.1:7777/callback#a", "https://127.0.0.1:7777/callback", "http://127.0.0.2:7777/callback",
    "http://127.1:7777/callback", "http://2130706433/callback", "http://0x7f.0.0.1/callback", "http://0.0.0.0/callback",
    "http://localhost:7777/callback", "http://[::1]:7777/callback", "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.1@evil.example/callback", "http://127.0.0.1:80@evil.example/callback", "http://a@127.0.0.1/callback",
    "http://127.0.0.1:/callback", "http://127.0.0.1:0/callback", "http://127.0.0.1:00080/callback",
    "http://127.0.0.1:65536/callback", "http://127.0.0.1:99999/callback", "http://127.0.0.1:-1/callback",
    "http://127.0.0.1:8 0/callback", "http://127.0.0.1:８０/callback", "http://127.0.0.1:80:80/callback",
    "http://127.0.0.1:8080callback", "http://127.0.0.1:8080\\callback", "http://127.0.0.1:8080/callback\n",
]  # fmt: skip


def test_a06_the_table_is_long_enough() -> None:
    assert len({*MUTATIONS, *LOOPBACK_MUTATIONS}) >= 60


def test_a06_redirect_tricks(login: RunningLogin) -> None:
    shop = login.shop(redirect_uris=[WEB])

    for uri in MUTATIONS:
        assert is_refused_here(login.ask(shop.query(redirect_uri=uri))), uri
        assert shop.post("/par", **REQUEST, redirect_uri=uri).status_code == 400, uri


def test_a06_loopback_tricks(login: RunningLogin) -> None:
    shop = login.shop(redirect_uris=[LOOPBACK])

    for uri in LOOPBACK_MUTATIONS:
        assert is_refused_here(login.ask(shop.query(redirect_uri=uri))), uri
        assert shop.post("/par", **REQUEST, redirect_uri=uri).status_code == 400, uri


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a06_only_the_port_of_the_machine_itself_is_open(login: RunningLogin, session: Session, host: str) -> None:
    uris = [f"http://{host}{port}/callback" for port in ("", ":1", ":8080", ":65535")]

    for registered in (f"http://{host}/callback", f"http://{host}:4000/callback"):
        shop = login.shop(redirect_uris=[registered])
        for uri in uris:
            code = shop.code(session, redirect_uri=uri)
            assert shop.redeem(code, redirect_uri=uri).status_code == 200, uri


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
        "blob:https://shop.example/1", "about:blank", "myapp:/callback", "http://shop.example/callback",
        "https://shop.example/callback#x", "https://user@shop.example/callback", "https://u:p@shop.example/",
        "https://shop.example/?code=1", "https://shop.example/?state=1", "https://shop.example/?iss=1",
        "https://shop.example/?CODE=1", "https://shop.example/?error=1", "https://shop.example/a/../b",
        "https://shop.example/%2e%2e/b", "https://shop.example/ b", "https://shop.example\\@evil.example/",
        "//shop.example", "/callback", "", "https://", "https://shop。example/", 7, None,
    ],
)  # fmt: skip
def test_a07_scheme_and_parameter_pollution(login: Login, shop: Shop, heidi: Person, uri: Any) -> None:
    headers = {"Authorization": f"Bearer {heidi.token}"}

    answer = login.client.post(login.prefix + "/register", json={"redirect_uris": [uri]}, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri", ["https://shop.example/a?b=c", "http://localhost/cb", "http://[::1]:80/cb", "ch.example.app:/callback"]
)
def test_a07_good_ones_are_taken(login: Login, heidi: Person, uri: str) -> None:
    headers = {"Authorization": f"Bearer {heidi.token}"}

    answer = login.client.post(login.prefix + "/register", json={"redirect_uris": [uri]}, headers=headers)

    assert answer.status_code == 201, answer.text
    assert answer.json()["redirect_uris"] == [uri]
