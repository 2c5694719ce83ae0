"""What other products ask about domains."""

import pytest

from alpage.api.calls import Call
from alpage.products.domains import contract
from alpage.products.domains.contract import DomainOfZone
from tests.conftest import Person
from tests.products.domains.conftest import Register


class CallOf(Call):
    """A call as far as a contract looks at it."""

    def __init__(self, person: Person) -> None:
        self.caller = person.platform.tokens.identify(f"Bearer {person.token}", "127.0.0.1")


def domain_of(person: Person, name: str) -> DomainOfZone | None:
    call = CallOf(person)
    with person.platform.database.reading() as call.transaction:
        return contract.domain_of(call, name)


def domain_by_product(person: Person, product_id: int) -> DomainOfZone | None:
    call = CallOf(person)
    with person.platform.database.reading() as call.transaction:
        return contract.domain_by_product(call, product_id)


@pytest.mark.parametrize(
    "name", ["bücher.ch", "xn--bcher-kva.ch", "BÜCHER.CH.", "www.bücher.ch", "_acme-challenge.www.xn--bcher-kva.ch"]
)
def test_a_zone_belongs_to_the_domain_at_or_above_it(heidi: Person, register: Register, name: str) -> None:
    domain = register(heidi, "bücher.ch")
    register(heidi, "example.ch")
    assert domain_of(heidi, name) == DomainOfZone(domain.id, heidi.account.id, 14, "xn--bcher-kva.ch", (), False)


@pytest.mark.parametrize("name", ["ch", "xample.ch", "my-example.ch", "example.ch.com", "", "..", "\u200b"])
def test_a_name_elsewhere_belongs_to_none(heidi: Person, register: Register, name: str) -> None:
    register(heidi, "example.ch")
    assert domain_of(heidi, name) is None


def test_the_longest_domain_is_meant(heidi: Person, register: Register) -> None:
    register(heidi, "example.ch")
    below = register(heidi, "other.ch", name="sub.example.ch")
    found = domain_of(heidi, "a.sub.example.ch")
    assert found is not None
    assert found.product_id == below.id


def test_a_strangers_domain_is_none(heidi: Person, peter: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    assert domain_of(peter, "example.ch") is None
    assert domain_by_product(peter, domain.id) is None


def test_a_domain_is_found_by_its_product(heidi: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    assert domain_by_product(heidi, domain.id) == DomainOfZone(domain.id, heidi.account.id, 14, "example.ch", (), False)
    assert domain_by_product(heidi, domain.id + 1) is None


def test_who_has_a_right_on_the_domain_sees_it(heidi: Person, peter: Person, register: Register) -> None:
    domain = register(heidi, "example.ch")
    heidi.platform.member(heidi.account, peter.user)
    assert domain_of(peter, "example.ch") is None
    heidi.platform.right(domain, peter.user, "statistic")
    assert domain_of(peter, "example.ch") is not None
