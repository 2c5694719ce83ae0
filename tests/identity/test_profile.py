"""The profile of the caller: what he sees, what he changes, and what is refused."""

import pytest
from sqlalchemy import event, select

from alpage.identity.emails import UserEmail
from alpage.identity.phones import UserPhone
from alpage.identity.users import User, hash_password, is_password
from alpage.storage.changes import NOBODY, Change

PASSWORD = "a goat on the alp"


@pytest.fixture
def signed_up(heidi):
    """Heidi, with a password."""
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.get_one(User, heidi.user.id).password_hash = hash_password(PASSWORD)
    return heidi


def stored(person):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(User.__table__).where(User.id == person.user.id)).one()


def rows(person, table):
    with person.platform.database.reading() as transaction:
        return transaction.execute(select(table.__table__).where(table.user_id == person.user.id)).all()


def faults(answer):
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "validation_failed"
    return [(fault["context"]["attribute"], fault["code"]) for fault in answer.json()["error"]["errors"]]


def test_profile_of_the_caller(heidi):
    answer = heidi.call("GET", "/profile")
    assert answer.status_code == 200
    assert answer.headers["api-version"] == "2"
    assert answer.json()["data"] == {
        "id": heidi.user.id,
        "display_name": "Heidi Test",
        "first_name": "Heidi",
        "last_name": "Test",
        "email": "heidi@example.org",
        "is_sso": False,
        "avatar": None,
        "login": "heidi@example.org",
    }


def test_profile_takes_one_statement(heidi):
    heidi.call("GET", "/2/profile")  # the token is remembered from here on
    seen = []
    event.listen(heidi.platform.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert heidi.call("GET", "/2/profile").status_code == 200
    assert [statement for statement in seen if statement.startswith("SELECT")] == seen[-1:]


def test_the_query_of_the_apps_is_known(heidi):
    answer = heidi.call("GET", "/profile?no_avatar_default=1")
    assert answer.status_code == 200
    assert "x-ignored-parameters" not in answer.headers


def test_profile_needs_the_scope(heidi):
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    answer = heidi.call("GET", "/2/profile")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "all_scopes"
    assert answer.json()["error"]["context"]["scopes"] == ["user_info"]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_profile_needs_a_token(client, method):
    answer = client.request(method, "/2/profile")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authorized"


def test_everything_with_it(heidi):
    data = heidi.call("GET", "/2/profile?with=*", headers={"Accept-Language": "fr"}).json()["data"]
    assert data["type"] == "user"
    assert data["sessions"] == []
    assert data["phones"] == []
    assert data["emails"] == [
        {
            "id": heidi.user.id,
            "email": "heidi@example.org",
            "created_at": heidi.user.created_at,
            "reminder": False,
            "checked": True,
            "type": "personal",
        }
    ]
    preferences = data["preferences"]
    assert preferences["language"] == {
        "id": 1,
        "name": "Anglais",
        "short_name": "en",
        "locale": "en_GB",
        "short_locale": "en",
    }
    assert preferences["country"] == {"id": 756, "name": "Suisse", "short_name": "CH", "is_enabled": True}
    assert set(preferences["timezone"]) == {"id", "name", "gmt"}
    assert preferences["timezone"]["name"] == "Europe/Zurich"
    assert preferences["timezone"]["gmt"] in ("GMT+01:00", "GMT+02:00")
    assert preferences["connection"] == {
        "unsuccessful_limit": True,
        "unsuccessful_rate_limit": 10,
        "unsuccessful_notification": False,
        "successful_notification": False,
    }
    assert preferences["account"] == {"current_account_id": None, "last_login_at": 0}
    assert preferences["security"] == {
        "otp": False,
        "sms": False,
        "sms_phone": "",
        "yubikey": False,
        "infomaniak_application": False,
        "double_auth": False,
        "remaining_rescue_code": 0,
        "last_login_at": 0,
        "date_last_changed_password": heidi.user.created_at,
        "double_auth_method": "none",
        "auth_devices": [],
    }


@pytest.mark.parametrize("name", ["security", "account", "connection", "language", "country", "timezone"])
def test_a_preference_by_its_dots(heidi, name):
    data = heidi.call("GET", f"/2/profile?with=preferences.{name}").json()["data"]
    assert list(data["preferences"]) == [name]


def test_two_preferences_by_their_dots(heidi):
    data = heidi.call("GET", "/2/profile?with=preferences.language,preferences.country").json()["data"]
    assert set(data["preferences"]) == {"language", "country"}


def test_an_unknown_expansion_names_those_there_are(heidi):
    answer = heidi.call("GET", "/2/profile?with=friends")
    assert faults(answer) == [("with", "attribute_with")]
    assert "preferences.security" in answer.json()["error"]["errors"][0]["context"]["values"]


def test_a_change_of_much_at_once(heidi):
    answer = heidi.call(
        "PATCH",
        "/2/profile",
        {
            "firstname": " Adelheid ",
            "lastname": "Alm",
            "birth_at": "1880-05-14",
            "locale": "fr_FR",
            "timezone": "Africa/Cairo",
            "country_id": 276,
            "current_account_id": heidi.account.id,
            "successful_connexion_notification": True,
            "unsuccessful_connexion_notification": True,
            "unsuccessful_connexion_limit": False,
            "unsuccessful_connexion_rate_limit": 100,
        },
    )
    assert answer.status_code == 200
    assert answer.json()["data"]["display_name"] == "Adelheid Alm"
    user = stored(heidi)
    assert (user.first_name, user.last_name, user.birth_at) == ("Adelheid", "Alm", "1880-05-14")
    assert (user.language_id, user.timezone, user.country_id) == (4, "Africa/Cairo", 276)
    assert user.current_account_id == heidi.account.id
    assert (user.notifies_logins, user.notifies_failed_logins) == (True, True)
    assert (user.limits_failed_logins, user.failed_logins_per_hour) == (False, 100)


def test_a_change_answers_the_profile_with_what_is_asked(heidi):
    answer = heidi.call("PATCH", "/2/profile?with=preferences.language,emails", {"language_id": 2})
    data = answer.json()["data"]
    assert set(data) == {
        "id", "display_name", "first_name", "last_name", "email", "is_sso", "avatar", "login", "preferences", "emails",
    }  # fmt: skip
    assert data["preferences"]["language"]["locale"] == "de_DE"


def test_a_change_of_nothing(heidi):
    before = stored(heidi)
    answer = heidi.call("PATCH", "/2/profile", {})
    assert answer.status_code == 200
    assert stored(heidi) == before


def test_only_a_birthday_can_be_taken_back(heidi):
    heidi.call("PATCH", "/2/profile", {"birth_at": "1880-05-14", "firstname": "Adelheid"})
    assert heidi.call("PATCH", "/2/profile", {"birth_at": None, "firstname": None}).status_code == 200
    assert (stored(heidi).birth_at, stored(heidi).first_name) == (None, "Adelheid")


def test_a_time_zone_by_its_number(heidi):
    zones = heidi.call("GET", "/1/timezones?search=Tokyo").json()["data"]
    assert heidi.call("PATCH", "/2/profile", {"timezone_id": zones[0]["id"]}).status_code == 200
    assert stored(heidi).timezone == "Asia/Tokyo"


def test_a_dry_run_leaves_nothing(signed_up):
    before = stored(signed_up)
    change = {"firstname": "Adelheid", "password": "another goat", "current_password": PASSWORD}
    change |= {"reminder_email": "alm@example.org", "reminder_phone": "+41446681800"}
    answer = signed_up.call("PATCH", "/2/profile?dry_run=1", change)
    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    assert answer.json()["data"]["first_name"] == "Adelheid"
    events = [(entry["event"], entry["action"]) for entry in answer.json()["changes"]]
    parts = [("user.email", "created"), ("user.phone", "created"), ("user.security_event", "created")]
    assert sorted(events) == [("user", "updated"), *parts]
    assert stored(signed_up) == before
    assert rows(signed_up, UserEmail) == rows(signed_up, UserPhone) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"firstname": ""}, ("firstname", "attribute_min_length")),
        ({"lastname": "x" * 129}, ("lastname", "attribute_max_length")),
        ({"firstname": 7}, ("firstname", "attribute_type")),
        ({"email": "alm"}, ("email", "attribute_email")),
        ({"email": "x" * 60 + "@" + "y" * 60 + ".example.org"}, ("email", "attribute_max_length")),
        ({"birth_at": "14.5.1880"}, ("birth_at", "attribute_date")),
        ({"birth_at": "2999-01-01"}, ("birth_at", "attribute_before")),
        ({"language_id": 6}, ("language_id", "attribute_exists")),
        ({"language_id": 0}, ("language_id", "attribute_exists")),
        ({"locale": "gsw_CH"}, ("locale", "attribute_locale")),
        ({"locale": "fr", "language_id": 1}, ("locale", "attribute_conflict")),
        ({"timezone": "Europe/Alp"}, ("timezone", "attribute_timezone")),
        ({"timezone_id": 1}, ("timezone_id", "attribute_exists")),
        ({"country_id": 999}, ("country_id", "attribute_exists")),
        ({"current_account_id": 999}, ("current_account_id", "attribute_exists")),
        ({"current_account_id": 2**63}, ("current_account_id", "attribute_max_value")),
        ({"unsuccessful_connexion_rate_limit": 0}, ("unsuccessful_connexion_rate_limit", "attribute_min_value")),
        ({"unsuccessful_connexion_rate_limit": 101}, ("unsuccessful_connexion_rate_limit", "attribute_max_value")),
        ({"reminder_email": "alm"}, ("reminder_email", "attribute_email")),
        ({"reminder_email": "Heidi@example.org"}, ("reminder_email", "attribute_distinct")),
        ({"reminder_phone": "12"}, ("reminder_phone", "attribute_phone")),
        ({"reminder_phone": "goat"}, ("reminder_phone", "attribute_phone")),
        ({"reminder_phone": "+41 44 668 18 00 00"}, ("reminder_phone", "attribute_max_length")),
        ({"keep_session_ids": "all"}, ("keep_session_ids", "attribute_type")),
    ],
)
def test_what_cannot_be_used_is_refused(heidi, change, expected):
    before = stored(heidi)
    assert faults(heidi.call("PATCH", "/2/profile", change)) == [expected]
    assert stored(heidi) == before


def test_time_zone_and_number_must_agree(heidi):
    zone = heidi.call("GET", "/1/timezones?search=Tokyo").json()["data"][0]
    assert heidi.call("PATCH", "/2/profile", {"timezone": "Asia/Tokyo", "timezone_id": zone["id"]}).status_code == 200
    answer = heidi.call("PATCH", "/2/profile", {"timezone": "Europe/Paris", "timezone_id": zone["id"]})
    assert faults(answer) == [("timezone", "attribute_conflict")]


def test_all_faults_at_once(heidi):
    answer = heidi.call("PATCH", "/2/profile", {"locale": "xx", "country_id": 1, "firstname": ""})
    assert {attribute for attribute, _ in faults(answer)} == {"locale", "country_id", "firstname"}


def test_an_account_of_others_cannot_be_the_current_one(heidi, peter):
    answer = heidi.call("PATCH", "/2/profile", {"current_account_id": peter.account.id})
    assert faults(answer) == [("current_account_id", "attribute_exists")]


def test_an_account_beyond_the_token_cannot_be_the_current_one(heidi):
    other = heidi.platform.account(heidi.user, "Second")
    heidi.token = heidi.platform.token(heidi.user, account_ids=[other.id])
    answer = heidi.call("PATCH", "/2/profile", {"current_account_id": heidi.account.id})
    assert faults(answer) == [("current_account_id", "attribute_exists")]
    assert heidi.call("PATCH", "/2/profile", {"current_account_id": other.id}).status_code == 200


def test_a_new_password(signed_up):
    change = {"password": "eleven goats", "current_password": PASSWORD, "keep_session_ids": ["1"]}
    assert signed_up.call("PATCH", "/2/profile", change).status_code == 200
    user = stored(signed_up)
    assert is_password(user, "eleven goats")
    assert not is_password(user, PASSWORD)
    assert user.password_changed_at is not None
    security = signed_up.call("GET", "/2/profile?with=preferences.security").json()["data"]["preferences"]["security"]
    assert security["date_last_changed_password"] == user.password_changed_at


def test_a_password_never_enters_the_log(signed_up):
    signed_up.call("PATCH", "/2/profile", {"password": "eleven goats", "current_password": PASSWORD})
    with signed_up.platform.database.reading() as transaction:
        entries = transaction.execute(select(Change.__table__).where(Change.event == "user")).all()
    assert entries
    assert "argon2" not in repr(entries)
    assert "goats" not in repr(entries)


@pytest.mark.parametrize("change", [{"password": "eleven goats"}, {"email": "alm@example.org"}])
def test_credentials_need_the_present_password(signed_up, change):
    answer = signed_up.call("PATCH", "/2/profile", change)
    assert faults(answer) == [("current_password", "attribute_required_with")]
    assert answer.json()["error"]["errors"][0]["context"]["others"] == list(change)
    wrong = signed_up.call("PATCH", "/2/profile", {**change, "current_password": "wrong"})
    assert faults(wrong) == [("current_password", "attribute_current_password")]
    assert is_password(stored(signed_up), PASSWORD)


def test_who_has_no_password_cannot_set_one_with_a_token(heidi):
    answer = heidi.call("PATCH", "/2/profile", {"password": "eleven goats", "current_password": ""})
    assert faults(answer) == [("current_password", "attribute_required_with")]
    answer = heidi.call("PATCH", "/2/profile", {"password": "eleven goats", "current_password": "x"})
    assert faults(answer) == [("current_password", "attribute_current_password")]


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("a goat", "min_length"),
        ("goats " * 50, "max_length"),
        ("4711081547110815", "only_digits"),
        ("abababababababab", "repetition"),
        ("Heidi@Example.org", "own_name"),
        ("Password-2026", "common"),
        (PASSWORD, "unchanged"),
    ],
)
def test_a_bad_password_is_refused_by_its_rule(signed_up, password, rule):
    answer = signed_up.call("PATCH", "/2/profile", {"password": password, "current_password": PASSWORD})
    assert faults(answer) == [("password", "attribute_password")]
    assert answer.json()["error"]["errors"][0]["context"]["rule"] == rule


def test_a_new_address(signed_up):
    answer = signed_up.call("PATCH", "/2/profile", {"email": "Alm@Example.org", "current_password": PASSWORD})
    assert answer.json()["data"]["email"] == "alm@example.org"
    assert answer.json()["data"]["login"] == "alm@example.org"
    assert signed_up.call("GET", "/2/profile/emails").json()["data"][0]["checked"] is False


def test_the_present_address_is_no_change(heidi):
    answer = heidi.call("PATCH", "/2/profile", {"email": "heidi@example.org", "lastname": "Alm"})
    assert answer.status_code == 200
    assert heidi.call("GET", "/2/profile/emails").json()["data"][0]["checked"] is True


def test_an_address_of_others_is_taken(signed_up, peter):
    answer = signed_up.call("PATCH", "/2/profile", {"email": peter.user.email, "current_password": PASSWORD})
    assert faults(answer) == [("email", "attribute_unique")]


def test_a_change_stays_with_the_caller(heidi, peter):
    before = stored(peter)
    heidi.call("PATCH", "/2/profile", {"firstname": "Adelheid", "locale": "it"})
    assert stored(peter) == before


def test_text_that_a_database_cannot_hold_is_no_failure(heidi):
    answer = heidi.call("PATCH", "/2/profile", {"firstname": "Hei\x00di"})
    assert answer.status_code in (200, 422)  # SQLite holds it
    assert stored(heidi).first_name in ("Heidi", "Hei\x00di")
