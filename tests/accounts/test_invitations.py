"""Invitations: making, changing and answering them."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from alpage.accounts.invitations import Invitation
from alpage.storage.changes import NOBODY, Change
from alpage.tasks.mails import Mail

BODY = {
    "email": "Eva@Example.org",
    "first_name": "Eva",
    "last_name": "Guest",
    "locale": "de_DE",
    "role_type": "normal",
}
DAY_SECONDS = 86_400


def path(person, invitation=None):
    return f"/1/accounts/{person.account.id}/invitations" + (f"/{invitation}" if invitation else "")


def invite(person, **values):
    answer = person.call("POST", path(person), {**BODY, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def key_of(invitation):
    return parse_qs(urlsplit(invitation["url_accept"]).query)["key"][0]


def answer_with(person, invitation, answer="accept"):
    return person.call("POST", f"/1/invitations/{key_of(invitation)}/{answer}")


def write(person, invitation, **values):
    with person.platform.database.transaction(NOBODY) as transaction:
        stored = transaction.session.get(Invitation, invitation["id"])
        for name, value in values.items():
            setattr(stored, name, value)


@pytest.fixture
def eva(heidi):
    """Somebody with a user of her own, in no account."""
    user = heidi.platform.user("eva")
    return replace(heidi, user=user, token=heidi.platform.token(user))


def test_an_invitation(anna):
    invitation = invite(anna, notifications={"billing": True, "products": False}, permissions={"billing": True})
    expected = {
        "first_name": "Eva",
        "last_name": "Guest",
        "email": "eva@example.org",
        "strict": False,
        "status": "pending",
        "role_type": "normal",
        "language_id": 2,
        "locale": "de_DE",
        "account_id": anna.account.id,
        "has_ksuite": False,
        "has_billing": True,
        "has_billing_mailing": True,
        "has_mailing": False,
        "sent_at": invitation["created_at"],
    }
    assert {name: invitation[name] for name in expected} == expected
    assert set(invitation) - set(expected) == {"id", "created_at", "updated_at", "expired_at", "url_accept"}
    assert invitation["expired_at"] == invitation["created_at"] + 14 * DAY_SECONDS
    assert anna.call("GET", path(anna, invitation["id"])).json()["data"] == invitation
    assert anna.call("GET", path(anna)).json()["data"] == [invitation]


def test_the_link_shows_what_is_offered_to_who_has_it(heidi, client):
    invitation = invite(heidi)
    assert invitation["url_accept"].startswith(heidi.platform.settings.manager_address + "/join?")
    offer = client.get(f"/1/invitations/{key_of(invitation)}")
    assert offer.status_code == 200
    assert offer.json()["data"] == {
        "account_id": heidi.account.id,
        "account_name": "Alpine Club",
        "email": "eva@example.org",
        "first_name": "Eva",
        "last_name": "Guest",
        "role_type": "normal",
        "status": "pending",
        "expired_at": invitation["expired_at"],
    }


def test_the_link_goes_to_the_invited_by_mail(heidi, eva):
    invitation = invite(heidi)
    (mail,) = eva.call("GET", "/1/profile/mails").json()["data"]
    assert (mail["subject"], mail["language"]) == ("Heidi Test lädt Sie zu Alpine Club ein", "de")
    text = eva.call("GET", f"/1/profile/mails/{mail['id']}").json()["data"]["text"]
    assert invitation["url_accept"] in text


def test_a_silent_invitation_is_sent_to_nobody(heidi, eva):
    assert invite(heidi, silent=True)["sent_at"] is None
    assert eva.call("GET", "/1/profile/mails").json()["data"] == []


def test_the_link_stands_nowhere_in_the_database(heidi):
    invitation = invite(heidi)
    with heidi.platform.database.reading() as transaction:
        kept = repr([transaction.execute(select(table)).all() for table in (Invitation.__table__, Mail.__table__)])
        logged = transaction.execute(select(Change.after).where(Change.event == "account.invitation")).scalars().all()
    assert key_of(invitation) not in kept + repr(logged)
    assert {logged[0]["nonce"], logged[0]["key_hash"]} == {"•••"}
    assert len(key_of(invitation)) == 64
    assert len({key_of(invite(heidi, email=f"{number}@example.org")) for number in range(5)}) == 5


def test_accepting_brings_the_role_the_teams_and_the_rights(heidi, eva, team, domain):
    other = heidi.platform.product(heidi.account, "example.org")
    heidi.platform.product(heidi.account, "files", (43, "drive"))
    invitation = invite(heidi, teams=[team], permissions={"billing": True}, notifications={"products": True})
    permissions = [{"service_id": 14, "product_id": domain.id, "types": ["technical", "check"]}]
    heidi.call("PATCH", path(heidi, invitation["id"]), {"permissions": permissions})
    accepted = answer_with(eva, invitation)
    assert (accepted.status_code, accepted.json()["data"]["status"]) == (201, "accepted")
    (product,) = eva.call("GET", "/1/accounts/current/products").json()["data"]
    assert product["id"] == domain.id
    assert product["rights"] == {"technical": True, "statistic": False, "check": True, "sale": False}
    (account,) = eva.call("GET", "/1/accounts?with=type,billing,mailing,billing_mailing").json()["data"]
    assert (account["type"], account["billing"], account["mailing"], account["billing_mailing"]) == (
        "normal",
        True,
        True,
        False,
    )
    (member,) = heidi.call("GET", f"/1/accounts/{heidi.account.id}/teams/{team}/users").json()["data"]
    assert member["id"] == eva.user.id
    assert other.id != domain.id


def test_permissions_on_a_whole_service(heidi, eva, domain):
    invitation = invite(heidi)
    body = {"permissions": [{"service_id": 14, "apply_to_all": True}]}
    changed = heidi.call("PATCH", path(heidi, invitation["id"]) + "?with=permissions,service_permissions", body)
    assert changed.json()["data"]["permissions"] == []
    assert changed.json()["data"]["service_permissions"] == [
        {
            "service_id": 14,
            "product_id": None,
            "apply_to_all": True,
            "types": ["technical", "statistic", "check", "sale"],
        }
    ]
    answer_with(eva, invitation)
    later = heidi.platform.product(heidi.account, "example.org")
    seen = eva.call("GET", "/1/products").json()["data"]
    assert [(product["id"], product["rights"]["sale"]) for product in seen] == [(domain.id, True), (later.id, True)]


def test_rights_on_a_product_that_has_gone_are_left_out(heidi, eva, domain):
    gone = heidi.platform.product(heidi.account, "example.org")
    invitation = invite(heidi)
    body = {"permissions": [{"service_id": 14, "product_id": one.id} for one in (domain, gone)]}
    heidi.call("PATCH", path(heidi, invitation["id"]), body)
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.delete(transaction.session.merge(gone))
    assert answer_with(eva, invitation).status_code == 201
    users = heidi.call("GET", f"/2/accounts/{heidi.account.id}/users?with=permissions").json()["data"]
    assert [one["product_id"] for user in users for one in user["permissions"]] == [domain.id]


def test_rejecting(heidi, eva):
    invitation = invite(heidi)
    rejected = answer_with(eva, invitation, "reject")
    assert (rejected.status_code, rejected.json()["data"]["status"]) == (200, "rejected")
    assert eva.call("GET", "/1/accounts").json()["data"] == []
    again = answer_with(eva, invitation)
    assert again.status_code == 409
    assert again.json()["error"]["context"]["state"] == "rejected"


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_nobody_else_answers(heidi, peter, answer):
    invitation = invite(heidi)
    for person in (heidi, peter):
        refused = answer_with(person, invitation, answer)
        assert refused.status_code == 403
    assert heidi.call("GET", path(heidi, invitation["id"])).json()["data"]["status"] == "pending"


@pytest.mark.parametrize("limit", [{"account_ids": []}, {"product_ids": [1]}])
def test_a_limited_token_does_not_widen_itself(heidi, eva, limit):
    invitation = invite(heidi)
    eva.token = heidi.platform.token(eva.user, **limit)
    assert answer_with(eva, invitation).status_code == 404


def test_an_unconfirmed_address_is_not_enough_where_it_is_strict(heidi):
    user = heidi.platform.user("eva", is_email_checked=False)
    unconfirmed = replace(heidi, user=user, token=heidi.platform.token(user))
    strict = invite(heidi, strict=True)
    assert answer_with(unconfirmed, strict).status_code == 403
    heidi.call("DELETE", path(heidi, strict["id"]))
    assert answer_with(unconfirmed, invite(heidi)).status_code == 201


def test_a_key_that_is_none(heidi, client):
    invite(heidi)
    assert client.get("/1/invitations/" + "0" * 64).status_code == 404
    assert heidi.call("POST", "/1/invitations/x/accept").status_code == 404


def test_after_fourteen_days_it_is_too_late(heidi, eva):
    invitation = invite(heidi)
    write(heidi, invitation, expired_at=invitation["created_at"])
    late = answer_with(eva, invitation)
    assert late.status_code == 409
    assert late.json()["error"]["context"] == {
        "model": "Invitation",
        "id": invitation["id"],
        "state": "expired",
        "allowed_states": ["pending"],
    }
    again = invite(heidi)
    assert heidi.call("GET", path(heidi, invitation["id"])).json()["data"]["status"] == "cancelled"
    assert answer_with(eva, again).status_code == 201


def test_nobody_is_invited_twice(heidi, eva, nils):
    invite(heidi)
    again = heidi.call("POST", path(heidi), BODY)
    assert again.status_code == 409
    assert again.json()["error"]["context"] == {"model": "Invitation", "attribute": "email"}
    member = heidi.call("POST", path(heidi), {**BODY, "email": nils.user.email})
    assert member.json()["error"]["context"] == {"model": "User", "attribute": "email"}


def test_a_member_does_not_become_one_again(heidi, eva):
    invitation = invite(heidi)
    heidi.platform.member(heidi.account, eva.user)
    assert answer_with(eva, invitation).status_code == 409


def test_cancel(heidi, eva):
    invitation = invite(heidi)
    assert heidi.call("DELETE", path(heidi, invitation["id"])).json()["data"] is True
    assert answer_with(eva, invitation).status_code == 409
    again = heidi.call("DELETE", path(heidi, invitation["id"]))
    assert again.status_code == 409
    assert again.json()["error"]["context"]["state"] == "cancelled"


def test_change(heidi, team):
    invitation = invite(heidi)
    body = {"role_type": "admin", "language_id": 4, "has_billing": True, "has_mailing": True, "team_ids": [team]}
    changed = heidi.call("PATCH", path(heidi, invitation["id"]) + "?with=teams", body).json()["data"]
    assert (changed["role_type"], changed["locale"], changed["has_billing"]) == ("admin", "fr_FR", True)
    assert (changed["has_mailing"], changed["has_billing_mailing"]) == (True, False)
    assert [one["id"] for one in changed["teams"]] == [team]
    emptied = heidi.call("PATCH", path(heidi, invitation["id"]) + "?with=teams", {"team_ids": []}).json()["data"]
    assert emptied["teams"] == []


def test_all_faults_of_a_change_at_once(heidi, peter, domain):
    theirs = heidi.platform.product(peter.account, "goats.ch")
    body = {
        "team_ids": [77],
        "permissions": [
            {"service_id": 999, "apply_to_all": True},
            {"service_id": 14, "product_id": theirs.id},
            {"service_id": 14, "product_id": domain.id},
        ],
    }
    answer = heidi.call("PATCH", path(heidi, invite(heidi)["id"]), body)
    faults = [(fault["code"], fault["context"]["attribute"]) for fault in answer.json()["error"]["errors"]]
    assert faults == [
        ("attribute_exists", "permissions.0.service_id"),
        ("attribute_exists", "permissions.1.product_id"),
        ("attribute_exists", "team_ids.0"),
    ]


@pytest.mark.parametrize("permission", [{"service_id": 14}, {"service_id": 14, "product_id": 1, "apply_to_all": True}])
def test_a_permission_is_for_one_product_or_for_all(heidi, permission):
    answer = heidi.call("PATCH", path(heidi, invite(heidi)["id"]), {"permissions": [permission]})
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]["attribute"]) == ("attribute_one_of_required", "permissions.0")
    assert fault["context"]["attributes"] == ["product_id", "apply_to_all"]


def test_what_an_invitation_needs(heidi):
    answer = heidi.call("POST", path(heidi), {"email": "nobody", "role_type": "king", "teams": [0]})
    faults = {(fault["code"], fault["context"]["attribute"]) for fault in answer.json()["error"]["errors"]}
    assert faults == {
        ("attribute_email", "email"),
        ("attribute_required", "first_name"),
        ("attribute_required", "last_name"),
        ("attribute_required", "locale"),
        ("attribute_in", "role_type"),
        ("attribute_min_value", "teams.0"),
    }
    unknown = heidi.call("POST", path(heidi), {**BODY, "teams": [77]})
    assert unknown.json()["error"]["errors"][0]["context"]["attribute"] == "teams.0"


def test_only_an_owner_invites_an_owner(heidi, anna):
    refused = anna.call("POST", path(anna), {**BODY, "role_type": "owner"})
    assert refused.status_code == 403
    assert refused.json()["error"]["context"]["required_right"] == "owner"
    invitation = invite(anna)
    assert anna.call("PATCH", path(anna, invitation["id"]), {"role_type": "owner"}).status_code == 403
    assert heidi.call("PATCH", path(heidi, invitation["id"]), {"role_type": "owner"}).status_code == 200
    assert anna.call("PATCH", path(anna, invitation["id"]), {"role_type": "normal"}).status_code == 403


def test_list_filter_and_search(heidi):
    invite(heidi)
    cancelled = invite(heidi, email="olaf@example.org", first_name="Olaf", role_type="admin")
    heidi.call("DELETE", path(heidi, cancelled["id"]))

    def listed(query):
        return [one["first_name"] for one in heidi.call("GET", path(heidi) + query).json()["data"]]

    assert listed("?order_by=email&order=desc") == ["Olaf", "Eva"]
    assert listed("?filter[status]=pending") == ["Eva"]
    assert listed("?filter[role_type]=admin") == ["Olaf"]
    assert listed("?search=olaf") == ["Olaf"]


def test_invitations_of_a_user(heidi, eva, nils, peter):
    invitation = invite(heidi, role_type="admin")
    of_eva = path(heidi) + f"/users/{eva.user.id}"
    assert heidi.call("GET", of_eva).status_code == 404
    answer_with(eva, invitation)
    assert [one["id"] for one in heidi.call("GET", of_eva).json()["data"]] == [invitation["id"]]
    assert [one["id"] for one in heidi.call("GET", of_eva + "?type=admin").json()["data"]] == [invitation["id"]]
    assert heidi.call("GET", of_eva + "?type=owner").json()["data"] == []
    assert heidi.call("GET", path(heidi) + f"/users/{nils.user.id}").json()["data"] == []


def test_a_dry_run_invites_nobody(heidi):
    answer = heidi.call("POST", path(heidi) + "?dry_run=1", BODY).json()
    assert answer["dry_run"] is True
    assert [change["event"] for change in answer["changes"]] == ["account.invitation"]
    assert heidi.call("GET", path(heidi)).json()["data"] == []
