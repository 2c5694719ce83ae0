"""Domains: listed, found, shown."""

from typing import Any

import pytest

from alpage.api.errors import ApiError
from alpage.products.domains import domains
from alpage.products.domains.names import NotRegistrableError
from alpage.storage.changes import NOBODY
from tests.conftest import Person
from tests.products.domains.conftest import DAY, NOW, Register


def names_of(person: Person, query: str = "") -> list[str]:
    return [one["name"] for one in person.call("GET", f"/2/domains/domains?{query}").json()["data"]]


def test_a_domain_is_shown(heidi: Person, register: Register) -> None:
    owner = {"name": "Heidi"}
    domain = register(heidi, "Bücher.co.uk", is_premium=True, renewal_warranty=True, contacts={"owner": owner})
    assert heidi.call("GET", "/2/domains/domains/bücher.co.uk").json()["data"] == {
        "id": domain.id,
        "account_id": heidi.account.id,
        "name": "xn--bcher-kva.co.uk",
        "name_idn": "bücher.co.uk",
        "tld": "co.uk",
        "is_premium": True,
        "created_at": NOW,
        "expires_at": NOW + 365 * DAY,
        "nameservers": list(heidi.platform.settings.dns_nameservers),
        "options": {"dns_anycast": False, "renewal_warranty": True, "domain_privacy": False, "dnssec": False},
        "contacts": {"owner": owner, "admin": None, "tech": None, "billing": None},
        "status": ["ok"],
    }


@pytest.mark.parametrize("spelling", ["bücher.ch", "B%C3%9CCHER.ch", "xn--bcher-kva.ch", "xn--bcher-kva.ch.", "{id}"])
def test_a_domain_is_found_by_either_name_and_by_id(heidi: Person, register: Register, spelling: str) -> None:
    domain = register(heidi, "bücher.ch")
    asked = spelling.format(id=domain.id)
    assert heidi.call("GET", f"/2/domains/domains/{asked}").json()["data"]["id"] == domain.id
    found = heidi.call("GET", f"/1/domains/account/{heidi.account.id}/domain/{asked}").json()["data"]
    assert found["id"] == domain.id


@pytest.mark.parametrize(
    "asked", ["other.ch", "www.example.ch", "ch", "999999", "0", "9" * 9, "9" * 18, "9" * 30, "%00", "²"]
)
def test_another_name_is_not_found(heidi: Person, register: Register, asked: str) -> None:
    register(heidi, "example.ch")
    answer = heidi.call("GET", f"/2/domains/domains/{asked}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")
    assert answer.json()["error"]["context"]["model"] == "Domain"


def test_a_strangers_domain_is_not_found(heidi: Person, peter: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    account = heidi.account.id
    for path in (
        "/2/domains/domains/example.ch",
        f"/2/domains/domains/{domain.id}",
        f"/1/domains/account/{account}/domain/example.ch",
        f"/1/domains/account/{peter.account.id}/domain/example.ch",
        f"/1/domains/account/{account}",
        f"/1/domain/account/{account}",
    ):
        assert peter.call("GET", path).status_code == 404, path
    assert names_of(peter) == []


def test_a_domain_is_not_found_in_another_account_of_its_owner(heidi: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    second = heidi.platform.account(heidi.user, "Second")
    answer = heidi.call("GET", f"/1/domains/account/{second.id}/domain/{domain.id}")
    assert answer.json()["error"]["code"] == "object_not_found"


def test_domains_are_filtered(heidi: Person, register: Register) -> None:
    register(heidi, "b.ch", days=10)
    register(heidi, "a.example", days=20)
    register(heidi, "bücher.co.uk", days=30)
    register(heidi, "пример.рф", expires_at=None)
    second = heidi.platform.account(heidi.user, "Second")
    assert names_of(heidi) == ["b.ch", "a.example", "xn--bcher-kva.co.uk", "xn--e1afmkfd.xn--p1ai"]
    assert names_of(heidi, f"account_id={second.id}") == []
    assert len(names_of(heidi, f"account_id={heidi.account.id}")) == 4
    assert names_of(heidi, "tld=co.uk") == ["xn--bcher-kva.co.uk"]
    assert names_of(heidi, "tld=.CH") == ["b.ch"]
    assert names_of(heidi, "tld=рф") == ["xn--e1afmkfd.xn--p1ai"]
    assert names_of(heidi, "tld=uk") == []
    assert names_of(heidi, "search=bücher") == ["xn--bcher-kva.co.uk"]
    assert names_of(heidi, "search=xn--b") == ["xn--bcher-kva.co.uk"]
    assert names_of(heidi, f"expires_after={NOW + 10 * DAY}") == ["a.example", "xn--bcher-kva.co.uk"]
    assert names_of(heidi, f"expires_before={NOW + 20 * DAY}") == ["b.ch"]
    assert names_of(heidi, f"expires_after={NOW + 10 * DAY}&expires_before={NOW + 30 * DAY}") == ["a.example"]


@pytest.mark.parametrize("name", ["account_id", "expires_after", "expires_before"])
@pytest.mark.parametrize("value", ["soon", "-1", str(2**31), str(2**63)])
def test_a_filter_that_is_no_such_number_is_a_fault(heidi: Person, name: str, value: str) -> None:
    answer = heidi.call("GET", f"/2/domains/domains?{name}={value}")
    assert (answer.status_code, answer.json()["error"]["errors"][0]["context"]["attribute"]) == (422, name)


def test_totals_are_those_of_the_filter(heidi: Person, register: Register) -> None:
    register(heidi, "b.ch")
    register(heidi, "a.example")
    for query, total in (("", 2), ("tld=ch", 1), ("tld=li", 0), (f"expires_after={NOW + 366 * DAY}", 0)):
        assert heidi.call("GET", f"/2/domains/domains?return=total&{query}").json()["data"] == total


def test_domains_are_sorted_and_paged(heidi: Person, register: Register) -> None:
    for days, name in ((30, "b.ch"), (10, "c.ch"), (20, "a.ch")):
        register(heidi, name, days=days)
    assert names_of(heidi, "order_by=name") == ["a.ch", "b.ch", "c.ch"]
    for order in ("order", "order_dir"):
        assert names_of(heidi, f"order_by=expires_at&{order}=desc") == ["b.ch", "a.ch", "c.ch"]
        answer = heidi.call("GET", f"/2/domains/domains?order_by=name&{order}=up")
        assert answer.json()["error"]["errors"][0]["context"]["attribute"] == order
    answer = heidi.call("GET", "/2/domains/domains?order_by=name&page=2&items=2").json()
    assert [one["name"] for one in answer["data"]] == ["c.ch"]
    assert (answer["total"], answer["pages"], answer["items_per_page"]) == (3, 2, 2)


@pytest.mark.parametrize("path", ["/1/domain/account/{}", "/1/domains/account/{}"])
def test_an_accounts_domains_are_listed_as_version_1_has_them(heidi: Person, register: Register, path: str) -> None:
    domain = register(heidi, "bücher.ch")
    assert heidi.call("GET", path.format(heidi.account.id)).json()["data"] == [
        {
            "id": domain.id,
            "account_id": heidi.account.id,
            "service_id": 14,
            "service_name": "domain",
            "customer_name": "xn--bcher-kva.ch",
            "customer_name_idn": "bücher.ch",
            "tld": "ch",
            "is_premium": False,
            "created_at": NOW,
            "expired_at": NOW + 365 * DAY,
            "has_dnssec": False,
            "is_dns_managed_by_infomaniak": True,
            "nameservers": list(heidi.platform.settings.dns_nameservers),
        }
    ]


def test_version_1_tells_whose_name_servers_a_domain_is_on(heidi: Person, register: Register) -> None:
    ours = heidi.platform.settings.dns_nameservers[0]
    register(heidi, "a.ch", nameservers=["ns1.other.example", "ns2.other.example"])
    register(heidi, "b.ch", nameservers=["ns1.other.example", ours])
    listed = heidi.call("GET", f"/1/domain/account/{heidi.account.id}").json()["data"]
    assert [one["is_dns_managed_by_infomaniak"] for one in listed] == [False, True]


def test_a_member_sees_the_domains_he_has_a_right_on(heidi: Person, peter: Person, register: Register) -> None:
    register(heidi, "a.ch")
    domain = register(heidi, "b.ch")
    heidi.platform.member(heidi.account, peter.user)
    assert names_of(peter) == []
    heidi.platform.right(domain, peter.user, "check")
    assert names_of(peter) == ["b.ch"]
    assert peter.call("GET", "/2/domains/domains/a.ch").status_code == 404


def test_a_token_for_one_product_sees_that_one(heidi: Person, register: Register) -> None:
    register(heidi, "a.ch")
    domain = register(heidi, "b.ch")
    heidi.token = heidi.platform.token(heidi.user, product_ids=[domain.id])
    assert names_of(heidi) == ["b.ch"]


@pytest.mark.parametrize(("scope", "status"), [("domain:read", 200), ("domains", 200), ("domain", 200), ("dns", 403)])
def test_reading_wants_a_domain_scope(heidi: Person, register: Register, scope: str, status: int) -> None:
    register(heidi, "example.ch")
    heidi.token = heidi.platform.token(heidi.user, scope)
    for path in ("/2/domains/domains", f"/1/domains/account/{heidi.account.id}/domain/example.ch"):
        assert heidi.call("GET", path).status_code == status


def test_writing_wants_more_than_the_reading_scope(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    heidi.token = heidi.platform.token(heidi.user, "domain:read")
    answer = heidi.call("PUT", "/2/domains/example.ch/nameservers", {"use_infomaniak_ns": True})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all_scopes")
    assert answer.json()["error"]["context"]["scopes"] == ["domain:write"]


def create(person: Person, name: str) -> Any:
    with person.platform.database.transaction(NOBODY) as transaction:
        return domains.create(transaction.session, person.account.id, name, NOW)


def test_a_domain_is_a_product_too(heidi: Person) -> None:
    domain = create(heidi, "Bücher.ch")
    with heidi.platform.database.reading() as transaction:
        product = transaction.find(domains.select(domains.Product).where(domains.Product.id == domain.id))
    assert (product.service_id, product.service_name, product.customer_name) == (14, "domain", "xn--bcher-kva.ch")
    assert (product.account_id, product.expired_at) == (heidi.account.id, None)


def test_a_name_is_given_once(heidi: Person, peter: Person) -> None:
    create(heidi, "bücher.ch")
    with pytest.raises(ApiError) as refusal:
        create(peter, "xn--bcher-kva.ch")
    assert (refusal.value.code, refusal.value.context) == ("domain_already_exists", {"domain": "xn--bcher-kva.ch"})


def test_only_what_a_registry_gives_out_is_taken(heidi: Person) -> None:
    with pytest.raises(NotRegistrableError):
        create(heidi, "www.example.ch")
    assert names_of(heidi) == []
