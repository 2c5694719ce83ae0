"""Passkeys: made by the routes, used by the verbs of the sign-in, and everything that must not work."""

from time import time

import pytest
from sqlalchemy import select

from alpage.identity import passkeys
from alpage.identity.passkeys import Passkey, PasskeyUse
from alpage.identity.security_events import SecurityEvent
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from tests.identity.signed_in import signed_in
from tests.identity.software_authenticator import USER_PRESENT, SoftwareAuthenticator

PATH = "/1/profile/passkeys"


@pytest.fixture
def device(settings):
    return SoftwareAuthenticator(passkeys.relying_party(settings)[1])


@pytest.fixture
def heidi_now(heidi):
    return signed_in(heidi)


def begin(person):
    answer = person.call("POST", f"{PATH}/options")
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def add(person, device, **change):
    begun = begin(person)
    body = {"ticket": begun["ticket"], "response": device.create(begun["options"]), "name": "Telephone", **change}
    return person.call("POST", PATH, body)


def sign_in(person, device, user_id=None, change=lambda response: response, now=None):
    platform, now = person.platform, now or int(time())
    with platform.database.transaction(NOBODY) as transaction:
        begun = passkeys.begin_sign_in(transaction, platform.settings, platform.tokens.pepper, now, user_id)
    return finish(person, begun[1], change(device.get(begun[0])), now)


def finish(person, ticket, response, now=None):
    platform = person.platform
    given = {"settings": platform.settings, "pepper": platform.tokens.pepper, "now": now or int(time())}
    with platform.database.transaction(NOBODY) as transaction:
        return passkeys.finish_sign_in(transaction, ticket, response, **given)


def events(person):
    with person.platform.database.reading() as transaction:
        found = select(SecurityEvent.kind).where(SecurityEvent.user_id == person.user.id).order_by(SecurityEvent.id)
        return [*transaction.execute(found).scalars()]


def test_a_passkey_is_made_and_signs_in(heidi_now, device):
    made = add(heidi_now, device)
    assert made.status_code == 201, made.text
    shown = made.json()["data"]
    assert (shown["name"], shown["is_backed_up"], shown["transports"]) == ("Telephone", False, ["internal"])
    assert heidi_now.call("GET", PATH).json()["data"] == [shown]
    assert heidi_now.call("GET", f"{PATH}/{shown['id']}").json()["data"] == shown
    assert sign_in(heidi_now, device) == heidi_now.user.id
    assert sign_in(heidi_now, device, heidi_now.user.id) == heidi_now.user.id
    assert events(heidi_now) == ["passkey_added"]


def test_the_options_say_nothing_about_the_user(heidi_now, platform):
    options = begin(heidi_now)["options"]
    assert options["rp"] == {"name": "Alpage", "id": "127.0.0.1"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    handle = passkeys.user_handle(platform.tokens.pepper, heidi_now.user.id)
    assert len(handle) == 32
    assert handle != passkeys.user_handle(b"another pepper", heidi_now.user.id)
    with platform.database.transaction(NOBODY) as transaction:
        anyone, _ = passkeys.begin_sign_in(transaction, platform.settings, b"pepper", 1)
    assert anyone["allowCredentials"] == []  # any will do
    assert anyone["userVerification"] == "required"


def test_a_known_passkey_is_not_made_twice(heidi_now, device, peter):
    add(heidi_now, device)
    assert len(begin(heidi_now)["options"]["excludeCredentials"]) == 1
    again = add(signed_in(peter), device)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "object_already_exists")


def test_a_passkey_is_renamed_and_deleted(heidi_now, device):
    made = add(heidi_now, device).json()["data"]
    renamed = heidi_now.call("PATCH", f"{PATH}/{made['id']}", {"name": "Key ring"})
    assert renamed.json()["data"] == {**made, "name": "Key ring"}
    assert heidi_now.call("DELETE", f"{PATH}/{made['id']}").json()["data"] is True
    assert heidi_now.call("GET", PATH).json()["data"] == []
    assert sign_in(heidi_now, device) is None
    assert events(heidi_now) == ["passkey_added", "passkey_removed"]
    with heidi_now.platform.database.reading() as transaction:
        assert transaction.execute(select(PasskeyUse.passkey_id)).all() == []


def test_a_passkey_of_somebody_else_is_not_there(heidi_now, peter, device):
    made = add(heidi_now, device).json()["data"]
    stranger = signed_in(peter)
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        assert stranger.call(method, f"{PATH}/{made['id']}", body).status_code == 404


@pytest.mark.parametrize("ago", [None, 3600])
def test_changes_need_a_sign_in_lately(heidi, ago):
    person = heidi if ago is None else signed_in(heidi, ago=ago)  # a personal token has no sign-in at all
    answer = person.call("POST", f"{PATH}/options")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login_too_old")


def refused(answer, reason):
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "passkey_not_accepted")
    assert answer.json()["error"]["context"]["reason"] == reason


def test_a_challenge_is_good_once(heidi_now, device):
    begun = begin(heidi_now)
    body = {"ticket": begun["ticket"], "response": device.create(begun["options"])}
    assert heidi_now.call("POST", PATH, body).status_code == 201
    refused(heidi_now.call("POST", PATH, body), "ticket")


def test_a_ticket_is_for_one_user_and_one_ceremony(heidi_now, peter, device, platform):
    begun = begin(heidi_now)
    body = {"ticket": begun["ticket"], "response": device.create(begun["options"])}
    refused(signed_in(peter).call("POST", PATH, body), "ticket")
    add(heidi_now, device)
    begun = begin(heidi_now)
    assert finish(heidi_now, begun["ticket"], device.get(begun["options"])) is None
    with platform.database.transaction(NOBODY) as transaction:
        options, ticket = passkeys.begin_sign_in(
            transaction, platform.settings, platform.tokens.pepper, int(time()), heidi_now.user.id
        )
    creation = {**begun["options"], "challenge": options["challenge"]}
    other = SoftwareAuthenticator(device.origin)
    refused(heidi_now.call("POST", PATH, {"ticket": ticket, "response": other.create(creation)}), "ticket")


@pytest.mark.parametrize("ticket", ["", "x", "alp_ot_" + "0" * 49])
def test_a_made_up_ticket_is_refused(heidi_now, device, ticket):
    refused(add(heidi_now, device, ticket=ticket), "ticket")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda response: {},
        lambda response: {**response, "rawId": "AAAA"},
        lambda response: {**response, "type": "password"},
        lambda response: {**response, "response": None},
        lambda response: {**response, "response": {"clientDataJSON": "e30", "attestationObject": "AA"}},
        lambda response: {**response, "response": {**response["response"], "attestationObject": "_____w"}},
    ],
)
def test_a_spoilt_answer_is_refused(heidi_now, device, spoil):
    begun = begin(heidi_now)
    body = {"ticket": begun["ticket"], "response": spoil(device.create(begun["options"]))}
    refused(heidi_now.call("POST", PATH, body), "response")


def test_another_site_cannot_use_a_passkey(heidi_now, device):
    add(heidi_now, device)
    device.origin = "https://alpage.example.evil"
    assert sign_in(heidi_now, device) is None
    refused(add(heidi_now, SoftwareAuthenticator(device.origin)), "response")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda response: {**response, "id": "AAAA"},
        lambda response: {**response, "id": 7},
        lambda response: {**response, "response": []},
        lambda response: {**response, "response": {**response["response"], "signature": "AAAA"}},
        lambda response: {**response, "response": {**response["response"], "authenticatorData": "AAAA"}},
        lambda response: {**response, "response": {**response["response"], "userHandle": "AAAA"}},
        lambda response: {**response, "response": {**response["response"], "userHandle": 7}},
    ],
)
def test_a_spoilt_sign_in_is_refused(heidi_now, device, spoil):
    add(heidi_now, device)
    assert sign_in(heidi_now, device, change=spoil) is None
    assert sign_in(heidi_now, device) == heidi_now.user.id


def test_another_key_does_not_sign_in(heidi_now, device):
    add(heidi_now, device)
    forged = SoftwareAuthenticator(
        device.origin, credential_id=device.credential_id, user_handle=device.user_handle, rp_id=device.rp_id
    )
    assert sign_in(heidi_now, forged) is None


def test_an_answer_is_good_once_and_not_for_long(heidi_now, device, platform):
    add(heidi_now, device)
    now = int(time())
    with platform.database.transaction(NOBODY) as transaction:
        options, ticket = passkeys.begin_sign_in(transaction, platform.settings, platform.tokens.pepper, now)
    response = device.get(options)
    assert finish(heidi_now, ticket, response, now + passkeys.CEREMONY_SECONDS) is None
    assert finish(heidi_now, ticket, response, now) == heidi_now.user.id
    assert finish(heidi_now, ticket, response, now) is None


def test_alone_a_passkey_must_have_verified_its_user(heidi_now, device):
    add(heidi_now, device)
    device.flags = USER_PRESENT
    assert sign_in(heidi_now, device) is None
    assert sign_in(heidi_now, device, heidi_now.user.id) == heidi_now.user.id


def test_a_second_factor_is_that_of_the_user(heidi_now, peter, device):
    add(heidi_now, device)
    assert sign_in(heidi_now, device, peter.user.id) is None


def test_a_counter_that_does_not_go_on_shows_a_copy(heidi_now, device):
    add(heidi_now, device)
    device.counter = 5
    assert sign_in(heidi_now, device) == heidi_now.user.id
    assert sign_in(heidi_now, device) is None
    device.counter = 4
    assert sign_in(heidi_now, device) is None
    device.counter = 0
    assert sign_in(heidi_now, device) is None
    assert events(heidi_now) == ["passkey_added", *["passkey_copied"] * 3]
    device.counter = 2**32 - 1
    assert sign_in(heidi_now, device) == heidi_now.user.id


def test_who_cannot_sign_raises_no_alarm(heidi_now, device):
    add(heidi_now, device)
    device.counter = 5
    sign_in(heidi_now, device)
    forged = SoftwareAuthenticator(device.origin, credential_id=device.credential_id, rp_id=device.rp_id)
    assert sign_in(heidi_now, forged) is None
    assert "passkey_copied" not in events(heidi_now)


def test_a_blocked_user_does_not_sign_in(heidi_now, device, platform):
    add(heidi_now, device)
    with platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, heidi_now.user.id).blocked_at = 1
    assert sign_in(heidi_now, device) is None


def test_a_dry_run_adds_nothing(heidi_now, device, platform):
    begun = begin(heidi_now)
    body = {"ticket": begun["ticket"], "response": device.create(begun["options"])}
    assert heidi_now.call("POST", f"{PATH}?dry_run=1", body).status_code == 201
    with platform.database.reading() as transaction:
        assert transaction.execute(select(Passkey.id)).all() == []
    assert heidi_now.call("POST", PATH, body).status_code == 201
