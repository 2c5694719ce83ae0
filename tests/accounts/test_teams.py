"""Teams: their members, and the rights these share."""

import pytest

REQUIRED = {
    "id": int,
    "name": str,
    "color_id": int,
    "owned_by_id": int,
    "created_by_id": int,
    "created_at": int,
    "updated_at": int,
    "is_sso": bool,
    "permissions": list,
}


def path(person, team=None, rest=""):
    return f"/1/accounts/{person.account.id}/teams" + (f"/{team}{rest}" if team else "")


def create(person, name="Web", **values):
    answer = person.call("POST", path(person), {"name": name, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def put_in(person, team, *users):
    answer = person.call("POST", path(person, team, "/users"), {"user_ids": [user.id for user in users]})
    assert (answer.status_code, answer.json()["data"]) == (201, True)


def listed(person, query=""):
    answer = person.call("GET", path(person) + query)
    assert answer.status_code == 200, answer.text
    return [team["name"] for team in answer.json()["data"]]


def test_create_change_and_delete(heidi, nils):
    team = create(heidi)
    assert {name: type(value) for name, value in team.items()} == REQUIRED
    assert (team["owned_by_id"], team["created_by_id"], team["permissions"]) == (heidi.user.id, heidi.user.id, [])
    changed = heidi.call("PATCH", path(heidi, team["id"]), {"name": "Sites", "owned_by_id": nils.user.id}).json()[
        "data"
    ]
    assert (changed["name"], changed["owned_by_id"], changed["created_by_id"]) == ("Sites", nils.user.id, heidi.user.id)
    shown = heidi.call("GET", path(heidi, team["id"])).json()["data"]
    assert shown == changed
    assert heidi.call("DELETE", path(heidi, team["id"])).json()["data"] is True
    assert heidi.call("GET", path(heidi, team["id"])).status_code == 404


def test_permissions_are_rights_on_services(heidi, domain):
    team = create(heidi, permissions={"services": [14]})
    assert team["permissions"] == [
        {"service_id": 14, "service_name": "domain", "rights": right}
        for right in ("technical", "statistic", "check", "sale")
    ]
    unchanged = heidi.call("PATCH", path(heidi, team["id"]), {"permissions": {"services": [14]}}).json()["data"]
    assert unchanged["permissions"] == team["permissions"]
    without = heidi.call("PATCH", path(heidi, team["id"]), {"permissions": {"services": []}}).json()["data"]
    assert without["permissions"] == []


def test_members_have_the_rights_of_their_team_and_lose_them_with_it(heidi, nils, domain):
    def seen():
        return [product["id"] for product in nils.call("GET", "/1/products").json()["data"]]

    team = create(heidi, permissions={"services": [14]})["id"]
    assert seen() == []
    put_in(heidi, team, nils.user)
    assert seen() == [domain.id]
    heidi.call("DELETE", path(heidi, team, "/users"), {"user_ids": [nils.user.id]})
    assert seen() == []
    put_in(heidi, team, nils.user)
    heidi.call("DELETE", path(heidi, team))
    assert seen() == []


def test_optional_fields(heidi, nils, domain):
    heidi.platform.product(heidi.account, "files", (43, "drive"))
    team = create(heidi, permissions={"services": [14]}, owned_by_id=nils.user.id)["id"]
    put_in(heidi, team, nils.user, heidi.user)
    shown = heidi.call("GET", path(heidi, team) + "?with=*").json()["data"]
    assert shown["user_count"] == 2
    assert (shown["product_count"], shown["product_by_service_count"]) == (1, 1)
    assert shown["created_by"] == {
        "id": heidi.user.id,
        "display_name": "Heidi Test",
        "first_name": "Heidi",
        "last_name": "Test",
        "email": "heidi@example.org",
        "is_sso": False,
        "avatar": None,
    }
    assert shown["owned_by"]["id"] == nils.user.id


def test_filter_search_and_order(heidi, nils, peter):
    web, mail = create(heidi)["id"], create(heidi, "Mail", owned_by_id=nils.user.id)["id"]
    create(heidi, "Shop")
    create(peter, "Goats")
    put_in(heidi, mail, nils.user, heidi.user)
    put_in(heidi, web, nils.user)
    assert listed(heidi) == ["Web", "Mail", "Shop"]
    assert listed(heidi, "?search=MA") == ["Mail"]
    assert listed(heidi, f"?filter[team_ids][]={web}") == ["Web"]
    assert listed(heidi, f"?filter[user_ids][]={nils.user.id}") == ["Web", "Mail"]
    assert listed(heidi, f"?filter[owned_by_ids][]={nils.user.id}") == ["Mail"]
    assert listed(heidi, f"?filter[created_by_ids][]={nils.user.id}") == []
    assert listed(heidi, "?order_by=user_count&order=desc") == ["Mail", "Web", "Shop"]
    assert listed(heidi, "?order_by=name&page=1&per_page=2") == ["Mail", "Shop"]
    assert heidi.call("GET", path(heidi) + f"?return=total&filter[user_ids][]={nils.user.id}").json()["data"] == 2


def test_users_of_a_team(heidi, nils, anna):
    web, mail = create(heidi)["id"], create(heidi, "Mail")["id"]
    put_in(heidi, web, nils.user, anna.user)
    put_in(heidi, web, nils.user)
    put_in(heidi, mail, nils.user)
    nils.call("GET", "/1/accounts")
    users = heidi.call("GET", path(heidi, web, "/users?order_by=display_name&order=desc")).json()["data"]
    assert [user["display_name"] for user in users] == ["Nils Test", "Anna Test"]
    assert [[team["name"] for team in user["teams"]] for user in users] == [["Mail", "Web"], ["Web"]]
    assert users[0]["last_login_at"] > users[1]["last_login_at"] == 0
    found = heidi.call("GET", path(heidi, web, "/users?search=anna&return=total")).json()
    assert found["data"] == 1
    by_login = heidi.call("GET", path(heidi, web, "/users?order_by=last_login_at&page=1")).json()
    assert [user["first_name"] for user in by_login["data"]] == ["Anna", "Nils"]


def test_only_members_of_the_account_come_into_a_team(heidi, peter, nils):
    team = create(heidi)["id"]
    answer = heidi.call("POST", path(heidi, team, "/users"), {"user_ids": [nils.user.id, peter.user.id]})
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert fault["context"] == {"attribute": "user_ids.1", "model": "User", "value": peter.user.id}
    assert heidi.call("GET", path(heidi, team, "/users")).json()["data"] == []


def test_all_faults_of_a_team_at_once(heidi, peter):
    body = {"name": "Web", "owned_by_id": peter.user.id, "permissions": {"services": [14, 999]}}
    answer = heidi.call("POST", path(heidi), body)
    assert [fault["context"]["attribute"] for fault in answer.json()["error"]["errors"]] == [
        "permissions.services.1",
        "owned_by_id",
    ]


def test_basic_teams_are_for_every_member(heidi, nils):
    create(heidi)
    answer = nils.call("GET", f"/1/accounts/{heidi.account.id}/basic/teams").json()["data"]
    assert [set(team) for team in answer] == [{"id", "name", "color_id", "created_at", "updated_at"}]
    counted = nils.call("GET", f"/1/accounts/{heidi.account.id}/basic/teams?with=user_count").json()["data"]
    assert [team["user_count"] for team in counted] == [0]
    assert nils.call("GET", path(nils)).status_code == 403


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/users")])
def test_a_team_of_another_account_does_not_exist(heidi, peter, method, rest):
    theirs = create(peter, "Goats")["id"]
    heidi.platform.member(peter.account, heidi.user, "admin")
    answer = heidi.call(method, path(heidi, theirs, rest), {} if method == "PATCH" else None)
    assert answer.status_code == 404
    assert answer.json()["error"]["context"] == {"model": "Team", "id": theirs}


def test_what_is_invited_into_a_team_stays_invited_without_it(heidi):
    team = create(heidi)["id"]
    body = {"email": "eva@example.org", "first_name": "Eva", "last_name": "E", "locale": "de_DE", "role_type": "normal"}
    invitations = f"/1/accounts/{heidi.account.id}/invitations"
    assert heidi.call("POST", invitations, {**body, "teams": [team]}).status_code == 201
    assert heidi.call("DELETE", path(heidi, team)).status_code == 200
    (left,) = heidi.call("GET", invitations + "?with=teams").json()["data"]
    assert left["teams"] == []
