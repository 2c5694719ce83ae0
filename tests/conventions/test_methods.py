"""GET, POST, PATCH, PUT, DELETE, and a POST that means another."""

import pytest

from tests.conventions.routes import of_every_route, path_of

PERSON = {"name": "Heidi", "age": 18}


def test_post_answers_201(prober):
    assert prober.call("POST", "/1/probe/people", PERSON).status_code == 201


def test_delete_takes_a_body(prober):
    assert prober.call("DELETE", "/1/probe/people", PERSON).json()["data"] == {"method": "DELETE", **PERSON}


@pytest.mark.parametrize("name", ["X-HTTP-METHOD-OVERRIDE", "x-http-method-override"])
def test_override_by_header(prober, name):
    answer = prober.call("POST", "/1/probe/people", PERSON, headers={name: "DELETE"})
    assert answer.status_code == 200
    assert answer.json()["data"]["method"] == "DELETE"


def test_override_by_body_is_taken_out_before_validation(prober):
    answer = prober.call("POST", "/1/probe/people", {**PERSON, "_method": "delete"})
    assert answer.json()["data"]["method"] == "DELETE"
    assert "x-ignored-parameters" not in answer.headers


def test_override_by_query(prober):
    assert prober.call("POST", "/1/probe/people?_method=DELETE", PERSON).json()["data"]["method"] == "DELETE"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/1/probe/people?_method=DELETE", {}),
        ("PATCH", "/1/probe/people", {"X-HTTP-Method-Override": "DELETE"}),
        ("POST", "/1/probe/people?_method=GET", {}),
        ("POST", "/1/probe/people?_method=DELETE", {"X-HTTP-Method-Override": "PUT"}),
    ],
)
def test_override_that_is_refused(prober, method, path, headers):
    answer = prober.call(method, path, PERSON if method != "GET" else None, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "method_override_invalid"
    assert answer.json()["error"]["context"]["allowed"] == ["PUT", "PATCH", "DELETE"]


def test_another_method_is_refused_with_those_allowed(prober):
    answer = prober.call("PUT", "/1/probe/people", PERSON)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "DELETE, OPTIONS, POST"


def test_head_is_get_without_its_body(prober):
    shown, head = prober.call("GET", "/1/probe/numbers/7"), prober.call("HEAD", "/1/probe/numbers/7")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == shown.headers["content-length"]


@of_every_route()
def test_every_route_tells_its_methods(route, client):
    answer = client.options(path_of(route))
    assert answer.status_code == 204
    assert route.method in answer.headers["allow"].split(", ")
