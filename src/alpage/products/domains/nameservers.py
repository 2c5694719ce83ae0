"""The name servers of a domain: what its registry delegates it to."""

from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from alpage.api.calls import Call
from alpage.api.errors import Fault, invalid
from alpage.api.routes import Loaded, Routes, Shape
from alpage.api.validation import fault
from alpage.products.dns import contract as dns
from alpage.products.domains import names
from alpage.products.domains.domains import WRITE, Domain, find_above_to_change, find_to_change, nameservers

MOST = 13  # what registries take, and what fits into a referral of 512 octets

routes = Routes("Name servers")

DomainOfPath = Annotated[Domain, Loaded(find_to_change)]
DomainAbovePath = Annotated[Domain, Loaded(find_above_to_change)]


def _read_host(text: str) -> str:
    host = names.host(text)
    if host is None:
        raise fault("attribute_hostname", reason="invalid")
    return host


HostName = Annotated[str, AfterValidator(_read_host)]


class Nameservers(Shape):
    """Name servers of the customer's choice, or those of the platform."""

    nameservers: list[HostName] | None = Field(default=None, min_length=2, max_length=MOST)
    use_infomaniak_ns: bool = Field(default=False, description="Use the name servers of the platform.")
    verify_ns_availability: bool = Field(default=False, description="Only false: nothing is asked before it is kept.")

    @field_validator("nameservers")
    @classmethod
    def _refuse_repetition(cls, given: list[str] | None) -> list[str] | None:
        repeated = [name for name, times in Counter(given).items() if times > 1]
        if repeated:
            raise fault("attribute_distinct", duplicate_of=repeated[0])
        return given

    @field_validator("verify_ns_availability")
    @classmethod
    def _refuse_to_ask(cls, asked: bool) -> bool:
        if asked:
            raise fault("attribute_in", values=[False])
        return asked


@routes.put("/2/domains/domains/{domain}/nameservers", scope=WRITE, answer=bool)
def replace_nameservers(call: Call, domain: DomainOfPath, body: Nameservers) -> bool:
    """Replace the name servers of a domain, and those its zone names.

    Give either `nameservers` or `use_infomaniak_ns`. They are not asked whether they serve the domain, so
    `verify_ns_availability` is refused rather than ignored.
    """
    return _delegate(call, domain, body)


@routes.put("/2/domains/{domain}/nameservers", scope=WRITE, answer=bool)
def replace_nameservers_above(call: Call, domain: DomainAbovePath, body: Nameservers) -> bool:
    """Replace the name servers of the domain that a name belongs to, and those its zone names.

    Give either `nameservers` or `use_infomaniak_ns`. They are not asked whether they serve the domain, so
    `verify_ns_availability` is refused rather than ignored.
    """
    return _delegate(call, domain, body)


def _delegate(call: Call, domain: Domain, body: Nameservers) -> bool:
    domain.nameservers = _chosen(body)
    dns.give_nameservers(call, domain.name, nameservers(call, domain))
    return True


def _chosen(body: Nameservers) -> list[str]:
    if body.use_infomaniak_ns and body.nameservers:
        raise invalid(Fault("attribute_conflict", "nameservers", {"others": ["use_infomaniak_ns"]}))
    if not body.use_infomaniak_ns and not body.nameservers:
        choice = {"attributes": ["nameservers", "use_infomaniak_ns"]}
        raise invalid(Fault("attribute_one_of_required", "nameservers", choice))
    return body.nameservers or []
