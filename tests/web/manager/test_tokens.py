"""Access tokens in the manager: made with scopes and limits, shown once, revoked."""

LIST = "/v3/ng/accounts/token/list"
NEW = "/v3/ng/accounts/token/new"


def test_a_token_is_made_shown_once_and_works(browser, site):
    page = browser.get(NEW)
    form = page.form("/token/new")
    made = browser.send(form, name="deploy", **{"scope-dns": "dns", "scope-user_info": "user_info"}, expires_at="30")
    assert made.status == 201
    secret = next(word for word in made.text.split() if word.startswith("alp_pat_"))
    answer = site.get("/2/profile", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["data"]["first_name"] == "Heidi"
    assert secret not in browser.get(LIST).html
    assert "DNS: see and change" in browser.get(LIST).text


def test_a_form_that_is_sent_again_makes_the_token_once(browser):
    form = browser.get(NEW).form("/token/new")
    given = {"name": "deploy", "scope-dns": "dns", "expires_at": "30"}
    made, again = browser.send(form, **given), browser.send(form, **given)
    secrets = [next(word for word in page.text.split() if word.startswith("alp_pat_")) for page in (made, again)]
    assert secrets[0] == secrets[1]
    assert browser.get(LIST).html.count(">deploy<") == 1


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(browser):
    form = browser.get(NEW).form("/token/new")
    page = browser.send(form, name="deploy", ip_ranges="not-a-network", expires_at="365")
    assert page.status == 422
    again = page.form("/token/new")
    assert again.named("name") == ["deploy"]
    assert again.named("ip_ranges") == ["not-a-network"]
    assert again.named("expires_at") == ["365"]
    assert 'id="field-ip_ranges-error"' in page.html
    assert "2 things need your attention" in page.text


def test_a_token_is_limited_to_addresses_and_renamed(browser):
    form = browser.get(NEW).form("/token/new")
    browser.send(form, name="deploy", ip_ranges="192.0.2.7\n198.51.100.0/24", **{"scope-dns": "dns:read"})
    path = browser.get(LIST).link("deploy")
    page = browser.get(path)
    assert "192.0.2.7/32, 198.51.100.0/24" in page.text
    renamed = browser.follow(browser.send(next(form for form in page.forms if form.named("name")), name="nightly"))
    assert "The token was renamed." in renamed.text
    assert "nightly" in renamed.text
    assert "The token was renamed." not in browser.get(path).text


def test_a_token_is_revoked_after_a_question(browser, login):
    browser.send(browser.get(NEW).form("/token/new"), name="deploy", **{"scope-dns": "dns"})
    token = browser.get(browser.get(LIST).link("deploy"))
    question = browser.get(token.link("Revoke"))
    assert "Revoke “deploy”" in question.text
    gone = browser.follow(browser.send(question.form("/revoke")))
    assert "The token was revoked." in gone.text
    assert "deploy" in browser.get(LIST + "?state=revoked").text
