"""Webhooks in the manager: made, looked at, given secrets that overlap, sent again with its plan, deleted."""

import pytest

from alpage.accounts.webhook_worker import tell_administrators
from alpage.accounts.webhooks import signing_key
from alpage.tasks.outbound import Outbound
from alpage.tasks.webhooks.delivery import Deliverer
from tests.tasks.receivers import Reply, receiving

LIST = "/v3/ng/accounts/webhooks/list"
NEW = "/v3/ng/accounts/webhooks/new"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"private_callbacks": True})


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def deliver(platform):
    """Sends what there is to be sent."""
    outbound = Outbound(private=True)
    worker = Deliverer(platform.database, outbound, signing_key(platform.settings), tell_administrators)

    def deliver():
        while worker.deliver():
            pass

    yield deliver
    worker._threads.shutdown()
    outbound.close()


def make(browser, url="https://app.example/hook", **given):
    form = browser.get(NEW).form("/webhooks/new")
    return browser.send(form, url=url, **{"which": "some", "events": "webhook.*", **given})


def page_of(browser, url="https://app.example/hook"):
    return browser.get(browser.get(LIST).link(url))


def test_there_are_none_at_first(browser):
    assert "No webhooks yet" in browser.get(LIST).text


def test_a_webhook_is_made_and_its_secret_shown_once(browser):
    made = make(browser, which="all", description="Calendar")
    assert made.status == 201
    secret = next(word for word in made.text.split() if word.startswith("whsec_"))
    page = page_of(browser)
    assert secret not in page.html
    assert secret[-4:] in page.text
    assert "Calendar" in page.text
    assert "Nothing was sent" in page.text


def test_what_is_wrong_stands_at_its_field(browser):
    page = make(browser, url="ftp://app.example/", events=["webhook.*"], others="no.such.event")
    assert page.status == 422
    assert 'id="field-url-error"' in page.html
    assert 'id="field-events-error"' in page.html
    assert page.form("/webhooks/new").named("url") == ["ftp://app.example/"]


def test_a_webhook_is_changed_paused_and_switched_on(browser):
    make(browser, others="account.tag.deleted")
    page = page_of(browser)
    form = browser.get(page.link("Change")).form("/edit")
    assert (form.named("events"), form.named("others")) == (["webhook.*"], ["account.tag.deleted"])
    page = browser.follow(browser.send(form, description="Bells", events="dns.record.*", others=""))
    assert "Bells" in page.text
    assert "dns.record.*" in page.text
    page = browser.follow(browser.send(page.form("/pause")))
    assert "Paused" in page.text
    page = browser.follow(browser.send(page.form("/resume")))
    assert "Active" in page.text


def test_a_new_secret_follows_the_old_one(browser):
    make(browser)
    page = page_of(browser)
    made = browser.send(browser.get(page.link("New secret")).form("/secrets/new"), expire_others_in="86400")
    assert "whsec_" in made.text
    page = page_of(browser)
    question = browser.get(page.link("Revoke"))
    page = browser.follow(browser.send(question.form("/revoke")))
    assert "Revoked" in page.text
    question = browser.get(page.link("Revoke"))
    refused = browser.send(question.form("/revoke"))
    assert refused.status == 422
    assert "notice-danger" in refused.html


def test_the_log_shows_what_arrived_and_what_did_not(browser, receiver, deliver):
    receiver.replies = [Reply(200), Reply(500, body=b"out of cheese")]
    make(browser, url=receiver.url)
    deliver()
    page = page_of(browser, receiver.url)
    assert "<svg" in page.html
    assert "The last attempt has failed." in page.text
    log = browser.get(page.link("All messages"))
    assert "webhook.created" in log.text
    waiting = browser.get(log.link("Waiting"))
    assert "webhook.created" not in waiting.text
    message = browser.get(waiting.link("webhook.secret.created"))
    assert "out of cheese" in message.text
    assert "500" in message.text


def test_a_message_is_sent_once_more(browser, receiver, deliver):
    make(browser, url=receiver.url, events="webhook.created")
    deliver()
    log = browser.get(page_of(browser, receiver.url).link("All messages"))
    message = browser.get(log.link("webhook.created"))
    page = browser.follow(browser.send(message.form("/retry")))
    assert "The message is on its way." in page.text
    deliver()
    assert receiver.events == ["webhook.created"] * 2


def test_a_ping_is_sent(browser, receiver, deliver):
    make(browser, url=receiver.url, events="webhook.updated")
    page = browser.follow(browser.send(page_of(browser, receiver.url).form("/test")))
    assert "it is sent in a moment" in page.text
    deliver()
    assert receiver.events == ["ping"]


def test_changes_are_sent_again_after_their_plan(browser, receiver, deliver):
    make(browser, url=receiver.url, events=["webhook.created", "webhook.secret.created"])
    deliver()
    page = page_of(browser, receiver.url)
    plan = browser.send(browser.get(page.link("Send again")).form("/replay"), span="all")
    assert 'class="plan"' in plan.html
    assert "2 messages are sent" in plan.text
    assert len(receiver.heard) == 2
    page = browser.follow(browser.send(plan.form("/replay/start")))
    assert "are being sent again" in page.text
    deliver()
    ids = [heard.id for heard in receiver.heard]
    assert ids[:2] == ids[2:]
    assert "are being sent again" not in page_of(browser, receiver.url).text


def test_where_there_is_nothing_to_send_again_that_is_said(browser, receiver, deliver):
    make(browser, url=receiver.url)
    deliver()
    page = browser.get(page_of(browser, receiver.url).link("Send again"))
    plan = browser.send(page.form("/replay"), span="all", only_failed="1")
    assert "Nothing to send" in plan.text


def test_a_replay_is_stopped(browser, receiver):
    make(browser, url=receiver.url)
    page = page_of(browser, receiver.url)
    plan = browser.send(browser.get(page.link("Send again")).form("/replay"), span="all")
    page = browser.follow(browser.send(plan.form("/replay/start")))
    page = browser.follow(browser.send(page.form("/replay/stop")))
    assert "are being sent again" not in page.text


def test_a_webhook_is_deleted_after_its_plan(browser):
    make(browser)
    plan = browser.get(page_of(browser).link("Delete"))
    assert 'class="plan"' in plan.html
    gone = browser.follow(browser.send(plan.form("/delete")))
    assert "The webhook was deleted." in gone.text
    assert "No webhooks yet" in gone.text


def test_a_webhook_is_found(browser):
    make(browser)
    assert "https://app.example/hook" in browser.get("/search?q=app.example").text
