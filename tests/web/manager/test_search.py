"""The search finds pages by their names and objects by the API's own search."""


def test_pages_are_found_in_the_language_of_the_reader(browser):
    assert browser.get("/search?q=token").link("Access tokens") == "/v3/ng/accounts/token/list"


def test_objects_are_found(browser, platform, login):
    platform.token(login.user)
    page = browser.get("/search?q=hei")
    assert "Heidi Test" in page.text
    assert "Nothing is called so" in browser.get("/search?q=zebra").text


def test_nothing_is_asked_of_the_api_before_there_are_words(browser):
    assert "search=" not in browser.get("/search").text
