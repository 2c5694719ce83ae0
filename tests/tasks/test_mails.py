"""Mails: what they say in five languages, how they leave, and what happens when they cannot."""

import os
import re
import ssl
import tomllib
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from time import monotonic, sleep

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from jinja2 import meta
from sqlalchemy import select

import alpage
from alpage.api.languages import LANGUAGES
from alpage.settings import Settings
from alpage.storage.changes import NOBODY
from alpage.tasks import mail_delivery, mail_texts, mails
from alpage.tasks.mail_carriers import Folder, Relay, carrier
from alpage.tasks.mail_delivery import GIVEN_UP_SECONDS, Deliverer
from alpage.tasks.mails import Mail

NOW = 1_800_000_000
CONTENT = {"display_name": "Heidi <b>Öhi</b>", "name": "Tele<phone>", "email": "heidi@example.org"}
CONTENT |= {
    "nonce": "0123",
    "ip": "192.0.2.1",
    "user_agent": "curl/8",
    "inviter": "Peter",
    "account_name": "Alpine Club",
    "url": "https://example.org/hook",
    "webhook_id": 7,
    "account_id": 1,
}
TEMPLATES = [
    name
    for path in sorted(Path(alpage.__file__).parent.glob("*/**/mails.toml"))
    for name in tomllib.loads(path.read_text(encoding="utf-8"))
    if name != "frame"
]


def enqueue(database, recipient="heidi@example.org", template="passkey_added", language="de_DE", now=NOW):
    with database.transaction(NOBODY) as transaction:
        mails.enqueue(transaction, recipient, template, language, now, **CONTENT)


def stored(database):
    with database.reading() as transaction:
        return transaction.execute(select(Mail.__table__).order_by(Mail.id)).all()


def captured(settings):
    found = sorted((settings.data / "mails").glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=default) for path in found]


# what they say


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_reads_in_every_language(settings, template, language):
    text = mail_texts.write(settings, template, language, CONTENT)
    assert text.language == language
    assert text.subject == text.subject.strip() != ""
    assert len(text.plain) > 100
    assert "Heidi <b>Öhi</b>" in text.plain
    assert "Heidi &lt;b&gt;Öhi&lt;/b&gt;" in text.html
    assert "<b>" not in text.html
    assert f'<html lang="{language}">' in text.html
    assert (template in mail_texts.LINKS) == ("href=" in text.html) == ("\nhttp" in text.plain)
    assert all(len(line) <= 72 or line.startswith("http") for line in text.plain.splitlines())
    assert not re.search(r"[{}]|\n\n\n", text.plain)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_names_the_same_things_in_every_language(template):
    words = mail_texts._words()[template]
    assert set(words) == set(LANGUAGES)
    named = [
        meta.find_undeclared_variables(mail_texts._environment().parse(one["subject"] + one["text"]))
        for one in words.values()
    ]
    assert all(names == named[0] for names in named)
    assert len({tuple(sorted(one)) for one in words.values()}) == 1


def test_an_unknown_language_is_read_in_english(settings):
    assert mail_texts.write(settings, "passkey_added", "rm_CH", CONTENT).language == "en"


# into the folder


def test_a_mail_is_captured_once(settings, database):
    enqueue(database)
    deliverer = mail_delivery.worker(settings, database)
    assert deliverer.deliver(NOW) == 1
    assert deliverer.deliver(NOW + 1) == 0
    (mail,) = captured(settings)
    assert (mail["To"], mail["From"]) == ("heidi@example.org", "Alpage <noreply@alpage.example>")
    assert mail["Subject"] == "Ein Passkey wurde hinzugefügt"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "de")
    assert mail["Date"].datetime.timestamp() == NOW
    assert mail["Message-ID"] == f"<{NOW}.1@alpage.example>"
    assert "Guten Tag Heidi" in mail.get_body(("plain",)).get_content()
    assert "Guten Tag Heidi" in mail.get_body(("html",)).get_content()
    (path,) = (settings.data / "mails").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    (row,) = stored(database)
    assert (row.sent_at, row.next_try_at, row.tries, row.trouble) == (NOW, None, 1, None)


def test_what_was_rolled_back_is_not_sent(settings, database):
    transaction = database.begin(NOBODY, writes=True)
    mails.enqueue(transaction, "heidi@example.org", "passkey_added", "en", NOW, **CONTENT)
    transaction.close()
    assert stored(database) == []


def test_a_mail_to_nobody_never_leaves(settings, database):
    with database.transaction(NOBODY) as transaction:
        mails.pretend(transaction, "password_reset", "en", NOW, **CONTENT)
    assert mail_delivery.worker(settings, database).deliver(NOW) == 0


@pytest.mark.parametrize("recipient", ["heidi@example.org\nBcc: all@example.org", "a@b\r\n\r\nHello"])
def test_a_recipient_cannot_add_headers(settings, database, recipient):
    enqueue(database, recipient)
    mail_delivery.worker(settings, database).deliver(NOW)
    assert captured(settings) == []
    (row,) = stored(database)
    assert (row.sent_at, row.next_try_at) == (None, None)
    assert row.trouble.startswith("ValueError")


def test_an_unknown_template_is_given_up_and_holds_nobody_up(settings, database):
    enqueue(database, template="made_up")
    enqueue(database)
    mail_delivery.worker(settings, database).deliver(NOW)
    lost, sent = stored(database)
    assert (lost.next_try_at, lost.trouble) == (None, "KeyError: 'made_up'")
    assert sent.sent_at == NOW


def test_of_many_engines_one_sends(settings, database):
    for _ in range(10):
        enqueue(database)
    counted = Counting()
    with ThreadPoolExecutor(4) as threads:
        [*threads.map(lambda _: Deliverer(settings, database, counted).deliver(NOW), range(4))]
    assert sorted(counted.ids) == sorted({f"<{NOW}.{number}@alpage.example>" for number in range(1, 11)})


def test_a_mail_whose_engine_died_is_due_again(settings, database):
    enqueue(database)

    class Dying:
        def carry(self, message):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Deliverer(settings, database, Dying()).deliver(NOW)
    later = Deliverer(settings, database, counted := Counting())
    assert later.deliver(NOW + mail_delivery.CLAIM_SECONDS - 1) == 0
    assert later.deliver(NOW + mail_delivery.CLAIM_SECONDS) == 1
    assert len(counted.ids) == 1


def test_the_engine_runs_and_ends(settings, database, monkeypatch):
    monkeypatch.setattr(mail_delivery, "PAUSE_SECONDS", 0.01)
    engine = mail_delivery.worker(settings, database)
    engine.start()
    enqueue(database, now=1)
    until = monotonic() + 10
    while not captured(settings) and monotonic() < until:
        sleep(0.01)
    engine.stop()
    assert len(captured(settings)) == 1


class Counting:
    """A carrier that only counts."""

    def __init__(self):
        self.ids = []

    def carry(self, message):
        self.ids.append(message["Message-ID"])


# to a relay


class Mailbox:
    """What a relay takes, and what it answers to a recipient and to data."""

    def __init__(self):
        self.messages, self.recipient_answer, self.data_answer, self.logins = [], "", "250 taken", []

    async def handle_RCPT(self, server, session, envelope, address, _options):  # noqa: N802 - the library's name
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the library's name
        if self.data_answer.startswith("250"):
            self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default), session.ssl))
        return self.data_answer

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"s/cret", handled=False)


class Server(Controller):
    """An SMTP server for a test, with what it needs to offer."""

    def __init__(self, mailbox, **options):
        self.options = options
        super().__init__(mailbox, hostname="127.0.0.1", port=0)

    def factory(self):
        return SMTP(self.handler, **self.options)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]  # known only now
        super()._trigger_server()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


def refusal(answers):
    return next(answer for answer in answers if answer and not answer.startswith("250"))


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def serve(mailbox):
    started = []

    def start(**options):
        server = Server(mailbox, **options)
        server.start()
        started.append(server)
        return server.address

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """TLS on the server's side, trusted by the client."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def deliver(settings, database):
    """Delivers by a relay; answers with what then stands about the mail."""

    def leave(url, now=NOW):
        with_relay = settings.model_copy(update={"smtp_url": url})
        mail_delivery.worker(with_relay, database).deliver(now)
        return stored(database)[-1]

    return leave


def test_a_relay_takes_a_mail(deliver, database, serve, mailbox):
    enqueue(database)
    assert deliver(f"smtp://{serve()}").sent_at == NOW
    ((recipients, mail, encrypted),) = mailbox.messages
    assert recipients == ["heidi@example.org"]
    assert mail["Subject"] == "Ein Passkey wurde hinzugefügt"
    assert "Tele<phone>" in mail.get_body(("plain",)).get_content()
    assert encrypted is None


def test_what_is_offered_is_encrypted_and_then_one_signs_in(deliver, database, serve, mailbox, trusted):
    enqueue(database)
    offered = {"authenticator": mailbox.authenticate, "auth_required": True, "require_starttls": True}
    address = serve(tls_context=trusted, **offered)
    assert deliver(f"smtp://alpage:s%2Fcret@{address}").sent_at == NOW
    assert mailbox.logins == [(b"alpage", b"s/cret")]
    assert mailbox.messages[0][2] is not None


def test_a_relay_nobody_vouches_for_gets_nothing(deliver, database, serve, mailbox, trusted):
    del os.environ["SSL_CERT_FILE"]  # put back by the fixture
    enqueue(database)
    row = deliver(f"smtp://{serve(tls_context=trusted)}")
    assert (row.sent_at, row.next_try_at) == (None, NOW + 30)
    assert mailbox.messages == []


def test_over_a_network_nothing_leaves_unencrypted(deliver, database, serve, mailbox, monkeypatch):
    monkeypatch.setattr("alpage.tasks.mail_carriers._is_local", lambda _host: False)
    enqueue(database)
    row = deliver(f"smtp://{serve()}")
    assert (row.next_try_at, row.trouble) == (NOW + 30, "the relay offers no STARTTLS")
    assert mailbox.messages == []


@pytest.mark.parametrize("answers", [("550 5.1.1 no such mailbox", "250 taken"), ("", "554 5.7.1 not wanted")])
def test_what_is_refused_for_good_is_given_up(deliver, database, serve, mailbox, answers):
    mailbox.recipient_answer, mailbox.data_answer = answers
    enqueue(database)
    row = deliver(f"smtp://{serve()}")
    assert (row.sent_at, row.next_try_at) == (None, None)
    assert row.trouble == f"RefusedError: {refusal(answers)}"


@pytest.mark.parametrize("answers", [("450 4.2.1 later", "250 taken"), ("", "451 4.3.0 later")])
def test_what_is_refused_for_now_is_tried_again(deliver, database, serve, mailbox, answers):
    address = serve()
    mailbox.recipient_answer, mailbox.data_answer = answers
    enqueue(database)
    row = deliver(f"smtp://{address}")
    assert (row.next_try_at, row.trouble) == (NOW + 30, refusal(answers))
    mailbox.recipient_answer, mailbox.data_answer = "", "250 taken"
    assert deliver(f"smtp://{address}", NOW + 29).sent_at is None
    row = deliver(f"smtp://{address}", NOW + 30)
    assert (row.sent_at, row.trouble, row.tries) == (NOW + 30, None, 2)


def test_a_wrong_password_of_ours_is_no_fault_of_the_mail(deliver, database, serve, mailbox, trusted):
    enqueue(database)
    address = serve(tls_context=trusted, authenticator=mailbox.authenticate, auth_required=True, require_starttls=True)
    row = deliver(f"smtp://alpage:wrong@{address}")
    assert row.next_try_at == NOW + 30
    assert row.trouble.startswith("535")
    assert "wrong" not in row.trouble


def test_waits_double_for_three_days(deliver, database):
    enqueue(database)
    now, waits = NOW, []
    while (row := deliver("smtp://127.0.0.1:9", now)).next_try_at is not None:
        waits.append(row.next_try_at - now)
        now = row.next_try_at
    assert waits[:10] == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 14400]
    assert GIVEN_UP_SECONDS - 14_400 <= now - NOW <= GIVEN_UP_SECONDS
    assert row.sent_at is None


def test_the_settings_choose_the_carrier(settings):
    assert isinstance(carrier(settings), Folder)
    assert isinstance(carrier(settings.model_copy(update={"smtp_url": "smtps://mail.example.org"})), Relay)


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp:mail.example.org"])
def test_a_relay_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="a relay has the form"):
        Settings(smtp_url=url)
