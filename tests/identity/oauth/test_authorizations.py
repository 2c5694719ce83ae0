"""What the pages of the login ask about a request."""

from time import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from alpage.identity.grants import Grant, revoke
from alpage.identity.oauth.authorization_requests import AuthorizationError
from alpage.identity.oauth.redirects import Answer
from alpage.identity.sessions import Session
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.identity.oauth_support import REDIRECT, Login, Shop


def consented(login: Login, shop: Shop, user_id: int, **parameters: Any) -> bool:
    with login.platform.database.transaction(NOBODY) as transaction:
        request = login.oauth.authorizations.read(transaction, shop.query(**parameters), int(time()))
        return login.oauth.authorizations.consented(transaction, request, user_id)


def end(login: Login, session: Session, when: int) -> None:
    """Signs out: the session ends, and what was allowed in it."""
    with login.platform.database.transaction(NOBODY) as transaction:
        kept = transaction.session.merge(session)
        kept.ended_at = when
        revoke(transaction.session, transaction.session.query(Grant).filter(Grant.session_id == session.id), when)


def take_back(login: Login, when: int) -> None:
    with login.platform.database.transaction(NOBODY) as transaction:
        revoke(transaction.session, transaction.session.query(Grant).filter(Grant.application_id.is_not(None)), when)


def test_a_request_is_read(login: Login, shop: Shop) -> None:
    request = login.read(
        shop.query(prompt="login consent", max_age="60", acr_values="2 1", login_hint="heidi", ui_locales="de fr")
    )

    assert request.application.name == "Shop"
    assert (request.scopes, request.state, request.nonce) == (("openid", "email"), "st-1", "n-1")
    assert (request.prompts, request.max_age) == (frozenset({"login", "consent"}), 60)
    assert (request.acr_values, request.ui_locales) == (("2", "1"), ("de", "fr"))
    assert request.is_offline is False
    assert login.read(shop.query(access_type="offline")).is_offline is True
    assert request.digest != login.read(shop.query()).digest
    assert login.read(shop.query()).digest == login.read(shop.query()).digest


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"), ({"scope": "nonsense"}, "invalid_scope"),
        ({"scope": "openid security"}, "invalid_scope"), ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "x"}, "invalid_request"), ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "x"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"), ({"registration": "{}"}, "registration_not_supported"),
        ({"resource": "https://no.example"}, "invalid_target"), ({"claims": "x"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"), ({"claims": '{"userinfo": 7}'}, "invalid_request"),
        ({"claims": '{"id_token": {"email": 7}}'}, "invalid_request"),
        ({"claims": '{"id_token": {"acr": {"essential": true, "value": "9"}}}'}, "unmet_authentication_requirements"),
        ({"response_mode": "fragment"}, "invalid_request"), ({"access_type": "x"}, "invalid_request"),
    ],
)  # fmt: skip
def test_the_application_is_told_what_is_wrong(login: Login, shop: Shop, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(AuthorizationError) as caught:
        login.read(shop.query(**parameters))

    answer = caught.value.answer
    assert answer is not None
    assert answer.url.startswith(REDIRECT + "?")
    told = dict(parse_qsl(urlsplit(answer.url).query))
    assert (told["error"], told["state"], told["iss"]) == (code, "st-1", login.issuer)


def test_an_answer_may_be_a_form(login: Login, shop: Shop, session: Session) -> None:
    answer = shop.authorize(session, response_mode="form_post")

    assert answer.url == REDIRECT
    assert answer.fields is not None
    assert {*answer.fields} == {"code", "state", "iss"}


def test_a_form_goes_to_web_addresses_only(login: Login) -> None:
    phone = login.shop(redirect_uris=["ch.example.app:/callback"])

    with pytest.raises(AuthorizationError):
        login.read(phone.query(redirect_uri="ch.example.app:/callback", response_mode="form_post"))


def test_consent_is_remembered_for_what_it_covered(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    assert not consented(login, shop, heidi.user.id)
    shop.authorize(session, scope="openid dns")

    assert consented(login, shop, heidi.user.id, scope="openid")
    assert consented(login, shop, heidi.user.id, scope="openid dns:read")
    assert not consented(login, shop, heidi.user.id, scope="openid email")
    assert not consented(login, login.shop(), heidi.user.id, scope="openid")


def test_consent_outlives_a_sign_out_but_not_its_withdrawal(
    login: Login, shop: Shop, session: Session, heidi: Person
) -> None:
    now = int(time())
    shop.authorize(session)
    end(login, session, now + 10)
    assert consented(login, shop, heidi.user.id)

    shop.authorize(login.session(heidi.user))
    take_back(login, now + 20)
    assert not consented(login, shop, heidi.user.id)


def test_nobody_is_asked_for_the_platform_s_own(login: Login, heidi: Person) -> None:
    assert consented(login, login.shop(is_own=True), heidi.user.id)


def approve_some(login: Login, shop: Shop, session: Session, scopes: list[str], **parameters: Any) -> Answer:
    """What the user's agreement to some of the scopes brings."""
    now = int(time())
    with login.platform.database.transaction(NOBODY) as transaction:
        request = login.oauth.authorizations.read(transaction, shop.query(**parameters), now)
        return login.oauth.authorizations.approve(transaction, request, session, scopes, now)


def test_less_may_be_given_than_was_asked_for(login: Login, shop: Shop, session: Session) -> None:
    answer = approve_some(login, shop, session, ["openid", "dns", "accounts"], scope="openid email dns")

    tokens = shop.redeem(dict(parse_qsl(urlsplit(answer.url).query))["code"]).json()

    assert tokens["scope"] == "openid dns"


def test_agreements_add_up(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    shop.authorize(session, scope="openid email")
    shop.authorize(session, scope="openid dns")
    shop.authorize(session, scope="openid")

    assert consented(login, shop, heidi.user.id, scope="openid email dns:read")
    assert not consented(login, shop, heidi.user.id, scope="openid email accounts")
    with login.platform.database.reading() as transaction:
        kept = transaction.execute(select(Grant.scopes, Grant.agreed).where(Grant.application_id.is_not(None))).all()
    assert [tuple(row) for row in kept] == [
        (["openid", "email"], ["openid", "email"]),
        (["openid", "dns"], ["openid", "email", "dns"]),
        (["openid"], ["openid", "email", "dns"]),
    ]


def test_what_is_not_allowed_any_more_is_asked_for_again(
    login: Login, shop: Shop, session: Session, heidi: Person
) -> None:
    shop.authorize(session, scope="openid email dns")
    approve_some(login, shop, session, ["openid", "email"], scope="openid email dns:read", prompt="consent")

    assert consented(login, shop, heidi.user.id, scope="openid email")
    assert not consented(login, shop, heidi.user.id, scope="openid dns:read")


def test_nothing_allowed_is_a_refusal(login: Login, shop: Shop, session: Session) -> None:
    answer = approve_some(login, shop, session, [], scope="email dns")
    assert dict(parse_qsl(urlsplit(answer.url).query))["error"] == "access_denied"


def test_claims_take_the_agreement_to_their_scopes(login: Login, shop: Shop, session: Session, heidi: Person) -> None:
    shop.authorize(session, scope="openid")
    claims = '{"userinfo": {"email": null}}'

    assert login.read(shop.query(scope="openid", claims=claims)).wanted == ("openid", "email")
    assert not consented(login, shop, heidi.user.id, scope="openid", claims=claims)
    shop.authorize(session, scope="openid", claims=claims)
    assert consented(login, shop, heidi.user.id, scope="openid", claims=claims)
    assert consented(login, shop, heidi.user.id, scope="openid email")


def test_claims_beyond_what_an_application_may_ask_for_are_ignored(login: Login) -> None:
    shop = login.shop(scopes=["openid", "email"])
    claims = '{"userinfo": {"phone_number": null, "email": null, "shoe_size": 7}, "more": 1}'

    assert login.read(shop.query(scope="openid", claims=claims)).wanted == ("openid", "email")
    assert login.read(shop.query(scope="email", claims=claims)).claims.about_user == {}  # which openid is for


def test_without_scopes_all_registered_ones_are_asked_for(login: Login) -> None:
    shop = login.shop(scopes=["openid", "email", "offline_access"])

    assert login.read(shop.query(scope=None)).scopes == ("openid", "email")
