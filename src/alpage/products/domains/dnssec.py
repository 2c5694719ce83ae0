"""DNSSEC of a domain: what its registry publishes so that the signatures in its zone can be trusted."""

from typing import Annotated, Any, Literal

from pydantic import Field

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault
from alpage.api.routes import Loaded, Routes, Shape
from alpage.products.dns import contract as dns
from alpage.products.domains import dnssecdata
from alpage.products.domains.dnssecdata import InvalidDnssecDataError
from alpage.products.domains.domains import READ, WRITE, Domain, find_above, find_above_to_change

MOST = 10  # two keys in every algorithm a zone may use at once while it rolls over

routes = Routes("DNSSEC")

DomainAbovePath = Annotated[Domain, Loaded(find_above)]
DomainToChange = Annotated[Domain, Loaded(find_above_to_change)]


class DnssecData(Shape):
    """A DS record (`key` is its key tag) or a DNSKEY record, in its parts."""

    key: str = ""
    flags: str = ""
    protocol: str = ""
    algorithm: str
    public_key: str = ""
    digest_type: str = ""
    digest: str = ""


class SigningKey(Shape):
    """The key that signs the keys of a zone, as far as the registry's data tell it."""

    algorithm: str = ""
    public_key: str = ""


class DnssecState(Shape):
    """What the registry publishes of a domain's keys."""

    has_dnssec: bool
    dnssec_type: Literal["dsdata", "keydata"]
    dnssec_data: list[DnssecData]
    ksk: SigningKey

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The data in their parts."""
        data = [dnssecdata.describe(text) for text in row.dnssec_data]
        keys = [{name: one[name] for name in SigningKey.model_fields} for one in data if "public_key" in one]
        return {
            "has_dnssec": bool(data),
            "dnssec_type": dnssecdata.kind(row.dnssec_data[0]) if data else "dsdata",
            "dnssec_data": data,
            "ksk": keys[0] if keys else {},
        }


class DnssecActivation(Shape):
    """The DS or DNSKEY records of a zone's keys."""

    dnssec_data: list[str] = Field(default=[], max_length=MOST)


@routes.get("/2/domains/{domain}/dnssec/check", scope=READ, answer=DnssecState)
def check_dnssec(call: Call, domain: DomainAbovePath) -> Domain:
    """Check the DNSSEC of a domain."""
    return domain


@routes.post(
    "/2/domains/{domain}/dnssec/enable",
    scope=WRITE,
    answer=bool,
    status=200,
    errors=("dnssec_data_required", "dnssec_data_invalid"),
)
def enable_dnssec(call: Call, domain: DomainToChange, body: DnssecActivation) -> bool:
    """Enable the DNSSEC of a domain, or replace its data.

    Give all DS records, `2371 13 2 <digest in hex>`, or all DNSKEY records, `257 3 13 <key in base64>`, of the keys
    that sign the zone. Name servers that sign publish them in the zone, as CDS and CDNSKEY.
    """
    domain.dnssec_data = _read(domain.name, body.dnssec_data)
    dns.tell_dnssec(call, domain.name, is_enabled=True)
    return True


@routes.post("/2/domains/{domain}/dnssec/disable", scope=WRITE, answer=bool, status=200)
def disable_dnssec(call: Call, domain: DomainToChange) -> bool:
    """Disable the DNSSEC of a domain: its registry forgets the keys."""
    domain.dnssec_data = []
    dns.tell_dnssec(call, domain.name, is_enabled=False)
    return True


def _read(domain: str, given: list[str]) -> list[str]:
    if not given:
        raise ApiError("dnssec_data_required", domain=domain)
    stored: list[str] = []
    faults: list[Fault] = []
    for index, text in enumerate(given):
        try:
            stored.append(dnssecdata.read(text))
        except InvalidDnssecDataError as error:
            faults.append(Fault("attribute_dnssec_data", f"dnssec_data.{index}", {"reason": error.reason}))
    if faults:
        raise ApiError("dnssec_data_invalid", faults=faults, domain=domain, reason=faults[0].context["reason"])
    if len({dnssecdata.kind(text) for text in stored}) > 1:
        raise ApiError("dnssec_data_invalid", domain=domain, reason="mixed_types")
    return list(dict.fromkeys(stored))
