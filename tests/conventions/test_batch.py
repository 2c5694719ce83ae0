"""Batch: many requests in one."""

import pytest
from sqlalchemy import func, select

from alpage.accounts.teams import Team
from alpage.storage.changes import Change
from tests.conventions.routes import of_every_route, path_of


def batch(person, *requests, **options):
    return person.call("POST", "/1/batch", {"requests": list(requests), **options})


def post(person, name, id=None, **more):
    request = {"method": "POST", "path": f"/1/accounts/{person.account.id}/teams", "body": {"name": name}, **more}
    return request if id is None else {"id": id, **request}


def statuses(answer):
    return [one["status"] for one in answer.json()["data"]]


def names_of_teams(person):
    with person.platform.database.reading() as transaction:
        return list(transaction.execute(select(Team.name).order_by(Team.id)).scalars())


def entries(person, event="team"):
    with person.platform.database.reading() as transaction:
        found = select(func.count()).select_from(Change).where(Change.event == Team.__event__)
        return transaction.execute(found).scalar_one()


def test_requests_are_answered_in_order_as_they_would_be_alone(heidi):
    answer = batch(
        heidi,
        {"id": "me", "method": "GET", "path": "/2/profile"},
        post(heidi, "Guides", id="guides"),
        {"method": "GET", "path": "/1/nowhere"},
        {"method": "GET", "path": f"/1/accounts/{heidi.account.id}/teams?return=total"},
    )
    assert answer.status_code == 200
    me, guides, nowhere, total = answer.json()["data"]
    assert me == {"id": "me", "status": 200, "body": heidi.call("GET", "/2/profile").json()}
    assert guides["status"] == 201
    assert guides["body"]["result"] == "success"
    assert nowhere["id"] == "2"
    assert nowhere["status"] == 404
    assert nowhere["body"]["error"]["code"] == "method_not_found"
    assert total["body"]["data"] == 1


def test_one_that_fails_leaves_nothing_and_the_others_stay(heidi):
    answer = batch(heidi, post(heidi, "Guides"), post(heidi, ""), post(heidi, "Porters"))
    assert statuses(answer) == [201, 422, 201]
    assert names_of_teams(heidi) == ["Guides", "Porters"]
    assert entries(heidi) == 2


def test_atomic_is_all_or_nothing(heidi):
    requests = [post(heidi, f"Team {number}") for number in range(999)]
    refused = batch(heidi, *requests, post(heidi, "", id="last"), atomic=True)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "batch_rolled_back"
    assert error["context"] == {"index": 999, "id": "last", "status": 422}
    assert error["errors"][0]["code"] == "validation_failed"
    assert error["errors"][0]["errors"][0]["context"]["attribute"] == "name"
    assert names_of_teams(heidi) == []
    assert entries(heidi) == 0
    assert statuses(batch(heidi, *requests[:50], atomic=True)) == [201] * 50
    assert len(names_of_teams(heidi)) == 50


def test_later_requests_use_earlier_answers(heidi):
    team = "/1/accounts/${me.data.id}/teams/${new-team.data.id}"
    answer = batch(
        heidi,
        {"id": "me", "method": "GET", "path": f"/1/accounts/{heidi.account.id}"},
        post(heidi, "Guides", id="new-team"),
        {"id": "renamed", "method": "PATCH", "path": team, "body": {"name": "The ${new-team.data.name}, $${x.y}"}},
        {"id": "read", "method": "GET", "path": team},
    )
    assert statuses(answer) == [200, 201, 200, 200]
    assert answer.json()["data"][3]["body"]["data"]["name"] == "The Guides, ${x.y}"


def test_a_value_alone_keeps_its_type(prober):
    made = {"id": "made", "method": "POST", "path": "/1/probe/people", "body": {"name": "Heidi", "age": 20}}
    again = {
        "method": "POST",
        "path": "/1/probe/people",
        "body": {"name": "${made.data.name}", "age": "${made.data.age}"},
    }
    assert batch(prober, made, again).json()["data"][1]["body"]["data"]["age"] == 20


def test_who_builds_on_one_that_failed_fails_like_it(heidi):
    gone = {"id": "gone", "method": "GET", "path": f"/1/accounts/{heidi.account.id}/teams/999"}
    child = {"method": "DELETE", "path": "/1/accounts/${gone.data.account_id}"}
    answer = batch(heidi, gone, child).json()["data"]
    assert [one["status"] for one in answer] == [404, 404]
    assert answer[1]["body"]["error"]["code"] == "batch_item_failed"
    assert answer[1]["body"]["error"]["context"] == {"index": 0}


def test_a_value_there_is_not_is_named(heidi):
    made = post(heidi, "Guides", id="made")
    wrong = {"method": "PATCH", "path": "/1/accounts/1", "body": {"name": ["${made.data.nmae}"]}}
    fault = batch(heidi, made, wrong).json()["data"][1]["body"]["error"]["errors"][0]
    assert fault["code"] == "attribute_in"
    assert fault["context"]["attribute"] == "body.name.0"
    assert "name" in fault["context"]["values"]


@pytest.mark.parametrize(
    ("requests", "code", "attribute"),
    [
        ([], "attribute_min_items", "requests"),
        ([{"method": "GET", "path": "/2/profile"}] * 1001, "attribute_max_items", "requests"),
        ([{"method": "GET", "path": "profile"}], "attribute_regex", "requests.0.path"),
        ([{"method": "LOOK", "path": "/2/profile"}], "attribute_in", "requests.0.method"),
        ([{"id": "a b", "method": "GET", "path": "/2/profile"}], "attribute_regex", "requests.0.id"),
        ([{"id": "a", "method": "GET", "path": "/2/profile"}] * 2, "attribute_distinct", "requests.1.id"),
        ([{"method": "POST", "path": "/1/batch"}], "attribute_not_in", "requests.0.path"),
        ([{"method": "GET", "path": "/1/accounts/${x.data.id}"}], "attribute_exists", "requests.0.path"),
        ([{"method": "POST", "path": "/1/a", "body": [{"b": "${0.data}"}]}], "attribute_exists", "requests.0.body"),
    ],
)
def test_a_batch_that_cannot_be_used_says_why(heidi, requests, code, attribute):
    refused = batch(heidi, *requests)
    assert refused.status_code == 422
    fault = refused.json()["error"]["errors"][0]
    assert (fault["code"], fault["context"]["attribute"]) == (code, attribute)


def test_it_costs_one_request_and_its_items(heidi):
    before = {one["policy"]: one["remaining"] for one in heidi.call("GET", "/1/limits").json()["data"]}
    batch(heidi, *[{"method": "GET", "path": "/2/profile"}] * 5)
    after = {one["policy"]: one["remaining"] for one in heidi.call("GET", "/1/limits").json()["data"]}
    assert {policy: before[policy] - after[policy] for policy in before} == {"requests": 1, "items": 5}


def test_dry_run_of_a_batch_tells_all_changes_and_keeps_none(heidi):
    answer = heidi.call("POST", "/1/batch?dry_run=1", {"requests": [post(heidi, "Guides"), post(heidi, "Porters")]})
    assert [change["after"]["name"] for change in answer.json()["changes"]] == ["Guides", "Porters"]
    assert names_of_teams(heidi) == []


@pytest.mark.parametrize("atomic", [True, False])
def test_dry_run_of_one_request_keeps_the_others(heidi, atomic):
    dry = post(heidi, "Guides")
    dry["path"] += "?dry_run=1"
    answer = batch(heidi, dry, post(heidi, "Porters"), atomic=atomic)
    assert answer.json()["data"][0]["body"]["dry_run"] is True
    assert names_of_teams(heidi) == ["Porters"]
    assert entries(heidi) == 1


def test_a_key_makes_the_whole_batch_happen_once(heidi):
    body, key = {"requests": [post(heidi, "Guides")]}, {"Idempotency-Key": "k"}
    first = heidi.call("POST", "/1/batch", body, headers=key)
    assert heidi.call("POST", "/1/batch", body, headers=key).content == first.content
    assert names_of_teams(heidi) == ["Guides"]


def test_a_token_can_do_no_more_in_a_batch(heidi):
    heidi.token = heidi.platform.token(heidi.user, "user_info")
    assert statuses(batch(heidi, {"method": "GET", "path": "/2/profile"}, post(heidi, "Guides"))) == [200, 403]


@of_every_route()
def test_every_route_is_answered_in_a_batch_as_alone(heidi, route):
    request = {"method": route.method, "path": path_of(route), "body": {}}
    if route.path == "/batch":
        return
    answer = batch(heidi, request)
    assert answer.status_code == 200, answer.text
    alone = heidi.call(route.method, path_of(route), {})
    assert answer.json()["data"][0]["status"] in (alone.status_code, 415)
