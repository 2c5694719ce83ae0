"""Pages: how they are found, what they are given, and what is said when there is none."""

import json
from unittest.mock import Mock

import pytest
from starlette.testclient import TestClient


def test_a_page_is_given_what_its_path_holds(browser):
    assert browser.get("/farm/goats/7").text == "goat 7 of Goat Farm, testclient, en"


def test_a_path_that_does_not_fit_is_not_found(browser):
    assert browser.get("/farm/goats/heidi").status_code == 404


def test_a_head_has_no_body(browser):
    answer = browser.head("/farm/goats/7")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_address_is_the_clients_behind_trusted_proxies(site):
    browser = TestClient(site, client=("10.0.0.9", 1))
    headers = {"x-forwarded-for": "192.0.2.1, 192.0.2.7, 10.0.0.2"}
    assert "192.0.2.7" in browser.get("/farm/goats/7", headers=headers).text


def test_the_design_pages_are_shown_in_every_language(browser):
    for language in ("de", "en", "es", "fr", "it"):
        for path in ("/farm/design", "/farm/calm"):
            answer = browser.get(path, params={"language": language})
            assert answer.status_code == 200
            assert f'<html lang="{language}">' in answer.text
            assert answer.headers["content-language"] == language


def test_the_language_is_the_browsers_until_the_visitor_chooses(browser):
    in_french = {"accept-language": "fr-CH, en;q=0.5"}
    assert browser.get("/farm/goats/7", headers=in_french).text.endswith("fr")
    assert browser.get("/farm/goats/7?language=it", headers=in_french).text.endswith("it")
    assert browser.get("/farm/goats/7", headers=in_french).text.endswith("it")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/farm/nothing", 404),
        ("POST", "/farm/design", 405),
        ("GET", "/farm/broken", 500),
        ("GET", "/farm/missing", 404),
        ("POST", "/farm/large", 413),
    ],
)
def test_what_goes_wrong_is_a_page(browser, method, path, status):
    body = b"x" * 5000 if path == "/farm/large" else None
    answer = browser.request(method, path, content=body, headers={"accept-language": "de"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="de">' in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_body_without_an_announced_length_is_capped_too(browser):
    assert browser.post("/farm/foreign", content=(b"x" * 1000 for _ in range(5))).status_code == 413


def test_another_method_is_told_which_there_are(browser):
    assert browser.post("/farm/design").headers["allow"] == "GET, HEAD"


def test_a_failure_says_nothing_of_itself(browser):
    assert "fence" not in browser.get("/farm/broken").text


def test_an_error_of_the_api_keeps_its_words(browser):
    assert "Objekt nicht gefunden" in browser.get("/farm/missing", headers={"accept-language": "de"}).text


def test_a_page_is_logged_without_its_query(browser, monkeypatch):
    log, output = Mock(), Mock()
    monkeypatch.setattr("alpage.web.sites.log", log)
    monkeypatch.setattr("alpage.api.logs.answers.output", output)
    answer = browser.get("/farm/goats/7?password=hay")
    line = json.loads(output.info.call_args.args[0])
    assert (line["path"], line["status"], line["place"]) == ("/goats/7", 200, "farm")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "hay" not in str(log.mock_calls) + str(output.mock_calls)


def test_a_redirect_stays_in_its_place(browser):
    answer = browser.get("/farm/away", params={"to": "/goats/7"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/farm/goats/7")


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example"])
def test_a_redirect_does_not_take_a_host_for_a_path(browser, path):
    assert browser.get("/farm/away", params={"to": path}).status_code == 500
