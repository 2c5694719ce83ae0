"""The users of an account: the list of members and invited, roles, and leaving."""

import pytest

from tests.accounts.conftest import join

TYPES = {
    "user_id": int,
    "invitation_id": type(None),
    "first_name": str,
    "last_name": str,
    "display_name": str,
    "email": str,
    "avatar": type(None),
    "role_type": str,
    "state_in_account": str,
    "is_correspondent": bool,
    "is_correspondent_billing": bool,
    "is_workspace_only": bool,
    "has_no_manager_access": bool,
    "has_billing_access": bool,
    "is_sso": bool,
    "language_id": int,
    "unique_key": str,
    "last_login_at": int,
    "partnership_id": type(None),
}


def path(person, user=None, rest=""):
    return f"/2/accounts/{person.account.id}/users" + (f"/{user.id}{rest}" if user else "")


def listed(person, query=""):
    answer = person.call("GET", path(person) + query)
    assert answer.status_code == 200, answer.text
    return [user["email"].partition("@")[0] for user in answer.json()["data"]]


def invite(person, name, **values):
    body = {
        "email": f"{name}@example.org",
        "first_name": name.title(),
        "last_name": "Guest",
        "locale": "fr_FR",
        "role_type": "normal",
    }
    answer = person.call("POST", f"/1/accounts/{person.account.id}/invitations", {**body, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def test_fields_of_a_member(heidi):
    (user,) = heidi.call("GET", path(heidi)).json()["data"]
    assert {name: type(value) for name, value in user.items()} == TYPES
    assert (user["unique_key"], user["state_in_account"]) == (f"user-{heidi.user.id}", "valid")
    assert user["has_billing_access"] is True
    assert user["last_login_at"] > 0


def test_fields_of_somebody_invited(heidi):
    invitation = invite(heidi, "eva", permissions={"billing": True})
    (user,) = heidi.call("GET", path(heidi) + "?filter[state_in_account]=pending").json()["data"]
    assert set(user) == set(TYPES)
    assert (user["user_id"], user["invitation_id"]) == (None, invitation["id"])
    assert (user["display_name"], user["language_id"], user["last_login_at"]) == ("Eva Guest", 4, 0)
    assert (user["has_billing_access"], user["is_sso"]) == (True, False)


def test_only_administrators_see_who_is_invited(heidi, nils, anna):
    invite(heidi, "eva")
    assert sorted(listed(anna)) == ["anna", "eva", "heidi", "nils"]
    assert sorted(listed(nils)) == ["anna", "heidi", "nils"]
    assert nils.call("GET", path(nils) + "?return=total").json()["data"] == 3
    assert anna.call("GET", path(anna) + "?return=total").json()["data"] == 4


def test_filter_search_order_and_pages(heidi, nils, anna, team, domain):
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    invite(heidi, "eva", teams=[team])
    invite(heidi, "olaf", role_type="admin")
    assert listed(heidi, "?filter[role_type]=admin&order_by=email") == ["anna", "olaf"]
    assert listed(heidi, "?filter[state_in_account]=valid&order_by=email") == ["anna", "heidi", "nils"]
    assert listed(heidi, f"?filter[team_ids][]={team}&order_by=email") == ["eva", "nils"]
    assert listed(heidi, f"?filter[user_ids][]={anna.user.id}") == ["anna"]
    assert listed(heidi, "?filter[has_billing_access]=1") == ["heidi"]
    assert listed(heidi, "?filter[has_empty_access]=true&order_by=email") == ["eva", "nils"]
    assert listed(heidi, "?filter[has_no_app_access]=0&order_by=email") == ["anna", "heidi", "olaf"]
    assert listed(heidi, "?search=GUEST&order_by=first_name&order=desc") == ["olaf", "eva"]
    assert listed(heidi, "?order_by=state_in_account,email") == ["eva", "olaf", "anna", "heidi", "nils"]
    assert listed(heidi, "?order_by=role_type,last_name,first_name") == ["olaf", "anna", "eva", "nils", "heidi"]
    assert listed(heidi, "?order_by=last_login_at&order=desc")[0] == "heidi"
    page = heidi.call("GET", path(heidi) + "?page=2&per_page=2&order_by=email").json()
    assert [user["first_name"] for user in page["data"]] == ["Heidi", "Nils"]
    assert (page["total"], page["pages"]) == (5, 3)
    heidi.platform.right(domain, nils.user, "check")
    assert listed(heidi, "?filter[has_empty_access]=true") == ["eva"]


def test_invitations_that_were_answered_are_shown_on_request(heidi):
    invitation = invite(heidi, "eva")
    assert len(listed(heidi)) == 2
    heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}")
    assert listed(heidi) == ["heidi"]
    assert listed(heidi, "?filter[invitation_status]=cancelled") == ["eva"]
    assert listed(heidi, "?filter[invitation_status]=pending") == []


def test_optional_fields(heidi, nils, team, domain):
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    invite(heidi, "eva", teams=[team])
    heidi.platform.right(domain, nils.user, "check")
    users = {user["first_name"]: user for user in heidi.call("GET", path(heidi) + "?with=*").json()["data"]}
    assert {name: [one["name"] for one in user["teams"]] for name, user in users.items()} == {
        "Eva": ["Web"],
        "Heidi": [],
        "Nils": ["Web"],
    }
    assert users["Nils"]["permissions"] == [
        {"service_id": 14, "product_id": domain.id, "apply_to_all": False, "types": ["check"]}
    ]
    assert all(user["service_permissions"] == [] for user in users.values())


def test_what_a_member_reaches(heidi, nils, anna, domain):
    heidi.platform.product(heidi.account, "files", (43, "drive"))
    heidi.platform.right(domain, nils.user, "technical")
    accesses = heidi.call("GET", path(heidi, nils.user, "/app_accesses")).json()["data"]
    rights = {"technical": True, "statistic": False, "check": False, "sale": False}
    assert accesses == {"domain": [{"id": domain.id, "customer_name": "example.ch", "rights": rights}]}
    assert nils.call("GET", path(heidi, nils.user, "/app_accesses")).json()["data"] == accesses
    assert set(heidi.call("GET", path(heidi, anna.user, "/app_accesses")).json()["data"]) == {"domain", "drive"}
    assert nils.call("GET", path(heidi, anna.user, "/app_accesses")).status_code == 403


def test_change_a_role(anna, nils):
    changed = anna.call("PATCH", path(anna, nils.user), {"role_type": "admin"})
    assert changed.status_code == 200
    assert (changed.json()["data"]["user_id"], changed.json()["data"]["role_type"]) == (nils.user.id, "admin")
    assert nils.call("GET", f"/1/accounts/{nils.account.id}/teams").status_code == 200


def test_only_an_owner_makes_and_unmakes_owners(heidi, anna, nils):
    for user, role in ((nils.user, "owner"), (anna.user, "owner"), (heidi.user, "normal")):
        refused = anna.call("PATCH", path(anna, user), {"role_type": role})
        assert refused.status_code == 403
        assert refused.json()["error"]["context"]["required_right"] == "owner"
    assert anna.call("DELETE", path(anna, heidi.user)).status_code == 403
    assert heidi.call("PATCH", path(heidi, anna.user), {"role_type": "owner"}).status_code == 200
    assert anna.call("PATCH", path(anna, heidi.user), {"role_type": "normal"}).status_code == 200


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"role_type": "normal"}), ("DELETE", None)])
def test_an_account_always_has_an_owner(heidi, anna, method, body):
    refused = heidi.call(method, path(heidi, heidi.user), body)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert (error["code"], error["context"]["state"]) == ("state_conflict", "last_owner")
    heidi.call("PATCH", path(heidi, anna.user), {"role_type": "owner"})
    assert heidi.call(method, path(heidi, heidi.user), body).status_code == 200


def test_an_owner_may_stay_what_he_is(heidi):
    assert heidi.call("PATCH", path(heidi, heidi.user), {"role_type": "owner"}).status_code == 200


def test_who_is_removed_loses_everything_in_the_account(heidi, nils, team, domain):
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    heidi.call("PATCH", f"/1/accounts/{heidi.account.id}/teams/{team}", {"owned_by_id": nils.user.id})
    heidi.platform.right(domain, nils.user, "check")
    assert heidi.call("DELETE", path(heidi, nils.user)).json()["data"] is True
    assert listed(heidi) == ["heidi"]
    shown = heidi.call("GET", f"/1/accounts/{heidi.account.id}/teams/{team}?with=user_count").json()["data"]
    assert (shown["user_count"], shown["owned_by_id"]) == (0, None)
    assert nils.call("GET", "/1/accounts").json()["data"] == []
    heidi.platform.member(heidi.account, nils.user)
    assert nils.call("GET", "/1/products").json()["data"] == []


def test_everybody_may_leave_but_not_send_others_away(heidi, nils):
    eva = join(heidi, "eva")
    assert nils.call("DELETE", path(nils, eva.user)).status_code == 403
    assert nils.call("DELETE", path(nils, nils.user)).status_code == 200
    assert sorted(listed(heidi)) == ["eva", "heidi"]


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [("PATCH", "", {"role_type": "normal"}), ("DELETE", "", None), ("GET", "/app_accesses", None)],
)
def test_who_is_no_member_does_not_exist(heidi, peter, method, rest, body):
    answer = heidi.call(method, path(heidi, peter.user, rest), body)
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "User", "id": peter.user.id}
