"""The headers of every answer, and that no page needs what they forbid."""

import re

import pytest

from alpage.web.design.assets import ASSETS, WEB
from alpage.web.headers import source
from tests.web.policies import policy_of

ANSWERS = ["/farm/design", "/farm/calm", "/farm/nothing", "/farm/goats/7", "/farm/broken"]
TEMPLATES = sorted(WEB.rglob("*.html"))


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_the_standing_headers(browser, path):
    headers = browser.get(path).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ANSWERS)
def test_a_page_loads_from_the_own_host_only(browser, path):
    policy = policy_of(browser.get(path))
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == policy["font-src"] == policy["connect-src"] == policy["form-action"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"][0] == "'self'"
    assert "unsafe" not in str(policy)


def test_every_script_has_the_nonce_of_its_page_and_no_other(browser):
    first, second = browser.get("/farm/design"), browser.get("/farm/design")
    nonce = policy_of(first)["script-src"][1].removeprefix("'nonce-").removesuffix("'")
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonce}"' in script and " src=" in script for script in scripts)
    assert nonce not in second.text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_no_template_has_a_style_or_a_script_in_its_lines(template):
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", text)


def test_a_page_may_let_its_forms_lead_elsewhere(browser):
    policy = policy_of(browser.get("/farm/wide"))
    assert policy["form-action"] == ["'self'", "https://app.example", "org.example.app:"]


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://app.example:8443/done?a=1", "https://app.example:8443"),
        ("http://127.0.0.1:4000/", "http://127.0.0.1:4000"),
        ("http://[::1]:4000/", "http:"),
        ("https://user@app.example/", "https://app.example"),
        ("https://app.example; script-src *", "https:"),
        ("org.example.app:/done", "org.example.app:"),
    ],
)
def test_an_address_is_named_by_its_origin(address, named):
    assert source(address) == named


@pytest.mark.parametrize("address", ["", "app.example", "; script-src *", "//app.example"])
def test_what_is_not_an_address_does_not_get_into_the_policy(address):
    with pytest.raises(ValueError, match="not an address"):
        source(address)


def test_assets_are_kept_for_ever_at_an_address_that_changes_with_them(browser):
    path = "/farm" + ASSETS.path("design/style.css")
    answer = browser.get(path)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert browser.get(path.replace(ASSETS.version, "0" * 16)).headers["cache-control"] == "no-cache"
    assert browser.get(path + "x").status_code == 404
    assert browser.get(path.replace("style.css", "base.html")).status_code == 404


def test_every_page_links_assets_that_exist(browser):
    links = re.findall(r'(?:src|href)="(/farm/assets/[^"]+)"', browser.get("/farm/design").text)
    assert len(links) > 3
    assert {browser.get(link).status_code for link in links} == {200}
