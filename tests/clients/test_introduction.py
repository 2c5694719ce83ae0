"""The introduction's own examples, by curl as it writes them."""

import json

import pytest

from tests.clients.processes import run
from tests.clients.running import DOMAIN

pytestmark = pytest.mark.needs("curl")


@pytest.fixture
def curl(running, tmp_path):
    """Runs curl as the introduction does; answers with the status and the body."""

    def request(verb, path, *options, token=running.token):
        bearer = ["--header", f"Authorization: Bearer {token}"] if token else []
        command = ["curl", "--silent", "--location", "--request", verb, running.url + path, *bearer, *options]
        body, _, status = run([*command, "--write-out", "\n%{http_code}"], tmp_path).rpartition("\n")
        return int(status), json.loads(body)

    return request


def test_the_first_request(running, curl):
    status, answer = curl("GET", "/profile")
    assert status == 200
    assert next(iter(answer)) == "result"
    assert answer["result"] == "success"
    assert answer["data"]["email"] == running.user


def test_the_version_can_be_skipped(curl):
    assert curl("GET", "/profile") == curl("GET", "/2/profile")


def test_without_a_token(curl):
    status, answer = curl("GET", "/profile", token="")
    assert status == 401
    assert answer["result"] == "error"
    assert answer["error"]["code"] == "not_authorized"


def test_an_object_there_is_not(curl):
    status, answer = curl("GET", f"/2/zones/{DOMAIN}/records/999999999")
    assert status == 404
    assert answer["error"]["code"] == "object_not_found"


@pytest.mark.parametrize(
    "override", [["--header", "X-HTTP-METHOD-OVERRIDE: DELETE"], ["--data", '{"_method":"DELETE"}']]
)
def test_a_post_that_deletes(running, curl, override):
    record = running.make_record(DOMAIN, f"introduction-{len(override[1])}", "A", "192.0.2.1")
    path = f"/2/zones/{DOMAIN}/records/{record}"
    json_body = ["--header", "Content-Type: application/json"]
    assert curl("POST", path, *json_body, *override) == (200, {"result": "success", "data": True})
    assert curl("GET", path)[0] == 404


def test_a_post_that_deletes_by_a_parameter_of_the_address(running, curl):
    record = running.make_record(DOMAIN, "introduction-address", "A", "192.0.2.1")
    assert curl("POST", f"/2/zones/{DOMAIN}/records/{record}?_method=DELETE")[0] == 200


def test_several_errors_at_once(curl):
    body = '{"ttl": 1}'
    status, answer = curl(
        "POST", f"/2/zones/{DOMAIN}/records", "--header", "Content-Type: application/json", "--data", body
    )
    assert status == 422
    assert answer["error"]["code"] == "validation_failed"
    faults = {fault["context"]["attribute"]: fault for fault in answer["error"]["errors"]}
    assert faults["target"]["code"] == faults["type"]["code"] == "attribute_required"
    assert faults["ttl"]["code"] == "attribute_min_value"
    assert faults["ttl"]["context"]["min_value"] == 60
    assert all(fault["description"] for fault in faults.values())


@pytest.fixture(scope="module")
def host(running):
    """A name with five addresses."""
    for number in range(1, 6):
        running.make_record(DOMAIN, "introduction", "A", f"192.0.2.{number}")
    return "introduction"


@pytest.mark.parametrize(
    "order", ["order_by=target&order=desc", "order_by[]=target&order=desc", "order_by=target&order_for[target]=desc"]
)
def test_the_common_parameters(curl, host, order):
    path = f"/2/zones/{DOMAIN}/records?filter[source]={host}"
    targets = [record["target"] for record in curl("GET", f"{path}&{order}&limit=2&skip=1", "--globoff")[1]["data"]]
    assert targets == ["192.0.2.4", "192.0.2.3"]
    page = curl("GET", f"{path}&{order}&page=2&per_page=2", "--globoff")[1]
    assert [record["target"] for record in page["data"]] == ["192.0.2.3", "192.0.2.2"]
    assert {name: page[name] for name in ("total", "page", "pages", "items_per_page")} == {
        "total": 5,
        "page": 2,
        "pages": 3,
        "items_per_page": 2,
    }
    counted = curl("GET", f"{path}&return=total", "--globoff")[1]
    assert counted["data"] == counted["total"] == 5
