"""Forged requests: a form is taken from our own pages only."""

import re

import pytest

from alpage.web import forgery
from tests.web.conftest import ORIGIN, SECRET

FORM = "/farm/form"
FROM_US = [
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"origin": ORIGIN},
    {"referer": f"{ORIGIN}/farm/form"},
]
FROM_ELSEWHERE = [
    {"sec-fetch-site": "cross-site", "origin": ORIGIN},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"referer": f"https://evil.example/?{ORIGIN}"},
    {"origin": f"{ORIGIN}.evil.example"},
    {},
]


def send(browser, headers, **fields):
    token = browser.get(FORM).text
    browser.headers.pop("sec-fetch-site", None)
    return browser.post(FORM, data={"csrf": token, **fields}, headers=headers)


@pytest.mark.parametrize("headers", FROM_US)
def test_a_form_of_our_own_is_taken(browser, headers):
    answer = send(browser, headers, name="Heidi")
    assert answer.status_code == 200
    assert "('name', 'Heidi')" in answer.text


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_form_from_elsewhere_is_refused(browser, headers):
    answer = send(browser, headers, name="Heidi")
    assert answer.status_code == 403
    assert "Heidi" in answer.text
    assert "<form" not in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "ü"])
def test_a_form_without_the_visitors_value_is_refused(browser, token):
    browser.get(FORM)
    assert browser.post(FORM, data={"csrf": token}).status_code == 403


def test_the_value_of_one_visitor_is_not_anothers(browser):
    token = browser.get(FORM).text
    browser.cookies.clear()
    assert browser.get(FORM).text != token
    assert browser.post(FORM, data={"csrf": token}).status_code == 403


def test_a_visitor_without_a_cookie_cannot_have_a_value(browser):
    assert browser.post(FORM, data={"csrf": forgery.token(SECRET, "")}).status_code == 403


def test_a_session_binds_forms_to_itself(browser):
    before = browser.get(FORM).text
    browser.cookies.set("__Host-farm-session", "of heidi")
    assert forgery.is_own(SECRET, "of heidi", browser.get(FORM).text)
    assert browser.post(FORM, data={"csrf": before}).status_code == 403


def test_what_was_typed_can_be_sent_again(browser):
    browser.get(FORM)
    refused = browser.post(FORM, data={"csrf": "old", "name": '<b>"Heidi"'})
    assert refused.status_code == 403
    assert '<input type="hidden" name="name" value="&lt;b&gt;&#34;Heidi&#34;">' in refused.text
    token = re.search(r'name="csrf" value="([^"]+)"', refused.text)[1]
    assert browser.post(FORM, data={"csrf": token}).status_code == 200


def test_each_showing_of_a_form_has_a_value_of_its_own(browser):
    first, second = browser.get(FORM).text, browser.get(FORM).text
    assert first != second
    assert browser.post(FORM, data={"csrf": first}).status_code == 200
    assert browser.post(FORM, data={"csrf": second}).status_code == 200


def test_a_password_is_not_given_back(browser):
    browser.get(FORM)
    refused = browser.post(FORM, data={"csrf": "old", "name": "Heidi", "new_password": "hay and straw"})
    assert "Heidi" in refused.text
    assert "hay and straw" not in refused.text
    assert "<form" not in refused.text


def test_a_page_may_take_what_other_sites_send(browser):
    answer = browser.post("/farm/foreign", content=b"hello", headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.text) == (200, "hello")


def test_who_only_looks_gets_no_cookie(browser):
    assert "set-cookie" not in browser.get("/farm/goats/7").headers


def test_cookies_are_bound_to_the_host(browser):
    headers = send(browser, {"origin": ORIGIN}).headers
    assert headers["set-cookie"] == "__Host-thanks=yes; Path=/; Secure; HttpOnly; SameSite=Lax"
