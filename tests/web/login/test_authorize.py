from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select

from alpage.identity.grants import Grant
from alpage.identity.sessions import Session
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from tests.conftest import Platform
from tests.identity.oauth_support import REDIRECT, Login, Shop
from tests.web.browsing import Browser, Page
from tests.web.login.conftest import PASSWORD
from tests.web.login.test_sign_in import authenticator

SignIn = Callable[..., Page]


def told(page: Page) -> dict[str, str]:
    """What the application is told, by a redirect."""
    assert page.status == 303
    assert page.location.startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}


def ask(browser: Browser, shop: Shop, **parameters: Any) -> Page:
    return browser.get(f"/login/authorize?{shop.query(**parameters)}")


def grants(platform: Platform) -> list[Any]:
    with platform.database.reading() as transaction:
        return [*transaction.execute(select(Grant.__table__).where(Grant.application_id.is_not(None)))]


def test_from_the_application_to_its_code(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    platform.account(anna, "Goat Farm")
    page = ask(browser, shop, scope="openid email dns")
    assert page.path.startswith("/login/signin?next=")
    assert "Shop" in page.text
    consent = sign_in(anna, page)
    assert consent.path.startswith("/login/authorize?")
    for words in (
        "Let Shop in?",
        "shop.example",
        "Goat Farm",
        "anna@example.org",
        "See your e-mail address",
        "Everything in your DNS zones",
    ):
        assert words in consent.text
    assert grants(platform) == []
    answer = told(consent.submit("/consent", "Allow"))
    assert (answer["state"], answer["iss"]) == ("st-1", shop.login.issuer)
    tokens = shop.redeem(answer["code"])
    assert tokens.status_code == 200
    (grant,) = grants(platform)
    assert (grant.scopes, grant.user_id) == (["openid", "email", "dns"], anna.id)


def test_what_was_allowed_once_is_not_asked_again(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    assert "code" in told(ask(browser, shop))
    assert ask(browser, shop, scope="openid email dns").form("/consent")
    assert ask(browser, shop, prompt="consent").form("/consent")


def test_what_is_unticked_is_not_given(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    wanted = "openid email dns:read accounts"
    consent = sign_in(anna, ask(browser, shop, scope=wanted, access_type="offline"))
    form = consent.form("/consent")
    assert form.ticked["scope"] == ["email", "offline_access", "accounts", "dns:read"]
    tokens = shop.redeem(told(consent.submit("/consent", "Allow", scope=["email", "dns:read"]))["code"]).json()
    assert tokens["scope"] == "openid email dns:read"
    assert "refresh_token" not in tokens
    assert tokens["expires_in"] > 0
    (grant,) = grants(platform)
    assert (grant.scopes, grant.agreed) == (["openid", "email", "dns:read"], ["openid", "email", "dns:read"])


def test_unticking_a_scope_leaves_out_its_parts(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    consent = sign_in(anna, ask(browser, shop, scope="openid email dns dns:read"))
    assert consent.form("/consent").ticked["scope"] == ["email", "dns"]
    code = told(consent.submit("/consent", "Allow", scope=["email"]))["code"]
    assert shop.redeem(code).json()["scope"] == "openid email"


def test_nothing_but_what_was_asked_can_be_ticked(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    consent = sign_in(anna, ask(browser, shop, scope="openid email"))
    code = told(consent.submit("/consent", "Allow", scope=["email", "dns", "phone"]))["code"]
    assert shop.redeem(code).json()["scope"] == "openid email"


def test_allowing_nothing_is_refusing(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    consent = sign_in(anna, ask(browser, shop, scope="email dns"))
    assert told(consent.submit("/consent", "Allow", scope=[]))["error"] == "access_denied"
    assert grants(platform) == []


def test_only_what_is_new_is_asked_for(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna, ask(browser, shop, scope="openid email")).submit("/consent", "Allow")
    page = ask(browser, shop, scope="openid email dns")
    assert page.form("/consent").ticked["scope"] == ["dns"]
    assert "You have allowed it before Know who you are See your e-mail address" in page.text
    told(page.submit("/consent", "Allow", scope=[]))
    again = ask(browser, shop, scope="openid email dns")
    assert again.form("/consent").ticked["scope"] == ["dns"]
    tokens = shop.redeem(told(again.submit("/consent", "Allow"))["code"]).json()
    assert tokens["scope"] == "openid email dns"
    assert "code" in told(ask(browser, shop, scope="openid dns:read email"))


def test_a_program_may_have_all_asked_again(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna, ask(browser, shop, scope="openid email dns")).submit("/consent", "Allow")
    page = ask(browser, shop, scope="openid email dns", prompt="consent")
    assert page.form("/consent").ticked["scope"] == ["email", "dns"]
    told(page.submit("/consent", "Allow", scope=["email"]))
    assert "code" in told(ask(browser, shop, scope="openid email"))
    assert ask(browser, shop, scope="openid dns").form("/consent").ticked["scope"] == ["dns"]


def test_what_was_taken_back_meanwhile_is_not_given(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna, ask(browser, shop, scope="openid email")).submit("/consent", "Allow")
    page = ask(browser, shop, scope="openid email dns")
    with platform.database.transaction(NOBODY) as transaction:
        for grant in transaction.session.scalars(select(Grant)):
            grant.revoked_at = 1 + grant.created_at
    answer = told(page.submit("/consent", "Allow"))
    assert shop.redeem(answer["code"]).json()["scope"] == "dns"


def test_claims_are_asked_for_as_the_scopes_they_belong_to(
    login: Login, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    claims = '{"userinfo": {"email": null, "name": null}}'
    page = sign_in(anna, ask(browser, shop, scope="openid", claims=claims))
    assert page.form("/consent").ticked["scope"] == ["profile", "email"]
    code = told(page.submit("/consent", "Allow", scope=["profile"]))["code"]
    tokens = shop.redeem(code).json()
    assert tokens["scope"] == "openid"
    known = login.get("/oauth2/userinfo", tokens["access_token"]).json()
    assert known == {"sub": str(anna.id), "name": "Anna Test"}
    assert ask(browser, shop, scope="openid", claims=claims).form("/consent").ticked["scope"] == ["email"]
    assert "code" in told(ask(browser, shop, scope="openid profile"))


def test_no_one_is_asked_for_the_platforms_own(login: Login, browser: Browser, anna: User, sign_in: SignIn) -> None:
    own = login.shop(is_own=True)
    assert "code" in told(sign_in(anna, ask(browser, own)))


def test_a_refusal_is_told(platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    consent = sign_in(anna, ask(browser, shop))
    assert told(consent.submit("/consent", "Refuse"))["error"] == "access_denied"
    assert grants(platform) == []


def test_prompt_none_never_shows_a_page(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    assert told(ask(browser, shop, prompt="none"))["error"] == "login_required"
    consent = sign_in(anna, ask(browser, shop))
    assert told(ask(browser, shop, prompt="none"))["error"] == "consent_required"
    consent.submit("/consent", "Allow")
    assert "code" in told(ask(browser, shop, prompt="none"))
    assert told(ask(browser, shop, prompt="none", acr_values="2"))["error"] == "login_required"


def test_prompt_login_wants_the_password_again_once(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    _age(platform, 100)
    page = ask(browser, shop, prompt="login")
    assert page.path.startswith("/login/signin")
    assert ask(browser, shop, prompt="login").path.startswith("/login/signin")
    assert "code" in told(sign_in(anna, page))
    _age(platform, 100)
    assert ask(browser, shop, prompt="login").path.startswith("/login/signin")


def test_max_age_wants_a_recent_sign_in(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    _age(platform, 100)
    assert "code" in told(ask(browser, shop, max_age=200))
    assert told(ask(browser, shop, max_age=50, prompt="none"))["error"] == "login_required"
    page = ask(browser, shop, max_age=50)
    assert page.path.startswith("/login/signin")
    assert "code" in told(sign_in(anna, page))


def test_a_sign_in_for_this_very_request_is_recent_enough(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    consent = sign_in(anna, ask(browser, shop, max_age=0))
    _age(platform, 5)  # which he takes to read
    assert "code" in told(consent.submit("/consent", "Allow"))


def test_select_account_asks_once(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    sign_in(anna)
    sign_in(beat)
    page = ask(browser, shop, prompt="select_account")
    assert page.path.startswith("/login/choose")
    assert "anna@example.org" in page.text
    assert "beat@example.org" in page.text
    form = page.form("/choose")
    _, session = next(button for words, button in form.buttons.items() if "anna" in words)
    consent = browser.post("/login/choose", {**form.fields, "session": session})
    assert "In your name Anna Test" in consent.text
    assert told(ask(browser, shop, prompt="select_account none"))["error"] == "invalid_request"


def test_a_hint_fills_in_the_address(browser: Browser, shop: Shop) -> None:
    page = ask(browser, shop, login_hint="anna@example.org")
    assert page.form("/signin").fields["email"] == "anna@example.org"


def test_a_hint_chooses_among_those_who_are_here(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna)
    sign_in(platform.user("beat", password_hash=hash_password(PASSWORD)))
    assert "In your name Beat Test" in ask(browser, shop).text
    assert "In your name Anna Test" in ask(browser, shop, login_hint="anna@example.org").text


def test_an_id_token_means_nobody_else(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    page = sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    id_token = shop.redeem(told(page)["code"]).json()["id_token"]
    assert "code" in told(ask(browser, shop, prompt="none", id_token_hint=id_token))
    stranger = Browser(browser.client.app)
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    stranger.get("/login/signin").submit(email=beat.email, password=PASSWORD)
    assert told(ask(stranger, shop, prompt="none", id_token_hint=id_token))["error"] == "login_required"
    assert told(ask(browser, shop, prompt="none", id_token_hint="rubbish"))["error"] == "login_required"


def test_who_chooses_to_be_somebody_else_is_not_taken_for_whom_is_meant(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    sign_in(anna)
    meant = f'{{"id_token": {{"sub": {{"value": "{beat.id}"}}}}}}'
    assert told(ask(browser, shop, prompt="none", claims=meant))["error"] == "login_required"
    page = ask(browser, shop, claims=meant)
    assert page.path.startswith("/login/signin")
    assert told(sign_in(anna, page))["error"] == "login_required"
    page = ask(browser, shop, claims=meant)  # begins anew
    assert "code" in told(sign_in(beat, page).submit("/consent", "Allow"))
    sign_in(anna)
    answer = told(ask(browser, shop, claims=meant))  # who is here as well
    assert shop.redeem(answer["code"]).json()["user_id"] == beat.id


def test_claims_may_ask_for_a_surer_sign_in(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    asked = '{"id_token": {"acr": {"essential": true, "values": ["2"]}}}'
    assert told(ask(browser, shop, prompt="none", claims=asked))["error"] == "login_required"
    page = ask(browser, shop, claims=asked)
    assert "Two steps are needed" in page.text
    form = page.form("/consent")  # it lets nobody in, whatever it is made to say
    forged = browser.post(form.action, {**form.fields, "decision": "approve", "scope": ["email"]})
    assert told(forged)["error"] == "access_denied"


@pytest.mark.parametrize("is_pushed", [False, True])
class TestPushedOrNot:
    """What a request says counts the same, whether it was pushed before or not."""

    @pytest.fixture
    def ask(self, browser: Browser, shop: Shop, is_pushed: bool) -> Callable[..., Page]:
        def send(**parameters: Any) -> Page:
            if not is_pushed:
                return ask(browser, shop, **parameters)
            fields = {name: values[0] for name, values in parse_qs(shop.query(**parameters)).items()}
            answer = shop.post("/par", **fields)
            assert answer.status_code == 201, answer.text
            pushed = {"client_id": shop.client_id, "request_uri": answer.json()["request_uri"]}
            return browser.get(f"/login/authorize?{urlencode(pushed)}")

        return send

    def test_prompts(self, platform: Platform, ask: Callable[..., Page], anna: User, sign_in: SignIn) -> None:
        assert told(ask(prompt="none"))["error"] == "login_required"
        assert "code" in told(sign_in(anna, ask()).submit("/consent", "Allow"))
        assert "code" in told(ask(prompt="none"))
        assert ask(prompt="consent").form("/consent")
        assert ask(prompt="select_account").path.startswith("/login/choose")
        _age(platform, 100)
        page = ask(prompt="login")
        assert page.path.startswith("/login/signin")
        assert "code" in told(sign_in(anna, page))

    def test_max_age(self, platform: Platform, ask: Callable[..., Page], anna: User, sign_in: SignIn) -> None:
        sign_in(anna, ask()).submit("/consent", "Allow")
        _age(platform, 100)
        assert "code" in told(ask(max_age=200))
        assert told(ask(max_age=50, prompt="none"))["error"] == "login_required"
        assert "code" in told(sign_in(anna, ask(max_age=50)))

    def test_levels(self, ask: Callable[..., Page], anna: User, sign_in: SignIn) -> None:
        sign_in(anna, ask()).submit("/consent", "Allow")
        assert "code" in told(ask(acr_values="1"))
        assert "Two steps are needed" in ask(acr_values="2").text
        assert "Two steps are needed" in ask(claims='{"id_token": {"acr": {"value": "2"}}}').text

    def test_hints(self, platform: Platform, ask: Callable[..., Page], shop: Shop, anna: User, sign_in: SignIn) -> None:
        assert ask(login_hint="anna@example.org").form("/signin").fields["email"] == "anna@example.org"
        answer = told(sign_in(anna, ask()).submit("/consent", "Allow"))
        id_token = shop.redeem(answer["code"]).json()["id_token"]
        sign_in(platform.user("beat", password_hash=hash_password(PASSWORD)))
        assert told(ask(prompt="none"))["error"] == "consent_required"
        assert "code" in told(ask(prompt="none", id_token_hint=id_token))
        assert "code" in told(ask(prompt="none", login_hint="anna@example.org"))
        assert told(ask(prompt="none", id_token_hint="rubbish"))["error"] == "login_required"

    def test_languages(self, ask: Callable[..., Page]) -> None:
        assert ask(ui_locales="xx de-CH fr").response.headers["content-language"] == "de"

    def test_claims(self, login: Login, ask: Callable[..., Page], shop: Shop, anna: User, sign_in: SignIn) -> None:
        page = sign_in(anna, ask(scope="openid", claims='{"userinfo": {"email": null}}'))
        tokens = shop.redeem(told(page.submit("/consent", "Allow"))["code"]).json()
        known = login.get("/oauth2/userinfo", tokens["access_token"]).json()
        assert known == {"sub": str(anna.id), "email": "anna@example.org"}


def test_a_surer_sign_in_is_a_second_step(
    platform: Platform, browser: Browser, shop: Shop, anna: User, sign_in: SignIn
) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    missing = ask(browser, shop, acr_values="2")
    assert "Two steps are needed" in missing.text
    back = told(missing.submit("/consent", "Back to Shop"))
    assert back["error"] == "unmet_authentication_requirements"
    totp = authenticator(platform, anna)
    page = ask(browser, shop, acr_values="2")
    assert page.path.startswith("/login/second-factor")
    assert "code" in told(page.submit("/second-factor", code=totp.now()))
    with platform.database.reading() as transaction:
        (methods,) = transaction.execute(select(Session.methods).where(Session.ended_at.is_(None))).scalars()
    assert methods == ["pwd", "otp", "mfa"]
    assert "code" in told(ask(browser, shop, acr_values="2"))


def test_an_application_may_ask_by_a_form(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    fields = {name: values[0] for name, values in parse_qs(shop.query()).items()}
    page = browser.post("/login/authorize", fields, site="cross-site")
    assert sign_in(anna, page).form("/consent")


def test_form_post_sends_itself_and_has_a_button(browser: Browser, shop: Shop, anna: User, sign_in: SignIn) -> None:
    sign_in(anna, ask(browser, shop)).submit("/consent", "Allow")
    page = ask(browser, shop, response_mode="form_post")
    form = page.form("/callback")
    assert form.action == REDIRECT
    assert {"code", "state", "iss"} <= form.fields.keys()
    assert "csrf" not in form.fields
    assert "form-action 'self' https://shop.example;" in page.response.headers["content-security-policy"]


@pytest.mark.parametrize("page", ["sign-in", "consent"])
def test_forms_may_end_up_at_the_application(
    browser: Browser, shop: Shop, anna: User, sign_in: SignIn, page: str
) -> None:
    shown = ask(browser, shop)
    if page == "consent":
        shown = sign_in(anna, shown)
    assert "form-action 'self' https://shop.example;" in shown.response.headers["content-security-policy"]


def test_the_user_is_spoken_to_as_the_application_says(browser: Browser, shop: Shop) -> None:
    page = ask(browser, shop, ui_locales="xx de-CH fr")
    assert page.response.headers["content-language"] == "de"


def test_a_program_on_this_computer_is_named_so(login: Login, browser: Browser, anna: User, sign_in: SignIn) -> None:
    program = login.shop(confidential=False, redirect_uris=["http://127.0.0.1/done"])
    consent = sign_in(anna, ask(browser, program, redirect_uri="http://127.0.0.1:4711/done"))
    assert "a program on this computer" in consent.text
    assert "form-action 'self' http://127.0.0.1:4711;" in consent.response.headers["content-security-policy"]


def test_several_can_be_signed_in_with_one_browser(
    platform: Platform, browser: Browser, anna: User, sign_in: SignIn
) -> None:
    beat = platform.user("beat", password_hash=hash_password(PASSWORD))
    sign_in(anna)
    page = sign_in(beat)
    assert "Anna Test" in page.text
    assert "Beat Test" in page.text
    sign_in(anna)
    with platform.database.reading() as transaction:
        found = [*transaction.execute(select(Session.user_id).order_by(Session.id)).scalars()]
    assert found == [anna.id, beat.id]  # who signs in again goes on with his session


def _age(platform: Platform, seconds: int) -> None:
    """Lets time pass since everybody has signed in."""
    with platform.database.transaction(NOBODY) as transaction:
        for session in transaction.session.scalars(select(Session)):
            session.authenticated_at -= seconds
