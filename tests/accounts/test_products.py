"""Lists of products: their fields, their filters, who sees what."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from alpage.accounts.products import Product
from alpage.identity.users import User
from alpage.storage.changes import NOBODY

ALL = {"technical": True, "statistic": True, "check": True, "sale": True}
NONE = dict.fromkeys(ALL, False)
REQUIRED = {
    "id": int,
    "account_id": int,
    "service_id": int,
    "service_name": str,
    "customer_name": str,
    "internal_name": type(None),
    "created_at": int,
    "expired_at": type(None),
    "version": int,
    "has_maintenance": bool,
    "is_locked": bool,
    "has_operation_in_progress": bool,
    "tags": list,
    "unique_id": int,
    "is_free": bool,
    "is_zero_price": bool,
    "is_trial": bool,
    "rights": dict,
}


def names(answer):
    assert answer.status_code == 200, answer.text
    return [product["customer_name"] for product in answer.json()["data"]]


def of_account(person, query=""):
    return names(person.call("GET", f"/1/accounts/{person.account.id}/products{query}"))


def write(person, product, **values):
    with person.platform.database.transaction(NOBODY) as transaction:
        stored = transaction.session.get(Product, product.id)
        for name, value in values.items():
            setattr(stored, name, value)


def test_fields_of_a_product(heidi, domain):
    (product,) = heidi.call("GET", "/1/products").json()["data"]
    assert {name: type(value) for name, value in product.items()} == REQUIRED
    assert product["rights"] == ALL
    assert (product["id"], product["unique_id"], product["service_name"]) == (domain.id, domain.id, "domain")


def test_rights_are_those_of_the_caller(heidi, nils, domain):
    assert names(nils.call("GET", "/1/products")) == []
    heidi.platform.right(domain, nils.user, "statistic", "check")
    (product,) = nils.call("GET", "/1/products").json()["data"]
    assert product["rights"] == {**NONE, "statistic": True, "check": True}


def test_optional_fields(heidi, nils, domain):
    parent = heidi.platform.product(heidi.account, "pack", (35, "ksuite"))
    values = {"description": "Our site", "bill_reference": "4711", "fqdn": "example.ch", "deleted_at": 2_000_000_000}
    write(heidi, domain, **values, parent_id=parent.id, is_trial=True, is_locked=True)
    heidi.platform.right(domain, nils.user, "technical")
    product = heidi.call("GET", f"/1/products?with=*&product_id={domain.id}").json()["data"][0]
    assert {name: value for name, value in product.items() if name not in REQUIRED} == {
        **values,
        "parent_id": parent.id,
        "parent_service_id": 35,
        "parent_service_name": "ksuite",
        "status": {
            "maintenance": {"technical": False, "superuser": False, "infomaniak": False},
            "locked": {"superuser": False, "infomaniak": True},
            "activated_by": [],
            "activated_at": domain.created_at,
        },
        "users": [
            {"user_id": heidi.user.id, "rights": ALL},
            {"user_id": nils.user.id, "rights": {**NONE, "technical": True}},
        ],
        "admin": {"user_id": heidi.user.id, "email": "heidi@example.org", "display_name": "Heidi Test"},
        "is_managed_by_partner": False,
        "flags": ["trial", "locked"],
        "renew_preferences": [],
        "is_transferable": False,
    }


def test_users_of_a_product_have_rights_by_teams_too(heidi, nils, team, domain):
    other = heidi.platform.product(heidi.account, "example.org")
    heidi.call("PATCH", f"/1/accounts/{heidi.account.id}/teams/{team}", {"permissions": {"services": [14]}})
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams/{team}/users", {"user_ids": [nils.user.id]})
    shown = heidi.call("GET", "/1/products?with=users").json()["data"]
    assert {product["id"]: [user["user_id"] for user in product["users"]] for product in shown} == {
        domain.id: [heidi.user.id, nils.user.id],
        other.id: [heidi.user.id, nils.user.id],
    }
    assert shown[0]["users"][1]["rights"] == ALL


@pytest.mark.parametrize("field", ["users", "admin"])
def test_people_are_not_for_any_token(heidi, domain, field):
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    assert names(heidi.call("GET", "/1/products")) == ["example.ch"]
    refused = heidi.call("GET", f"/1/products?with={field}")
    assert refused.status_code == 403
    assert refused.json()["error"]["context"]["scopes"] == ["accounts:read"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("service_name=domain", ["example.ch", "xn--bcher-kva.ch"]),
        ("service_id=43", ["files"]),
        ("customer_name=example.ch", ["example.ch"]),
        ("customer_name=EXAMPLE.ch", ["example.ch"]),
        ("customer_name=example", []),
        ("customer_name=b%C3%BCcher.ch", ["xn--bcher-kva.ch"]),
        ("customer_name=xn--bcher-kva.ch", ["xn--bcher-kva.ch"]),
        ("fqdn=B%C3%9CCHER.ch", ["xn--bcher-kva.ch"]),
        ("internal_name=shop", ["files"]),
        ("product_id=1", ["example.ch"]),
        ("account_id=1", ["example.ch", "files", "xn--bcher-kva.ch"]),
        ("account_id=2", []),
        ("search=shop", ["files"]),
        ("search=EXAM", ["example.ch"]),
        ("service_name=domain&customer_name=files", []),
        ("order_by=service_id,customer_name&order_for[service_id]=desc", ["files", "example.ch", "xn--bcher-kva.ch"]),
    ],
)
def test_find_products(heidi, domain, query, found):
    heidi.platform.product(heidi.account, "files", (43, "drive"), internal_name="shop")
    heidi.platform.product(heidi.account, "xn--bcher-kva.ch", fqdn="xn--bcher-kva.ch")
    answer = names(heidi.call("GET", f"/1/products?{query}"))
    assert (answer if "order_by" in query else sorted(answer)) == found


def test_a_name_stored_in_unicode_is_found_in_punycode(heidi):
    heidi.platform.product(heidi.account, "bücher.ch")
    assert names(heidi.call("GET", "/1/products?customer_name=xn--bcher-kva.ch")) == ["bücher.ch"]


@pytest.mark.parametrize(
    ("query", "attribute", "code"),
    [
        ("service_id=5", "service_id", "attribute_in"),
        ("service_id=web", "service_id", "attribute_in"),
        ("service_name=domain_name", "service_name", "attribute_in"),
        ("account_id=x", "account_id", "attribute_type"),
        ("with=secrets", "with", "attribute_with"),
    ],
)
def test_what_cannot_be_asked(heidi, query, attribute, code):
    answer = heidi.call("GET", f"/1/products?{query}")
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["context"]["attribute"], fault["code"]) == (attribute, code)


def test_pages_of_products(heidi):
    for number in range(5):
        heidi.platform.product(heidi.account, f"{number}.example.ch")
    answer = heidi.call("GET", "/1/products?page=2&per_page=2&order_by=customer_name").json()
    assert [product["customer_name"] for product in answer["data"]] == ["2.example.ch", "3.example.ch"]
    assert (answer["total"], answer["pages"]) == (5, 3)
    assert heidi.call("GET", "/1/products?return=total&customer_name=1.example.ch").json()["data"] == 1
    assert heidi.call("GET", "/1/products?return=total&customer_name=9.example.ch").json()["data"] == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["example.ch", "files", "radio"]),
        ("filter[customer_name]=example.ch", ["example.ch"]),
        ("filter[internal_name]=shop", ["files"]),
        ("filter[name]=HOP", ["files"]),
        ("filter[service_id]=14", ["example.ch"]),
        ("filter[service_ids][]=14&filter[service_ids][]=43", ["example.ch", "files"]),
        ("filter[excluded_service_ids][]=14", ["files", "radio"]),
        ("filter[service_names][]=domain_name", ["example.ch"]),
        ("filter[service_names][]=vps", []),
        ("filter[expirations][]=2027-03", ["files"]),
        ("filter[expirations][]=2027-03-30", []),
        ("filter[expirations][]=2027-03&filter[expirations][]=2028", ["files", "radio"]),
        ("filter[tags][]=1", ["radio"]),
        ("filter[tags][]=2", []),
    ],
)
@pytest.mark.parametrize("account", ["1", "current"])
def test_filters_of_an_account_s_products(heidi, domain, account, query, found):
    if account == "current" and "[service_id]" in query:
        query = query.replace("[service_id]", "[service_ids][]")
    heidi.platform.product(heidi.account, "files", (43, "drive"), internal_name="shop", expired_at=1_806_451_200)
    radio = heidi.platform.product(heidi.account, "radio", (25, "radio"), expired_at=1_840_000_000)
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "loud"})
    heidi.call("PUT", f"/1/products/{radio.id}/tags", {"tag_ids": [1]})
    choose(heidi, heidi.account.id)
    assert sorted(names(heidi.call("GET", f"/1/accounts/{account}/products?{query}"))) == found


@pytest.mark.parametrize(
    ("query", "attribute", "code"),
    [
        ("filter[expirations][]=soon", "filter.expirations.0", "attribute_date"),
        ("filter[expirations][]=2027-13", "filter.expirations.0", "attribute_date"),
        ("filter[service_names][]=domain", "filter.service_names.0", "attribute_in"),
        ("filter[service_ids][]=5", "filter.service_ids.0", "attribute_in"),
        ("filter[tags][]=0", "filter.tags.0", "attribute_min_value"),
        ("filter[owner]=1", "filter.owner", "attribute_filter"),
    ],
)
def test_filters_there_are_not(heidi, query, attribute, code):
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}/products?{query}")
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["context"]["attribute"], fault["code"]) == (attribute, code)


def choose(person, account_id):
    with person.platform.database.transaction(NOBODY) as transaction:
        transaction.session.get(User, person.user.id).current_account_id = account_id


def test_the_current_account_is_the_one_chosen_last(heidi, peter, domain):
    assert names(heidi.call("GET", "/1/accounts/current/products")) == []
    heidi.platform.member(peter.account, heidi.user, "admin")
    heidi.platform.product(peter.account, "goats.ch")
    totals = []
    for account in (heidi.account, peter.account):
        choose(heidi, account.id)
        heidi.platform.product(heidi.account, f"{account.id}.example.ch")
        totals.append(heidi.call("GET", "/1/accounts/current/products?return=total").json()["data"])
    assert totals == [2, 1]
    assert names(heidi.call("GET", "/1/accounts/current/products")) == ["goats.ch"]


def test_a_filtered_total_follows_what_it_is_filtered_by(heidi, domain):
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "shop"})
    path = f"/1/accounts/{heidi.account.id}/products?return=total"
    assert heidi.call("GET", path).json()["data"] == 1
    totals = []
    for tag_ids in ([], [1], []):
        heidi.call("PUT", f"/1/products/{domain.id}/tags", {"tag_ids": tag_ids})
        totals.append(heidi.call("GET", path + "&filter[tags][]=1").json()["data"])
    assert totals == [0, 1, 0]


def test_a_token_s_limits_hold(heidi, peter, domain):
    heidi.platform.member(peter.account, heidi.user, "admin")
    other = heidi.platform.product(heidi.account, "example.org")
    theirs = heidi.platform.product(peter.account, "goats.ch")
    to_account = replace(heidi, token=heidi.platform.token(heidi.user, account_ids=[peter.account.id]))
    assert names(to_account.call("GET", "/1/products")) == ["goats.ch"]
    assert to_account.call("GET", f"/1/accounts/{heidi.account.id}/products").status_code == 404
    to_products = replace(heidi, token=heidi.platform.token(heidi.user, product_ids=[other.id, theirs.id]))
    assert sorted(names(to_products.call("GET", "/1/products"))) == ["example.org", "goats.ch"]
    assert of_account(to_products) == ["example.org"]


@pytest.mark.parametrize("count", [1, 20])
def test_a_page_takes_the_same_number_of_queries_however_long_it_is(heidi, nils, count):
    for number in range(count):
        product = heidi.platform.product(heidi.account, f"{number}.example.ch")
        heidi.platform.right(product, nils.user, "check")
    heidi.call("GET", "/1/products")
    statements = []
    event.listen(heidi.platform.database.engine, "after_cursor_execute", lambda *given: statements.append(given[2]))
    shown = heidi.call("GET", "/1/products?with=users,admin").json()["data"]
    assert len(shown) == count
    assert len(statements) == 5  # products, tags, administrators, rights given, owners
