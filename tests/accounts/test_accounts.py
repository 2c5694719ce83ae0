"""Accounts: the list, one of them, its optional fields, what can be changed."""

import pytest

from alpage.accounts.accounts import Account, AccountDetails
from alpage.storage.changes import NOBODY

REQUIRED = {
    "id": int,
    "name": str,
    "legal_entity_type": str,
    "created_at": int,
    "locale": str,
    "language_id": int,
    "beta": bool,
    "support_level": int,
    "has_2fa_required": bool,
    "is_customer": bool,
    "is_sso": bool,
}


def test_accounts_of_the_caller(heidi, peter):
    heidi.platform.member(peter.account, heidi.user)
    answer = heidi.call("GET", "/1/accounts?order_by=name&order=desc").json()
    assert [account["name"] for account in answer["data"]] == ["Goat Farm", "Alpine Club"]
    for account in answer["data"]:
        assert {name: type(value) for name, value in account.items()} == REQUIRED


def test_one_account(heidi):
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}").json()["data"]
    assert (answer["id"], answer["name"], answer["is_customer"]) == (heidi.account.id, "Alpine Club", False)


def test_a_customer_has_a_product(heidi, peter, domain):
    heidi.platform.member(peter.account, heidi.user)
    answer = heidi.call("GET", "/1/accounts").json()["data"]
    assert {account["id"]: account["is_customer"] for account in answer} == {
        heidi.account.id: True,
        peter.account.id: False,
    }


def test_everything_optional_at_once(heidi, anna):
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "shop"})
    heidi.call(
        "PATCH", f"/1/accounts/{heidi.account.id}", {"website": "https://example.org", "timezone": "Europe/Zurich"}
    )
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}?with=*").json()["data"]
    optional = {name: answer[name] for name in AccountDetails.expansions if name in answer}
    assert optional.pop("tags") == [{"id": 1, "name": "shop", "color": 1}]
    assert optional == {
        "timezone": "Europe/Zurich",
        "website": "https://example.org",
        "addresses": [],
        "language": "en",
        "is_blocked": False,
        "type": "owner",
        "billing": True,
        "mailing": False,
        "billing_mailing": False,
        "workspace_only": False,
        "no_access": False,
        "nb_users": 2,
        "nb_invitations": 0,
        "count_owners": 1,
    }


def test_numbers_are_each_account_s_own(heidi, peter, anna):
    heidi.platform.member(peter.account, heidi.user)
    body = {"email": "new@example.org", "first_name": "N", "last_name": "E", "locale": "de_DE", "role_type": "normal"}
    assert peter.call("POST", f"/1/accounts/{peter.account.id}/invitations", body).status_code == 201
    answer = heidi.call("GET", "/1/accounts?with=nb_users,nb_invitations,count_owners,type").json()["data"]
    numbers = [(one["nb_users"], one["nb_invitations"], one["count_owners"], one["type"]) for one in answer]
    assert numbers == [(2, 0, 1, "owner"), (2, 1, 1, "normal")]


def test_a_blocked_account_says_so(heidi):
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.get(Account, heidi.account.id).blocked_at = 1_700_000_000
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}?with=is_blocked,blocked_at").json()["data"]
    assert (answer["is_blocked"], answer["blocked_at"]) == (True, 1_700_000_000)


def test_change_an_account(anna):
    changes = {"name": "Ski Club", "locale": "fr_FR", "phone": "+41 44 668 18 00", "legal_entity_type": "individual"}
    answer = anna.call("PATCH", f"/1/accounts/{anna.account.id}?with=phone,language", changes).json()["data"]
    assert answer["name"] == "Ski Club"
    assert answer["legal_entity_type"] == "individual"
    assert (answer["locale"], answer["language_id"], answer["language"]) == ("fr_FR", 4, "fr")
    assert answer["phone"] == "+41 44 668 18 00"


def test_an_empty_text_takes_a_value_away(heidi):
    path = f"/1/accounts/{heidi.account.id}?with=website"
    assert "website" in heidi.call("PATCH", path, {"website": "https://example.org/club"}).json()["data"]
    assert "website" not in heidi.call("PATCH", path, {"website": ""}).json()["data"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "attribute_min_length"),
        ("legal_entity_type", "club", "attribute_in"),
        ("locale", "de_CH", "attribute_in"),
        ("timezone", "Europe/Davos", "attribute_timezone"),
        ("website", "javascript:alert(1)", "attribute_url"),
        ("website", "https://", "attribute_url"),
    ],
)
def test_what_an_account_refuses(heidi, field, value, code):
    answer = heidi.call("PATCH", f"/1/accounts/{heidi.account.id}", {field: value})
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]["attribute"]) == (code, field)
