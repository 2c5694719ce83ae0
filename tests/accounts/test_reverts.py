"""Changes of accounts, taken back: by whom, how far, and why not."""

import pytest

from alpage.accounts.members import Membership
from alpage.storage.changes import NOBODY, Change
from tests.accounts.conftest import join
from tests.reverting import latest, reasons, revert, revert_request, taken_back

TAGS = "/1/accounts/{0.account.id}/tags"
TEAMS = "/1/accounts/{0.account.id}/teams"


def data(answer):
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


def make_tag(person, name="blue"):
    return data(person.call("POST", TAGS.format(person), {"name": name, "color": 3}))["id"]


def make_team(person, name="web", **values):
    return data(person.call("POST", TEAMS.format(person), {"name": name, **values}))["id"]


def tags(person):
    return [(tag["id"], tag["name"], tag["color"]) for tag in data(person.call("GET", TAGS.format(person)))]


# what was created goes, what was deleted comes back, what was updated is as before


def test_a_tag(heidi):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green", "color": 4})
    taken_back(heidi, "account.tag", "updated")
    assert tags(heidi) == [(tag, "blue", 3)]
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    taken_back(heidi, "account.tag", "deleted")
    assert tags(heidi) == [(tag, "blue", 3)]
    change = latest(heidi, "account.tag", "created")
    assert data(revert(heidi, change))["reverts"] == [change["id"]]
    assert tags(heidi) == []


def test_a_tag_comes_back_with_its_places(heidi, domain):
    tag, other = make_tag(heidi), make_tag(heidi, "other")
    heidi.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": [tag, other]})
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    taken_back(heidi, "account.tag", "deleted")
    assert [tag["product_count"] for tag in data(heidi.call("GET", TAGS.format(heidi)))] == [1, 1]


def test_a_tag_on_a_product(heidi, domain):
    tag = make_tag(heidi)
    heidi.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": [tag]})
    taken_back(heidi, "product.tag", "created")
    taken_back(heidi, "product.tag", "deleted")
    assert data(heidi.call("GET", TAGS.format(heidi)))[0]["product_count"] == 1


def test_an_address(heidi):
    path = f"/1/accounts/{heidi.account.id}/addresses"
    body = {"street": "Dorf 1", "zip": "7304", "city": "Maienfeld", "country_id": 756}
    address = data(heidi.call("POST", path, body))
    heidi.call("PATCH", f"{path}/{address['id']}", {"city": "Chur"})
    taken_back(heidi, "account.address", "updated")
    heidi.call("DELETE", f"{path}/{address['id']}")
    taken_back(heidi, "account.address", "deleted")
    assert data(heidi.call("GET", path)) == [address]


def test_an_account(heidi):
    path = f"/1/accounts/{heidi.account.id}"
    before = data(heidi.call("GET", path + "?with=*"))
    heidi.call("PATCH", path, {"name": "Other", "phone": "081", "locale": "fr_FR", "timezone": "Europe/Paris"})
    taken_back(heidi, "account", "updated")
    assert data(heidi.call("GET", path + "?with=*")) == before
    assert reasons(revert(heidi, latest(heidi, "account", "created"))) == [("revert_not_offered", "object_id")]


def test_a_team_with_its_members_and_rights(heidi, nils):
    team = make_team(heidi, permissions={"services": [14]})
    heidi.call("POST", f"{TEAMS.format(heidi)}/{team}/users", {"user_ids": [nils.user.id]})
    before = data(heidi.call("GET", f"{TEAMS.format(heidi)}/{team}?with=user_count"))
    heidi.call("DELETE", f"{TEAMS.format(heidi)}/{team}")
    taken_back(heidi, "account.team", "deleted")
    assert data(heidi.call("GET", f"{TEAMS.format(heidi)}/{team}?with=user_count")) == before


def test_a_team_that_was_made_goes_with_the_rights_it_was_made_with(heidi, nils):
    team = make_team(heidi, permissions={"services": [14]})
    change = latest(heidi, "account.team", "created")
    heidi.call("POST", f"{TEAMS.format(heidi)}/{team}/users", {"user_ids": [nils.user.id]})
    answer = revert(heidi, change)
    assert reasons(answer) == [("revert_in_use", "object_id")]
    assert answer.json()["error"]["errors"][0]["context"]["child"] == "account.team.member"
    taken_back(heidi, "account.team.member", "created")
    assert len(data(revert(heidi, change))["reverts"]) == 2
    assert data(heidi.call("GET", TEAMS.format(heidi))) == []


def test_the_fields_and_rights_of_a_team(heidi, nils):
    team = make_team(heidi)
    before = data(heidi.call("GET", f"{TEAMS.format(heidi)}/{team}"))
    body = {"name": "x", "owned_by_id": nils.user.id, "permissions": {"services": [14]}}
    answer = heidi.call("PATCH", f"{TEAMS.format(heidi)}/{team}", body)
    assert data(revert_request(heidi, answer.headers["x-request-id"]))
    after = data(heidi.call("GET", f"{TEAMS.format(heidi)}/{team}"))
    assert {**after, "updated_at": 0} == {**before, "updated_at": 0}


def test_a_place_in_a_team(heidi, nils):
    team = make_team(heidi)
    users = f"{TEAMS.format(heidi)}/{team}/users"
    heidi.call("POST", users, {"user_ids": [nils.user.id]})
    heidi.call("DELETE", users, {"user_ids": [nils.user.id]})
    taken_back(heidi, "account.team.member", "deleted")
    assert [user["id"] for user in data(heidi.call("GET", users))] == [nils.user.id]


def test_who_has_left_the_account_does_not_come_back_into_a_team(heidi, nils):
    team = make_team(heidi)
    users = f"{TEAMS.format(heidi)}/{team}/users"
    heidi.call("POST", users, {"user_ids": [nils.user.id]})
    heidi.call("DELETE", users, {"user_ids": [nils.user.id]})
    change = latest(heidi, "account.team.member", "deleted")
    heidi.call("DELETE", f"/2/accounts/{heidi.account.id}/users/{nils.user.id}")
    assert reasons(revert(heidi, change)) == [("revert_object_gone", "user_id")]


# members


def test_a_role(heidi, anna):
    path = f"/2/accounts/{heidi.account.id}/users/{anna.user.id}"
    heidi.call("PATCH", path, {"role_type": "normal"})
    taken_back(heidi, "account.member", "updated")
    assert data(heidi.call("PATCH", path + "?dry_run=1", {"role_type": "admin"}))["role_type"] == "admin"


def test_only_an_owner_makes_an_owner_again(heidi, anna):
    other = join(heidi, "other", "owner")
    heidi.call("PATCH", f"/2/accounts/{heidi.account.id}/users/{other.user.id}", {"role_type": "normal"})
    change = latest(heidi, "account.member", "updated")
    refused = revert(anna, change)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access_denied")
    assert revert(heidi, change).status_code == 201


def test_the_last_owner_stays_one(heidi, anna):
    path = f"/2/accounts/{heidi.account.id}/users"
    heidi.call("PATCH", f"{path}/{anna.user.id}", {"role_type": "owner"})
    change = latest(heidi, "account.member", "updated")
    anna.call("PATCH", f"{path}/{heidi.user.id}", {"role_type": "admin"})
    refused = revert(anna, change)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "state_conflict")


def test_nobody_is_made_a_member_without_asking(heidi, nils):
    heidi.call("DELETE", f"/2/accounts/{heidi.account.id}/users/{nils.user.id}")
    assert reasons(revert(heidi, latest(heidi, "account.member", "deleted"))) == [("revert_needs_consent", "object_id")]


def test_who_joined_is_taken_out_again_and_may_leave_himself(heidi, nils, anna):
    change = latest(heidi, "account.member", "created")  # anna's
    assert change["after"]["user_id"] == anna.user.id
    assert revert(nils, change).status_code == 404
    assert revert(heidi, change).status_code == 201
    assert anna.call("GET", f"/1/accounts/{heidi.account.id}").status_code == 404


# invitations


def invited(heidi, **values):
    body = {"email": "new@example.org", "first_name": "N", "last_name": "E", "locale": "de_DE", "role_type": "normal"}
    return data(heidi.call("POST", f"/1/accounts/{heidi.account.id}/invitations", {**body, **values}))


def shown(heidi, invitation, query=""):
    return data(heidi.call("GET", f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}{query}"))


def test_an_invitation_is_cancelled_and_not_sent_again(heidi):
    invitation = invited(heidi)
    taken_back(heidi, "account.invitation", "created")
    assert shown(heidi, invitation)["status"] == "cancelled"
    cancelled = latest(heidi, "account.invitation", "updated")
    answer = revert(heidi, cancelled)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "change_not_revertible")
    assert reasons(answer) == [("revert_needs_consent", "status")]


def test_what_an_invitation_brings(heidi):
    team = make_team(heidi)
    invitation = invited(heidi)
    before = shown(heidi, invitation, "?with=teams")
    path = f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}"
    answer = heidi.call("PATCH", path, {"role_type": "admin", "has_billing": True, "team_ids": [team]})
    data(revert_request(heidi, answer.headers["x-request-id"]))
    assert {**shown(heidi, invitation, "?with=teams"), "updated_at": 0} == {**before, "updated_at": 0}


def test_an_answered_invitation_stays(heidi):
    invitation = invited(heidi)
    heidi.call("PATCH", f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}", {"has_billing": True})
    change = latest(heidi, "account.invitation", "updated")
    heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}")
    answer = revert(heidi, change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "state_conflict")


def test_an_administrator_makes_no_invitation_for_an_owner_again(heidi, anna):
    invitation = invited(heidi, role_type="owner")
    heidi.call("PATCH", f"/1/accounts/{heidi.account.id}/invitations/{invitation['id']}", {"role_type": "normal"})
    assert revert(anna, latest(heidi, "account.invitation", "updated")).status_code == 403


# applications


def registered(heidi, **values):
    body = {"name": "App", "is_confidential": True, "redirect_uris": ["https://app.example/back"], **values}
    return data(heidi.call("POST", f"/1/accounts/{heidi.account.id}/applications", body))


def test_an_application(heidi):
    made = registered(heidi)
    path = f"/1/accounts/{heidi.account.id}/applications/{made['id']}"
    before = data(heidi.call("GET", path))
    heidi.call("PATCH", path, {"name": "Other", "website": "https://app.example", "scopes": ["openid", "email"]})
    taken_back(heidi, "application", "updated")
    assert data(heidi.call("GET", path)) == before
    assert reasons(revert(heidi, latest(heidi, "application.secret"))) == [("revert_credential", "object_id")]
    heidi.call("PATCH", path, {"name": "Again"})
    taken_back(heidi, "application", "updated")
    heidi.call("DELETE", path)
    assert revert(heidi, latest(heidi, "application", "updated")).status_code in (404, 409)


def test_an_application_that_was_registered_is_deleted(heidi):
    made = registered(heidi)
    taken_back(heidi, "application", "created")
    assert heidi.call("GET", f"/1/accounts/{heidi.account.id}/applications/{made['id']}").status_code == 404


def test_an_application_that_acts_for_its_maker_is_his_to_take_back(heidi, anna):
    made = registered(heidi, grant_types=["client_credentials"], scopes=["dns:read"], redirect_uris=[])
    path = f"/1/accounts/{heidi.account.id}/applications/{made['id']}"
    heidi.call("PATCH", path, {"scopes": ["accounts:read"]})
    change = latest(heidi, "application", "updated")
    assert revert(anna, change).status_code == 403
    heidi.token = heidi.platform.token(heidi.user, "applications", "accounts:read")
    beyond = revert(heidi, change)
    assert beyond.status_code == 422
    assert beyond.json()["error"]["errors"][0]["context"]["attribute"] == "scopes.0"


# reasons against it


def test_a_field_that_was_changed_since_says_by_whom_and_when(heidi, anna):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green", "color": 5})
    change = latest(heidi, "account.tag", "updated")
    anna.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"color": 6})
    later = latest(heidi, "account.tag", "updated")
    answer = revert(heidi, change)
    assert reasons(answer) == [("revert_field_changed", "color")]
    assert answer.json()["error"]["errors"][0]["context"] == {
        "attribute": "color",
        "change_id": change["id"],
        "event": "account.tag",
        "object_id": tag,
        "later_change_id": later["id"],
        "changed_by": anna.user.id,
        "changed_at": later["created_at"],
    }
    assert tags(heidi) == [(tag, "green", 6)]


def test_one_that_was_changed_elsewhere_since_can_be_taken_back(heidi):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green"})
    change = latest(heidi, "account.tag", "updated")
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"color": 6})
    assert revert(heidi, change).status_code == 201
    assert tags(heidi) == [(tag, "blue", 6)]


def test_twice_is_once_too_often(heidi):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green"})
    change = taken_back(heidi, "account.tag", "updated")
    assert reasons(revert(heidi, change)) == [("revert_field_changed", "name")]
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    deleted = taken_back(heidi, "account.tag", "deleted")
    assert reasons(revert(heidi, deleted)) == [("revert_object_present", "object_id")]
    assert latest(heidi, "account.tag")["reverts"] == deleted["id"]
    shown = heidi.call("GET", f"/1/changes/{deleted['id']}?with=reverted_by").json()["data"]
    assert shown["reverted_by"] == latest(heidi, "account.tag")["id"]


def test_what_took_something_back_can_be_taken_back_too(heidi):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green"})
    taken_back(heidi, "account.tag", "updated")
    taken_back(heidi, "account.tag", "updated")
    assert tags(heidi) == [(tag, "green", 3)]


def test_what_is_gone_cannot_be_as_it_was(heidi):
    tag = make_tag(heidi)
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{tag}", {"name": "green"})
    change = latest(heidi, "account.tag", "updated")
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    assert reasons(revert(heidi, change)) == [("revert_object_gone", "object_id")]


def test_a_name_that_somebody_else_has_meanwhile(heidi):
    tag = make_tag(heidi)
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    change = latest(heidi, "account.tag", "deleted")
    make_tag(heidi)
    assert reasons(revert(heidi, change)) == [("revert_value_taken", "name")]


def test_a_place_on_what_is_gone(heidi, domain):
    tag = make_tag(heidi)
    heidi.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": [tag]})
    heidi.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": []})
    change = latest(heidi, "product.tag", "deleted")
    heidi.call("DELETE", f"{TAGS.format(heidi)}/{tag}")
    assert reasons(revert(heidi, change)) == [("revert_object_gone", "tag_id")]


def test_what_was_deleted_outside_of_a_request_has_parts_that_are_not_known(heidi):
    team = make_team(heidi)
    with heidi.platform.database.transaction(NOBODY) as transaction:
        from alpage.accounts.teams import Team  # noqa: PLC0415 - of this test alone

        transaction.session.delete(transaction.session.get_one(Team, team))
    assert reasons(revert(heidi, latest(heidi, "account.team", "deleted"))) == [("revert_incomplete", "object_id")]


# who may


@pytest.mark.parametrize("name", ["nils", "peter"])
def test_what_one_does_not_see_one_does_not_take_back(heidi, nils, peter, name):
    make_tag(heidi)
    change = latest(heidi, "account.tag")
    stranger = {"nils": nils, "peter": peter}[name]
    assert revert(stranger, change).status_code == 404
    assert revert_request(stranger, change["request_id"]).status_code == 404
    assert len(tags(heidi)) == 1


def test_who_administers_no_more_takes_nothing_back(heidi, anna):
    make_tag(anna)
    with heidi.platform.database.transaction(NOBODY) as transaction:
        place = transaction.session.query(Membership).filter_by(user_id=anna.user.id).one()
        place.role_type = "normal"
    answer = revert(anna, latest(anna, "account.tag"))  # it is his own, so he sees it
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")


def test_the_scope_is_that_of_the_objects_own_routes(heidi):
    make_tag(heidi)
    change = latest(heidi, "account.tag")
    heidi.token = heidi.platform.token(heidi.user, "accounts:read", "dns:write")
    answer = revert(heidi, change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all_scopes")
    assert answer.json()["error"]["context"]["scopes"] == ["accounts:write"]


# whole requests


def test_a_request_is_taken_back_whole(heidi):
    operations = [{"method": "POST", "path": TAGS.format(heidi), "body": {"name": f"t{n}"}} for n in range(20)]
    answer = heidi.call("POST", "/1/batch", {"requests": operations, "atomic": True})
    kept = make_tag(heidi)
    done = data(revert_request(heidi, answer.headers["x-request-id"]))
    assert len(done["reverts"]) == 20
    assert [tag[0] for tag in tags(heidi)] == [kept]


def test_a_request_that_has_moved_on_in_part_stays_whole(heidi):
    operations = [{"method": "POST", "path": TAGS.format(heidi), "body": {"name": f"t{n}"}} for n in range(3)]
    answer = heidi.call("POST", "/1/batch", {"requests": operations, "atomic": True})
    first = tags(heidi)[0][0]
    heidi.call("PATCH", f"{TAGS.format(heidi)}/{first}", {"name": "changed"})
    assert reasons(revert_request(heidi, answer.headers["x-request-id"])) == [("revert_field_changed", "name")]
    assert len(tags(heidi)) == 3


def test_a_request_nobody_made(heidi):
    assert revert_request(heidi, "0" * 24).status_code == 404


def test_a_request_that_changed_what_others_own_is_not_the_callers_to_take_back(heidi, nils):
    nils.call("PATCH", "/2/profile", {"current_account_id": heidi.account.id})
    answer = heidi.call("DELETE", f"/2/accounts/{heidi.account.id}/users/{nils.user.id}")
    found = reasons(revert_request(heidi, answer.headers["x-request-id"]))
    assert ("revert_incomplete", "object_id") in found


def test_a_dry_run_takes_nothing_back(heidi):
    tag = make_tag(heidi)
    change = latest(heidi, "account.tag")
    planned = revert(heidi, change, dry_run=True).json()
    assert [(one["event"], one["action"]) for one in planned["changes"]] == [("account.tag", "deleted")]
    assert planned["data"]["changes"] == planned["changes"]
    assert tags(heidi) == [(tag, "blue", 3)]
    with heidi.platform.database.reading() as transaction:
        assert transaction.execute(Change.__table__.select().where(Change.reverts.is_not(None))).all() == []


# one's own


def test_a_profile(heidi):
    before = data(heidi.call("GET", "/2/profile?with=preferences"))
    answer = heidi.call(
        "PATCH",
        "/2/profile",
        {"firstname": "Adelheid", "language_id": 2, "timezone": "Europe/Paris", "unsuccessful_connexion_limit": False},
    )
    assert answer.status_code == 200
    taken_back(heidi, "user", "updated")
    assert data(heidi.call("GET", "/2/profile?with=preferences")) == before


def test_an_account_one_is_no_member_of_any_more_is_not_worked_in_again(heidi, nils):
    mine = heidi.platform.account(nils.user, "Own")
    nils.call("PATCH", "/2/profile", {"current_account_id": heidi.account.id})
    nils.call("PATCH", "/2/profile", {"current_account_id": mine.id})
    change = latest(nils, "user", "updated")
    heidi.call("DELETE", f"/2/accounts/{heidi.account.id}/users/{nils.user.id}")
    assert reasons(revert(nils, change)) == [("revert_object_gone", "current_account_id")]


def test_an_address_one_is_reminded_at(heidi):
    heidi.call("PATCH", "/2/profile", {"reminder_email": "other@example.org"})
    taken_back(heidi, "user.email", "created")
    heidi.call("PATCH", "/2/profile", {"reminder_email": "other@example.org"})
    (other,) = [one for one in data(heidi.call("GET", "/2/profile/emails")) if one["type"] == "other"]
    heidi.call("DELETE", f"/2/profile/emails/other/{other['id']}")
    assert reasons(revert(heidi, latest(heidi, "user.email"))) == [("revert_needs_consent", "object_id")]


@pytest.mark.parametrize(
    ("event", "reason"),
    [("grant", "revert_credential"), ("user.security_event", "revert_record")],
)
def test_what_opens_something_or_is_a_record_stays(heidi, event, reason):
    made = data(heidi.call("POST", "/1/tokens", {"name": "t", "scopes": ["dns:read"]}))
    heidi.call("DELETE", f"/1/tokens/{made['id']}")
    change = latest(heidi, event)
    assert change["is_revertible"] is False
    assert reasons(revert(heidi, change)) == [(reason, "object_id")]
