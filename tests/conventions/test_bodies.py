"""JSON bodies."""

import pytest

from tests.conventions.routes import of_every_route, path_of

JSON = {"Content-Type": "application/json"}


def send(prober, content, **headers):
    headers = {"Authorization": f"Bearer {prober.token}", **JSON, **headers}
    return prober.client.post("/1/probe/people", content=content, headers=headers)


def test_no_body_counts_as_an_empty_object(prober):
    answer = send(prober, b"")
    assert [fault["code"] for fault in answer.json()["error"]["errors"]] == ["attribute_required"] * 2


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_media_type_is_refused(prober, content_type):
    answer = send(prober, b"{}", **{"Content-Type": content_type})
    assert answer.status_code == 415
    assert answer.json()["error"]["context"] == {"content_type": content_type, "supported": ["application/json"]}


def test_json_with_a_charset_is_json(prober):
    assert (
        send(prober, b'{"name":"a","age":20}', **{"Content-Type": "application/json; charset=utf-8"}).status_code == 201
    )


def test_broken_json_tells_where(prober):
    answer = send(prober, b'{"name": "a",\n "age": }')
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed_json"
    assert answer.json()["error"]["context"] == {"line": 2, "column": 9}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100 + b"]" * 100, b"[" * 100_000, b"NaN", b'{"a":1e999}x'])
def test_strange_bodies_are_client_errors(prober, content):
    assert send(prober, content).status_code == 400


def test_a_body_that_is_no_object(prober):
    answer = send(prober, b"[1]")
    assert answer.status_code == 422
    assert answer.json()["error"]["errors"][0]["code"] == "attribute_type"


def test_a_body_over_the_cap(prober):
    answer = send(prober, b" " * (prober.platform.settings.body_limit_bytes + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["context"] == {"max_bytes": prober.platform.settings.body_limit_bytes}


@of_every_route(lambda route: route.method != "GET")
def test_every_route_that_writes_wants_json(route, heidi):
    headers = {"Authorization": f"Bearer {heidi.token}", "Content-Type": "text/csv"}
    answer = heidi.client.request(route.method, path_of(route), content=b"a,b", headers=headers)
    assert answer.status_code == 415
