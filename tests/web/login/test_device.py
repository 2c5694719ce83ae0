from collections.abc import Callable

from alpage.identity.oauth.device_flow import DEVICE
from alpage.identity.users import User
from tests.conftest import Platform
from tests.identity.oauth_support import Shop
from tests.web.browsing import Browser, Page

SignIn = Callable[..., Page]


def begin(shop: Shop, **fields: str) -> dict[str, str]:
    answer = shop.post("/device_authorization", **{"scope": "openid dns", **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def poll(shop: Shop, device: dict[str, str]) -> dict[str, str]:
    answer: dict[str, str] = shop.post(grant_type=DEVICE, device_code=device["device_code"]).json()
    return answer


def test_a_device_is_connected(platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop)
    path = device["verification_uri_complete"].removeprefix(platform.settings.public_url)
    page = sign_in(anna, browser.get(path))
    assert page.form("/device").fields["user_code"] == device["user_code"]
    page = page.submit("/device")
    for words in ("Connect Shop?", "testclient", "Everything in your DNS zones", "Anna Test"):
        assert words in page.text
    assert "error" in poll(shop, device)
    page = page.submit("/device/decision", "Connect")
    assert "It is connected" in page.text
    assert poll(shop, device)["access_token"].startswith("alp_at_")


def test_a_device_may_be_given_less(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop, scope="openid dns email", access_type="offline")
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code=device["user_code"])
    assert page.form("/device/decision").ticked["scope"] == ["email", "offline_access", "dns"]
    assert "It is connected" in page.submit("/device/decision", "Connect", scope=["dns"]).text
    tokens = poll(shop, device)
    assert tokens["scope"] == "openid dns"
    assert "refresh_token" not in tokens


def test_a_device_that_is_given_nothing_is_refused(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop, scope="dns email")
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code=device["user_code"])
    assert "It was refused" in page.submit("/device/decision", "Connect", scope=[]).text
    assert poll(shop, device)["error"] == "access_denied"


def test_a_device_is_refused(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop)
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code=device["user_code"].lower())
    assert "It was refused" in page.submit("/device/decision", "Refuse").text
    assert poll(shop, device)["error"] == "access_denied"


def test_an_answer_is_given_once(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop)
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code=device["user_code"])
    page.submit("/device/decision", "Refuse")
    assert page.submit("/device/decision", "Connect").status == 403
    assert poll(shop, device)["error"] == "access_denied"


def test_a_wrong_code_says_so(browser: Browser, anna: User, sign_in: SignIn) -> None:
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code="BBBB-CCCC")
    assert page.status == 422
    assert "No device waits with this code" in page.text
    assert page.form("/device").fields["user_code"] == "BBBB-CCCC"


def test_another_session_cannot_answer(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    device = begin(shop)
    page = sign_in(anna, browser.get("/login/device")).submit("/device", user_code=device["user_code"])
    token = page.form("/device/decision").fields["token"]
    other = Browser(browser.client.app)
    start = sign_in(anna, other.get("/login/device"))
    answer = other.post(
        "/login/device/decision",
        {"csrf": start.form("/device").fields["csrf"], "token": token, "decision": "approve"},
    )
    assert answer.status == 403
    assert "error" in poll(shop, device)
