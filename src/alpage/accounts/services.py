"""Services: the kinds of products there are. Each product package declares its own, as `SERVICE` in its `__init__`.

The application puts them together when it starts; this room never imports a product.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func

from alpage.accounts import products
from alpage.accounts.members import READ, AccountId
from alpage.accounts.products import Product
from alpage.api.calls import Call
from alpage.api.errors import Fault
from alpage.api.routes import Routes, Shape

routes = Routes("Services")


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of product. The filters of an account's products know it by another, older name."""

    id: int
    name: str
    account_filter_name: str


class Services:
    """The services of the platform."""

    def __init__(self) -> None:
        self._by_id: dict[int, Service] = {}

    def add(self, service: Service) -> None:
        """Adds a service; its id belongs to it alone."""
        if self._by_id.setdefault(service.id, service) != service:
            raise ValueError(f"the service {service.id} is declared twice")

    def __iter__(self) -> Iterator[Service]:
        return iter(sorted(self._by_id.values(), key=lambda service: service.id))

    def __contains__(self, service_id: int) -> bool:
        return service_id in self._by_id

    def name_of(self, service_id: int) -> str:
        """The name of a service; empty for one whose products the platform no longer has."""
        return self._by_id[service_id].name if service_id in self._by_id else ""

    def filtered(self, account_filter_names: Iterable[str]) -> list[int]:
        """The ids of services, by the names the filters of an account's products have for them."""
        asked = set(account_filter_names)
        return [service.id for service in self if service.account_filter_name in asked]


SERVICES = Services()

# on the wire


class ServiceDetails(Shape):
    """A service, and how many products of it the caller sees in an account."""

    id: int
    name: str
    count: int


# the verbs


def unknown(service_ids: Iterable[int], attribute: str) -> list[Fault]:
    """The faults of a list of services that names some there are not; `{}` in `attribute` is the place in the list."""
    return [
        Fault("attribute_exists", attribute.format(index), {"model": "Service", "value": service_id})
        for index, service_id in enumerate(service_ids)
        if service_id not in SERVICES
    ]


# the routes


@routes.get("/1/accounts/{account_id}/services", scope=READ, answer=list[ServiceDetails])
def list_services(call: Call, account_id: AccountId) -> list[dict[str, Any]]:
    """List the services of the platform, with the number of products you see of each in an account."""
    seen = products.visible(call.caller).where(Product.account_id == account_id)
    counted = seen.with_only_columns(Product.service_id, func.count().label("number")).group_by(Product.service_id)
    counts = {row.service_id: row.number for row in call.transaction.execute(counted)}
    return [{"id": service.id, "name": service.name, "count": counts.get(service.id, 0)} for service in SERVICES]
