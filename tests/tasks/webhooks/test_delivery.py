"""Changes reach the receivers: signed, in their order, at least once, and under the id they always have."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from alpage.storage.changes import Author, Change
from alpage.storage.database import Transaction
from alpage.tasks.mails import Mail
from alpage.tasks.webhooks import delivery, rounds
from alpage.tasks.webhooks.delivery import CLAIM_SECONDS, Deliverer
from alpage.tasks.webhooks.retries import (
    FAILURES_BEFORE_HOLD,
    FIRST_HOLD_SECONDS,
    LONGEST_HOLD_SECONDS,
    MOST_TRIES,
    WAITS_SECONDS,
    hold_after,
    wait_after,
)
from tests.conftest import Person
from tests.tasks.receivers import Receiver, Reply
from tests.tasks.webhooks.conftest import Clock, Workers, hook, names, tag


def deliver_all(worker: Deliverer) -> None:
    """Has the worker send all there is to be sent now."""
    while worker.deliver():
        pass


def test_a_change_is_sent_signed(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    made = hook(heidi, receiver.url)
    tag_id = tag(heidi, "Alp")
    deliver_all(worker)

    [heard] = receiver.heard
    event = made.verify(heard)
    with heidi.platform.database.reading() as transaction:
        change = transaction.execute(select(Change.__table__).where(Change.event == "account.tag")).one()
    assert (event["type"], event["data"]["id"], event["data"]["object_id"]) == (
        "account.tag.created",
        change.id,
        tag_id,
    )
    assert datetime.fromisoformat(event["timestamp"]) == datetime.fromtimestamp(change.created_at, UTC)
    assert event["data"]["after"]["name"] == "Alp"
    assert event["data"]["user_id"] == heidi.user.id
    assert heard.headers["content-type"] == "application/json"
    assert re.fullmatch(r"msg_\w+", heard.id)
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(heard.body + b" ", dict(heard.headers))

    [sent] = made.deliveries
    assert (sent["message_id"], sent["change_id"], sent["event"]) == (heard.id, change.id, "account.tag.created")
    assert (sent["cause"], sent["state"], sent["tries"], sent["next_try_at"]) == ("change", "succeeded", 1, None)
    [attempt] = sent["attempts"]
    assert (attempt["status"], attempt["response"], attempt["trouble"]) == (200, "thank you", None)
    assert made.status["state"] == "active"
    assert made.status["last_success_at"] == attempt["at"]
    assert worker.deliver() == 0


def sample(language: str) -> str:
    """The code of a language on the page that describes webhooks."""
    page = (Path(__file__).parents[3] / "docs/webhooks.md").read_text()
    return page.partition(f"```{language}\n")[2].partition("```")[0]


def test_the_page_tells_how_to_verify(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    deliver_all(worker)
    [heard] = receiver.heard
    namespace: dict[str, Any] = {}
    exec(sample("python"), namespace)  # noqa: S102 - what the page says is what is tested
    verify = namespace["verify"]
    late = {**heard.headers, "webhook-timestamp": str(int(heard.headers["webhook-timestamp"]) - 301)}
    assert verify(made.secret, heard.headers, heard.body)
    assert not verify(made.secret, heard.headers, heard.body + b" ")
    assert not verify(made.secret, late, heard.body)
    assert not verify("whsec_bm8=", heard.headers, heard.body)


@pytest.mark.needs("node")
def test_the_page_tells_how_to_verify_in_node(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    deliver_all(worker)
    [heard] = receiver.heard
    for secret, is_ours in ((made.secret, "true"), ("whsec_bm8=", "false")):
        given = ", ".join(json.dumps(part) for part in (secret, dict(heard.headers), heard.body.decode()))
        program = f"{sample('js')}\nconsole.log(verify({given}))"
        assert subprocess.check_output(["node", "-e", program], text=True).strip() == is_ours


def test_only_what_is_wanted_is_sent(heidi: Person, peter: Person, worker: Deliverer, receiver: Receiver) -> None:
    hook(heidi, receiver.url, events=["account.tag.deleted", "account.team.*"])
    tag_id = tag(heidi, "Alp")
    heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/tags/{tag_id}")
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams", {"name": "Web"})
    peter.call("POST", f"/1/accounts/{peter.account.id}/teams", {"name": "Theirs"})
    heidi.call("PATCH", "/2/profile", {"firstname": "Heidrun"})
    deliver_all(worker)
    assert receiver.events == ["account.tag.deleted", "account.team.created"]


def test_everything_is_sent_to_who_wants_it(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    made = hook(heidi, receiver.url, events=["*"])
    tag(heidi, "Alp")
    deliver_all(worker)
    assert set(receiver.events) == {"webhook.created", "webhook.secret.created", "account.tag.created"}
    assert not any(made.secret.removeprefix("whsec_").encode() in heard.body for heard in receiver.heard)
    assert worker.deliver() == 0  # what is sent is no change


def test_events_are_sent_in_their_order(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    hook(heidi, receiver.url)
    expected = [f"Tag {number}" for number in range(3 * rounds.PAGE // 2)]
    for name in expected:
        tag(heidi, name)
    deliver_all(worker)
    assert names(receiver.heard) == expected


def test_what_did_not_arrive_is_tried_again_for_days(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(500, body=b"ouch")
    tag(heidi, "Alp")
    deliver_all(worker)
    waits = []
    for tries in range(1, MOST_TRIES):
        [sent] = made.deliveries
        assert (sent["state"], made.status["state"]) == ("waiting", "failing")
        waits.append(sent["next_try_at"] - clock.now)
        clock.move(waits[-1] - 1)
        deliver_all(worker)
        assert len(receiver.heard) == tries
        clock.move(1)
        deliver_all(worker)

    for wait, least in zip(waits, WAITS_SECONDS, strict=True):
        assert least <= wait <= least * 1.1
    assert len(receiver.heard) == MOST_TRIES
    assert len({heard.id for heard in receiver.heard}) == 1
    assert len({heard.headers["webhook-timestamp"] for heard in receiver.heard}) == MOST_TRIES
    [sent] = made.deliveries
    assert (sent["state"], sent["tries"], sent["next_try_at"]) == ("failed", MOST_TRIES, None)
    assert {attempt["response"] for attempt in sent["attempts"]} == {"ouch"}


def test_an_endpoint_where_nothing_arrives_is_switched_off_and_its_administrators_are_told(
    heidi: Person, anna: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(503)
    tag(heidi, "Alp")
    for wait in (0, *WAITS_SECONDS):
        clock.move(wait + wait // 10)
        worker.deliver()

    shown = made.call("GET", "?with=status")
    assert (shown["is_active"], shown["disabled_reason"], shown["disabled_at"]) == (False, "failing", clock.now)
    assert shown["status"]["state"] == "disabled"
    with heidi.platform.database.reading() as transaction:
        mails = transaction.execute(select(Mail.__table__).where(Mail.template == "webhook_failing")).all()
    assert {mail.recipient for mail in mails} == {"heidi@example.org", "anna@example.org"}
    assert mails[0].content["url"] == receiver.url
    before = len(receiver.heard)
    tag(heidi, "More")
    clock.move(1_000_000)
    assert worker.deliver() == 0
    assert len(receiver.heard) == before


def test_one_message_that_never_arrives_does_not_switch_off_an_endpoint(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    tag(heidi, "Poison")
    receiver.replies = [Reply(500)]
    worker.deliver()
    for wait in WAITS_SECONDS:
        tag(heidi, f"Good {wait}")
        worker.deliver()
        clock.move(wait + wait // 10)
        receiver.replies = [Reply(500)]
        worker.deliver()

    states = [sent["state"] for sent in made.deliveries]
    assert states == ["failed", *["succeeded"] * len(WAITS_SECONDS)]
    assert made.call("GET")["is_active"]


def test_who_is_gone_is_left_alone(heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(410)
    tag(heidi, "Alp")
    tag(heidi, "Bear")
    deliver_all(worker)

    assert len(receiver.heard) == 1
    assert made.call("GET")["disabled_reason"] == "gone"
    [sent] = made.deliveries
    assert (sent["state"], sent["next_try_at"]) == ("failed", None)
    with heidi.platform.database.reading() as transaction:
        changes = transaction.execute(select(Change.after).where(Change.event == "webhook", Change.action == "updated"))
        assert [change["disabled_reason"] for change in changes.scalars()] == ["gone"]
        assert transaction.execute(select(Mail.template)).scalars().all() == ["webhook_gone"]


def test_who_answers_late_is_asked_when_he_said(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    receiver.replies = [Reply(429, {"Retry-After": "600"})]
    tag(heidi, "Alp")
    tag(heidi, "Bear")
    deliver_all(worker)
    assert len(receiver.heard) == 1
    assert made.status["held_until"] == clock.now + 600
    clock.move(599)
    assert worker.deliver() == 0
    clock.move(1)
    deliver_all(worker)
    assert names(receiver.heard) == ["Alp", "Alp", "Bear"]


def test_an_endpoint_that_is_down_is_asked_now_and_then_and_gets_all_in_order(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(502)
    expected = [f"Tag {number:02}" for number in range(20)]
    for name in expected:
        tag(heidi, name)
    deliver_all(worker)
    assert len(receiver.heard) == FAILURES_BEFORE_HOLD
    assert made.status["held_until"] == clock.now + FIRST_HOLD_SECONDS
    assert worker.deliver() == 0
    clock.move(FIRST_HOLD_SECONDS)
    assert worker.deliver() == 1
    assert len(receiver.heard) == FAILURES_BEFORE_HOLD + 1

    receiver.heard.clear()
    receiver.reply = Reply()
    for _ in range(5):
        clock.move(LONGEST_HOLD_SECONDS)
        deliver_all(worker)
    assert sorted(names(receiver.heard)) == expected
    never_tried = [name for name in names(receiver.heard) if name >= "Tag 05"]
    assert never_tried == sorted(never_tried)
    assert made.status["state"] == "active"


def test_a_redirect_is_a_failure(
    heidi: Person, worker: Deliverer, receiver: Receiver, other_receiver: Receiver
) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(308, {"Location": other_receiver.url})
    tag(heidi, "Alp")
    worker.deliver()
    assert made.deliveries[0]["attempts"][0]["status"] == 308
    assert other_receiver.heard == []


def test_who_cannot_be_reached_is_told_again(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url.replace(str(receiver.server_port), "9"))
    tag(heidi, "Alp")
    worker.deliver()
    [attempt] = made.deliveries[0]["attempts"]
    assert attempt["status"] is None
    assert "refused" in attempt["trouble"]
    made.call("PATCH", "", {"url": receiver.url})
    clock.move(6)
    deliver_all(worker)
    assert names(receiver.heard) == ["Alp"]


def test_an_answer_is_kept_in_part(heidi: Person, worker: Deliverer, receiver: Receiver) -> None:
    made = hook(heidi, receiver.url)
    receiver.reply = Reply(body=b"\xff\0" + b"x" * 100_000)
    tag(heidi, "Alp")
    worker.deliver()
    assert made.deliveries[0]["attempts"][0]["response"] == "\N{REPLACEMENT CHARACTER}" + "x" * (
        rounds.EXCERPT_LENGTH - 1
    )


def test_a_slow_endpoint_does_not_hold_up_the_others(
    heidi: Person, worker: Deliverer, receiver: Receiver, other_receiver: Receiver
) -> None:
    hook(heidi, receiver.url)
    hook(heidi, other_receiver.url)
    receiver.gate.clear()
    worker.start()
    for number in range(5):
        tag(heidi, f"Tag {number}")
        other_receiver.wait_for(number + 1)
    assert len(receiver.wait_for(1)) == 1
    receiver.gate.set()
    assert names(receiver.wait_for(5)) == names(other_receiver.heard)


def test_of_two_workers_one_sends(
    heidi: Person, workers: Workers, receiver: Receiver, other_receiver: Receiver
) -> None:
    hook(heidi, receiver.url)
    hook(heidi, other_receiver.url)
    for worker in (workers(), workers()):
        worker.start()
    expected = [f"Tag {number}" for number in range(30)]
    for name in expected:
        tag(heidi, name)
    for one in (receiver, other_receiver):
        assert names(one.wait_for(30)) == expected
    assert len({heard.id for heard in (*receiver.heard, *other_receiver.heard)}) == 60


def test_what_a_worker_left_undone_is_sent_by_the_next(
    heidi: Person, workers: Workers, receiver: Receiver, clock: Clock
) -> None:
    made = hook(heidi, receiver.url)
    tag(heidi, "Alp")
    lost = workers()
    assert lost.look() == 1  # it sends, and ends before anything is written down
    [first] = receiver.wait_for(1)
    assert made.deliveries == []

    found = workers()
    assert found.deliver() == 0
    clock.move(CLAIM_SECONDS)
    deliver_all(found)
    assert [heard.id for heard in receiver.heard] == [first.id, first.id]
    assert len(made.deliveries) == 1

    tag(heidi, "Bear")
    deliver_all(found)
    lost.settle()  # too late: nothing of it is written down
    assert [sent["message_id"] for sent in made.deliveries] == [first.id, receiver.heard[-1].id]
    deliver_all(found)
    assert names(receiver.heard) == ["Alp", "Alp", "Bear"]


def test_a_round_that_fails_is_begun_again_later(
    heidi: Person, worker: Deliverer, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(heidi, receiver.url)
    tag(heidi, "Alp")
    with monkeypatch.context() as broken:
        broken.setattr(rounds.signatures, "derive", lambda *_: 1 / 0)
        worker.look()
        running = [*worker._running.values()]
        assert [isinstance(one.exception(), ZeroDivisionError) for one in running] == [True]
        worker.settle()
    assert worker.deliver() == 0
    clock.move(delivery.AFTER_FAULT_SECONDS)
    deliver_all(worker)
    assert names(receiver.heard) == ["Alp"]


def test_a_worker_that_starts_sends_what_it_has_missed(heidi: Person, workers: Workers, receiver: Receiver) -> None:
    hook(heidi, receiver.url)
    deliver_all(workers())
    tag(heidi, "Alp")
    tag(heidi, "Bear")
    deliver_all(workers())
    assert names(receiver.heard) == ["Alp", "Bear"]


def test_many_messages_cost_few_transactions(
    heidi: Person, worker: Deliverer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(heidi, receiver.url)
    for number in range(30):
        tag(heidi, f"Tag {number}")
    begun: list[int] = []
    database = heidi.platform.database

    def note(author: Author, begin: Any = database.begin, *, writes: bool) -> Transaction:
        begun.extend([get_ident()] if writes else [])
        return begin(author, writes=writes)

    monkeypatch.setattr(database, "begin", note)
    worker.deliver()
    assert len(receiver.heard) == 30
    assert begun.count(get_ident()) == 2  # others write too: requests are recorded


def test_waits_and_holds_are_as_the_specification_and_the_page_say() -> None:
    assert sum(WAITS_SECONDS) == 272_105  # 75 hours, 35 minutes and 5 seconds
    assert wait_after(MOST_TRIES) is None
    assert [hold_after(failures) for failures in (0, 4, 5, 6, 9, 10, 1000)] == [0, 0, 30, 60, 480, 900, 900]
