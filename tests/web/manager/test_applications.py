"""Applications in the manager: registered, changed, given secrets that overlap, deleted with what hangs on them."""

LIST = "/v3/ng/accounts/applications/list"
NEW = "/v3/ng/accounts/applications/new"


def _register(browser, name="Cheese Shop", **given):
    form = browser.get(NEW).form("/applications/new")
    return browser.send(form, name=name, redirect_uris="https://cheese.example/callback", **given)


def test_an_application_on_a_server_is_registered_and_its_secret_shown_once(browser):
    made = _register(browser)
    assert made.status == 201
    secret = next(word for word in made.text.split() if word.startswith("alp_cs_"))
    page = browser.get(browser.get(LIST).link("Cheese Shop"))
    assert "https://cheese.example/callback" in page.text
    assert "Know who you are" in page.text
    assert secret not in page.html
    assert secret[-4:] in page.text


def test_an_application_in_peoples_hands_has_no_secret(browser):
    page = browser.follow(_register(browser, is_confidential="0"))
    assert "The application was registered." in page.text
    assert "Secrets" not in page.text


def test_a_wrong_address_stands_at_its_field(browser):
    form = browser.get(NEW).form("/applications/new")
    page = browser.send(form, name="Cheese Shop", redirect_uris="javascript:alert(1)")
    assert page.status == 422
    assert 'id="field-redirect_uris-error"' in page.html
    assert page.form("/applications/new").named("redirect_uris") == ["javascript:alert(1)"]


def test_an_application_is_changed(browser):
    _register(browser)
    page = browser.get(browser.get(LIST).link("Cheese Shop"))
    form = browser.get(page.link("Change")).form("/edit")
    assert form.named("scopes") == ["openid", "profile", "email"]
    page = browser.follow(browser.send(form, name="Butter Shop", **{"scope-dns": "dns:read"}))
    assert "Butter Shop" in page.text
    assert "DNS: see" in page.text


def test_a_new_secret_follows_the_old_one(browser):
    _register(browser)
    path = browser.get(LIST).link("Cheese Shop")
    made = browser.send(browser.get(path + "/secrets/new").form("/secrets/new"), expire_others_in="86400")
    assert made.status == 201
    page = browser.get(path)
    assert page.text.count("Active") == 2
    question = browser.get(page.link("Revoke"))
    page = browser.follow(browser.send(question.form("/revoke")))
    assert page.text.count("Active") == 1


def test_a_third_secret_is_refused_in_the_words_of_the_api(browser):
    _register(browser)
    path = browser.get(LIST).link("Cheese Shop")
    for _ in range(2):
        page = browser.send(browser.get(path + "/secrets/new").form("/secrets/new"), expire_others_in="stay")
    assert page.status == 422
    assert "notice-danger" in page.html


def test_an_application_is_deleted_after_its_plan(browser):
    _register(browser)
    page = browser.get(browser.get(LIST).link("Cheese Shop"))
    plan = browser.get(page.link("Delete"))
    assert 'class="plan"' in plan.html
    assert "Cheese Shop" in plan.text
    gone = browser.follow(browser.send(plan.form("/delete")))
    assert "The application was deleted." in gone.text
    assert "No applications yet" in gone.text
