"""`result` first, `data` last; errors with all faults at once, in the caller's language."""

import json

import pytest

from tests.conventions.routes import of_every_route, path_of


def test_the_multiple_errors_of_the_introduction(prober):
    answer = prober.call("POST", "/1/probe/people", {"age": 17})
    assert answer.status_code == 422
    body = answer.json()
    assert body.pop("result") == "error"
    error = body.pop("error")
    assert error.pop("request_id") == answer.headers["x-request-id"]
    assert error == {
        "code": "validation_failed",
        "description": "Validation failed",
        "errors": [
            {
                "code": "attribute_required",
                "description": "The name attribute is required",
                "context": {"attribute": "name"},
            },
            {
                "code": "attribute_min_value",
                "description": "The age attribute must be at least 18",
                "context": {"attribute": "age", "min_value": 18},
            },
        ],
    }


def test_compact_with_result_first_and_data_last(prober):
    text = prober.call("GET", "/1/probe/numbers?page=1&per_page=2").text
    assert text == json.dumps(json.loads(text), separators=(",", ":"))
    assert list(json.loads(text)) == ["result", "total", "page", "pages", "items_per_page", "data"]


def test_an_accident_tells_nothing_of_the_inside(prober):
    answer = prober.call("GET", "/1/probe/failure")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "unexpected_error"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("asked", "description"),
    [
        ("", "Authorization required"),
        ("fr-CH, en;q=0.8", None),
        ("xx", "Authorization required"),
        ("en;q=0, xx", "Authorization required"),
    ],
)
def test_the_language_of_the_caller(client, asked, description):
    error = client.get("/2/profile", headers={"Accept-Language": asked}).json()["error"]
    assert error["code"] == "not_authorized"
    assert (error["description"] == description) == (description is not None)


def test_unknown_parameters_are_named(prober):
    answer = prober.call("POST", "/1/probe/people?dri_run=1", {"name": "a", "age": 20, "agge": 3})
    assert answer.status_code == 201
    assert answer.headers["x-ignored-parameters"] == "dri_run, agge"


def test_whatever_a_parameter_is_called_its_name_fits_a_header(prober):
    body = {
        "name": "a",
        "age": 20,
        "a,\r\nSet-Cookie: b": 1,
        "é": 1,
        "x" * 1000: 1,
        **dict.fromkeys(map(str, range(100))),
    }
    named = prober.call("POST", "/1/probe/people", body).headers["x-ignored-parameters"].split(", ")
    assert named[:3] == ["a%2C%0D%0ASet-Cookie:%20b", "%C3%A9", "x" * 64]
    assert len(named) == 20


def test_dry_run_changes_nothing_and_tells_what_it_would(prober):
    answer = prober.call("PATCH", f"/1/probe/users/{prober.user.id}?dry_run=1").json()
    assert answer["dry_run"] is True
    assert answer["changes"][0]["after"] == {"first_name": "Renamed"}
    assert answer["data"]["first_name"] == "Renamed"
    assert prober.call("GET", "/1/probe/users").json()["data"][0]["first_name"] == "Heidi"


@pytest.mark.parametrize("slip", ["ture", "", "2", "1&dry_run=1"])
def test_a_slip_in_dry_run_does_not_write_in_earnest(prober, slip):
    answer = prober.call("PATCH", f"/1/probe/users/{prober.user.id}?dry_run={slip}")
    assert answer.status_code == 422
    assert answer.json()["error"]["errors"][0]["context"]["attribute"] == "dry_run"
    assert prober.call("GET", "/1/probe/users").json()["data"][0]["first_name"] == "Heidi"


@of_every_route()
def test_every_answer_has_a_request_id_and_an_envelope(route, client):
    answer = client.request(route.method, path_of(route))
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["x-request-id"]) == 24
    assert next(iter(answer.json())) == "result"


@of_every_route(lambda route: route.method != "GET")
def test_every_route_that_writes_answers_nothing_with_an_empty_call(route, heidi):
    answer = heidi.call(route.method, path_of(route), {})
    assert answer.status_code < 500
    assert answer.json()["result"] in ("success", "error")
