"""Rate limits, and how they are told."""

import os

import pytest
from starlette.testclient import TestClient

from alpage import app
from alpage.api.errors import ApiError
from alpage.api.limits import Limits
from alpage.api.versions import RouteTable
from tests.conventions import probe
from tests.conventions.routes import of_every_route, path_of

REDIS = os.environ.get("ALPAGE_TEST_REDIS", "")


@pytest.fixture
def strict(prober):
    """The prober under the real limit of 60 a minute."""
    settings = prober.platform.settings.model_copy(update={"rate_limit": "60/minute", "items_limit": "100/minute"})
    with TestClient(app.build(settings, prober.platform.database, RouteTable(probe.routes.declared))) as client:
        prober.client = client
        yield prober


def test_sixty_a_minute_over_all_tokens_of_a_user(strict):
    other = strict.platform.token(strict.user)
    for number in range(60):
        headers = {"Authorization": f"Bearer {strict.token if number % 2 else other}"}
        answer = strict.client.get("/1/probe/numbers/1", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["ratelimit"].startswith(f'"requests";r={59 - number};t=')
        assert answer.headers["x-ratelimit-remaining"] == str(59 - number)
    refused = strict.call("GET", "/1/probe/numbers/1")
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["code"] == "too_many_requests"
    assert error["context"]["limit"] == 60
    assert int(refused.headers["retry-after"]) == error["context"]["retry_after"] <= 60
    assert refused.headers["ratelimit-policy"] == '"requests";q=60;w=60'


def test_looking_and_head_are_free(strict):
    for _ in range(3):
        assert strict.call("HEAD", "/1/probe/numbers/1").headers["x-ratelimit-remaining"] == "60"


def test_a_route_may_have_a_limit_of_its_own(strict):
    statuses = [strict.call("GET", "/1/probe/limited").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_bulk_is_counted_in_items(strict):
    assert strict.call("POST", "/1/probe/bulk", {"ids": list(range(100))}).status_code == 201
    refused = strict.call("POST", "/1/probe/bulk", {"ids": [1]})
    assert refused.status_code == 429
    assert refused.json()["error"]["context"]["policy"] == "items"


def test_one_call_larger_than_the_whole_measure_uses_all_of_it(strict):
    assert strict.call("POST", "/1/probe/bulk", {"ids": list(range(500))}).status_code == 201
    assert strict.call("POST", "/1/probe/bulk", {"ids": [1]}).status_code == 429


def test_limits_are_shown_and_cost_nothing(heidi):
    first = heidi.call("GET", "/1/limits").json()["data"]
    second = heidi.call("GET", "/1/limits").json()["data"]
    assert [policy["policy"] for policy in first] == ["requests", "items"]
    assert first[0]["remaining"] == second[0]["remaining"] == first[0]["limit"]


@pytest.mark.parametrize("store", ["memory://", pytest.param(REDIS, marks=pytest.mark.redis)])
def test_every_store_counts_alike(store):
    limits = Limits("3/minute", "10/minute", store)
    who = os.urandom(8).hex()
    assert [limits.take(who).remaining for _ in range(3)] == [2, 1, 0]
    with pytest.raises(ApiError, match="too_many_requests"):
        limits.take(who)
    assert limits.look(who).remaining == 0
    assert limits.take(who, "items", cost=25).remaining == 0


@of_every_route(lambda route: not route.free)
def test_every_route_tells_its_limit(route, heidi):
    answer = heidi.call(route.method, path_of(route))
    if answer.status_code not in (401, 403):
        assert {"ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-reset"} <= answer.headers.keys()
