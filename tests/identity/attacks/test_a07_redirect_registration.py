"""A7: what may be registered as a redirect URI. What holds for any is in `tests/properties/test_oauth.py`."""

import pytest

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


@pytest.fixture
def path(heidi):
    return f"/1/accounts/{heidi.account.id}/applications"


def application(**fields):
    return {"name": "App", "is_confidential": False, "redirect_uris": ["https://app.example/cb"], **fields}


def refusals(person, method, path, body):
    """Why each value of a body is refused, by its place in it."""
    answer = person.call(method, path, body)
    assert answer.status_code == 422, answer.text
    faults = answer.json()["error"]["errors"]
    assert {fault["code"] for fault in faults} == {"attribute_redirect_uri"}
    return {fault["context"]["attribute"]: fault["context"]["reason"] for fault in faults}


def test_a07_what_may_be_registered(heidi, path):
    answer = heidi.call("POST", path, application(redirect_uris=GOOD))
    assert (answer.status_code, answer.json()["data"]["redirect_uris"]) == (201, GOOD)


@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris"])
def test_a07_what_may_not(heidi, path, field):
    made = heidi.call("POST", path, application()).json()["data"]
    bad = [*BAD]
    for some in (bad[: len(bad) // 2], bad[len(bad) // 2 :]):
        expected = {f"{field}.{place}": BAD[uri] for place, uri in enumerate(some)}
        assert refusals(heidi, "POST", path, application(**{field: some})) == expected
        assert refusals(heidi, "PATCH", f"{path}/{made['id']}", {field: some}) == expected


def test_a07_a_good_one_does_not_cover_for_another(heidi, path):
    uris = ["https://app.example/cb", "javascript:alert(1)"]
    assert refusals(heidi, "POST", path, application(redirect_uris=uris)) == {"redirect_uris.1": "scheme"}


def test_a07_origins(heidi, path):
    good = ["https://app.example", "https://app.example:8443", "http://localhost:3000"]
    bad = [
        "https://app.example/", "https://app.example/a", "https://APP.example", "null", "*", "http://app.example",
        "com.example.app:/",
    ]  # fmt: skip
    assert heidi.call("POST", path, application(origins=good)).json()["data"]["origins"] == good
    assert refusals(heidi, "POST", path, application(origins=bad)).keys() == {f"origins.{n}" for n in range(len(bad))}


def test_a07_an_api_is_no_private_scheme_and_has_no_query(heidi, path):
    good = "https://api.app.example/v1"
    assert heidi.call("POST", path, application(resource=good)).json()["data"]["resource"] == good
    for bad, reason in {"https://api.app.example/?v=1": "query", "com.example.app:/api": "scheme"}.items():
        assert refusals(heidi, "POST", path, application(resource=bad)) == {"resource": reason}
