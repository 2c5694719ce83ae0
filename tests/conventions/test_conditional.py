"""Conditional requests: `ETag`, `If-None-Match` and `If-Match`."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.conventions.routes import of_every_route, path_of

NEVER = '"0000"'


@pytest.fixture
def team(heidi):
    return path_of_team(heidi, "Guides")


def path_of_team(person, name):
    made = person.call("POST", f"/1/accounts/{person.account.id}/teams", {"name": name}).json()["data"]
    return f"/1/accounts/{person.account.id}/teams/{made['id']}"


def tag_of(person, path):
    return person.call("GET", path).headers["etag"]


def write(person, path, tag, name="Porters"):
    return person.call("PATCH", path, {"name": name}, headers={"If-Match": tag})


def test_an_object_has_a_strong_tag_until_it_changes(heidi, team):
    tag = tag_of(heidi, team)
    assert tag.startswith('"')
    assert tag_of(heidi, team) == tag
    heidi.call("PATCH", team, {"name": "Porters"})
    assert tag_of(heidi, team) != tag


def test_who_has_this_version_gets_nothing_for_nothing(heidi, team):
    tag = tag_of(heidi, team)
    left = int(heidi.call("HEAD", team).headers["x-ratelimit-remaining"])
    answer = heidi.call("GET", team, headers={"If-None-Match": f"{NEVER}, W/{tag}"})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == tag
    assert answer.headers["x-ratelimit-remaining"] == str(left)


def test_who_has_another_version_gets_this_one_and_pays(heidi, team):
    left = int(heidi.call("HEAD", team).headers["x-ratelimit-remaining"])
    answer = heidi.call("GET", team, headers={"If-None-Match": NEVER})
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining"] == str(left - 1)
    missing = heidi.call("GET", f"{team}9", headers={"If-None-Match": NEVER})
    assert missing.status_code == 404
    assert missing.headers["x-ratelimit-remaining"] == str(left - 2)


def test_a_failed_dry_run_costs_nothing(heidi, team):
    left = int(heidi.call("HEAD", team).headers["x-ratelimit-remaining"])
    assert heidi.call("PATCH", f"{team}?dry_run=1", {"name": ""}).headers["x-ratelimit-remaining"] == str(left)
    paid = heidi.call("PATCH", f"{team}?dry_run=1", {"name": "Porters"})
    assert paid.status_code == 200
    assert paid.headers["x-ratelimit-remaining"] == str(left - 1)


def test_a_write_of_the_expected_version_goes_through(heidi, team):
    answer = write(heidi, team, tag_of(heidi, team))
    assert answer.status_code == 200
    assert answer.headers["etag"] == tag_of(heidi, team)
    assert write(heidi, team, f"{NEVER}, {answer.headers['etag']}", "Cooks").status_code == 200
    assert write(heidi, team, "*", "Smiths").status_code == 200


@pytest.mark.parametrize("expected", [NEVER, "W/{tag}", "", "nonsense"])
def test_a_write_of_another_version_is_refused(heidi, team, expected):
    tag = tag_of(heidi, team)
    refused = write(heidi, team, expected.format(tag=tag))
    assert refused.status_code == 412
    error = refused.json()["error"]
    assert error["code"] == "precondition_failed"
    assert error["context"]["current_etag"] == tag == refused.headers["etag"]
    assert tag_of(heidi, team) == tag


def test_deleting_needs_the_expected_version_too(heidi, team):
    assert heidi.call("DELETE", team, headers={"If-Match": NEVER}).status_code == 412
    assert heidi.call("DELETE", team, headers={"If-Match": tag_of(heidi, team)}).status_code == 200


def test_who_read_more_of_an_object_may_change_it(heidi, team):
    expanded = heidi.call("GET", f"{team}?with=*")
    plain = tag_of(heidi, team)
    assert expanded.headers["etag"] != plain
    assert heidi.call("GET", f"{team}?with=*", headers={"If-None-Match": plain}).status_code == 200
    assert heidi.call("GET", f"{team}?with=*", headers={"If-None-Match": expanded.headers["etag"]}).status_code == 304
    assert write(heidi, team, expanded.headers["etag"]).status_code == 200


def test_what_cannot_be_read_has_no_version_to_expect(heidi):
    refused = heidi.call(
        "POST", f"/1/accounts/{heidi.account.id}/teams", {"name": "Guides"}, headers={"If-Match": NEVER}
    )
    assert refused.status_code == 412
    assert refused.json()["error"]["context"]["current_etag"] == ""


def test_a_dry_run_looks_at_the_version_too(heidi, team):
    assert write(heidi, f"{team}?dry_run=1", NEVER).status_code == 412
    assert write(heidi, f"{team}?dry_run=1", tag_of(heidi, team)).status_code == 200


def test_of_many_writers_of_one_version_one_gets_through(heidi, team):
    tag, together = tag_of(heidi, team), Barrier(8)

    def overwrite(number):
        together.wait()
        return write(heidi, team, tag, f"Team {number}").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(overwrite, range(8)))
    assert sorted(statuses) == [200] + [412] * 7


@of_every_route(lambda route: route.method == "GET" and not route.is_list and not route.parameters)
def test_every_single_object_has_a_tag(heidi, route):
    answer = heidi.call("GET", path_of(route))
    if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
        tag = answer.headers["etag"]
        assert heidi.call("GET", path_of(route), headers={"If-None-Match": tag}).status_code == 304


@of_every_route(lambda route: route.method in ("PATCH", "PUT", "DELETE"))
def test_every_write_heeds_if_match(heidi, route):
    answer = heidi.call(route.method, path_of(route), {}, headers={"If-Match": NEVER})
    assert answer.status_code in (401, 403, 404, 412, 422)
