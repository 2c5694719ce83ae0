"""The organisation: its settings and addresses, members and their roles, teams, invitations and the answer to one."""

from types import SimpleNamespace

import pytest

from tests.web.manager.making import Api, make_domain


@pytest.fixture
def api(browser, site, login, platform):
    return Api(site, platform.token(login.user))


@pytest.fixture
def account(api):
    return SimpleNamespace(id=api("GET", "/1/accounts")[0]["id"])


@pytest.fixture
def peter(platform, account):
    peter = platform.user("peter")
    platform.member(account, peter)
    return peter


def test_settings_are_saved_and_emptied(browser, api, account):
    page = browser.get("/account")
    form = page.form("/account")
    assert form.named("name") == ["Alpine Club"]
    saved = browser.follow(browser.send(form, name="Alpine Society", website="https://alm.example", phone="+41 81"))
    assert "The settings were saved." in saved.text
    assert "Alpine Society" in saved.text
    shown = api("GET", f"/1/accounts/{account.id}?with=website,phone")
    assert (shown["website"], shown["phone"]) == ("https://alm.example", "+41 81")
    browser.send(saved.form("/account"), phone="")
    assert (
        "phone" not in api("GET", f"/1/accounts/{account.id}?with=phone")
        or not api("GET", f"/1/accounts/{account.id}?with=phone")["phone"]
    )


def test_settings_that_cannot_be_are_refused_at_their_fields(browser):
    form = browser.get("/account").form("/account")
    page = browser.send(form, name="", timezone="Mars/Olympus", website="alm")
    assert page.status == 422
    for field in ("name", "timezone", "website"):
        assert f'id="field-{field}-error"' in page.html
    assert page.form("/account").named("timezone") == ["Mars/Olympus"]


def test_addresses_are_added_changed_and_deleted(browser, api, account):
    switzerland = api("GET", "/1/countries?search=Switzerland")[0]["id"]
    form = browser.get("/account/addresses/new").form("/new")
    wrong = browser.send(form, street="Dörfli 1", city="Maienfeld")
    assert wrong.status == 422
    assert 'id="field-zip-error"' in wrong.html
    assert 'id="field-country_id-error"' in wrong.html
    again = browser.send(wrong.form("/new"), zip="7304", country_id=str(switzerland), for_invoice="1")
    page = browser.follow(again)
    assert "Dörfli 1, 7304 Maienfeld, Switzerland" in page.text
    path = page.link("Change")
    changed = browser.follow(browser.send(browser.get(path).form(path), street="Dörfli 2"))
    assert "Dörfli 2" in changed.text
    delete = next(form for form in browser.get(path).forms if form.named("delete"))
    assert "No address yet." in browser.follow(browser.send(delete)).text


def test_members_are_found_by_name_and_role(browser, peter):
    page = browser.get("/members")
    assert "2 entries" in page.text
    assert "Peter Test" in browser.get("/members?search=peter").text
    owners = browser.get("/members?role=owner")
    assert "Heidi Test" in owners.text
    assert "Peter Test" not in owners.text
    assert "Nothing found" in browser.get("/members?search=nobody").text


def test_a_member_is_given_another_role(browser, api, account, peter):
    page = browser.get(f"/members/{peter.id}")
    changed = browser.follow(browser.send(page.form(f"/members/{peter.id}"), role_type="admin"))
    assert "The role was changed." in changed.text
    users = {one["user_id"]: one["role_type"] for one in api("GET", f"/2/accounts/{account.id}/users")}
    assert users[peter.id] == "admin"


def test_the_last_owner_stays(browser, login):
    me = login.user.id
    page = browser.send(browser.get(f"/members/{me}").form(f"/members/{me}"), role_type="normal")
    assert page.status == 422
    assert "last_owner" in page.text or "owner" in page.text
    assert browser.get(f"/members/{me}/remove").status == 422


def test_a_member_is_taken_out_after_the_plan(browser, api, account, peter):
    team = api("POST", f"/1/accounts/{account.id}/teams", {"name": "Herders"})
    api("POST", f"/1/accounts/{account.id}/teams/{team['id']}/users", {"user_ids": [peter.id]})
    question = browser.get(f"/members/{peter.id}/remove")
    assert "Place in a team" in question.text
    assert len(api("GET", f"/2/accounts/{account.id}/users")) == 2
    gone = browser.follow(browser.send(question.form("/remove")))
    assert "The member was removed." in gone.text
    assert len(api("GET", f"/2/accounts/{account.id}/users")) == 1


def test_what_a_member_reaches_is_shown(browser, platform, account, peter):
    product = SimpleNamespace(id=make_domain(platform, account.id), account_id=account.id, service_id=14)
    platform.right(product, peter, "technical")
    page = browser.get(f"/members/{peter.id}")
    assert "alm.example" in page.text
    assert "Change it" in page.text
    assert "See its figures" not in page.text


def test_a_plain_member_sees_and_may_leave(browser, account, peter, login, api):
    login.user = peter
    browser.client.cookies.clear()
    browser.sign_in()
    assert "Heidi Test" in browser.get("/members").text
    assert browser.get("/account").status == 200
    assert browser.get("/teams").status == 200
    page = browser.get(f"/members/{peter.id}")
    assert "Leave the organisation" in page.text
    browser.send(browser.get(f"/members/{peter.id}/remove").form("/remove"))
    assert len(api("GET", f"/2/accounts/{account.id}/users")) == 1


def test_a_team_is_created_filled_renamed_and_deleted(browser, api, account, peter):
    assert "No team yet" in browser.get("/teams").text
    wrong = browser.send(browser.get("/teams/new").form("/new"), name="")
    assert wrong.status == 422
    assert 'id="field-name-error"' in wrong.html
    page = browser.follow(browser.send(wrong.form("/new"), name="Herders", services="14"))
    assert "The team was created." in page.text
    path = browser.get("/teams").link("Herders")
    filled = browser.follow(browser.send(page.form("/members"), user_ids=[str(peter.id)]))
    assert "The members were added." in filled.text
    assert filled.form(path).named("services") == ["14"]
    renamed = browser.follow(browser.send(filled.form(path), name="Goatherds", services=[]))
    assert "Goatherds" in renamed.text
    assert renamed.form(path).named("services") == []
    removal = next(form for form in renamed.forms if form.named("remove"))
    emptied = browser.follow(browser.send(removal))
    assert "Nobody is in this team yet." in emptied.text
    question = browser.get(path + "/delete")
    assert len(api("GET", f"/1/accounts/{account.id}/teams")) == 1
    assert "No team yet" in browser.follow(browser.send(question.form("/delete"))).text


def test_an_invitation_is_made_passed_on_and_cancelled(browser, api, account):
    assert "Nobody is invited" in browser.get("/invitations").text
    wrong = browser.send(browser.get("/invitations/new").form("/new"), email="oehi", first_name="Alm")
    assert wrong.status == 422
    for field in ("email", "last_name"):
        assert f'id="field-{field}-error"' in wrong.html
    assert wrong.form("/new").named("first_name") == ["Alm"]
    made = browser.send(wrong.form("/new"), email="oehi@example.org", last_name="Öhi")
    page = browser.follow(made)
    assert "https://testserver/manager/join?key=" in page.text
    assert "Waiting for an answer" in page.text
    again = browser.send(
        browser.get("/invitations/new").form("/new"), email="oehi@example.org", first_name="A", last_name="B"
    )
    assert again.status == 422
    cancelled = browser.follow(browser.send(page.form("/cancel")))
    assert "its link is of no more use" in cancelled.text
    assert "Cancelled" in cancelled.text
    path = browser.get("/invitations").link("Öhi")
    assert "/join?key=" not in browser.get(path).text
    assert "Nothing found" in browser.get("/invitations?status=accepted").text


def test_who_is_invited_answers_the_link(browser, api, account, platform, login):
    def invite(name):
        body = {"email": f"{name}@example.org", "first_name": name, "last_name": "Test", "locale": "de_DE"}
        made = api("POST", f"/1/accounts/{account.id}/invitations", {**body, "role_type": "admin"})
        return made["url_accept"].removeprefix(platform.settings.manager_address)

    accepted, rejected = invite("clara"), invite("dete")
    for name, link, button in (("clara", accepted, "accept"), ("dete", rejected, "reject")):
        login.user = platform.user(name)
        browser.client.cookies.clear()
        browser.sign_in()
        offer = browser.get(link)
        assert "Invitation from Alpine Club" in offer.text
        browser.send(offer.form("/join"), **{button: "1"})
        assert "has been answered" in browser.get(link).text
    assert len(api("GET", f"/2/accounts/{account.id}/users")) == 2
    assert "The link you were sent" in browser.get("/join?key=").text
    assert browser.get("/join?key=0123").status == 404


def test_limits_are_drawn(browser):
    page = browser.get("/limits")
    assert "Requests" in page.text
    assert page.html.count("<progress") == 2
    assert "left, in a window of" in page.text
