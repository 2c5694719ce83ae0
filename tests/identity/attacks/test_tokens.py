"""Attacks on tokens, and on what is said about them."""

from time import time
from typing import Any

import orjson
import pytest
from sqlalchemy import Table, select

from alpage.accounts.members import Membership
from alpage.identity.application_secrets import ApplicationSecret, ApplicationSecretUse
from alpage.identity.sessions import Session
from alpage.storage.changes import NOBODY
from alpage.storage.tables import Base
from tests.conftest import Person, Platform
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import REDIRECT, Login, Shop

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def revoke(platform: Platform, model: Any, where: Any) -> None:
    with platform.database.transaction(NOBODY) as transaction:
        for row in transaction.session.scalars(select(model).where(where)):
            row.revoked_at = int(time())


def test_a13_a_token_does_no_more_than_its_scopes(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    token = shop.tokens(session, scope="openid user_info")["access_token"]

    assert login.client.get("/2/profile", headers=bearer(token)).status_code == 200
    refused = login.client.get("/1/accounts", headers=bearer(token))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "all_scopes")


def test_a13_a_token_does_no_more_than_its_owner_may_now(
    login: Login, shop: Shop, session: Session, heidi: Person, peter: Person
) -> None:
    login.platform.member(peter.account, heidi.user)
    token = shop.tokens(session, scope="openid accounts")["access_token"]
    path = f"/1/accounts/{peter.account.id}"
    assert login.client.get(path, headers=bearer(token)).status_code == 200

    with login.platform.database.transaction(NOBODY) as transaction:
        where = (Membership.account_id == peter.account.id, Membership.user_id == heidi.user.id)
        transaction.session.delete(transaction.session.scalars(select(Membership).where(*where)).one())

    assert login.client.get(path, headers=bearer(token)).status_code in (403, 404)


def test_a13_a_token_for_another_api_opens_none_of_ours(login: Login, shop: Shop, session: Session) -> None:
    login.shop(resource="https://api.example")
    token = shop.tokens(session, resource="https://api.example", scope="openid user_info")["access_token"]

    assert login.client.get("/2/profile", headers=bearer(token)).status_code == 401
    assert login.get("/oauth2/userinfo", token).status_code == 401


def test_a13_a_resource_that_was_not_asked_for(login: Login, shop: Shop, session: Session) -> None:
    login.shop(resource="https://api.example")

    answer = shop.redeem(shop.code(session), resource="https://api.example")

    assert answer.json()["error"] == "invalid_target"


def test_a13_an_exchange_narrows_only(shop: Shop, session: Session) -> None:
    token = shop.tokens(session, scope="openid dns user_info")["access_token"]
    asked = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}

    assert shop.post(**asked, scope="accounts").json()["error"] == "invalid_scope"
    assert shop.post(**asked, resource="https://api.example").json()["error"] == "invalid_target"
    narrow = shop.post(**asked, scope="dns:read").json()
    assert (narrow["scope"], narrow["issued_token_type"]) == ("dns:read", ACCESS_TOKEN)
    again = {**asked, "subject_token": narrow["access_token"]}
    assert shop.post(**again, scope="dns").json()["error"] == "invalid_scope"


def test_a14_a_token_in_the_query_or_a_form_counts_for_nothing(
    server: Served, login: Login, shop: Shop, session: Session
) -> None:
    token = shop.tokens(session)["access_token"]

    assert login.client.get(f"/2/profile?access_token={token}").status_code == 401
    assert login.get(f"/oauth2/userinfo?access_token={token}").status_code == 401
    assert login.client.post("/login/oauth2/userinfo", data={"access_token": token}).status_code == 401
    logged = server.log()
    assert "/2/profile" in logged
    assert token not in logged


def test_a14_credentials_in_the_query_count_for_nothing(login: Login, shop: Shop) -> None:
    query = f"?grant_type=client_credentials&client_id={shop.client_id}&client_secret={shop.secret}"

    assert login.client.post(f"/login/token{query}").json()["error"] == "invalid_request"
    mixed = login.client.post(f"/login/token{query}", data={"grant_type": "client_credentials"})
    assert mixed.json()["error"] == "invalid_client"


def test_a18_nothing_is_sent_on_with_its_body(login: Login, shop: Shop, session: Session) -> None:
    for path in ("/token", "/introspect", "/revoke", "/device_authorization", "/par", "/register", "/oauth2/userinfo"):
        for suffix in ("", "/", "//"):
            answer = login.client.post(f"/login{path}{suffix}", data={"a": "b"}, follow_redirects=False)
            assert answer.status_code not in (301, 302, 307, 308), path


def test_a20_nothing_that_was_given_out_lies_in_the_database(
    login: Login, shop: Shop, session: Session, heidi: Person
) -> None:
    code = shop.code(session, access_type="offline", scope="openid dns")
    tokens = shop.redeem(code).json()
    second = shop.refresh(tokens["refresh_token"]).json()
    device = shop.post("/device_authorization", scope="openid").json()
    own = shop.post(grant_type="client_credentials", scope="dns").json()
    pushed = shop.post("/par", **_request_fields(shop)).json()
    registered = login.client.post(
        "/login/register", json={"redirect_uris": ["https://a.example/"]}, headers=bearer(heidi.token)
    ).json()
    secrets = [
        code, tokens["access_token"], tokens["refresh_token"], second["access_token"], second["refresh_token"],
        device["device_code"], device["user_code"], device["user_code"].replace("-", ""), shop.secret, heidi.token,
        pushed["request_uri"], pushed["request_uri"].rpartition(":")[2], registered["client_secret"],
        registered["registration_access_token"], tokens["id_token"], own["access_token"],
    ]  # fmt: skip

    dump = _dump(login.platform)

    assert len(dump) > 1000
    for secret in secrets:
        assert secret not in dump
        assert secret.split("_")[-1] not in dump


def _request_fields(shop: Shop) -> dict[str, str]:
    return {
        "response_type": "code",
        "redirect_uri": "https://shop.example/callback",
        "scope": "openid",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }


def _dump(platform: Platform) -> str:
    with platform.database.reading() as transaction:
        tables: list[Table] = Base.metadata.sorted_tables
        rows = [[*map(str, row)] for table in tables for row in transaction.execute(select(table)).all()]
    return orjson.dumps(rows).decode()


def test_a26_introspection_scanning(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    token = shop.tokens(session)["access_token"]
    api = login.shop(resource="https://api.example")
    for_api = shop.tokens(session, resource="https://api.example")["access_token"]
    stranger = login.shop()

    inactive = [
        stranger.post("/introspect", token=token),
        stranger.post("/introspect", token=for_api),
        api.post("/introspect", token=token),
        shop.post("/introspect", token=heidi.token),
        shop.post("/introspect", token="alp_at_nothing"),
        shop.post("/introspect", token="x" * 5000),
    ]
    assert {(answer.status_code, answer.text) for answer in inactive} == {(200, '{"active":false}')}
    assert shop.post("/introspect", token=token).json()["active"] is True
    assert api.post("/introspect", token=for_api).json()["aud"] == ["https://api.example"]


def test_a26_introspection_is_for_who_shows_who_he_is(login: Login, shop: Shop, session: Session) -> None:
    token = shop.tokens(session)["access_token"]
    public = login.shop(confidential=False)

    assert login.client.post("/login/introspect", data={"token": token}).status_code == 401
    assert public.post("/introspect", token=token).status_code == 400
    assert shop.post("/introspect", token=token, client_secret="wrong").status_code == 401
    assert login.client.post("/login/introspect", data={"token": token}, headers=bearer(token)).status_code == 401


def test_a27_revocation(login: Login, shop: Shop, session: Session) -> None:
    tokens = shop.tokens(session, access_type="offline")
    stranger = login.shop()

    assert shop.post("/revoke", token="alp_at_unknown").status_code == 200
    assert stranger.post("/revoke", token=tokens["refresh_token"]).status_code == 200
    assert shop.is_active(tokens["access_token"])
    assert shop.post("/revoke", token=tokens["access_token"], client_secret="wrong").status_code == 401
    assert shop.is_active(tokens["access_token"])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_a27_revocation_cascades_both_ways(shop: Shop, session: Session, kind: str, hint: str | None) -> None:
    tokens = shop.tokens(session, access_type="offline")

    assert shop.post("/revoke", token=tokens[kind], token_type_hint=hint).status_code == 200

    assert not shop.is_active(tokens["access_token"])
    assert not shop.is_active(tokens["refresh_token"])
    assert shop.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a31_nobody_keeps_an_answer(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    tokens = shop.tokens(session)
    answers = [
        shop.post(),
        shop.redeem(shop.code(session)),
        shop.post("/introspect", token=tokens["access_token"]),
        shop.post("/revoke", token="none"),
        shop.post("/device_authorization"),
        shop.post("/par"),
        login.get("/oauth2/userinfo", tokens["access_token"]),
        login.get("/oauth2/userinfo"),
        login.client.post("/login/register", json={"redirect_uris": [REDIRECT]}, headers=bearer(heidi.token)),
        login.client.post("/login/register", json={}),
        login.client.request("DELETE", "/login/token", headers=bearer(tokens["access_token"])),
        login.client.get("/login/token"),
    ]  # fmt: skip

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.request.url


def test_a36_a_stolen_personal_token_ends_by_one_call(login: Login, heidi: Person) -> None:
    token = login.platform.token(heidi.user, "user_info")
    assert login.client.get("/2/profile", headers=bearer(token)).status_code == 200

    ended = login.client.request("DELETE", "/login/token", headers=bearer(token))

    assert (ended.status_code, ended.json()) == (200, {"result": "success", "data": True})
    assert login.client.get("/2/profile", headers=bearer(token)).status_code == 401
    again = login.client.request("DELETE", "/login/token", headers=bearer(token))
    assert (again.status_code, again.json()["result"]) == (401, "error")


def test_a36_a_stolen_personal_token_is_reported_without_a_token(login: Login, heidi: Person) -> None:
    token = login.platform.token(heidi.user, "user_info")

    assert login.client.post("/1/tokens/leaked", json={"token": token}).status_code == 200
    assert login.client.get("/2/profile", headers=bearer(token)).status_code == 401


def test_a36_a_personal_token_keeps_to_its_addresses_and_its_time(login: Login, heidi: Person) -> None:
    now = int(time())
    elsewhere = login.platform.token(heidi.user, "user_info", ip_ranges=["192.0.2.0/24"])
    over = login.platform.token(heidi.user, "user_info", expires_at=now - 1)
    early = login.platform.token(heidi.user, "user_info", not_before=now + 60)

    for token in (elsewhere, over, early):
        assert login.client.get("/2/profile", headers=bearer(token)).status_code == 401


def test_a37_two_secrets_are_good_at_once(login: Login, shop: Shop, session: Session) -> None:
    second = login.secret(shop.application)

    assert shop.redeem(shop.code(session)).status_code == 200
    assert shop.redeem(shop.code(session), client_secret=second).status_code == 200
    revoke(login.platform, ApplicationSecret, ApplicationSecret.last_four == shop.secret[-4:])
    assert shop.redeem(shop.code(session)).status_code == 401
    assert shop.redeem(shop.code(session), client_secret=second).status_code == 200
    with login.platform.database.reading() as transaction:
        assert len(transaction.execute(select(ApplicationSecretUse.used_at)).all()) == 2


def test_a37_a_secret_ends_when_its_overlap_does(login: Login, shop: Shop) -> None:
    now = int(time())
    over, good = login.secret(shop.application, expires_at=now - 1), login.secret(shop.application, expires_at=now + 60)

    assert shop.post("/revoke", token="x", client_secret=over).status_code == 401
    assert shop.post("/revoke", token="x", client_secret=good).status_code == 200


def test_a19_unknown_clients_and_wrong_secrets_read_alike(login: Login, shop: Shop) -> None:
    public = login.shop(confidential=False)
    wrong = [
        {"client_id": "nobody", "client_secret": shop.secret},
        {"client_id": "nobody"},
        {"client_id": shop.client_id},
        {"client_id": shop.client_id, "client_secret": "wrong"},
        {"client_id": shop.client_id, "client_secret": login.shop().secret},
        {"client_id": public.client_id, "client_secret": shop.secret},
        {},
    ]

    answers = [login.client.post("/login/revoke", data={"token": "x", **who}) for who in wrong]

    assert {(answer.status_code, answer.text) for answer in answers} == {
        (401, '{"error":"invalid_client","error_description":"client authentication failed"}')
    }


@pytest.mark.parametrize(
    "header", ["Basic /////w==", "Basic !!!", "Basic", "Basic Og==", "Basic YTpi", "Basic AAA6AAA="]
)
def test_a_broken_basic_header_is_a_wrong_one(login: Login, header: str) -> None:
    answer = login.client.post("/login/revoke", data={"token": "x"}, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
