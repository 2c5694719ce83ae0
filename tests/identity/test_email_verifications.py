"""E-mail addresses: a link proves that they are read by whom they belong to."""

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from alpage.identity import email_verifications
from alpage.identity.emails import UserEmail
from alpage.identity.security_events import SecurityEvent
from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from alpage.tasks.mails import Mail

PASSWORD = "eleven goats on a hill"


@pytest.fixture
def unverified(heidi):
    """Heidi, whose address nobody has vouched for."""
    with heidi.platform.database.transaction(NOBODY) as transaction:
        user = transaction.session.get_one(User, heidi.user.id)
        user.is_email_checked, user.password_hash = False, hash_password(PASSWORD)
    return heidi


def path(email_type, email_id):
    return f"/1/profile/emails/{email_type}/{email_id}/verification"


def ask(person, email_type="personal", email_id=None):
    answer = person.call("POST", path(email_type, email_id or person.user.id))
    assert answer.status_code == 201, answer.text
    return link(person)


def link(person):
    """The secret of the last mail's link, as its reader has it."""
    text = person.call("GET", f"/1/profile/mails/{mails(person)[-1].id}").json()["data"]["text"]
    (address,) = [line for line in text.splitlines() if line.startswith("http")]
    assert address.startswith(person.platform.settings.issuer + email_verifications.PATH)
    return parse_qs(urlsplit(address).query)["ticket"][0]


def mails(person):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(Mail.__table__).order_by(Mail.id)).all()


def finish(person, secret, now=None):
    platform = person.platform
    with platform.database.transaction(NOBODY) as transaction:
        now = now or mails(person)[-1].created_at
        return email_verifications.finish(transaction, platform.tokens.pepper, platform.tokens.clocks, secret, now)


def is_checked(person):
    (own, *_) = person.call("GET", "/2/profile/emails").json()["data"]
    return own["checked"]


def test_a_link_verifies_an_address_once(unverified, platform):
    secret = ask(unverified)
    with platform.database.reading() as transaction:
        address = email_verifications.find(transaction, platform.tokens.pepper, platform.tokens.clocks, secret, 1)
    assert address == "heidi@example.org"
    assert not is_checked(unverified)
    assert finish(unverified, secret).id == unverified.user.id
    assert is_checked(unverified)
    assert finish(unverified, secret) is None
    with platform.database.reading() as transaction:
        (event,) = transaction.execute(select(SecurityEvent.__table__)).all()
    assert (event.kind, event.context) == ("email_verified", {"email": "heidi@example.org"})


def test_a_verified_address_is_not_asked_again(heidi):
    answer = heidi.call("POST", path("personal", heidi.user.id))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "state_conflict")


def test_a_link_is_not_good_for_ever(unverified):
    secret = ask(unverified)
    assert finish(unverified, secret, mails(unverified)[-1].created_at + email_verifications.LIFETIME_SECONDS) is None


def test_another_address_is_verified_too(unverified, platform):
    other = UserEmail(user_id=unverified.user.id, email="alm@example.org", created_at=1)
    platform.add(other)
    unverified.call("POST", path("other", other.id))
    mail = mails(unverified)[-1]
    assert mail.recipient == "alm@example.org"
    assert unverified.call("GET", f"/1/profile/mails/{mail.id}").status_code == 404  # who reads it there proves it
    secret = email_verifications.write_link(platform.settings, mail.content).partition("ticket=")[2]
    assert finish(unverified, secret) is not None
    shown = unverified.call("GET", f"/2/profile/emails/other/{other.id}").json()["data"]
    assert shown["checked"] is True
    assert not is_checked(unverified)


def test_an_address_of_somebody_else_is_not_there(unverified, peter):
    assert peter.call("POST", path("personal", unverified.user.id)).status_code == 404


def test_a_link_to_an_address_that_was_given_up_is_worth_nothing(unverified, platform):
    secret = ask(unverified)
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, unverified.user.id).email = "alm@example.org"
    assert finish(unverified, secret) is None


def test_a_new_address_is_verified_and_the_old_one_told(unverified):
    body = {"email": "alm@example.org", "current_password": PASSWORD}
    assert unverified.call("PATCH", "/2/profile", body).status_code == 200
    told = [(mail.recipient, mail.template) for mail in mails(unverified)]
    assert told == [("heidi@example.org", "email_changed"), ("alm@example.org", "email_verification")]
    assert finish(unverified, link(unverified)) is not None
    assert is_checked(unverified)


def test_nobody_is_flooded(unverified):
    answers = [unverified.call("POST", path("personal", unverified.user.id)).status_code for _ in range(6)]
    assert answers == [201] * 5 + [429]


def test_the_outbox_shows_own_mails_only(unverified, peter):
    ask(unverified)
    (shown,) = unverified.call("GET", "/1/profile/mails").json()["data"]
    assert (shown["subject"], shown["recipient"]) == ("Confirm your e-mail address", "heidi@example.org")
    assert peter.call("GET", "/1/profile/mails").json()["data"] == []
    assert peter.call("GET", f"/1/profile/mails/{shown['id']}").status_code == 404
