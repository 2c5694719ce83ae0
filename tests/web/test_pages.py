"""Pages: how they are found, what they are given, and what stands on their answers."""

import pytest


def test_a_page_is_given_what_its_path_holds(browser):
    assert browser.get("/farm/goats/7").text == "goat 7 of Goat Farm, testclient, en"


def test_the_design_page_is_shown(browser):
    assert browser.get("/farm/design").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/farm/nothing", 404),
        ("POST", "/farm/design", 405),
        ("GET", "/farm/broken", 500),
        ("GET", "/farm/missing", 404),
    ],
)
def test_problems_are_pages(browser, method, path, status):
    answer = browser.request(method, path)
    assert answer.status_code == status
    assert "<h1>" in answer.text
