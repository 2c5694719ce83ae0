"""A7: what may be registered as a redirect URI. Rules are pure; the routes are asked to hold to them."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from alpage.identity import client_metadata
from alpage.identity.client_metadata import RESPONSE_PARAMETERS, check_origin, check_redirect_uri, check_resource

GOOD = [
    "https://app.example",
    "https://app.example/",
    "https://app.example:8443/callback?tenant=7&next=%2Fhome",
    "https://xn--bcher-kva.example/callback",
    "https://192.0.2.7/callback",
    "https://[2001:db8::1]/callback",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:49152/callback",
    "http://[::1]:3000/",
    "http://localhost:3000/callback",
    "com.example.app:/callback",
    "com.example.app://callback",
]
BAD = {
    "javascript:alert(1)": "scheme",
    "JavaScript:alert(document.domain)//https://app.example": "scheme",
    "data:text/html;base64,PHNjcmlwdD4": "scheme",
    "vbscript:msgbox(1)": "scheme",
    "file:///etc/passwd": "scheme",
    "ftp://app.example/": "scheme",
    "about:blank": "scheme",
    "blob:https://app.example/7": "scheme",
    "app:/callback": "scheme",
    "urn:ietf:wg:oauth:2.0:oob": "scheme",
    "//app.example/callback": "scheme",
    "/callback": "scheme",
    "": "characters",
    "http://app.example/callback": "scheme",
    "http://127.0.0.1.app.example/": "scheme",
    "http://localhost.app.example/": "scheme",
    "http://2130706433/": "scheme",
    "https://": "host",
    "https:///callback": "host",
    "https:callback": "host",
    "https://*.app.example/": "host",
    "https://app..example/": "host",
    "https://app.example:99999/": "host",
    "https://app.example:port/": "host",
    "https://[::1/": "host",
    "https://[fe80::1%25eth0]/": "host",
    "https://user@app.example/": "userinfo",
    "https://app.example@evil.example/": "userinfo",
    "https://user:password@app.example/": "userinfo",
    "https://app.example/#": "fragment",
    "https://app.example/callback#token": "fragment",
    "com.example.app:/callback#x": "fragment",
    "com.example.app:": "path",
    "https://app.example/a/../callback": "path",
    "https://app.example/./callback": "path",
    "https://app.example/%2e%2e/callback": "path",
    "https://app.example/%2E./callback": "path",
    "https://app.example/?code=1": "query",
    "https://app.example/?tenant=7&state=": "query",
    "https://app.example/?iss": "query",
    "https://app.example/?c%6Fde=1": "query",
    "https://app.example/?CODE=1": "query",
    "https://app.example/?error=access_denied": "query",
    "com.example.app:/callback?state=1": "query",
    "https://app.example\\@evil.example/": "characters",
    "https://app.example/\tcallback": "characters",
    "https://app.example/\r\nSet-Cookie: a=b": "characters",
    " https://app.example/": "characters",
    "https://app.example/ ": "characters",
    "java\nscript:alert(1)": "characters",
    "https://bücher.example/": "characters",
    "https://app。example/": "characters",
    "https://app.example/\x00": "characters",
    "https://app.example/%zz": "characters",
    'https://app.example/"onload=': "characters",
    "https://app.example/<script>": "characters",
}


def reason(check, uri):
    with pytest.raises(PydanticCustomError) as refused:
        check(uri)
    assert refused.value.type == "attribute_redirect_uri"
    return refused.value.context["reason"]


@pytest.mark.parametrize("uri", GOOD)
def test_a7_what_may_be_registered(uri):
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize("uri", BAD)
def test_a7_what_may_not(uri):
    assert reason(check_redirect_uri, uri) == BAD[uri]


DANGEROUS = st.sampled_from(["javascript", "data", "vbscript", "file", "ftp", "ws"])
PARTS = st.lists(
    st.sampled_from([*"/?#@:.&=%\\ *[]0a\t", "code", "%63ode", "state", "app.example", "..", "//"]), max_size=12
)


@given(
    st.one_of(st.text(max_size=60), PARTS.map("".join), PARTS.map(lambda parts: "https://app.example" + "".join(parts)))
)
@example("https://app.example?code")
def test_a7_whatever_is_accepted_holds_the_rules(text):
    try:
        check_redirect_uri(text)
    except PydanticCustomError:
        return
    parts = urlsplit(text)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert not {"\\", "#"} & set(text)
    assert "@" not in parts.netloc
    assert (
        parts.scheme == "https"
        or (parts.scheme == "http" and client_metadata.is_loopback(parts.hostname))
        or "." in parts.scheme
    )
    assert not RESPONSE_PARAMETERS & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}


@given(DANGEROUS, st.text(max_size=40), st.booleans())
def test_a7_no_dangerous_scheme_in_any_spelling(scheme, rest, upper):
    uri = f"{scheme.upper() if upper else scheme}:{rest}"
    assert reason(check_redirect_uri, uri) in ("scheme", "characters", "host", "fragment", "userinfo")


@pytest.mark.parametrize("origin", ["https://app.example", "https://app.example:8443", "http://localhost:3000"])
def test_a7_origins(origin):
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example/",
        "https://app.example/a",
        "https://APP.example",
        "null",
        "*",
        "http://app.example",
        "com.example.app:/",
    ],
)
def test_a7_what_is_no_origin(origin):
    assert reason(check_origin, origin)


def test_a7_an_api_is_no_private_scheme_and_has_no_query():
    assert check_resource("https://api.app.example/v1") == "https://api.app.example/v1"
    assert reason(check_resource, "https://api.app.example/?v=1") == "query"
    assert reason(check_resource, "com.example.app:/api") == "scheme"


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "https://app.example/#x", "https://u@app.example/", "https://app.example/?iss=a"]
)
@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris"])
def test_a7_the_routes_hold_to_it(heidi, uri, field):
    path = f"/1/accounts/{heidi.account.id}/applications"
    body = {"name": "App", "is_confidential": False, "redirect_uris": ["https://app.example/cb"]}
    answer = heidi.call("POST", path, {**body, field: ["https://app.example/cb", uri]})
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]["attribute"]) == ("attribute_redirect_uri", f"{field}.1")
    made = heidi.call("POST", path, body).json()["data"]
    assert heidi.call("PATCH", f"{path}/{made['id']}", {field: [uri]}).status_code == 422
