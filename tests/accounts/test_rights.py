"""Who may do what: roles, rights on products, limits of tokens, and strangers."""

from dataclasses import replace

import pytest

from alpage.accounts.rights import RIGHTS, ProductRight
from tests.accounts.conftest import join

ACCOUNT = "/1/accounts/{account}"
TEAM = {"name": "Mail"}
INVITATION = {
    "email": "olaf@example.org",
    "first_name": "Olaf",
    "last_name": "O",
    "locale": "de_DE",
    "role_type": "normal",
}
ADDRESS = {"street": "Bergstrasse 1", "zip": "7000", "city": "Chur", "country_id": 756}
CREATED = 201

FOR_MEMBERS = [
    ("GET", ACCOUNT, None),
    ("GET", ACCOUNT + "/tags", None),
    ("GET", ACCOUNT + "/services", None),
    ("GET", ACCOUNT + "/products", None),
    ("GET", ACCOUNT + "/basic/teams", None),
    ("GET", ACCOUNT + "/addresses", None),
    ("GET", "/2/accounts/{account}/users", None),
]
FOR_ADMINISTRATORS = [
    ("PATCH", ACCOUNT, {"name": "Ski Club"}),
    ("POST", ACCOUNT + "/tags", {"name": "blog"}),
    ("PATCH", ACCOUNT + "/tags/{tag}", {"name": "blog"}),
    ("DELETE", ACCOUNT + "/tags/{tag}", None),
    ("POST", ACCOUNT + "/addresses", ADDRESS),
    ("PATCH", ACCOUNT + "/addresses/{address}", {"city": "Davos"}),
    ("DELETE", ACCOUNT + "/addresses/{address}", None),
    ("GET", ACCOUNT + "/teams", None),
    ("POST", ACCOUNT + "/teams", TEAM),
    ("GET", ACCOUNT + "/teams/{team}", None),
    ("PATCH", ACCOUNT + "/teams/{team}", TEAM),
    ("DELETE", ACCOUNT + "/teams/{team}", None),
    ("GET", ACCOUNT + "/teams/{team}/users", None),
    ("POST", ACCOUNT + "/teams/{team}/users", {"user_ids": [1]}),
    ("DELETE", ACCOUNT + "/teams/{team}/users", {"user_ids": [1]}),
    ("GET", ACCOUNT + "/invitations", None),
    ("POST", ACCOUNT + "/invitations", INVITATION),
    ("GET", ACCOUNT + "/invitations/{invitation}", None),
    ("PATCH", ACCOUNT + "/invitations/{invitation}", {"has_billing": True}),
    ("DELETE", ACCOUNT + "/invitations/{invitation}", None),
    ("GET", ACCOUNT + "/invitations/users/{member}", None),
    ("PATCH", "/2/accounts/{account}/users/{member}", {"role_type": "admin"}),
    ("GET", "/2/accounts/{account}/users/{member}/app_accesses", None),
    ("DELETE", "/2/accounts/{account}/users/{member}", None),
]
ROLES = ["owner", "admin", "normal", "stranger"]


def every(routes):
    return pytest.mark.parametrize("route", routes, ids=[f"{method} {path}" for method, path, _ in routes])


def call(person, route, furnished):
    method, path, body = route
    return person.call(method, path.format(**furnished), body)


@pytest.fixture
def furnished(heidi, team):
    """The ids of one thing of each kind in heidi's account, by the name the paths have for it."""
    account = f"/1/accounts/{heidi.account.id}"
    body = {**INVITATION, "email": "eva@example.org"}
    return {
        "account": heidi.account.id,
        "team": team,
        "tag": heidi.call("POST", account + "/tags", {"name": "shop"}).json()["data"]["id"],
        "address": heidi.call("POST", account + "/addresses", ADDRESS).json()["data"]["id"],
        "invitation": heidi.call("POST", account + "/invitations", body).json()["data"]["id"],
        "member": join(heidi, "mia").user.id,
    }


@pytest.fixture
def people(heidi, anna, nils, peter):
    return {"owner": heidi, "admin": anna, "normal": nils, "stranger": peter}


@pytest.mark.parametrize("role", ROLES)
@every(FOR_MEMBERS)
def test_what_members_may(people, furnished, role, route):
    answer = call(people[role], route, furnished)
    assert answer.status_code == (404 if role == "stranger" else 200)


@pytest.mark.parametrize("role", ROLES)
@every(FOR_ADMINISTRATORS)
def test_what_administrators_may(people, furnished, role, route):
    answer = call(people[role], route, furnished)
    if role in ("owner", "admin"):
        assert answer.status_code == (CREATED if route[0] == "POST" else 200), answer.text
    elif role == "normal":
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "access_denied"
        assert answer.json()["error"]["context"]["required_right"] == "admin"
    else:
        assert answer.status_code == 404
        assert answer.json()["error"]["context"] == {"model": "Account", "id": furnished["account"]}


EVERY_ROUTE = FOR_MEMBERS + FOR_ADMINISTRATORS


@every(EVERY_ROUTE)
def test_a_token_for_another_account_does_not_reach_this_one(heidi, peter, furnished, route):
    elsewhere = replace(heidi, token=heidi.platform.token(heidi.user, account_ids=[peter.account.id]))
    assert call(elsewhere, route, furnished).status_code == 404


@every(FOR_ADMINISTRATORS)
def test_a_token_for_products_does_not_administer(heidi, furnished, domain, route):
    for_products = replace(heidi, token=heidi.platform.token(heidi.user, product_ids=[domain.id]))
    assert call(for_products, route, furnished).status_code == 403


WITH_SCOPE = [route for route in EVERY_ROUTE if not route[1].endswith("/products")]


@every(WITH_SCOPE)
@pytest.mark.parametrize(
    "scopes", [["accounts"], ["accounts:read"], ["accounts:write"], ["domain", "dns", "user_info"]]
)
def test_scopes(heidi, furnished, scopes, route):
    limited = replace(heidi, token=heidi.platform.token(heidi.user, *scopes))
    needed = "accounts:read" if route[0] == "GET" else "accounts:write"
    answer = call(limited, route, furnished)
    if needed in scopes or "accounts" in scopes:
        assert answer.status_code in (200, 201)
    else:
        assert answer.status_code == 403
        assert answer.json()["error"]["context"]["scopes"] == [needed]


@pytest.mark.parametrize("given", RIGHTS)
@pytest.mark.parametrize("by", ["user on product", "user on service", "team on product", "team on service"])
def test_a_right_is_given_to_a_user_or_a_team_on_a_product_or_a_service(heidi, nils, team, by, given):
    domain = heidi.platform.product(heidi.account)
    other = heidi.platform.product(heidi.account, "example.org")
    files = heidi.platform.product(heidi.account, "files", (43, "drive"))
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    heidi.platform.add(
        ProductRight(
            account_id=heidi.account.id,
            user_id=nils.user.id if "user" in by else None,
            team_id=team if "team" in by else None,
            service_id=14,
            product_id=domain.id if "product" in by else None,
            **{given: True},
        )
    )
    seen = {one["id"]: one["rights"] for one in nils.call("GET", "/1/products").json()["data"]}
    rights = {right: right == given for right in RIGHTS}
    assert seen == ({domain.id: rights} if "product" in by else {domain.id: rights, other.id: rights})
    assert files.id not in seen


def test_rights_add_up(heidi, nils, team, domain):
    heidi.platform.right(domain, nils.user, "statistic")
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    heidi.platform.add(ProductRight(account_id=heidi.account.id, team_id=team, service_id=14, check=True))
    (product,) = nils.call("GET", "/1/products").json()["data"]
    assert product["rights"] == {"technical": False, "statistic": True, "check": True, "sale": False}


def test_a_right_counts_for_members_only(heidi, peter, domain):
    heidi.platform.right(domain, peter.user, *RIGHTS)
    assert peter.call("GET", "/1/products").json()["data"] == []


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_who_administers_has_every_right(people, domain, role):
    (product,) = people[role].call("GET", "/1/products").json()["data"]
    assert product["rights"] == dict.fromkeys(RIGHTS, True)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("given", [None, *RIGHTS])
def test_changing_a_product_needs_the_technical_right(people, furnished, domain, role, given):
    person = people[role]
    if given is not None:
        person.platform.right(domain, person.user, given)
    answer = person.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": [furnished["tag"]]})
    if role == "stranger" or (role == "normal" and given is None):
        assert answer.status_code == 404
    elif role == "normal" and given != "technical":
        assert answer.status_code == 403
        assert answer.json()["error"]["context"] == {"model": "Product", "id": domain.id, "required_right": "technical"}
    else:
        assert answer.status_code == 200


def test_a_stranger_finds_no_list_with_anything_in_it(peter, furnished, domain):
    accounts = peter.call("GET", "/1/accounts").json()["data"]
    assert [account["id"] for account in accounts] == [peter.account.id]
    for path in (
        "/1/products",
        f"/1/products?account_id={furnished['account']}",
        "/1/product?customer_name=example.ch",
    ):
        assert peter.call("GET", path).json()["data"] == []
