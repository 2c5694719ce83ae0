"""The ways to tokens besides the code: refreshing, devices, exchange, and an application's own."""

from time import time
from typing import Any

import pytest
from sqlalchemy import select, update

from alpage.identity.devices import DeviceAuthorization
from alpage.identity.grants import Grant
from alpage.identity.oauth import device_flow
from alpage.identity.sessions import Session
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.identity.oauth_support import REDIRECT, VERIFIER, Login, Shop

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_offline_access_brings_a_refresh_token(shop: Shop, session: Session, heidi: Person) -> None:
    for parameters in ({"access_type": "offline"}, {"scope": "openid offline_access"}):
        tokens = shop.tokens(session, **parameters)
        again = shop.refresh(tokens["refresh_token"], duration="infinite")
        assert tokens["expires_in"] == 3600
        assert again.status_code == 200
        assert again.json()["user_id"] == heidi.user.id
        assert again.json()["access_token"] != tokens["access_token"]


def test_who_may_not_refresh_gets_no_refresh_token(login: Login, session: Session) -> None:
    shop = login.shop(grant_types=["authorization_code"])

    tokens = shop.tokens(session, scope="openid offline_access")

    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


class TestSandbox:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"tokens_without_end": True})

    def test_a_token_of_the_sandbox_does_not_end(self, shop: Shop, session: Session) -> None:
        endless = shop.tokens(session)
        ending = shop.tokens(session, access_type="offline")

        assert "expires_in" not in endless
        assert ending["expires_in"] == 3600
        assert "expires_in" not in shop.refresh(ending["refresh_token"], duration="infinite").json()
        assert shop.is_active(endless["access_token"])


def test_an_application_acts_as_who_made_it_in_its_account(login: Login, shop: Shop, heidi: Person) -> None:
    other = login.platform.account(heidi.user, "Second")
    tokens = shop.post(grant_type="client_credentials", scope="accounts user_info").json()

    assert (tokens["scope"], tokens["user_id"]) == ("accounts user_info", heidi.user.id)
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens
    reached = login.client.get("/1/accounts", headers=bearer(tokens["access_token"])).json()["data"]
    assert [account["id"] for account in reached] == [heidi.account.id]
    assert other.id != heidi.account.id


def test_an_application_has_one_grant_of_its_own(login: Login, shop: Shop) -> None:
    first = shop.post(grant_type="client_credentials", scope="dns").json()["access_token"]
    second = shop.post(grant_type="client_credentials").json()["access_token"]

    with login.platform.database.reading() as transaction:
        query = select(Grant.id).where(Grant.grant_type == "client_credentials")
        assert len(transaction.execute(query).all()) == 1
    assert shop.post("/revoke", token=first).status_code == 200
    assert not shop.is_active(first)
    assert shop.is_active(second)


@pytest.mark.parametrize("scope", ["openid", "offline_access", "security", "nonsense", "dns openid"])
def test_an_application_by_itself_gets_only_what_it_may(shop: Shop, scope: str) -> None:
    assert shop.post(grant_type="client_credentials", scope=scope).json()["error"] == "invalid_scope"


def test_client_credentials_are_for_who_keeps_a_secret(login: Login, heidi: Person) -> None:
    public = login.shop(confidential=False, user_id=heidi.user.id)
    nobodys = login.shop()

    assert public.post(grant_type="client_credentials").json()["error"] == "invalid_client"
    assert nobodys.post(grant_type="client_credentials").json()["error"] == "unauthorized_client"
    without = login.shop(grant_types=["authorization_code"], user_id=heidi.user.id)
    assert without.post(grant_type="client_credentials").json()["error"] == "unauthorized_client"


def begin(login: Login, shop: Shop, **fields: Any) -> dict[str, Any]:
    answer = shop.post("/device_authorization", **{"scope": "openid user_info offline_access", **fields})
    assert answer.status_code == 200, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


def poll(shop: Shop, begun: dict[str, Any]) -> Any:
    return shop.post(grant_type=DEVICE, device_code=begun["device_code"])


def decide(login: Login, session: Session, user_code: str, *, allow: bool = True) -> bool:
    now = int(time())
    with login.platform.database.transaction(NOBODY) as transaction:
        found = device_flow.find(transaction, login.oauth.provider.pepper, user_code, now)
        assert found is not None
        device, _ = found
        if allow:
            return device_flow.approve(transaction, device, session, device.scopes, now)
        return device_flow.refuse(transaction, device, session, now)


def let_time_pass(login: Login, seconds: int) -> None:
    with login.platform.database.engine.begin() as connection:
        earlier = {"polled_at": DeviceAuthorization.polled_at - seconds}
        connection.execute(update(DeviceAuthorization).values(earlier))


def test_a_device_waits_for_somebody(login: Login, session: Session, heidi: Person) -> None:
    shop = login.shop(confidential=False)
    begun = begin(login, shop)
    assert begun["verification_uri"] == f"{login.issuer}/device"
    assert begun["user_code"] in begun["verification_uri_complete"]

    assert poll(shop, begun).json()["error"] == "authorization_pending"
    assert poll(shop, begun).json()["error"] == "slow_down"
    let_time_pass(login, 6)
    assert poll(shop, begun).json()["error"] == "slow_down"  # it has to wait longer now
    let_time_pass(login, 60)
    assert poll(shop, begun).json()["error"] == "authorization_pending"
    assert decide(login, session, begun["user_code"].lower().replace("-", " "))

    tokens = poll(shop, begun).json()
    assert tokens["user_id"] == heidi.user.id
    assert login.client.get("/2/profile", headers=bearer(tokens["access_token"])).status_code == 200
    assert shop.refresh(tokens["refresh_token"]).status_code == 200
    assert poll(shop, begun).json()["error"] == "invalid_grant"


def test_a_device_is_refused(login: Login, shop: Shop, session: Session) -> None:
    begun = begin(login, shop)
    decide(login, session, begun["user_code"], allow=False)

    assert poll(shop, begun).json()["error"] == "access_denied"


def test_a_device_is_answered_once(login: Login, shop: Shop, session: Session) -> None:
    begun, now = begin(login, shop), int(time())
    with login.platform.database.transaction(NOBODY) as transaction:
        found = device_flow.find(transaction, login.oauth.provider.pepper, begun["user_code"], now)
        assert found is not None
        assert device_flow.approve(transaction, found[0], session, ["openid"], now)
        assert not device_flow.approve(transaction, found[0], session, ["openid"], now)
        assert not device_flow.refuse(transaction, found[0], session, now)
        assert device_flow.find(transaction, login.oauth.provider.pepper, begun["user_code"], now) is None


def test_a_device_code_is_its_clients_and_ends(login: Login, shop: Shop) -> None:
    begun = begin(login, shop)
    assert poll(login.shop(), begun).json()["error"] == "invalid_grant"
    with login.platform.database.engine.begin() as connection:
        connection.execute(update(DeviceAuthorization).values(expires_at=int(time())))

    assert poll(shop, begun).json()["error"] == "expired_token"


def test_an_exchanged_token_ends_with_the_first(login: Login, shop: Shop, session: Session) -> None:
    first = shop.tokens(session, scope="openid user_info dns")["access_token"]
    asked = {"grant_type": EXCHANGE, "subject_token": first, "subject_token_type": ACCESS_TOKEN, "scope": "user_info"}
    narrow = shop.post(**asked).json()

    assert narrow["expires_in"] <= 3600
    assert login.client.get("/2/profile", headers=bearer(narrow["access_token"])).status_code == 200
    assert shop.post("/revoke", token=first).status_code == 200
    assert not shop.is_active(narrow["access_token"])
    assert shop.post(**asked).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, {"subject_token": "alp_at_x"},
        {"actor_token": "x"}, {"audience": "x"}, {"subject_token": None}, {"subject_token_type": None},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
    ],
)  # fmt: skip
def test_other_exchanges_are_not_offered(shop: Shop, session: Session, wrong: dict[str, Any]) -> None:
    token = shop.tokens(session)["access_token"]
    asked = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN, **wrong}

    assert shop.post(**asked).status_code == 400


def test_the_token_of_another_client_is_not_exchanged(login: Login, shop: Shop, session: Session) -> None:
    token = shop.tokens(session)["access_token"]
    asked = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}

    assert login.shop().post(**asked).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"])
def test_other_grant_types_are_not_offered(shop: Shop, grant_type: str) -> None:
    answer = shop.post(grant_type=grant_type, username="heidi", password="x")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_form_may_be_multipart(login: Login, shop: Shop, session: Session) -> None:
    fields = {
        "grant_type": "authorization_code", "code": shop.code(session), "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER, "client_id": shop.client_id, "client_secret": shop.secret,
    }  # fmt: skip

    answer = login.client.post("/login/token", files={name: (None, value) for name, value in fields.items()})

    assert answer.status_code == 200, answer.text


def test_basic_and_post_are_both_good_but_not_together(login: Login, shop: Shop) -> None:
    both = login.client.post(
        "/login/revoke",
        data={"token": "x", "client_id": shop.client_id, "client_secret": shop.secret},
        auth=(shop.client_id, shop.secret),
    )
    basic = login.client.post("/login/revoke", data={"token": "x"}, auth=(shop.client_id, shop.secret))

    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    assert basic.status_code == 200


def test_a_blocked_user_a_revoked_application(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    tokens = shop.tokens(session, access_type="offline")
    with login.platform.database.transaction(NOBODY) as transaction:
        transaction.session.merge(heidi.user).blocked_at = int(time())

    assert shop.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not shop.is_active(tokens["access_token"])
    with login.platform.database.transaction(NOBODY) as transaction:
        transaction.session.merge(shop.application).revoked_at = int(time())
    assert shop.refresh(tokens["refresh_token"]).json()["error"] == "invalid_client"


@pytest.mark.parametrize("is_own", [True, False])
def test_signing_out_of_the_manager_leaves_the_tokens_made_in_it(login: Login, session: Session, is_own: bool) -> None:
    shop = login.shop(is_own=is_own, scopes=["openid", "offline_access", "tokens", "dns"])
    tokens = shop.tokens(session, scope="openid tokens dns", access_type="offline")
    body = {"name": "made", "scopes": ["dns"]}
    made = login.client.post("/1/tokens", json=body, headers=bearer(tokens["access_token"])).json()["data"]

    assert shop.post("/revoke", token=tokens["refresh_token"]).status_code == 200

    answer = login.client.get("/1/tokens/self", headers=bearer(made["token"]))
    assert answer.status_code == (200 if is_own else 401)
