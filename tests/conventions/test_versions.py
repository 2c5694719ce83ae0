"""`/{version}/{command_path}`, or the latest version."""

import pytest

from tests.conventions.routes import ROUTES, of_every_route, path_of


def test_the_asked_version_answers(prober):
    answer = prober.call("GET", "/1/probe/numbers/7")
    assert answer.json()["data"]["name"] == "one"
    assert answer.headers["api-version"] == "1"


def test_without_a_version_the_latest_answers(prober):
    answer = prober.call("GET", "/probe/numbers/7")
    assert answer.json()["data"]["name"] == "two"
    assert answer.headers["api-version"] == "2"


def test_latest_means_the_latest_that_has_the_method(heidi):
    assert heidi.call("OPTIONS", "/profile").status_code == 204


def test_a_version_the_path_does_not_have(prober):
    answer = prober.call("GET", "/9/probe/numbers/7")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "version_not_supported"
    assert answer.json()["error"]["context"] == {"version": 9, "versions": [1, 2], "latest": 2}


def test_an_unknown_path_names_a_near_one(heidi):
    answer = heidi.call("GET", "/2/profil")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "method_not_found"
    assert answer.json()["error"]["context"]["suggestion"] == "/2/profile"


@of_every_route()
def test_every_route_names_its_version(route, client):
    answer = client.request(route.method, path_of(route))
    assert answer.headers["api-version"] == str(route.version)


def test_no_two_routes_are_one():
    assert len({(route.method, route.version, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/1/tokens/self"), ("DELETE", "/tokens/self")])
def test_a_word_of_a_path_is_not_taken_for_a_value(heidi, method, path):
    answer = heidi.call(method, path, {})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert heidi.call("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"
