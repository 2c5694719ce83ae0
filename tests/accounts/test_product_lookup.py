"""`GET /1/product`, as old DNS clients use it."""

import pytest


def look_up(person, name, service="domain"):
    return person.call("GET", "/1/product", params={"service_name": service, "customer_name": name})


def test_a_client_walks_up_the_labels(heidi, domain):
    asked = ["_acme-challenge.www.example.ch", "www.example.ch", "example.ch"]
    answers = [look_up(heidi, name) for name in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].text == '{"result":"success","data":[]}'
    assert answers[1].json()["data"] == []
    (found,) = answers[2].json()["data"]
    assert (found["id"], found["customer_name"]) == (domain.id, "example.ch")


def test_fields_under_their_older_names(heidi, domain):
    (found,) = look_up(heidi, "example.ch").json()["data"]
    assert found == {
        "id": domain.id,
        "account_id": heidi.account.id,
        "service_id": 14,
        "service_name": "domain",
        "customer_name": "example.ch",
        "internal_name": None,
        "created_at": domain.created_at,
        "expired_at": None,
        "version": 1,
        "maintenance": False,
        "locked": False,
        "operation_in_progress": False,
        "unique_id": domain.id,
        "is_free": False,
        "is_zero_price": False,
        "is_trial": False,
        "rights": {"technical": True, "statistic": True, "check": True, "sale": True},
        "tags": [],
    }


@pytest.mark.parametrize("asked", ["bücher.ch", "xn--bcher-kva.ch", "Bücher.CH"])
def test_the_name_comes_back_as_it_was_asked_for(heidi, asked):
    heidi.platform.product(heidi.account, "xn--bcher-kva.ch")
    assert [one["customer_name"] for one in look_up(heidi, asked).json()["data"]] == [asked]


@pytest.mark.parametrize("scope", ["domain", "dns:read", "user_info"])
def test_any_token_will_do(heidi, domain, scope):
    heidi.token = heidi.platform.token(heidi.user, scope)
    assert len(look_up(heidi, "example.ch").json()["data"]) == 1


def test_other_people_s_products_are_not_found(peter, domain):
    assert look_up(peter, "example.ch").json()["data"] == []


def test_a_service_nobody_knows_finds_nothing(heidi, domain):
    assert look_up(heidi, "example.ch", service="bakery").json()["data"] == []


def test_all_products_without_a_name(heidi, domain):
    heidi.platform.product(heidi.account, "files", (43, "drive"))
    assert len(heidi.call("GET", "/1/product").json()["data"]) == 2
    assert heidi.call("GET", "/1/product?return=total&service_name=domain").json()["data"] == 1


def test_errors_have_texts_only_in_their_context(heidi):
    answer = heidi.call("GET", "/1/product", headers={"Authorization": "Bearer nothing"})
    assert answer.status_code == 401
    assert all(isinstance(value, str) for value in answer.json()["error"]["context"].values())
