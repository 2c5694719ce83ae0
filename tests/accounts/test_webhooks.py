"""Webhooks of an account: making, showing, changing, deleting, their secrets; pings, retries, replays."""

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from alpage.accounts import webhooks
from alpage.identity.janitor import Janitor
from alpage.storage.changes import Change
from alpage.tasks.webhooks.endpoints import Webhook, WebhookProgress, WebhookSecret
from tests.identity.test_plaintext import dump
from tests.tasks.receivers import Reply
from tests.tasks.webhooks.conftest import clock, hook, other_receiver, receiver, settings, tag, worker, workers

__all__ = ["clock", "other_receiver", "receiver", "settings", "worker", "workers"]  # fixtures

URL = "https://app.example/hook"
DAY = 86_400


def path(person):
    return f"/1/accounts/{person.account.id}/webhooks"


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {fault["context"]["attribute"]: fault["code"] for fault in answer.json()["error"]["errors"]}


def error(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def deliver_all(worker):
    while worker.deliver():
        pass


def test_a_webhook_is_made_with_its_first_secret(heidi):
    answer = heidi.call("POST", path(heidi), {"url": URL, "description": "Calendar"})
    made = answer.json()["data"]
    assert (answer.status_code, made["secret"][:6], len(made["secret"])) == (201, "whsec_", 50)
    assert (made["account_id"], made["user_id"], made["url"]) == (heidi.account.id, heidi.user.id, URL)
    assert (made["events"], made["is_active"], made["description"]) == (["*"], True, "Calendar")
    shown = heidi.call("GET", f"{path(heidi)}/{made['id']}").json()["data"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert heidi.call("GET", path(heidi)).json()["data"] == [shown]
    [secret] = heidi.call("GET", f"{path(heidi)}/{made['id']}/secrets").json()["data"]
    assert (secret["last_four"], secret["state"]) == (made["secret"][-4:], "active")


def test_how_it_is_doing_is_shown_on_request(heidi):
    made = hook(heidi, URL)
    assert made.status == {
        "state": "active",
        "last_success_at": None,
        "last_failure_at": None,
        "failure_count": 0,
        "held_until": None,
        "replay_position": None,
        "replay_until": None,
    }
    [listed] = heidi.call("GET", f"{path(heidi)}?with=status").json()["data"]
    assert listed["status"]["state"] == "active"


@pytest.mark.parametrize(
    ("body", "attribute", "code"),
    [
        ({}, "url", "attribute_required"),
        ({"url": "ftp://app.example/"}, "url", "attribute_callback"),
        ({"url": "https://heidi@app.example/"}, "url", "attribute_callback"),
        ({"url": "https://app.example/" + "x" * 2000}, "url", "attribute_max_length"),
        ({"url": URL, "events": []}, "events", "attribute_min_items"),
        ({"url": URL, "events": ["*", "dns.records.*"]}, "events.1", "attribute_in"),
        ({"url": URL, "events": ["user.updated"]}, "events.0", "attribute_in"),
        ({"url": URL, "events": "*"}, "events", "attribute_type"),
    ],
)
def test_what_is_wrong_is_said(heidi, body, attribute, code):
    assert faults(heidi.call("POST", path(heidi), body)) == {attribute: code}
    made = hook(heidi, URL)
    if body:
        assert faults(heidi.call("PATCH", made.path, body)) == {attribute: code}


def test_a_slip_in_a_pattern_is_seen(heidi):
    answer = error(heidi.call("POST", path(heidi), {"url": URL, "events": ["dns.records.*"]}), 422)
    assert answer["errors"][0]["context"]["suggestion"] == "dns.record.*"


def test_addresses_inside_are_refused_where_they_are_not_allowed(strict):
    for url, reason in {"http://app.example/": "scheme", "https://10.0.0.1/": "private"}.items():
        answer = error(strict.call("POST", path(strict), {"url": url}), 422)
        assert answer["errors"][0]["context"] == {"attribute": "url", "reason": reason}


@pytest.fixture
def strict(heidi, monkeypatch):
    """Heidi, on a platform that calls nobody inside."""
    monkeypatch.setitem(heidi.platform.settings.__dict__, "private_callbacks", False)
    return heidi


def test_the_events_there_are_can_be_listed(heidi):
    names = [event["name"] for event in heidi.call("GET", "/1/webhooks/events").json()["data"]]
    assert {"dns.record.created", "account.member.deleted", "webhook.updated"} <= set(names)
    assert not any(name.startswith(("user.", "signing_key.")) for name in names)
    assert names == sorted(names)
    assert hook(heidi, URL, events=names).id


def test_a_webhook_is_changed(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    made.call("PATCH", "", {"is_active": False, "description": "Resting"})
    assert made.status["state"] == "paused"
    tag(heidi, "Unheard")
    deliver_all(worker)
    assert receiver.heard == []
    shown = made.call("PATCH", "", {"is_active": True, "events": ["account.tag.created"]})
    assert (shown["is_active"], shown["events"], shown["description"]) == (True, ["account.tag.created"], "Resting")
    tag(heidi, "Heard")
    deliver_all(worker)
    assert [heard.event["data"]["after"]["name"] for heard in receiver.heard] == ["Heard"]


def test_one_that_was_switched_off_is_switched_on_again(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(410)]
    tag(heidi, "Alp")
    deliver_all(worker)
    assert made.status["state"] == "disabled"
    shown = made.call("PATCH", "", {"is_active": True})
    assert (shown["disabled_at"], shown["disabled_reason"]) == (None, None)
    assert made.status["state"] == "active"
    tag(heidi, "Bear")
    deliver_all(worker)
    assert len(receiver.heard) == 2


def test_a_webhook_is_deleted_with_all_it_had(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    deliver_all(worker)
    made.call("DELETE")
    assert heidi.call("GET", made.path).status_code == 404
    assert heidi.call("GET", f"{made.path}/deliveries").status_code == 404
    tag(heidi, "Bear")
    deliver_all(worker)
    assert len(receiver.heard) == 1
    with heidi.platform.database.reading() as transaction:
        for table in (Webhook, WebhookSecret, WebhookProgress):
            assert transaction.execute(select(table)).all() == []
        deleted = transaction.execute(select(Change.event).where(Change.action == "deleted")).scalars().all()
    assert sorted(deleted) == ["webhook", "webhook.secret"]


def test_one_is_deleted_while_something_is_sent_to_it(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    receiver.gate.clear()
    worker.look()
    receiver.wait_for(1)
    made.call("DELETE")
    receiver.gate.set()
    for running in worker._running.values():
        running.result()
    worker.settle()
    assert worker.deliver() == 0


def test_an_account_has_so_many_and_no_more(heidi, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 2)
    made = [hook(heidi, URL), hook(heidi, URL)]
    refused = error(heidi.call("POST", path(heidi), {"url": URL}), 403)
    assert (refused["code"], refused["context"]) == ("limit_exceeded_error", {"limit": 2, "used": 2})
    made[0].call("DELETE")
    assert hook(heidi, URL).id


def test_only_who_administers_the_account_sees_them(heidi, anna, nils, peter):
    made = hook(heidi, URL)
    assert anna.call("GET", made.path).status_code == 200
    for below in ("", "/secrets", "/deliveries"):
        assert error(nils.call("GET", made.path + below), 403)["code"] == "access_denied"
        assert peter.call("GET", made.path + below).status_code == 404
    other = f"{path(peter)}/{made.id}"
    for method, below in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/secrets")):
        assert peter.call(method, other + below, {}).status_code == 404


def test_scopes_say_what_a_token_may(heidi):
    made = hook(heidi, URL)
    for scope, allowed in (("webhooks:read", (200, 403)), ("webhooks", (200, 200)), ("applications", (403, 403))):
        headers = {"Authorization": f"Bearer {heidi.platform.token(heidi.user, scope)}"}
        shown = heidi.client.get(made.path, headers=headers).status_code
        changed = heidi.client.patch(made.path, headers=headers, json={"description": scope}).status_code
        assert (shown, changed) == allowed


def test_two_secrets_sign_while_one_follows_the_other(heidi, worker, receiver, clock):
    made = hook(heidi, receiver.url)
    second = made.call("POST", "/secrets", {"expire_others_in": DAY}, 201)
    [first, _] = made.call("GET", "/secrets")
    assert (first["state"], second["state"], second["expires_at"]) == ("active", "active", None)
    assert first["expires_at"] - second["created_at"] == DAY
    tag(heidi, "Alp")
    deliver_all(worker)
    [heard] = receiver.heard
    assert heard.headers["webhook-signature"].count("v1,") == 2
    for secret in (made.secret, second["secret"]):
        Verifier(secret).verify(heard.body, dict(heard.headers))
    refused = error(heidi.call("POST", f"{made.path}/secrets", {}), 403)
    assert refused["code"] == "limit_exceeded_error"

    made.call("DELETE", f"/secrets/{first['id']}")
    tag(heidi, "Bear")
    deliver_all(worker)
    heard = receiver.heard[-1]
    Verifier(second["secret"]).verify(heard.body, dict(heard.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(heard.body, dict(heard.headers))
    assert [one["state"] for one in made.call("GET", "/secrets")] == ["revoked", "active"]
    assert len(made.call("GET", "/secrets?filter[state]=revoked")) == 1


def test_a_secret_that_has_ended_signs_no_more(heidi, worker, receiver, clock):
    made = hook(heidi, receiver.url)
    second = made.call("POST", "/secrets", {"expire_others_in": 100}, 201)
    clock.move(1000)
    tag(heidi, "Alp")
    deliver_all(worker)
    [heard] = receiver.heard
    assert heard.headers["webhook-signature"].count("v1,") == 1
    Verifier(second["secret"]).verify(heard.body, dict(heard.headers))


def test_the_last_secret_stays(heidi):
    made = hook(heidi, URL)
    [only] = made.call("GET", "/secrets")
    assert error(heidi.call("DELETE", f"{made.path}/secrets/{only['id']}"), 409)["code"] == "state_conflict"
    made.call("POST", "/secrets", {"expire_others_in": 0}, 201)
    assert [one["state"] for one in made.call("GET", "/secrets")] == ["expired", "active"]
    made.call("DELETE", f"/secrets/{only['id']}")
    assert heidi.call("DELETE", f"{made.path}/secrets/999").status_code == 404


def test_a20_no_secret_lies_in_the_database(heidi, worker, receiver):
    made = hook(heidi, receiver.url, events=["*"])
    second = made.call("POST", "/secrets", {}, 201)["secret"]
    deliver_all(worker)
    content = dump(heidi.platform.database)
    assert receiver.url in content
    for secret in (made.secret, second):
        raw = Verifier(secret)._whsecret
        assert [form for form in (secret[6:], raw.hex(), repr(raw)) if form in content] == []


def test_a_ping_tries_an_endpoint_out(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    sent = made.call("POST", "/test", status=201)
    assert (sent["event"], sent["cause"], sent["state"], sent["attempts"]) == ("ping", "test", "waiting", [])
    deliver_all(worker)
    [heard] = receiver.heard
    assert (made.verify(heard)["type"], heard.id) == ("ping", sent["message_id"])
    assert heard.event["data"] == {"webhook_id": made.id, "account_id": heidi.account.id}
    shown = made.call("GET", f"/deliveries/{sent['id']}")
    assert (shown["state"], shown["attempts"][0]["status"]) == ("succeeded", 200)


def test_a_ping_is_sent_though_an_endpoint_is_left_alone(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(503, {"Retry-After": "3600"})]
    tag(heidi, "Alp")
    deliver_all(worker)
    made.call("POST", "/test", status=201)
    deliver_all(worker)
    assert receiver.events == ["account.tag.created", "ping"]


def test_a_message_is_sent_once_more(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    deliver_all(worker)
    [sent] = made.deliveries
    again = made.call("POST", f"/deliveries/{sent['id']}/retry")
    assert (again["state"], again["message_id"]) == ("waiting", sent["message_id"])
    deliver_all(worker)
    assert [heard.id for heard in receiver.heard] == [sent["message_id"]] * 2
    [sent] = made.deliveries
    assert (sent["state"], sent["tries"], len(sent["attempts"])) == ("succeeded", 1, 2)
    assert heidi.call("POST", f"{made.path}/deliveries/999/retry").status_code == 404


@pytest.mark.parametrize("below", ["/test", "/deliveries/1/retry", "/replay"])
def test_nothing_is_sent_to_one_that_is_paused(heidi, below):
    made = hook(heidi, URL, is_active=False)
    refused = error(heidi.call("POST", made.path + below, {"after": 0}), 409)
    assert (refused["code"], refused["context"]["state"]) == ("state_conflict", "paused")


def test_the_log_is_searched(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(200), Reply(500)]
    tag_id = tag(heidi, "Alp")
    heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/tags/{tag_id}")
    deliver_all(worker)
    [first, second] = made.deliveries
    for query, found in {
        "filter[state]=waiting": second,
        "filter[event]=account.tag.created": first,
        f"filter[change_id]={second['change_id']}": second,
        "search=deleted": second,
        f"search={first['message_id']}": first,
        "order=desc&limit=1": second,
    }.items():
        assert made.call("GET", f"/deliveries?{query}") == [found], query


def test_the_hours_are_counted(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(200), Reply(200), Reply(500)]
    for name in ("One", "Two", "Three"):
        tag(heidi, name)
    deliver_all(worker)
    hours = made.call("GET", "/hours")
    assert [hour["at"] % 3600 for hour in hours] == [0] * 24
    totals = {state: sum(hour[state] for hour in hours) for state in ("succeeded", "waiting", "failed")}
    assert totals == {"succeeded": 2, "waiting": 1, "failed": 0}
    assert len(made.call("GET", "/hours?hours=48")) == 48
    assert faults(heidi.call("GET", f"{made.path}/hours?hours=0")) == {"hours": "attribute_min_value"}


def test_the_log_is_let_go_of_in_the_end(heidi, worker, receiver):
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    deliver_all(worker)
    now = made.deliveries[0]["created_at"]
    Janitor(heidi.platform.database).tidy_up(now + 30 * DAY)
    assert len(made.deliveries) == 1
    Janitor(heidi.platform.database).tidy_up(now + 30 * DAY + 1)
    assert made.deliveries == []


def changes(person):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(Change.id).where(Change.event == "account.tag")).scalars().all()


def test_changes_of_the_past_are_sent(heidi, peter, worker, receiver):
    for name in ("One", "Two", "Three", "Four"):
        tag(heidi, name)
    tag(peter, "Theirs")
    made = hook(heidi, receiver.url)
    one, two, three, four, _ = changes(heidi)
    begun = made.call("POST", "/replay", {"after": one}, 201)
    assert (begun["after"], begun["messages"]) == (one, 3)
    assert made.status["replay_position"] == one
    deliver_all(worker)
    assert [heard.event["data"]["id"] for heard in receiver.heard] == [two, three, four]
    assert made.status["replay_until"] is None
    assert {sent["cause"] for sent in made.deliveries} == {"replay"}

    made.call("POST", "/replay", {"after": two}, 201)
    deliver_all(worker)
    assert [heard.id for heard in receiver.heard[3:]] == [heard.id for heard in receiver.heard[1:3]]


def test_a_replay_goes_by_time_too(heidi, worker, receiver):
    tag(heidi, "Alp")
    made = hook(heidi, receiver.url)
    with heidi.platform.database.reading() as transaction:
        moment = transaction.execute(select(Change.created_at).where(Change.event == "account.tag")).scalar_one()
    for body, count in (
        ({"since": moment}, 1),
        ({"since": moment + 1000}, 0),
        ({"since": 0, "until": moment - 1000}, 0),
        ({"since": 0, "until": moment + 1000}, 1),
    ):
        assert made.call("POST", "/replay?dry_run=1", body, 201)["messages"] == count
    assert made.status["replay_position"] is None


def test_a_replay_has_one_beginning(heidi):
    made = hook(heidi, URL)
    for body, code in (({}, "attribute_one_of_required"), ({"after": 1, "since": 1}, "attribute_conflict")):
        assert list(faults(heidi.call("POST", f"{made.path}/replay", body)).values()) == [code]


def test_what_is_new_comes_before_what_is_sent_again(heidi, worker, receiver):
    tag(heidi, "Old")
    made = hook(heidi, receiver.url)
    made.call("POST", "/replay", {"after": 0}, 201)
    tag(heidi, "New")
    deliver_all(worker)
    assert [heard.event["data"]["after"]["name"] for heard in receiver.heard] == ["New", "Old"]


def test_a_replay_is_stopped(heidi, worker, receiver):
    tag(heidi, "Old")
    made = hook(heidi, receiver.url)
    made.call("POST", "/replay", {"after": 0}, 201)
    made.call("DELETE", "/replay")
    deliver_all(worker)
    assert receiver.heard == []


def test_a_replay_that_is_stopped_while_it_runs_stays_stopped(heidi, worker, receiver):
    for name in ("One", "Two"):
        tag(heidi, name)
    made = hook(heidi, receiver.url)
    made.call("POST", "/replay", {"after": 0}, 201)
    receiver.gate.clear()
    worker.look()
    receiver.wait_for(1)
    made.call("DELETE", "/replay")
    receiver.gate.set()
    deliver_all(worker)
    assert made.status["replay_position"] is None


def test_only_what_failed_is_sent_again(heidi, worker, receiver, clock):
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(200), Reply(410)]
    for name in ("One", "Two"):
        tag(heidi, name)
    deliver_all(worker)
    made.call("PATCH", "", {"is_active": True})
    begun = made.call("POST", "/replay", {"after": 0, "only_failed": True}, 201)
    assert begun["messages"] == 1
    deliver_all(worker)
    assert [heard.event["data"]["after"]["name"] for heard in receiver.heard] == ["One", "Two", "Two"]
    assert [sent["state"] for sent in made.deliveries] == ["succeeded", "succeeded"]
