"""The profile in the manager: what is changed shows, in the new language, with what the API refuses at its field."""

from io import BytesIO

from PIL import Image


def test_names_are_changed(browser):
    page = browser.follow(browser.send(browser.get("/profile").form("/profile"), firstname="Adelheid"))
    assert "Your profile was changed." in page.text
    assert page.form("/profile").named("firstname") == ["Adelheid"]


def test_a_refused_name_stands_at_its_field(browser):
    page = browser.send(browser.get("/profile").form("/profile"), firstname="")
    assert page.status == 422
    assert 'id="field-firstname-error"' in page.html
    assert page.form("/profile").named("lastname") == ["Test"]


def test_pages_speak_the_language_that_was_chosen(browser):
    form = browser.get("/profile").form("/profile/place")
    page = browser.follow(browser.send(form, locale="de", timezone="Europe/Zurich"))
    assert '<html lang="de">' in page.html
    assert page.form("/profile/place").named("timezone") == ["Europe/Zurich"]


def test_a_picture_is_added_and_deleted(browser):
    drawn = BytesIO()
    Image.new("RGB", (32, 32), "#3a52c4").save(drawn, "PNG")
    form = browser.get("/profile").form("/profile/avatar")
    page = browser.follow(browser.send(form, files={"avatar": ("me.png", drawn.getvalue(), "image/png")}))
    assert "/2/profile/avatar/" in page.html
    gone = browser.follow(browser.send(page.form("/profile/avatar/delete")))
    assert "/2/profile/avatar/" not in gone.html


def test_what_is_no_picture_is_refused_at_its_field(browser):
    form = browser.get("/profile").form("/profile/avatar")
    page = browser.send(form, files={"avatar": ("me.png", b"no picture", "image/png")})
    assert page.status == 422
    assert 'id="field-avatar-error"' in page.html


def test_a_password_of_a_program_is_shown_once_and_deleted_after_a_question(browser):
    made = browser.send(browser.get("/profile").form("/profile/passwords"), name="router")
    assert made.status == 201
    secret = next(word for word in made.text.split() if word.startswith("alp_ap_"))
    page = browser.get("/profile")
    assert "router" in page.text
    assert secret not in page.html
    question = browser.get(page.link("Delete"))
    assert "router" not in browser.follow(browser.send(question.form("/delete"))).text


def test_another_address_is_added_and_deleted(browser):
    form = browser.get("/profile").form("/profile/reminders")
    page = browser.follow(browser.send(form, reminder_email="heidi@elsewhere.example"))
    assert "heidi@elsewhere.example" in page.text
    delete = next(form for form in page.forms if "/emails/other/" in form.action and form.action.endswith("/delete"))
    assert "heidi@elsewhere.example" not in browser.follow(browser.send(delete)).text
