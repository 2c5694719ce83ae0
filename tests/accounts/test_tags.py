"""Tags: of an account, and on its products."""

from alpage.accounts.products import Product
from alpage.storage.changes import NOBODY
from tests.accounts.conftest import join


def create(person, name, **values):
    answer = person.call("POST", f"/1/accounts/{person.account.id}/tags", {"name": name, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def put(person, product, *tag_ids):
    return person.call("PUT", f"/1/products/{product.id}/tags", {"tag_ids": [*tag_ids]})


def listed(person, query=""):
    return person.call("GET", f"/1/accounts/{person.account.id}/tags{query}").json()["data"]


def test_create_rename_and_delete(heidi):
    tag = create(heidi, "shop", color=3)
    assert tag == {"id": tag["id"], "name": "shop", "color": 3, "product_count": 0}
    path = f"/1/accounts/{heidi.account.id}/tags/{tag['id']}"
    assert heidi.call("PATCH", path, {"name": "web shop"}).json()["data"] == {**tag, "name": "web shop"}
    assert heidi.call("DELETE", path).json()["data"] is True
    assert listed(heidi) == []


def test_a_name_is_taken_once_in_an_account(heidi, peter):
    create(heidi, "shop")
    blog = create(heidi, "blog")
    create(peter, "shop")
    again = heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "shop"})
    assert again.status_code == 409
    assert again.json()["error"]["context"] == {"model": "Tag", "attribute": "name"}
    path = f"/1/accounts/{heidi.account.id}/tags/{blog['id']}"
    assert heidi.call("PATCH", path, {"name": "shop"}).status_code == 409
    assert heidi.call("PATCH", path, {"name": "blog", "color": 5}).json()["data"]["color"] == 5


def test_a_product_has_the_tags_it_was_given_last(heidi, domain):
    shop, blog, old = create(heidi, "shop"), create(heidi, "blog"), create(heidi, "old")
    first = put(heidi, domain, shop["id"], old["id"]).json()["data"]
    assert [tag["name"] for tag in first] == ["old", "shop"]
    second = put(heidi, domain, shop["id"], blog["id"], blog["id"]).json()["data"]
    assert second == [{"id": blog["id"], "name": "blog", "color": 1}, {"id": shop["id"], "name": "shop", "color": 1}]
    assert heidi.call("GET", "/1/products").json()["data"][0]["tags"] == second
    assert {tag["name"]: tag["product_count"] for tag in listed(heidi)} == {"shop": 1, "blog": 1, "old": 0}


def test_order_by_number_of_products(heidi, domain):
    shop, blog = create(heidi, "shop"), create(heidi, "blog")
    put(heidi, domain, blog["id"])
    put(heidi, heidi.platform.product(heidi.account, "example.org"), blog["id"], shop["id"])
    create(heidi, "none")
    assert [tag["name"] for tag in listed(heidi, "?order_by=products&order=desc")] == ["blog", "shop", "none"]


def test_a_deleted_tag_is_off_its_products(heidi, domain):
    shop = create(heidi, "shop")
    put(heidi, domain, shop["id"])
    heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/tags/{shop['id']}")
    assert heidi.call("GET", "/1/products").json()["data"][0]["tags"] == []


def test_products_are_counted_as_the_caller_sees_them(heidi, domain):
    shop = create(heidi, "shop")
    put(heidi, domain, shop["id"])
    put(heidi, heidi.platform.product(heidi.account, "example.org"), shop["id"])
    nils = join(heidi, "nils")
    heidi.platform.right(domain, nils.user, "statistic")
    assert [tag["product_count"] for tag in listed(nils)] == [1]
    assert [tag["product_count"] for tag in listed(heidi, "?with=product_count")] == [2]


def test_only_tags_of_the_product_s_account(heidi, peter, domain):
    theirs = create(peter, "goats")
    answer = put(heidi, domain, theirs["id"])
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert fault["code"] == "attribute_exists"
    assert fault["context"] == {"attribute": "tag_ids.0", "model": "Tag", "value": theirs["id"]}
    assert heidi.call("DELETE", f"/1/accounts/{heidi.account.id}/tags/{theirs['id']}").status_code == 404


def test_tagging_needs_the_technical_right(heidi, domain):
    shop, nils = create(heidi, "shop"), join(heidi, "nils")
    assert put(nils, domain, shop["id"]).status_code == 404
    heidi.platform.right(domain, nils.user, "statistic")
    refused = put(nils, domain, shop["id"])
    assert refused.status_code == 403
    assert refused.json()["error"]["context"]["required_right"] == "technical"
    heidi.platform.right(domain, nils.user, "technical")
    assert put(nils, domain, shop["id"]).status_code == 200


def test_a_product_that_goes_takes_its_tags_along(heidi, domain):
    shop = create(heidi, "shop")
    put(heidi, domain, shop["id"])
    with heidi.platform.database.transaction(NOBODY) as transaction:
        transaction.session.delete(transaction.session.get(Product, domain.id))
    assert [tag["product_count"] for tag in listed(heidi)] == [0]
