"""Services: what kinds of products there are, and how many of each an account has."""

import pytest

from alpage.accounts.services import Service, Services

DOMAIN = Service(id=14, name="domain", account_filter_name="domain_name")


def counted(person):
    answer = person.call("GET", f"/1/accounts/{person.account.id}/services").json()["data"]
    return {service["name"]: service["count"] for service in answer}


def test_services_of_the_platform(heidi, domain):
    heidi.platform.product(heidi.account, "example.org")
    answer = heidi.call("GET", f"/1/accounts/{heidi.account.id}/services").json()["data"]
    assert {"id": 14, "name": "domain", "count": 2} in answer
    assert [service["id"] for service in answer] == sorted(service["id"] for service in answer)


def test_only_what_the_caller_sees_is_counted(heidi, nils, peter, domain):
    heidi.platform.product(heidi.account, "example.org")
    assert counted(nils)["domain"] == 0
    heidi.platform.right(domain, nils.user, "check")
    assert counted(nils)["domain"] == 1
    assert counted(peter)["domain"] == 0


def test_an_id_belongs_to_one_service():
    services = Services()
    services.add(DOMAIN)
    services.add(DOMAIN)
    with pytest.raises(ValueError, match="14 is declared twice"):
        services.add(Service(id=14, name="dns", account_filter_name="dns"))
    assert [*services] == [DOMAIN]


def test_services_are_filtered_by_their_older_names():
    services = Services()
    services.add(DOMAIN)
    services.add(Service(id=43, name="drive", account_filter_name="drive"))
    assert services.filtered(["domain_name", "vps"]) == [14]
    assert (services.name_of(43), services.name_of(99)) == ("drive", "")
    assert (14 in services, 99 in services) == (True, False)
